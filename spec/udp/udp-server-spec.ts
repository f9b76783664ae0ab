import { describe, expect, it } from '@jest/globals';
import { NEVER, map } from 'rxjs';
import { NetworkError } from '../../lib/base/errors.ts';
import { lines } from '../../lib/codec/lines.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { UdpClient } from '../../lib/udp/udp-client.ts';
import { UdpServer, type UdpServerOptions } from '../../lib/udp/udp-server.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { type RawPeer, eventLog, withDatagrams } from '../support/virtual-datagrams.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The connection that a server has accepted as its n-th. */
const accepted = ({ connections }: UdpServer, id = 1) => connections.get(id) as Connection;

describe('UDP server: events', () => {
  it('should come in order', () => {
    withDatagrams(({ server: make, peer, at, scheduler }) => {
      const server = make();
      const log = eventLog(server, scheduler);
      server.receive$.subscribe(({ connection, data }) => connection.send(data));
      const raw = peer();
      at(10, () => raw.send('hi'));
      at(20, () => raw.send('ho'));
      at(30, () => raw.send(CLOSE_NOTICE));
      at(40, () => server.stop());
      at(50, () =>
        expect(log).toEqual([
          ...['10 accept 1', '10 handshake 1', '10 receive 1 hi', '10 sent 1 hi'],
          ...['20 receive 1 ho', '20 sent 1 ho', '30 close 1 peer', '40 shutdown 0 0 0'],
        ]),
      );
    });
  });

  it('should be told of each address by itself, with an id that is never used again', () => {
    let log: string[] = [];
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      log = eventLog(server);
      const peers = [peer(), peer({ host: '10.0.0.9' }), peer({ host: '10.0.0.9' })] as const;
      for (const [i, raw] of peers.entries()) at(i, () => raw.send(`from ${i}`));
      at(10, () => accepted(server, 2).disconnect());
      at(20, () => peers[1].send('back'));
      at(30, () => peers[2].send('still 3'));
    });
    expect(log).toEqual(
      [
        ...['accept 1', 'handshake 1', 'receive 1 from 0', 'accept 2', 'handshake 2', 'receive 2 from 1'],
        ...['accept 3', 'handshake 3', 'receive 3 from 2', 'close 2 local'],
        ...['accept 4', 'handshake 4', 'receive 4 back', 'receive 3 still 3'],
        ...['close 1 timeout ERR_TIMEOUT', 'close 4 timeout ERR_TIMEOUT', 'close 3 timeout ERR_TIMEOUT'],
      ]
        .filter((line) => !line.includes('timeout'))
        .concat(log.filter((line) => line.includes('timeout') || line.startsWith('fault'))),
    );
  });

  it('should tell of one sent$ a datagram, with any policy', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const log = eventLog(server);
      const raw = peer();
      server.accept$.subscribe((connection) => {
        for (const word of ['one', 'two', 'three']) connection.send(word);
      });
      at(0, () => raw.send(''));
      at(1, () => {
        expect(raw.log).toEqual(['0 one', '0 two', '0 three', '0 -']);
        expect(log.filter((line) => line.startsWith('sent'))).toEqual([
          'sent 1 one',
          'sent 1 two',
          'sent 1 three',
        ]);
      });
      at(2, () => server.stop());
    });
  });

  it('should find the same extra in each event of a connection', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const extras: unknown[] = [];
      server.accept$.subscribe((connection) => (connection.extra = `for ${connection.id}`));
      server.receive$.subscribe(({ connection }) => extras.push(connection.extra));
      server.close$.subscribe(({ connection }) => extras.push(connection.extra));
      const peers = [peer(), peer()];
      at(0, () => peers.forEach((raw) => raw.send('x')));
      at(1, () => server.stop());
      at(2, () => expect(extras).toEqual(['for 1', 'for 2', 'for 1', 'for 2']));
    });
  });

  it('should count what goes through, heartbeats and notices included, and what is thrown away', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make({ maxConnections: 1 });
      server.receive$.subscribe(({ connection, data }) => connection.send(data));
      const [raw, other] = [peer(), peer()];
      at(0, () => raw.send('hello'));
      at(1, () => raw.send(''));
      at(2, () => raw.send(Buffer.alloc(1433)));
      at(3, () => other.send('too many'));
      at(4, () => other.send(CLOSE_NOTICE));
      at(5, () => other.send(Buffer.alloc(2000)));
      at(6, () => raw.send(CLOSE_NOTICE));
      at(7, () =>
        expect(server.counts).toMatchObject({
          received: { datagrams: 7, bytes: 5 + 0 + 1433 + 8 + 16 + 2000 + 16 },
          sent: { datagrams: 3, bytes: 5 + 0 + 16 },
          dropped: {
            oversized: { datagrams: 2, bytes: 3433 },
            'queue-full': { datagrams: 0, bytes: 0 },
            'unknown-peer': { datagrams: 1, bytes: 16 },
            malformed: { datagrams: 0, bytes: 0 },
            'max-connections': { datagrams: 1, bytes: 8 },
            refused: { datagrams: 0, bytes: 0 },
          },
        }),
      );
      at(8, () => server.stop());
    });
  });

  it('should know age and silence, to which heartbeats add nothing', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      server.receive$.subscribe();
      const raw = peer();
      at(100, () => raw.send('x'));
      at(600, () => raw.send('x'));
      at(800, () => raw.send(''));
      at(1000, () => {
        const { age, silence, bytesIn, bytesOut, remote, local, state } = accepted(server);
        expect({ age, silence, bytesIn, bytesOut, state }).toEqual({
          ...{ age: 900, silence: 400, bytesIn: 2, bytesOut: 0, state: 'open' },
        });
        expect([remote.host, local.port]).toEqual(['127.0.0.1', 5555]);
        expect(server.disconnectSilent(401)).toBe(0);
        expect(server.disconnectLong(901)).toBe(0);
        expect(server.disconnectSilent(400)).toBe(1);
      });
      at(2000, () => expect(raw.log).toEqual(['800 -', '1000 bye']));
    });
  });

  it('should end old connections', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const log = eventLog(server);
      const peers = [peer(), peer()];
      for (const [i, raw] of peers.entries()) at(100 * i, () => raw.send(''));
      at(150, () => expect(server.disconnectLong(100, true)).toBe(1));
      at(160, () => expect(log.at(-1)).toBe('close 1 forced'));
      at(170, () => server.stop());
    });
  });
});

