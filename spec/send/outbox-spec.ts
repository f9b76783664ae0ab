import { describe, expect, it } from '@jest/globals';
import { NetworkError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import type { PulledUnit } from '../../lib/send/units.ts';
import type { SentWaiter } from '../../lib/send/outbox.ts';
import { BLOCK_SIZE, sendPolicy } from '../../lib/send/send-policy.ts';
import { fakeOutbox } from '../support/fake-sink.ts';
import { pattern } from '../support/patterns.ts';

const closedError = new NetworkError('ERR_CLOSED', 'the connection is closed');
const safe = sendPolicy.safe();

/** A waiter that writes its name into a log, with the code of the error if there is one. */
const waiter = (log: string[], name: string): SentWaiter => ({
  release: (error) => log.push(error === undefined ? name : `${name}: ${error.code}`),
});

describe('Outbox.send', () => {
  it('should count what is accepted and not yet taken', () => {
    const { outbox, sink, take } = fakeOutbox({ atOnce: 0 });
    expect([outbox.pending, outbox.isEmpty]).toEqual([0, true]);
    outbox.send(utf8('abc'));
    outbox.send([utf8('de'), utf8('f')]);
    expect([outbox.pending, outbox.sent, outbox.isEmpty]).toEqual([6, 0, false]);
    take(2);
    expect([outbox.pending, outbox.sent]).toEqual([4, 2]);
    take();
    expect([outbox.pending, outbox.sent, outbox.isEmpty]).toEqual([0, 6, true]);
    expect(sink.text).toBe('abcdef');
  });

  it('should count what waits for its flush as well', () => {
    const { outbox, take } = fakeOutbox({ policy: safe, atOnce: 0 });
    outbox.send(utf8('abc'));
    expect(outbox.pending).toBe(3);
    outbox.flush();
    outbox.send(utf8('de'));
    outbox.flush();
    expect(outbox.pending).toBe(5);
    take();
    expect(outbox.pending).toBe(2);
  });

  it('should accept nothing as nothing', () => {
    const { outbox, sink } = fakeOutbox();
    expect([outbox.send(utf8('')), outbox.send([]), outbox.send([utf8(''), utf8('')])]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect([sink.writes, outbox.isEmpty]).toEqual([[], true]);
  });

  it('should keep the buffers of one send together and in order', () => {
    const { outbox, sink } = fakeOutbox({ policy: sendPolicy.pack() });
    outbox.send(utf8('1'));
    outbox.send([utf8('2'), utf8(''), utf8('3'), utf8('4')]);
    outbox.send(utf8('5'));
    outbox.flush();
    expect(sink.writes).toEqual(['12345']);
  });

  it('should cut a unit that is larger than a block at the right place', () => {
    const { outbox, sink, take } = fakeOutbox({ policy: safe, atOnce: 0 });
    const pieces = [pattern(50_000, 1), pattern(100_000, 2), pattern(10, 3)];
    outbox.send(pieces);
    outbox.flush();
    while (!outbox.isEmpty) take();
    expect(sink.shapes.map((shape) => shape.reduce((sum, length) => sum + length))).toEqual([
      BLOCK_SIZE,
      BLOCK_SIZE,
      150_010 - 2 * BLOCK_SIZE,
    ]);
    expect(Buffer.compare(sink.bytes, Buffer.concat(pieces))).toBe(0);
  });

  it('should answer congested above highPending, and ok again below', () => {
    const { outbox, take } = fakeOutbox({ atOnce: 0, limits: { highPending: 5 } });
    expect(outbox.send(utf8('12345'))).toBe('ok');
    expect(outbox.send(utf8('6'))).toBe('congested');
    expect(outbox.send(utf8(''))).toBe('congested');
    take(2);
    expect(outbox.send(utf8('7'))).toBe('ok');
  });

  it('should answer ok to a send that the system takes at once', () => {
    const { outbox } = fakeOutbox({ limits: { highPending: 2 } });
    expect(outbox.send(utf8('12345'))).toBe('ok');
  });

  it('should tell its owner that the number of pending bytes may have changed', () => {
    const { outbox, owner, take } = fakeOutbox({ policy: safe, atOnce: 0 });
    const seen: number[] = [];
    owner.onPending = () => void seen.push(outbox.pending);
    outbox.send(utf8('abc'));
    expect(seen).toEqual([3]);
    outbox.flush();
    take(1);
    expect(seen.at(-1)).toBe(2);
    take();
    expect(seen.at(-1)).toBe(0);
  });
});

describe('Outbox: sent bytes', () => {
  it('should report what the system takes, in order, while somebody observes', () => {
    const { outbox, owner, take } = fakeOutbox({ atOnce: 0 });
    outbox.send(utf8('unobserved'));
    owner.observesSent = true;
    outbox.send(utf8('abc'));
    outbox.send(utf8('def'));
    take('unobserved'.length);
    expect(owner.sent).toEqual([]);
    take(4);
    expect(owner.sent.join('')).toBe('abcd');
    take();
    expect(owner.sent.join('')).toBe('abcdef');
  });

  it('should report the bytes of a batch, also when they are taken at once', () => {
    const { outbox, owner, sink } = fakeOutbox({ policy: sendPolicy.pack() });
    owner.observesSent = true;
    const large = 'x'.repeat(10_000);
    for (const text of ['a', 'b', large, 'c']) outbox.send(utf8(text));
    outbox.flush();
    expect(owner.sent.join('')).toBe(`ab${large}c`);
    expect(sink.text).toBe(`ab${large}c`);
  });
});

describe('Outbox.whenSent', () => {
  it('should answer at once when nothing waits', () => {
    const { outbox } = fakeOutbox();
    const log: string[] = [];
    outbox.whenSent(waiter(log, 'now'));
    expect(log).toEqual(['now']);
  });

  it.each(['pack', 'safe', 'direct'] as const)(
    'should answer in order, each when the write that has its bytes is taken: %s',
    (name) => {
      const { outbox, take } = fakeOutbox({ policy: sendPolicy[name](), atOnce: 0 });
      const log: string[] = [];
      outbox.send(utf8('aaa'));
      outbox.whenSent(waiter(log, 'a'));
      outbox.whenSent(waiter(log, 'also a'));
      outbox.flush();
      outbox.send([utf8('b'), utf8('b')]);
      outbox.whenSent(waiter(log, 'b'));
      outbox.flush();
      expect(log).toEqual([]);
      take(2);
      expect(log).toEqual([]);
      take(1);
      expect(log).toEqual(['a', 'also a']);
      outbox.send(utf8('c'));
      take(2);
      outbox.whenSent(waiter(log, 'c'));
      take();
      outbox.flush();
      take();
      expect(log).toEqual(['a', 'also a', 'b', 'c']);
    },
  );

  it('should answer after the flush when the system takes all at once', () => {
    const { outbox } = fakeOutbox({ policy: sendPolicy.pack() });
    const log: string[] = [];
    outbox.send(utf8('a'));
    outbox.whenSent(waiter(log, 'a'));
    expect(log).toEqual([]);
    outbox.flush();
    expect(log).toEqual(['a']);
  });

  it('should answer in order also when the system takes a full block at once', () => {
    const { outbox } = fakeOutbox({ policy: safe });
    const log: string[] = [];
    outbox.send(utf8('a'));
    outbox.whenSent(waiter(log, 'a'));
    outbox.send(new Uint8Array(BLOCK_SIZE - 1));
    outbox.whenSent(waiter(log, 'b'));
    outbox.send(utf8('c'));
    outbox.whenSent(waiter(log, 'c'));
    outbox.flush();
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('should have counted everything when it answers', () => {
    const { outbox, take } = fakeOutbox({ atOnce: 0 });
    const seen: unknown[] = [];
    outbox.send(utf8('abc'));
    outbox.whenSent({ release: () => seen.push([outbox.pending, outbox.sent, outbox.isEmpty]) });
    take();
    expect(seen).toEqual([[0, 3, true]]);
  });

  it('should let the one who is answered send on', () => {
    const { outbox, sink, take } = fakeOutbox({ policy: safe, atOnce: 0 });
    const log: string[] = [];
    outbox.send(utf8('a'));
    outbox.whenSent({
      release: () => {
        outbox.send(utf8('b'));
        outbox.whenSent(waiter(log, 'b'));
      },
    });
    outbox.flush();
    take();
    outbox.flush();
    take();
    expect([sink.text, log]).toEqual(['ab', ['b']]);
  });
});

describe('Outbox.close', () => {
  it('should tell everybody who waits, whether their bytes are on the way or not', () => {
    const { outbox, sink, take } = fakeOutbox({ policy: safe, atOnce: 0 });
    const log: string[] = [];
    const unit: PulledUnit = {
      pull: () => utf8('never'),
      taken: () => log.push('never'),
      failed: (error) => log.push(`file: ${error.code}`),
    };
    outbox.send(utf8('a'));
    outbox.whenSent(waiter(log, 'a'));
    outbox.flush();
    outbox.send(utf8('b'));
    outbox.whenSent(waiter(log, 'b'));
    outbox.sendPulled(unit);
    outbox.whenSent(waiter(log, 'c'));
    outbox.close(closedError);
    expect(log).toEqual(['a: ERR_CLOSED', 'b: ERR_CLOSED', 'c: ERR_CLOSED', 'file: ERR_CLOSED']);
    take();
    outbox.flush();
    outbox.close(closedError);
    expect(log).toHaveLength(4);
    expect(sink.writes).toEqual(['a']);
  });

  it('should tell those who come later at once', () => {
    const { outbox, sink } = fakeOutbox();
    const log: string[] = [];
    outbox.close(closedError);
    expect(outbox.send(utf8('a'))).toBe('refused');
    outbox.whenSent(waiter(log, 'late'));
    outbox.sendPulled({
      pull: () => null,
      taken: () => log.push('never'),
      failed: (error) => log.push(`file: ${error.code}`),
    });
    expect(log).toEqual(['late: ERR_CLOSED', 'file: ERR_CLOSED']);
    expect(sink.writes).toEqual([]);
  });

  it('should not report bytes that are taken afterwards', () => {
    const { outbox, owner, take } = fakeOutbox({ atOnce: 0 });
    owner.observesSent = true;
    outbox.send(utf8('abc'));
    take(1);
    outbox.close(closedError);
    take();
    expect(owner.sent).toEqual(['a']);
  });
});

describe('Outbox.halt', () => {
  it('should write nothing more, and leave it to close() to tell those who wait', () => {
    const { outbox, sink, take } = fakeOutbox({ policy: safe, atOnce: 0 });
    const log: string[] = [];
    outbox.send(utf8('a'));
    outbox.flush();
    outbox.send(utf8('b'));
    outbox.whenSent(waiter(log, 'b'));
    outbox.halt();
    take();
    outbox.flush();
    expect([sink.writes, log]).toEqual([['a'], []]);
    outbox.close(closedError);
    expect(log).toEqual(['b: ERR_CLOSED']);
  });
});

describe('an outbox over a sink that keeps units', () => {
  it.each([
    ['pack', sendPolicy.pack()] as const,
    ['safe', safe] as const,
    ['direct', sendPolicy.direct()] as const,
  ])('should write each unit as it is, however long, with policy %s', (_, policy) => {
    const { outbox, sink, take } = fakeOutbox({ policy });
    sink.keepsUnits = true;
    const lengths = [1, 5 * BLOCK_SIZE, 2, BLOCK_SIZE + 1];
    for (const length of lengths) outbox.send(pattern(length));
    outbox.flush();
    while (!outbox.isEmpty) take();
    expect(sink.shapes).toEqual(lengths.map((length) => [length]));
  });
});
