import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NetworkError } from '../../lib/base/errors.ts';
import { hex } from '../../lib/bytes/bytes-like.ts';
import type { WsRole } from '../../lib/websocket/opcode.ts';
import { sessionSettings } from '../../lib/websocket/options.ts';
import { SessionLog } from './session-log.ts';
import { counting, masked, plain } from './wire.ts';

const CLOSE_1000 = hex('03 e8');

describe('an open WsSession', () => {
  it('should deliver messages and send others', () => {
    const log = new SessionLog('server');
    log.onMessage = (message) => log.session.send(message);
    log.session.receive(
      Buffer.concat([masked(0x81, 'a'), masked(0x01, 'b'), masked(0x82, 'c').subarray(0, 0)]),
      1,
    );
    expect(log.told).toEqual(['text a']);
    expect(log.sent()).toBe(plain(0x81, 'a').toString('hex'));
    expect(log.session.residue).toBe(7);
    expect(log.session.state).toBe('open');
  });

  it('should mask what a client sends', () => {
    const log = new SessionLog('client');
    log.session.send('a');
    log.session.sendPing('b');
    log.session.sendPong();
    const wire = Buffer.concat([masked(0x81, 'a'), masked(0x89, 'b'), masked(0x8a)]);
    expect(log.sent()).toBe(wire.toString('hex'));
  });

  it('should answer pings at once, before what the owner says', () => {
    const log = new SessionLog('server');
    log.session.receive(Buffer.concat([masked(0x89, 'one'), masked(0x8a, 'two')]), 1);
    expect(log.told).toEqual(['written', 'ping one', 'pong two']);
    expect(log.sent()).toBe(plain(0x8a, 'one').toString('hex'));
  });

  it('should leave pings to the owner if told so', () => {
    const log = new SessionLog('server', { autoPong: false });
    log.session.receive(masked(0x89, 'one'), 1);
    expect(log.told).toEqual(['ping one']);
    expect(log.sent()).toBe('');
  });

  it('should answer only the latest ping of a flood', () => {
    const log = new SessionLog('server');
    const pings = Array.from({ length: 10_000 }, (_, index) => masked(0x89, String(index)));
    log.session.receive(Buffer.concat(pings), 1);
    const answers = [...Array.from({ length: 16 }, (_, index) => index), 9999];
    expect(log.sent()).toBe(
      Buffer.concat(answers.map((index) => plain(0x8a, String(index)))).toString('hex'),
    );
  });

  it('should answer only the latest ping once the peer reads', () => {
    const log = new SessionLog('server');
    log.isBehind = true;
    for (let index = 0; index < 1000; index++) log.session.receive(masked(0x89, String(index)), index);
    log.session.drained();
    expect(log.sent()).toBe('');
    log.isBehind = false;
    log.session.drained();
    expect(log.sent()).toBe(plain(0x8a, '999').toString('hex'));
    log.session.drained();
    expect(log.sent()).toBe('');
  });

  it('should not answer an old ping after a newer one', () => {
    const log = new SessionLog('server');
    log.isBehind = true;
    log.session.receive(masked(0x89, 'old'), 1);
    log.isBehind = false;
    log.session.receive(masked(0x89, 'new'), 2);
    expect(log.sent()).toBe(plain(0x8a, 'new').toString('hex'));
  });

  it('should let through what a handler throws', () => {
    const log = new SessionLog('server');
    log.onMessage = () => {
      throw new TypeError('of the handler');
    };
    expect(() => log.session.receive(masked(0x81, 'a'), 1)).toThrow(TypeError);
    expect(log.session.state).toBe('open');
  });
});