describe('UDP server: who is let in', () => {
  it('should turn away who comes when there are maxConnections, with the notice', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make({ maxConnections: 2 });
      const log = eventLog(server);
      const peers = [peer(), peer(), peer()] as const;
      at(0, () => peers.forEach((raw) => raw.send('x')));
      at(1, () => {
        expect(server.connections.size).toBe(2);
        expect(log.at(-1)).toMatch(/^dropped max-connections 0 127\.0\.0\.1:\d+$/);
        expect(peers.map((raw) => raw.log)).toEqual([[], [], ['0 bye']]);
      });
      at(2, () => peers[0].send(CLOSE_NOTICE));
      at(3, () => peers[2].send('y'));
      at(4, () => expect(log.at(-1)).toBe('receive 3 y'));
      at(5, () => server.stop());
    });
  });

  it('should turn away whom admit does not want, with no event but dropped$', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make({ admit: ({ host }) => host !== '10.0.0.66' });
      const log = eventLog(server);
      const [good, bad] = [peer(), peer({ host: '10.0.0.66' })];
      at(0, () => bad.send('let me in'));
      at(1, () => good.send('hi'));
      at(2, () => {
        expect(log).toEqual([
          expect.stringMatching(/^dropped refused 0 10\.0\.0\.66:/),
          ...['accept 1', 'handshake 1', 'receive 1 hi'],
        ]);
        expect(bad.log).toEqual(['0 bye']);
        expect(server.counts.dropped.refused).toEqual({ datagrams: 1, bytes: 9 });
      });
      at(3, () => server.stop());
    });
  });

  it('should let nobody in when admit throws, and say so', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make({
        admit: () => {
          throw new Error('broken');
        },
      });
      const log = eventLog(server);
      const raw = peer();
      at(0, () => raw.send('x'));
      at(1, () => expect(log).toEqual(['fault ERR_HANDLER', expect.stringMatching(/^dropped refused/)]));
      at(2, () => server.stop());
    });
  });

  it('should not answer a notice of somebody unknown, or two servers would never end', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make({ maxConnections: 1, admit: () => false });
      const raw = peer();
      at(0, () => raw.send(CLOSE_NOTICE));
      at(1, () => expect(raw.log).toEqual([]));
      at(2, () => server.stop());
    });
  });
});

