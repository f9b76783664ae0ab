import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ArqOptions, arqSettings } from '../../lib/arq/arq-options.ts';
import { Kcp } from '../../lib/arq/kcp.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { type Segment, datagramOf, segmentsOf } from './wire.ts';

const PUSH = 81;
const ACK = 82;
const ASK = 83;
const TELL = 84;

/** What was emitted since it was looked at last. */
let datagrams: Buffer[];

describe('Kcp', () => {
  beforeEach(() => {
    datagrams = [];
  });

  it('should send a message at once when the window allows', () => {
    const kcp = started();
    say(kcp, 'hello');
    expect(datagrams.map((bytes) => bytes.toString('hex'))).toEqual([
      '070000005100000200000000' + '00000000' + '00000000' + '05000000' + '68656c6c6f',
    ]);
  });

  it('should send nothing before the first update', () => {
    const kcp = kcpWith({});
    kcp.send(utf8('a'));
    kcp.flush();
    expect(datagrams).toEqual([]);
    expect(kcp.nextAt).toBe(-Infinity);
    kcp.update(5); // opens the congestion window
    kcp.update(kcp.nextAt);
    expect(flushed()).toMatchObject([{ data: 'a', ts: 65 }]);
  });

  it('should copy what it is given to send', () => {
    const kcp = started({ congestionControl: false });
    const message = utf8('first');
    kcp.send(message);
    message.fill(0);
    kcp.flush();
    expect(flushed()).toMatchObject([{ data: 'first' }]);
  });

  it('should refuse empty and too long messages', () => {
    const kcp = started({ maxMessageSize: 10 });
    const error = expect.objectContaining({ code: 'ERR_FRAME_LENGTH', operation: 'send' });
    expect(() => kcp.send(utf8(''))).toThrow(error);
    expect(() => kcp.send(utf8('12345678901'))).toThrow(error);
    expect(kcp.waiting).toBe(0);
    kcp.send(utf8('1234567890'));
    expect(kcp).toMatchObject({ waiting: 1, waitingBytes: 10 });
  });

  it('should count bytes as waiting until they and all before them have come', () => {
    const kcp = started({ congestionControl: false });
    for (const text of ['one', 'three', 'fourteen bytes']) say(kcp, text);
    kcp.input(datagramOf({ command: ACK, sn: 1, una: 0 }));
    expect(kcp).toMatchObject({ waiting: 2, waitingBytes: 22 });
    kcp.input(datagramOf({ command: ACK, sn: 1, una: 0 }));
    expect(kcp).toMatchObject({ waiting: 2, waitingBytes: 22 });
    kcp.input(datagramOf({ command: ACK, sn: 0, una: 0 }));
    expect(kcp).toMatchObject({ waiting: 1, waitingBytes: 14 });
    kcp.input(datagramOf({ command: TELL, una: 3 }));
    expect(kcp).toMatchObject({ waiting: 0, waitingBytes: 0 });
  });

  it('should send what a re-entrant call wants to be sent, behind what is being emitted', () => {
    const sent: string[] = [];
    const kcp = new Kcp(7, arqSettings({ congestionControl: false }), (bytes) => {
      sent.push(...segmentsOf(bytes).map(({ data }) => data));
      if (sent.length === 1) say(kcp, 'b');
    });
    kcp.update(0);
    say(kcp, 'a');
    expect(sent).toEqual(['a', 'b']);
  });

  describe('messages and datagrams', () => {
    // 72 bytes of datagram: 48 of data.
    it.each([
      { length: 1, fragments: [1] },
      { length: 47, fragments: [47] },
      { length: 48, fragments: [48] },
      { length: 49, fragments: [48, 1] },
      { length: 96, fragments: [48, 48] },
      { length: 97, fragments: [48, 48, 1] },
      { length: 127 * 48 - 1, fragments: [...new Array<number>(126).fill(48), 47] },
    ])('should cut $length bytes into fragments and join them', ({ length, fragments }) => {
      const options = { maxTransUnit: 72, maxMessageSize: 127 * 48 - 1, congestionControl: false };
      const kcp = started(options);
      const message = Buffer.from(Array.from({ length }, (_, at) => 97 + (at % 26)));
      kcp.send(message);
      kcp.flush();
      expect(datagrams.every(({ length: size }) => size <= 72)).toBe(true);
      const peer = started(options);
      datagrams.forEach((datagram) => peer.input(datagram));
      expect(flushed().map(({ data, fragment }) => [data.length, fragment])).toEqual(
        fragments.map((size, place) => [size, fragments.length - 1 - place]),
      );
      expect(received(peer)).toEqual([message.toString()]);
    });

    it('should put as many segments into a datagram as fit', () => {
      const kcp = started({ maxTransUnit: 100, maxMessageSize: 50, congestionControl: false });
      for (const text of ['12', '34', '56', '7890', 'ab']) kcp.send(utf8(text));
      kcp.flush();
      expect(datagrams.map(({ length }) => length)).toEqual([26 * 3, 28 + 26]);
    });

    it('should tell messages apart that share a datagram', () => {
      const kcp = started();
      kcp.input(datagramOf({ sn: 0, data: 'one' }, { sn: 1, data: '' }, { sn: 2, data: 'two' }));
      expect(received(kcp)).toEqual(['one', '', 'two']);
    });

    it('should pass over less than a header at the end', () => {
      const kcp = started();
      kcp.input(Buffer.concat([datagramOf({ data: 'one' }), Buffer.alloc(23, 255)]));
      expect(received(kcp)).toEqual(['one']);
    });

    it('should not mind in which conversation a segment is', () => {
      const kcp = started();
      kcp.input(datagramOf({ conversation: 99, data: 'a' }, { conversation: 100, sn: 1, data: 'b' }));
      expect(received(kcp)).toEqual(['a', 'b']);
    });
  });

  describe('receiving', () => {
    it('should put in order what comes in disorder, and only once', () => {
      const kcp = started();
      for (const sn of [2, 1, 2, 4, 0, 0, 3, 1]) kcp.input(datagramOf({ sn, data: `m${sn}` }));
      expect(received(kcp)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    });

    it('should keep what came first under a number', () => {
      const kcp = started();
      for (const data of ['first', 'second']) kcp.input(datagramOf({ sn: 1, data }));
      kcp.input(datagramOf({ sn: 0, data: 'zero' }));
      expect(received(kcp)).toEqual(['zero', 'first']);
    });

    it('should treat as lost what it could not acknowledge', () => {
      const kcp = started({ receiveWindow: 65_535 });
      const many = Array.from({ length: 5000 }, (_, sn) => ({ sn, data: 'x' }));
      kcp.input(datagramOf(...many));
      expect(received(kcp)).toHaveLength(4096);
      kcp.flush();
      expect(flushed()).toHaveLength(4096);
      kcp.input(datagramOf(...many.slice(4096)));
      expect(received(kcp)).toHaveLength(904);
    });

    it('should acknowledge everything that comes, the past too', () => {
      const kcp = started();
      kcp.input(datagramOf({ sn: 0, ts: 11 }, { sn: 2, ts: 12 }));
      received(kcp);
      kcp.flush();
      expect(flushed()).toMatchObject([
        { command: ACK, sn: 0, ts: 11, una: 1 },
        { command: ACK, sn: 2, ts: 12, una: 1 },
      ]);
      kcp.input(datagramOf({ sn: 0, ts: 13 }));
      kcp.flush();
      expect(flushed()).toMatchObject([{ command: ACK, sn: 0, ts: 13, una: 1 }]);
    });

    it('should put acknowledgements and data into one datagram', () => {
      const kcp = started();
      kcp.input(datagramOf({ data: 'a' }));
      say(kcp, 'b');
      expect(datagrams).toHaveLength(1);
      expect(flushed()).toMatchObject([{ command: ACK }, { command: PUSH, data: 'b', una: 1 }]);
    });

    it('should ignore what is beyond its window, without an answer', () => {
      const kcp = started({ receiveWindow: 128 });
      kcp.input(datagramOf({ sn: 128, data: 'far' }, { sn: 0x7fff_ffff, data: 'farther' }));
      kcp.flush();
      expect(flushed()).toEqual([]);
      kcp.input(datagramOf({ sn: 127, data: 'near' }));
      kcp.flush();
      expect(flushed()).toMatchObject([{ command: ACK, sn: 127 }]);
    });

    it('should tell a smaller window while nobody fetches, and tell when there is room again', () => {
      const kcp = started({ receiveWindow: 128 });
      for (let sn = 0; sn < 130; sn++) kcp.input(datagramOf({ sn, data: `m${sn}` }));
      kcp.flush();
      expect(flushed().at(-1)).toMatchObject({ command: ACK, window: 0, una: 128 });
      expect(received(kcp)).toHaveLength(130);
      kcp.flush();
      expect(flushed()).toMatchObject([{ command: TELL, window: 128, una: 130 }]);
    });

    it('should count fragments of a message that is not complete', () => {
      const kcp = started();
      kcp.input(datagramOf({ fragment: 1, data: 'a' }));
      expect(received(kcp)).toEqual([]);
      kcp.flush();
      expect(flushed()).toMatchObject([{ window: 511 }]);
    });

    it('should answer the question for its window', () => {
      const kcp = started();
      kcp.input(datagramOf({ command: ASK }));
      kcp.flush();
      expect(flushed()).toMatchObject([{ command: TELL, window: 512, data: '' }]);
      kcp.input(datagramOf({ command: TELL }));
      kcp.flush();
      expect(flushed()).toEqual([]);
    });

    it('should never keep more than twice its window', () => {
      const kcp = started({ receiveWindow: 128 });
      for (let sn = 0; sn < 1000; sn++) kcp.input(datagramOf({ sn, data: 'x' }));
      expect(received(kcp)).toHaveLength(256);
    });
  });

  describe('faults', () => {
    it.each([
      { what: 'a datagram shorter than a header', bytes: Buffer.alloc(23), code: 'ERR_FRAME_DATA' },
      {
        what: 'a length beyond the datagram',
        bytes: cut(datagramOf({ data: 'abc' })),
        code: 'ERR_FRAME_DATA',
      },
      { what: 'a length of 2^32 - 1', bytes: withLength(0xffff_ffff), code: 'ERR_FRAME_DATA' },
      { what: 'command 80', bytes: datagramOf({ command: 80 }), code: 'ERR_FRAME_DATA' },
      { what: 'command 85', bytes: datagramOf({ command: 85 }), code: 'ERR_FRAME_DATA' },
      { what: '128 fragments', bytes: datagramOf({ fragment: 127, data: 'a' }), code: 'ERR_FRAME_DATA' },
      {
        what: 'fragments that do not count down',
        bytes: datagramOf({ fragment: 2 }, { sn: 1, fragment: 2 }),
        code: 'ERR_FRAME_DATA',
      },
      {
        what: 'a message that ends before it is complete',
        bytes: datagramOf({ fragment: 2 }, { sn: 1, fragment: 0 }),
        code: 'ERR_FRAME_DATA',
      },
      {
        what: 'a segment longer than a message may be, before its turn',
        bytes: datagramOf({ sn: 5, data: '12345678901' }),
        code: 'ERR_FRAME_LENGTH',
      },
      {
        what: 'fragments that are too long together, the last of them still to come',
        bytes: datagramOf({ fragment: 2, data: '123456' }, { sn: 1, fragment: 1, data: '12345' }),
        code: 'ERR_FRAME_LENGTH',
      },
    ])('should find $what', ({ bytes, code }) => {
      const kcp = started({ maxMessageSize: 10 });
      expect(() => kcp.input(bytes)).toThrow(expect.objectContaining({ code, operation: 'receive' }));
    });

    it('should have taken 127 fragments and the longest message', () => {
      const kcp = started({ maxTransUnit: 72, maxMessageSize: 254 });
      for (let sn = 0; sn < 127; sn++) kcp.input(datagramOf({ sn, fragment: 126 - sn, data: 'ab' }));
      expect(received(kcp)).toEqual(['ab'.repeat(127)]);
    });

    it('should deliver what came before a fault', () => {
      const kcp = started();
      const bytes = datagramOf({ data: 'a' }, { sn: 1, data: 'b' }, { sn: 2, fragment: 200 });
      expect(() => kcp.input(bytes)).toThrow('201 fragments');
      expect([kcp.receive(), kcp.receive()].map((message) => toText(message!))).toEqual(['a', 'b']);
      expect(() => kcp.receive()).toThrow('201 fragments');
    });

    it('should find a fault behind messages for which there was no room', () => {
      const kcp = started({ receiveWindow: 128 });
      for (let sn = 0; sn < 128; sn++) kcp.input(datagramOf({ sn, data: 'a' }));
      kcp.input(datagramOf({ sn: 128, fragment: 200 }));
      for (let sn = 0; sn < 128; sn++) expect(kcp.receive()).toBeDefined();
      expect(() => kcp.receive()).toThrow('201 fragments');
    });
  });

  describe('sending again', () => {
    // Times are those of flushes, every 60 ms; the first wait is 200 ms, and an eighth with delay.
    it.each([
      { noDelay: false, at: [240, 660, 1500, 3120, 6360] },
      { noDelay: true, at: [240, 540, 1020, 1740, 2760] },
    ])('should wait longer each time (noDelay $noDelay)', ({ noDelay, at }) => {
      const kcp = started({ noDelay });
      say(kcp, 'a');
      const times: number[] = [];
      while (times.length < at.length) {
        flushed();
        const now = kcp.nextAt;
        kcp.update(now);
        if (flushed().length > 0) times.push(now);
      }
      expect(times).toEqual(at);
    });

    it('should never wait longer than a minute, and count what seems dead', () => {
      const kcp = started();
      say(kcp, 'a');
      let gap = 0;
      for (let sent = 1, last = 0; sent < 20; sent++) {
        expect(kcp.deadSegments).toBe(0);
        const now = kcp.nextAt;
        kcp.update(now);
        [gap, last] = [now - last, now];
      }
      expect(gap).toBe(60_000);
      expect(kcp.deadSegments).toBe(1);
      expect(datagrams).toHaveLength(20);
    });

    it('should stop when it is acknowledged', () => {
      const kcp = started();
      say(kcp, 'a');
      kcp.input(datagramOf({ command: ACK, sn: 0 }));
      expect(kcp).toMatchObject({ waiting: 0, waitingBytes: 0, nextAt: Infinity });
    });

    it('should take una for an acknowledgement of all before it', () => {
      const kcp = started({ congestionControl: false });
      for (const text of ['a', 'b', 'c']) say(kcp, text);
      kcp.input(datagramOf({ command: TELL, una: 2 }));
      expect(kcp.waiting).toBe(1);
      kcp.input(datagramOf({ command: TELL, una: 1000 }));
      expect(kcp.waiting).toBe(0);
    });

    it('should not mind acknowledgements for what was never sent', () => {
      const kcp = started();
      say(kcp, 'a');
      kcp.input(datagramOf({ command: ACK, sn: 1 }, { command: ACK, sn: 0xffff_ffff }));
      expect(kcp.waiting).toBe(1);
    });

    it('should measure round trips', () => {
      const kcp = started({ congestionControl: false });
      const timeouts = [100, 100, 300].map((time, sn) => {
        const now = 1000 * (sn + 1);
        kcp.update(now);
        say(kcp, 'a');
        kcp.update(now + time);
        kcp.input(datagramOf({ command: ACK, sn, ts: now, una: sn + 1 }));
        return kcp.resendTimeout;
      });
      // 100 + 4 * 50; 100 + 4 * 37; 125 + 4 * floor((3 * 37 + 200) / 4)
      expect(timeouts).toEqual([300, 248, 125 + 4 * 77]);
    });

    it.each([
      { minRto: 30, timeout: 11 },
      { minRto: 100, timeout: 100 },
    ])('should wait at least minRto $minRto', ({ minRto, timeout }) => {
      const kcp = started({ minRto: Math.min(minRto, 100), flushInterval: 10 });
      kcp.input(datagramOf({ command: ACK, sn: 0, ts: 0 }));
      kcp.update(1);
      kcp.input(datagramOf({ command: ACK, sn: 0, ts: 0 }));
      expect(kcp.resendTimeout).toBe(Math.max(minRto, timeout));
    });

    it('should take no measure from an acknowledgement of the future', () => {
      const kcp = started();
      kcp.input(datagramOf({ command: ACK, ts: 1 }));
      expect(kcp.resendTimeout).toBe(200);
    });

    it.each([
      { resendByAcks: 0, fastLimit: 5, again: [0, 0, 0, 0] },
      { resendByAcks: 1, fastLimit: 5, again: [1, 0, 0, 0] },
      { resendByAcks: 2, fastLimit: 5, again: [0, 1, 0, 0] },
      { resendByAcks: 3, fastLimit: 5, again: [0, 0, 1, 0] },
    ])(
      'should send again what has been passed by $resendByAcks datagrams',
      ({ resendByAcks, fastLimit, again }) => {
        const kcp = started({ resendByAcks, fastLimit, congestionControl: false });
        for (const text of 'abcdef') say(kcp, text);
        const counts = again.map((_, place) => {
          // Time goes on, so that acknowledgements are for what was sent before the second time.
          kcp.update(place + 1);
          flushed();
          kcp.input(datagramOf({ command: ACK, sn: 2 + place, ts: 0, una: 1 }));
          kcp.flush();
          return flushed().filter(({ data }) => data === 'b').length;
        });
        expect(counts).toEqual(again);
      },
    );

    it('should take only the newest of what a datagram acknowledges, told by its time', () => {
      const kcp = started({ resendByAcks: 1, congestionControl: false });
      for (const text of 'abcd') say(kcp, text);
      flushed();
      kcp.input(datagramOf({ command: ACK, sn: 1 }, { command: ACK, sn: 3 }));
      kcp.flush();
      expect(flushed()).toMatchObject([{ data: 'a' }]);
    });

    it('should send again at once, as the original, what was passed and late at the same time', () => {
      const kcp = started({ resendByAcks: 1, congestionControl: false });
      for (const text of 'ab') say(kcp, text);
      flushed();
      kcp.input(datagramOf({ command: ACK, sn: 1 }));
      kcp.update(1000);
      expect(flushed()).toMatchObject([{ data: 'a' }]);
      expect(kcp.nextAt).toBe(1060);
      kcp.flush();
      expect(flushed()).toMatchObject([{ data: 'a' }]);
      kcp.flush();
      expect(flushed()).toEqual([]);
    });

    it.each([
      { fastLimit: 1, times: 1 },
      { fastLimit: 2, times: 2 },
      { fastLimit: 0, times: 6 },
    ])('should do that $times times with fastLimit $fastLimit', ({ fastLimit, times }) => {
      const kcp = started({ resendByAcks: 1, fastLimit, congestionControl: false });
      for (const text of 'abcdefgh') say(kcp, text);
      flushed();
      for (let sn = 1; sn < 7; sn++) {
        kcp.input(datagramOf({ command: ACK, sn, ts: 0, una: 0 }));
        kcp.flush();
      }
      expect(flushed().filter(({ data }) => data === 'a')).toHaveLength(times);
    });
  });

  describe('windows', () => {
    it('should begin slowly and grow', () => {
      const kcp = started();
      for (let count = 0; count < 40; count++) kcp.send(utf8('x'));
      const bursts = [0, 1, 2, 3, 4].map(() => {
        kcp.flush();
        const burst = flushed();
        burst.forEach(({ sn, ts }) => kcp.input(datagramOf({ command: ACK, sn, ts, una: sn + 1 })));
        return burst.length;
      });
      // Slow start ends at two segments; from there on it is about one more each round, rounded up.
      expect(bursts).toEqual([1, 2, 4, 4, 6]);
    });

    it('should send a whole window at once without congestion control', () => {
      const kcp = started({ congestionControl: false, sendWindow: 10 });
      for (let count = 0; count < 40; count++) kcp.send(utf8('x'));
      kcp.flush();
      expect(flushed()).toHaveLength(10);
      expect(kcp).toMatchObject({ waiting: 40, window: 10 });
    });

    it('should start over when something was lost', () => {
      const kcp = started();
      for (let count = 0; count < 40; count++) kcp.send(utf8('x'));
      for (let round = 0; round < 4; round++) {
        kcp.flush();
        flushed().forEach(({ sn, ts }) => kcp.input(datagramOf({ command: ACK, sn, ts, una: sn + 1 })));
      }
      expect(kcp.window).toBe(6);
      kcp.flush();
      kcp.update(kcp.nextAt);
      expect(kcp.window).toBe(1);
    });

    it('should keep a window when what was lost is noticed early', () => {
      const kcp = started({ resendByAcks: 1 });
      for (let count = 0; count < 40; count++) kcp.send(utf8('x'));
      for (let round = 0; round < 4; round++) {
        kcp.flush();
        flushed().forEach(({ sn, ts }) => kcp.input(datagramOf({ command: ACK, sn, ts, una: sn + 1 })));
      }
      kcp.flush();
      const burst = flushed();
      const { sn, ts } = burst.at(-1)!;
      kcp.input(datagramOf({ command: ACK, sn, ts, una: burst[0]!.sn }));
      kcp.flush();
      // Half of the six under way, and one by which it was noticed.
      expect(kcp.window).toBe(4);
    });

    it('should send no more than the peer has room for', () => {
      const kcp = started({ congestionControl: false });
      kcp.input(datagramOf({ command: TELL, window: 3 }));
      for (let count = 0; count < 10; count++) kcp.send(utf8('x'));
      kcp.flush();
      expect(flushed()).toHaveLength(3);
      kcp.input(datagramOf({ command: ACK, sn: 0, una: 1, window: 4 }));
      kcp.flush();
      expect(flushed()).toMatchObject([{ sn: 3 }, { sn: 4 }]);
    });

    it('should ask a peer without room, less and less often, until it has some', () => {
      const kcp = started({ congestionControl: false });
      kcp.input(datagramOf({ command: TELL, window: 0 }));
      say(kcp, 'x');
      expect(flushed()).toEqual([]);
      const times: number[] = [];
      for (let asked = 0; asked < 10; asked++) {
        times.push(kcp.nextAt);
        kcp.update(kcp.nextAt);
        expect(flushed()).toMatchObject([{ command: ASK, data: '' }]);
      }
      const gaps = times.map((time, place) => time - (times[place - 1] ?? 0));
      expect(gaps.slice(0, 3)).toEqual([7020, 10_500, 15_780]);
      expect(gaps.at(-1)).toBe(120_000);
      kcp.input(datagramOf({ command: TELL, window: 1 }));
      kcp.flush();
      expect(flushed()).toMatchObject([{ command: PUSH, data: 'x' }]);
    });
  });

  describe('numbers of 32 bits', () => {
    it.each([0xffff_fff0, 0x7fff_fff0])('should wrap around: segments from %d on', (first) => {
      const settings = arqSettings({ congestionControl: false, resendByAcks: 1 });
      const toB: Buffer[] = [];
      const toA: Buffer[] = [];
      const a = new Kcp(1, settings, (bytes) => void toB.push(Buffer.from(bytes)), first);
      const b = new Kcp(2, settings, (bytes) => void toA.push(Buffer.from(bytes)), first);
      const texts = Array.from({ length: 200 }, (_, count) => `message ${count}`);
      const got: string[] = [];
      a.update(0);
      b.update(0);
      for (let turn = 0; got.length < texts.length && turn < 1000; turn++) {
        if (turn < texts.length) say(a, texts[turn]!);
        // Every third datagram is lost, and two change places.
        for (const [queue, end] of [[toB, b] as const, [toA, a] as const]) {
          queue
            .splice(0)
            .reverse()
            .forEach((bytes, place) => (turn + place) % 3 > 0 && end.input(bytes));
          end.flush();
        }
        got.push(...received(b));
        a.update(turn * 10);
        b.update(turn * 10);
      }
      expect(got).toEqual(texts);
    });

    it('should wrap around: una', () => {
      const kcp = kcpWith({ congestionControl: false }, 0xffff_fffe);
      kcp.update(0);
      for (const text of 'abcd') say(kcp, text);
      expect(flushed().map(({ sn }) => sn)).toEqual([0xffff_fffe, 0xffff_ffff, 0, 1]);
      kcp.input(datagramOf({ command: TELL, una: 0xffff_fff0 }));
      expect(kcp.waiting).toBe(4);
      kcp.input(datagramOf({ command: TELL, una: 1 }));
      expect(kcp.waiting).toBe(1);
    });

    it('should wrap around: times', () => {
      const kcp = kcpWith({});
      const begun = 2 ** 32 - 100;
      kcp.update(begun);
      say(kcp, 'a');
      expect(flushed()).toMatchObject([{ ts: begun }]);
      kcp.update(begun + 240);
      expect(flushed()).toMatchObject([{ data: 'a', ts: 140 }]);
      kcp.update(begun + 300);
      kcp.input(datagramOf({ command: ACK, sn: 0, ts: begun, una: 1 }));
      expect(kcp.resendTimeout).toBe(300 + 4 * 150);
    });

    it('should take times of any clock', () => {
      const kcp = kcpWith({});
      kcp.update(1.7e12 + 0.4);
      say(kcp, 'a');
      expect(flushed()).toMatchObject([{ ts: 1.7e12 % 2 ** 32 }]);
    });
  });

  describe('when to update', () => {
    it('should be never while there is nothing to do', () => {
      const kcp = started();
      expect(kcp.nextAt).toBe(Infinity);
      kcp.update(60);
      expect(kcp.nextAt).toBe(Infinity);
    });

    it('should be the next flush while something waits that can go', () => {
      const kcp = started();
      kcp.send(utf8('a'));
      expect(kcp.nextAt).toBe(60);
      kcp.flush();
      expect(kcp.nextAt).toBe(240);
      kcp.input(datagramOf({ data: 'x' }));
      expect(kcp.nextAt).toBe(60);
      kcp.flush();
      expect(kcp.nextAt).toBe(240);
    });

    it('should do nothing too early', () => {
      const kcp = started();
      kcp.send(utf8('a'));
      kcp.update(59);
      expect(flushed()).toEqual([]);
      kcp.update(60);
      expect(flushed()).toHaveLength(1);
    });

    it('should go on after a jump of the clock', () => {
      const kcp = started();
      say(kcp, 'a');
      flushed();
      kcp.update(1e9 + 7);
      expect(flushed()).toMatchObject([{ data: 'a' }]);
      expect((kcp.nextAt - 7 - 1e9) % 60).toBe(0);
    });
  });
});

function kcpWith(options: ArqOptions, first = 0): Kcp {
  return new Kcp(7, arqSettings(options), (bytes) => void datagrams.push(Buffer.from(bytes)), first);
}

function started(options: ArqOptions = {}): Kcp {
  const kcp = kcpWith(options);
  kcp.update(0);
  return kcp;
}

function say(kcp: Kcp, text: string): void {
  kcp.send(utf8(text));
  kcp.flush();
}

function received(kcp: Kcp): string[] {
  const texts: string[] = [];
  for (let message = kcp.receive(); message !== undefined; message = kcp.receive())
    texts.push(toText(message));
  return texts;
}

function flushed(): Segment[] {
  return datagrams.splice(0).flatMap(segmentsOf);
}

function cut(bytes: Buffer): Buffer {
  return bytes.subarray(0, -1);
}

function withLength(length: number): Buffer {
  const bytes = datagramOf({});
  bytes.writeUInt32LE(length, 20);
  return bytes;
}