describe('a WsSession that closes', () => {
  it('should, as a server, wait for the close frame of the client, and end the connection', () => {
    const log = new SessionLog('server');
    log.session.close(10, 4000, 'enough');
    expect(log.sent()).toBe(
      plain(0x88, Buffer.concat([hex('0f a0'), Buffer.from('enough')])).toString('hex'),
    );
    expect([log.session.state, log.session.nextAt]).toEqual(['closing', 5010]);
    log.session.receive(
      Buffer.concat([masked(0x81, 'on its way'), masked(0x88, hex('0f a0')), masked(0x81)]),
      20,
    );
    log.session.receiveEnd(30);
    expect(log.told).toEqual(['written', 'text on its way', 'closing 4000 ', 'end', 'closed']);
    expect(log.ended).toEqual({ code: 4000, reason: '', clean: true, sent: 4000, error: undefined });
    expect(log.sent()).toBe('');
    expect(log.session.nextAt).toBe(Infinity);
  });

  it('should, as a client, leave it to the server to end the connection', () => {
    const log = new SessionLog('client');
    log.session.close(10);
    log.session.receive(plain(0x88, Buffer.concat([CLOSE_1000, Buffer.from('bye')])), 20);
    expect(log.told).toEqual(['written', 'closing 1000 bye']);
    log.session.receiveEnd(30);
    expect(log.told.slice(2)).toEqual(['end', 'closed']);
    expect(log.ended).toMatchObject({ code: 1000, reason: 'bye', clean: true });
  });

  it.each<[string, WsRole, Buffer, string, string[]]>([
    ['a code', 'server', masked(0x88, hex('03 e9 62 79 65')), '880203e9', ['closing 1001 bye', 'end']],
    ['no code', 'server', masked(0x88), '8800', ['closing 1005 ', 'end']],
    [
      'a code',
      'client',
      plain(0x88, CLOSE_1000),
      masked(0x88, CLOSE_1000).toString('hex'),
      ['closing 1000 '],
    ],
  ])('should answer a close frame with %s as a %s', (_, role, wire, answer, told) => {
    const log = new SessionLog(role);
    log.session.receive(wire, 10);
    expect(log.sent()).toBe(answer);
    expect(log.told).toEqual(['written', ...told]);
    expect(() => log.session.send('late')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    log.session.receiveEnd(20);
    expect(log.ended).toMatchObject({ clean: true, error: undefined });
  });

  it('should say 1001 when it is stopped, and only once that it closes', () => {
    const log = new SessionLog('server');
    log.session.stop(10);
    log.session.close(11, 4000);
    log.session.stop(12);
    expect(log.sent()).toBe('880203e9');
    expect(log.session.nextAt).toBe(5010);
  });

  it('should not send a code or reason that is illegal, and stay open', () => {
    const log = new SessionLog('server');
    for (const code of [999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5])
      expect(() => log.session.close(1, code)).toThrow(expect.objectContaining({ code: 'ERR_WS_SEND' }));
    expect(() => log.session.close(1, 1000, 'é'.repeat(62))).toThrow(
      expect.objectContaining({ code: 'ERR_WS_SEND' }),
    );
    expect([log.session.state, log.sent(), log.told]).toEqual(['open', '', []]);
  });

  it('should give up when the peer does not answer', () => {
    const log = new SessionLog('server', { closeTimeout: 100 });
    log.session.close(10);
    log.session.update(109);
    expect(log.told).toEqual(['written']);
    log.session.update(110);
    expect(log.told).toEqual(['written', 'destroy', 'closed']);
    expect(log.ended).toMatchObject({
      code: 1006,
      clean: false,
      sent: 1000,
      error: { code: 'ERR_TIMEOUT', option: 'closeTimeout' },
    });
  });

  it('should cut off a peer that does not end the connection, though all has been said', () => {
    const log = new SessionLog('client', { closeTimeout: 100 });
    log.session.receive(plain(0x88, CLOSE_1000), 50);
    log.session.update(150);
    expect(log.told).toEqual(['written', 'closing 1000 ', 'destroy', 'closed']);
    expect(log.ended).toMatchObject({ code: 1000, clean: true, error: undefined });
  });

  it('should not answer pings any more', () => {
    const log = new SessionLog('server');
    log.session.close(1);
    log.sent();
    log.session.receive(masked(0x89, 'p'), 2);
    expect(log.sent()).toBe('');
    expect(log.told).toEqual(['written', 'ping p']);
  });

  it('should take it that a handler closes in the midst of a chunk', () => {
    const log = new SessionLog('server');
    log.onMessage = () => log.session.close(1);
    log.session.receive(Buffer.concat([masked(0x81, 'a'), masked(0x81, 'b')]), 1);
    expect(log.told).toEqual(['text a', 'written', 'text b']);
    log.onMessage = () => log.session.lost();
    log.session.receive(Buffer.concat([masked(0x81, 'c'), masked(0x81, 'd')]), 2);
    expect(log.told.slice(3)).toEqual(['text c', 'closed']);
  });
});

describe('a WsSession whose peer is at fault', () => {
  it.each<[string, Buffer, number, string]>([
    ['an unmasked frame', plain(0x81, 'a'), 1002, 'ERR_WS_MASK'],
    ['a reserved opcode', masked(0x83), 1002, 'ERR_WS_OPCODE'],
    ['a text that is none', masked(0x81, hex('ff')), 1007, 'ERR_WS_UTF8'],
    ['a message that is too long', masked(0x82, Buffer.alloc(101)), 1009, 'ERR_WS_TOO_LONG'],
    ['a close frame of one byte', masked(0x88, hex('03')), 1002, 'ERR_WS_CLOSE'],
    ['close code 1005', masked(0x88, hex('03 ed')), 1002, 'ERR_WS_CLOSE'],
    ['compression that nobody agreed on', masked(0xc1, 'a'), 1002, 'ERR_WS_RESERVED_BITS'],
  ])('should tell it of %s, and pass over the rest', (_, wire, closeCode, code) => {
    const log = new SessionLog('server', { maxMessageSize: 100 });
    log.session.receive(Buffer.concat([masked(0x81, 'before'), wire, masked(0x81, 'behind')]), 10);
    log.session.receive(masked(0x81, 'later'), 11);
    expect(log.told).toEqual(['text before', 'written', 'end']);
    expect(log.sent()).toMatch(new RegExp(`^88..${closeCode.toString(16).padStart(4, '0')}`));
    expect([log.session.state, log.session.isDeaf]).toEqual(['closing', true]);
    log.session.receiveEnd(12);
    expect(log.ended).toMatchObject({
      code: 1006,
      clean: false,
      sent: closeCode,
      error: { code, closeCode },
    });
    expect(log.told.slice(3)).toEqual(['closed']);
  });

  it('should not say twice that it closes', () => {
    const log = new SessionLog('server');
    log.session.close(1);
    log.sent();
    log.session.receive(masked(0x83), 2);
    expect(log.sent()).toBe('');
    expect(log.told).toEqual(['written', 'end']);
  });

  it('should cut off a peer that stays', () => {
    const log = new SessionLog('server', { closeTimeout: 100 });
    log.session.receive(masked(0x83), 10);
    log.session.update(110);
    expect(log.told).toEqual(['written', 'end', 'destroy', 'closed']);
    expect(log.ended?.error).toMatchObject({ code: 'ERR_WS_OPCODE' });
  });

  it('should report faults of its owner with the code that is wanted', () => {
    const log = new SessionLog('server');
    const error = new NetworkError('ERR_HANDLER', 'a handler failed');
    log.session.fail(5, error);
    expect(log.sent()).toBe('880203f3');
    log.session.receiveEnd(6);
    expect(log.ended).toMatchObject({ sent: 1011, error });
  });

  it.each<[string, Buffer | undefined, string | undefined]>([
    ['between messages', undefined, undefined],
    ['within a message', masked(0x01, 'a'), 'ERR_WS_TRUNCATED'],
    ['within a frame', masked(0x81, 'abc').subarray(0, 7), 'ERR_WS_TRUNCATED'],
  ])('should see that it left %s', (_, wire, code) => {
    const log = new SessionLog('server');
    if (wire !== undefined) log.session.receive(wire, 1);
    log.session.receiveEnd(2);
    expect(log.told).toEqual(['end', 'closed']);
    expect(log.ended).toMatchObject({ code: 1006, clean: false, sent: undefined });
    expect(log.ended?.error?.code).toBe(code);
  });

  it('should see that the connection is lost', () => {
    const log = new SessionLog('server');
    const error = new NetworkError('ECONNRESET', 'reset');
    log.session.lost(error);
    log.session.lost();
    log.session.receive(masked(0x81, 'a'), 1);
    log.session.receiveEnd(2);
    log.session.update(3);
    expect(log.told).toEqual(['closed']);
    expect(log.ended).toEqual({ code: 1006, reason: '', clean: false, sent: undefined, error });
  });
});

describe('a WsSession with pings', () => {
  const options = { pingInterval: 100, pongTimeout: 40 };

  it('should ping a silent peer, and take it for dead', () => {
    const log = new SessionLog('server', options);
    expect(log.session.nextAt).toBe(100);
    log.session.update(99);
    expect(log.sent()).toBe('');
    log.session.update(100);
    expect([log.sent(), log.session.nextAt]).toEqual(['8900', 140]);
    log.session.update(139);
    log.session.update(140);
    expect(log.told).toEqual(['written', 'destroy', 'closed']);
    expect(log.ended).toMatchObject({ code: 1006, error: { code: 'ERR_TIMEOUT', option: 'pongTimeout' } });
  });

  it('should take anything for a sign of life', () => {
    const log = new SessionLog('server', options);
    log.session.update(100);
    log.session.receive(masked(0x82, counting(50)).subarray(0, 3), 139);
    expect(log.session.nextAt).toBe(239);
    log.session.update(140);
    expect(log.told).toEqual(['written']);
  });

  it('should let the time stand still while we do not read', () => {
    const log = new SessionLog('server', options);
    log.session.readingPaused(60);
    expect(log.session.nextAt).toBe(Infinity);
    log.session.update(1000);
    log.session.readingResumed(1000);
    expect(log.session.nextAt).toBe(1040);
    log.session.update(1040);
    log.session.readingPaused(1050);
    log.session.readingPaused(1060);
    log.session.readingResumed(5000);
    log.session.readingResumed(5001);
    expect(log.session.nextAt).toBe(5030);
    log.session.update(5029);
    expect(log.session.state).toBe('open');
    log.session.update(5030);
    expect(log.session.state).toBe('closed');
  });

  it('should not count the time before what came while reading was about to pause', () => {
    const log = new SessionLog('server', options);
    log.session.readingPaused(60);
    log.session.receive(masked(0x8a), 80);
    log.session.readingResumed(100);
    expect(log.session.nextAt).toBe(200);
  });

  it('should never ping without pingInterval', () => {
    const log = new SessionLog('server');
    expect(log.session.nextAt).toBe(Infinity);
    log.session.update(1e9);
    expect(log.told).toEqual([]);
  });
});

describe('two WsSessions', () => {
  it('should pass on everything, and both end cleanly, however the bytes are cut', () => {
    const message = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.uint8Array({ maxLength: 200 }),
    );
    const property = fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(message, { maxLength: 5 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 50 }),
      (ofServer, ofClient, serverCloses, size) => {
        const server = new SessionLog('server');
        const client = new SessionLog('client');
        const relay = (from: SessionLog, to: SessionLog) => {
          const wire = hex(from.sent());
          for (let at = 0; at < wire.length; at += size)
            to.session.receive(Buffer.from(wire.subarray(at, at + size)), 1);
          if (from.told.includes('end') && to.session.state !== 'closed') to.session.receiveEnd(2);
        };
        for (const sent of ofServer) server.session.send(sent);
        for (const sent of ofClient) client.session.send(sent);
        (serverCloses ? server : client).session.close(1);
        for (let round = 0; round < 3; round++) {
          relay(server, client);
          relay(client, server);
        }
        const told = (log: SessionLog) => log.told.filter((line) => /^(text|binary) /.test(line));
        const shown = (sent: string | Uint8Array) =>
          `${typeof sent === 'string' ? 'text' : 'binary'} ${Buffer.from(sent).toString()}`;
        expect(told(client)).toEqual(ofServer.map(shown));
        expect(told(server)).toEqual(ofClient.map(shown));
        for (const log of [server, client])
          expect(log.ended).toMatchObject({ code: 1000, clean: true, error: undefined });
      },
    );
    fc.assert(property, { numRuns: 60 });
  });
});

describe('sessionSettings', () => {
  it('should have defaults', () => {
    expect(sessionSettings()).toEqual({
      maxMessageSize: 1024 * 1024,
      maxFrameSize: 2 ** 30,
      fragmentSize: 0,
      pingInterval: 0,
      pongTimeout: 10_000,
      closeTimeout: 5000,
      autoPong: true,
    });
  });

  it.each(['pingInterval', 'pongTimeout', 'closeTimeout', 'autoPong', 'unknown'])(
    'should refuse an illegal %s',
    (option) => {
      expect(() => sessionSettings({ [option]: -1 })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', option }),
      );
    },
  );
});