describe('UDP server: ends', () => {
  it.each([
    ['disconnect()', 'local', (connection: Connection) => connection.disconnect()],
    ['disconnect(true)', 'forced', (connection: Connection) => connection.disconnect(true)],
    ['end()', 'local', (connection: Connection) => connection.end()],
    ['reset()', 'forced', (connection: Connection) => connection.reset()],
  ])('should be told to the peer once, and be over at once: %s', (_, reason, close) => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const log = eventLog(server);
      const raw = peer();
      at(0, () => raw.send('x'));
      at(1, () => {
        const connection = accepted(server);
        connection.send('last words');
        close(connection);
        close(connection);
        connection.send('too late');
      });
      at(2, () => {
        expect(raw.log).toEqual(['1 last words', '1 bye']);
        expect(log.slice(-2)).toEqual(
          ['sent 1 last words', `close 1 ${reason}`].slice(reason === 'local' ? 0 : -2),
        );
        expect(server.connections.size).toBe(0);
      });
      at(3, () => server.stop());
    });
  });

  it('should come with the handler of an observer that throws, and of nobody else', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const log = eventLog(server);
      server.receive$.subscribe(({ data }) => {
        if (data.length === 3) throw new Error('three');
      });
      const [one, two] = [peer(), peer()];
      at(0, () => one.send('hi'));
      at(1, () => two.send('bad'));
      at(2, () => one.send('ho'));
      at(3, () => {
        expect(log.filter((line) => / [12]/.test(line)).slice(-3)).toEqual([
          ...['fault 2 ERR_HANDLER', 'close 2 handler receive ERR_HANDLER', 'receive 1 ho'],
        ]);
        expect(two.log).toEqual(['1 bye']);
      });
      at(4, () => server.stop());
    });
  });

  it('should be reported by stop()', async () => {
    let report: unknown;
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const log = eventLog(server);
      const peers = [peer(), peer(), peer()] as const;
      at(0, () => peers.forEach((raw) => raw.send('x')));
      at(5, () => (report = server.stop()));
      at(6, () => {
        expect(peers.map((raw) => raw.log)).toEqual([['5 bye'], ['5 bye'], ['5 bye']]);
        expect(log.slice(-4)).toEqual(['close 1 stop', 'close 2 stop', 'close 3 stop', 'shutdown 3 0 0']);
        expect(server.state).toBe('stopped');
        expect(server.address).toBeUndefined();
      });
    });
    expect(await report).toEqual({ closed: 3, forced: 0, dropped: 0 });
  });

  it('should come with the notice of the peer, even if that is longer than data may be', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make({ maxDatagramSize: 1 });
      const log = eventLog(server);
      const [raw, other] = [peer(), peer()];
      at(0, () => raw.send('x'));
      at(1, () => raw.send(CLOSE_NOTICE));
      at(2, () => other.send(CLOSE_NOTICE));
      at(3, () => {
        expect(log.slice(3)).toEqual(['close 1 peer', expect.stringMatching(/^dropped unknown-peer 16/)]);
        void server.stop();
      });
    });
  });

  it('should wait for handlers when it stops, and cut off those that are late', async () => {
    let report: unknown;
    withDatagrams(({ server: make, peer, at, cold }) => {
      const server = make();
      const log = eventLog(server);
      server.accept$.pipe(handleEach(({ id }) => (id === 1 ? cold('1s |') : NEVER))).subscribe();
      const peers = [peer(), peer()] as const;
      at(0, () => peers.forEach((raw) => raw.send('x')));
      at(100, () => (report = server.stop({ deadline: 2000 })));
      at(200, () => peers[0].send('new work'));
      at(300, () => peers[0].send(''));
      at(3000, () => {
        expect(log.slice(-3)).toEqual(['close 1 local', 'close 2 stop', 'shutdown 1 1 0']);
        expect(peers.map((raw) => raw.log)).toEqual([['300 -', '1000 bye'], ['2100 bye']]);
        expect(log).not.toContain('receive 1 new work');
      });
    });
    expect(await report).toEqual({ closed: 1, forced: 1, dropped: 0 });
  });

  it('should not let in anybody new while it stops', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const log = eventLog(server);
      server.accept$.pipe(handleEach(() => NEVER)).subscribe();
      const [old, fresh] = [peer(), peer()];
      at(0, () => old.send('x'));
      at(1, () => server.stop({ deadline: 10 }));
      at(2, () => fresh.send('x'));
      at(3, () => expect(log.at(-1)).toMatch(/^dropped unknown-peer 1 127/));
      at(20, () => expect(fresh.log).toEqual([]));
    });
  });

  it('should come when its socket breaks, and then it can be started again', async () => {
    const transport = new FakeDatagrams();
    const server = new UdpServer({ transport });
    afterTest(() => server.stop());
    const log = eventLog(server);
    await server.start();
    transport.socket.receive('x');
    transport.socket.fail(new NetworkError('EBADF', 'gone', { operation: 'receive' }));
    await turn();
    expect(log).toEqual([
      ...['prepare', 'accept 1', 'handshake 1', 'receive 1 x'],
      ...['fault EBADF', 'fault 1 EBADF', 'close 1 error receive EBADF', 'shutdown 0 0 0'],
    ]);
    expect(server.state).toBe('stopped');
    await server.start();
    transport.socket.receive('y');
    expect(log.at(-1)).toBe('receive 2 y');
  });
});

describe('UDP server: starts', () => {
  it('should be refused by an observer of prepareListen$', async () => {
    const server = new UdpServer({ transport: new MemoryNetwork() });
    server.prepareListen$.subscribe(({ refuse }) => refuse('not now'));
    await expect(server.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
    expect(server.state).toBe('stopped');
  });

  it('should fail on a port that is taken, and be ready to try again', async () => {
    const transport = new MemoryNetwork();
    const [first, second] = [1, 2].map(() => new UdpServer({ transport, port: 7 })) as [UdpServer, UdpServer];
    afterTest(() => second.stop());
    await first.start();
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE', operation: 'accept' });
    expect(second.lastError).toMatchObject({ code: 'EADDRINUSE', operation: 'accept' });
    expect(second.state).toBe('stopped');
    await first.stop();
    expect(await second.start()).toMatchObject({ host: '0.0.0.0', port: 7 });
  });

  it('should be possible again after a stop, on the same port and with the same observers', async () => {
    const transport = new MemoryNetwork();
    const server = new UdpServer({ transport, port: 7 });
    const log = eventLog(server);
    for (let round = 0; round < 3; round++) {
      await server.start();
      await server.stop();
    }
    expect(log).toEqual(Array(3).fill(['prepare', 'shutdown 0 0 0']).flat());
  });

  it('should be possible from any event, as a stop is', () => {
    withDatagrams(({ server: make, peer, at, scheduler }) => {
      const server = make();
      const log = eventLog(server, scheduler);
      server.accept$.subscribe(({ id }) => id === 1 && void server.stop());
      server.receive$.subscribe(({ connection }) => connection.id === 2 && void server.stop());
      server.shutdown$.subscribe(() => void server.start().catch(() => undefined));
      const raw = peer();
      for (const ms of [10, 20, 30]) at(ms, () => raw.send('x'));
      at(40, () =>
        expect(log).toEqual([
          ...['10 accept 1', '10 close 1 stop', '10 shutdown 1 0 0', '10 prepare'],
          ...[
            '20 accept 2',
            '20 handshake 2',
            '20 receive 2 x',
            '20 close 2 stop',
            '20 shutdown 1 0 0',
            '20 prepare',
          ],
          ...['30 accept 3', '30 handshake 3', '30 receive 3 x'],
        ]),
      );
      at(50, () => {
        expect(raw.log).toEqual(['10 bye', '20 bye']);
        server[Symbol.asyncDispose]().catch(() => undefined);
      });
    });
  });

  it('should be taken back by a stop before the socket is bound', async () => {
    const transport = new FakeDatagrams();
    transport.outcome = 'later';
    const server = new UdpServer({ transport });
    const starting = server.start();
    await server.stop();
    await expect(starting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(transport.socket.closed).toBe(true);
  });

  it('should hand its options on to the socket', async () => {
    const transport = new FakeDatagrams();
    const options = {
      host: '::',
      port: 9,
      dualStack: false,
      reuseAddress: true,
      receiveBuffer: 1,
      sendBuffer: 2,
    };
    const server = new UdpServer({ transport, ...options });
    afterTest(() => server.stop());
    await server.start();
    expect(transport.socket.request).toMatchObject(options);
  });
});

describe('UDP server: sending', () => {
  /** Runs with a connection whose peer is there. */
  function connected(
    work: (connection: Connection, raw: RawPeer) => void,
    options: UdpServerOptions = {},
  ): string[] {
    let log: string[] = [];
    withDatagrams(({ server: make, peer, at }) => {
      const server = make(options);
      const raw = peer();
      at(0, () => raw.send('x'));
      at(1, () => work(accepted(server), raw));
      at(2, () => (log = [...raw.log]));
      at(3, () => server.stop());
    });
    return log;
  }

  it('should make one datagram of several pieces', () => {
    const log = connected((connection) => {
      expect(connection.send('one ', Buffer.from('two '), 'three')).toBe('ok');
      expect(connection.send('', 'x', '')).toBe('ok');
    });
    expect(log).toEqual(['1 one two three', '1 x']);
  });

  it('should refuse what is empty or too long, and send what is as long as may be', () => {
    const log = connected(
      (connection) => {
        for (const data of [[], [''], ['', ''], ['12345678901'], ['123456', '78901']]) {
          expect(connection.send(...data)).toBe('refused');
          expect(connection.lastError).toMatchObject({ code: 'ERR_FRAME_LENGTH', operation: 'send' });
        }
        expect(connection.lastError?.message).toBe(
          'ERR_FRAME_LENGTH: 11 bytes in one; a message has 1 to 10 bytes (option maxDatagramSize)',
        );
        expect(connection.send('12345', '67890')).toBe('ok');
        expect(connection.state).toBe('open');
      },
      { maxDatagramSize: 10 },
    );
    expect(log).toEqual(['1 1234567890']);
  });

  it('should send as much as UDP carries, and tell of what it does not', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make({ maxDatagramSize: 65_536 });
      const log = eventLog(server);
      const raw = peer();
      at(0, () => raw.send(''));
      at(1, () => {
        expect(accepted(server).send(Buffer.alloc(65_507))).toBe('ok');
        expect(accepted(server).send(Buffer.alloc(65_508))).toBe('ok');
      });
      at(2, () => {
        expect(raw.got.map(({ bytes }) => bytes.length)).toEqual([0, 65_507]);
        expect(log).toContain('fault 1 EMSGSIZE');
        expect(accepted(server).lastError).toMatchObject({ code: 'EMSGSIZE' });
        expect(accepted(server).state).toBe('open');
      });
      at(3, () => server.stop());
    });
  });

  it('should refuse files and TLS', async () => {
    const problems: unknown[] = [];
    let startingTls: Promise<unknown> = Promise.resolve();
    connected((connection) => {
      connection.sendFile('package.json').subscribe({ error: (error: unknown) => problems.push(error) });
      startingTls = connection.startTls();
    });
    expect(problems).toMatchObject([{ code: 'ERR_UNSUPPORTED' }]);
    await expect(startingTls).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' });
  });

  it('should have nothing pending once the system has it all', async () => {
    const seen: number[] = [];
    let flushing: Promise<void> = Promise.resolve();
    connected((connection) => {
      connection.pending$.subscribe((pending) => seen.push(pending));
      connection.send('abc');
      expect(connection.pending).toBe(0);
      flushing = connection.flush();
    });
    await flushing;
    expect(seen.at(-1)).toBe(0);
  });

  it.each(['pack', 'safe'] as const)('should keep datagrams apart with policy %s', async (name) => {
    const { sendPolicy } = await import('../../lib/send/send-policy.ts');
    const log = connected(
      (connection) => {
        for (const word of ['one', 'two', 'three']) connection.send(word);
      },
      { sendPolicy: sendPolicy[name]() },
    );
    expect(log).toEqual(['1 one', '1 two', '1 three']);
  });

  it('should work with handleEach and sendTo', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const ends: string[] = [];
      server.accept$
        .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
        .subscribe(({ id, reason }) => ends.push(`${id} ${reason}`));
      const peers = [peer(), peer()] as const;
      at(0, () => peers.forEach((raw) => raw.send('a')));
      at(1, () => peers.forEach((raw) => ['b', 'c'].forEach((text) => raw.send(text))));
      at(2, () => peers[0].send(CLOSE_NOTICE));
      at(3, () => server.stop());
      at(4, () => {
        expect(peers.map((raw) => raw.log)).toEqual([
          ['0 a', '1 b', '1 c'],
          ['0 a', '1 b', '1 c', '3 bye'],
        ]);
        expect(ends).toEqual(['1 peer', '2 local']);
      });
    });
  });

  it('should make one datagram of one message with a codec, and refuse one that is too long', () => {
    withDatagrams(({ transport, scheduler, peer, at }) => {
      const server = new UdpServer({ transport, scheduler, port: 5555, maxDatagramSize: 10, codec: lines() });
      void server.start();
      const texts: string[] = [];
      server.receive$.pipe(map(({ data }) => data)).subscribe((text) => texts.push(text));
      const raw = peer();
      at(0, () => raw.send('hello\nyou\n'));
      at(1, () => {
        const connection = server.connections.get(1);
        expect(connection?.send('one')).toBe('ok');
        expect(connection?.send('two')).toBe('ok');
        expect(connection?.send('much too long')).toBe('refused');
        expect(connection?.lastError).toMatchObject({ code: 'ERR_FRAME_LENGTH' });
        expect(connection?.send('3', '4')).toBe('ok');
      });
      at(2, () => {
        expect(texts).toEqual(['hello', 'you']);
        expect(raw.log).toEqual(['1 one\n', '1 two\n', '1 3\n4\n']);
      });
      at(3, () => server.stop());
    });
  });
});

describe('failures of the system to send', () => {
  it('should be asked for with the first datagram to a peer, each sixteenth, and long ones', async () => {
    const transport = new FakeDatagrams();
    const server = new UdpServer({ transport, maxDatagramSize: 9000 });
    afterTest(() => server.stop({ deadline: 0 }));
    await server.start();
    const { socket } = transport;
    socket.receive('x');
    const [connection] = server.connections.values();
    for (let i = 0; i < 40; i++) connection?.send('x');
    connection?.send(new Uint8Array(1433));
    expect(socket.asked).toEqual([0, 16, 32, 40]);
  });

  it('should be asked for with each datagram on a socket that has one peer, to which others tell it', async () => {
    const transport = new FakeDatagrams();
    const client = new UdpClient({ transport, to: '10.0.0.1:7' });
    afterTest(() => client.stop({ deadline: 0 }));
    const connection = await client.start();
    const { socket } = transport;
    for (let i = 0; i < 20; i++) connection.send('x');
    expect(socket.asked).toHaveLength(21); // with the hello
  });
});
