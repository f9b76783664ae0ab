import { describe, expect, it } from '@jest/globals';
import { NetworkError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import type { OverflowPolicy } from '../../lib/send/outbox-limits.ts';
import { BLOCK_SIZE, sendPolicy } from '../../lib/send/send-policy.ts';
import { afterTest } from '../support/cleanup.ts';
import { fakeOutbox } from '../support/fake-sink.ts';
import { difference, pattern } from '../support/patterns.ts';

/** An outbox of which at most 10 bytes may be pending, written when it is flushed, at most one block at a time. */
const narrow = (overflow: OverflowPolicy, maxPending = 10) =>
  fakeOutbox({
    policy: sendPolicy.safe(),
    atOnce: 0,
    limits: { overflow, maxPending, highPending: maxPending },
  });

describe.each(['error', 'drop-new', 'drop-old', 'close'] as const)('overflow: %s', (overflow) => {
  it('should accept up to maxPending bytes, and refuse a send that could never fit', () => {
    const { outbox, owner } = narrow(overflow);
    expect(outbox.send(utf8('1234567890'))).toBe('ok');
    expect(owner.overflows).toEqual([]);
    expect(outbox.send(utf8('12345678901'))).toBe('refused');
    expect([outbox.pending, outbox.dropped]).toEqual([10, 11]);
    expect(owner.overflows).toMatchObject([
      { policy: overflow, bytes: 11, error: { code: 'ERR_SEND_OVERFLOW' } },
    ]);
  });

  it('should say in its error what was too much', () => {
    const { outbox, owner } = narrow(overflow);
    outbox.send(utf8('1234567'));
    outbox.send([utf8('89'), utf8('0a')]);
    expect(owner.overflows[0]?.error).toMatchObject({
      operation: 'send',
      message: 'ERR_SEND_OVERFLOW: 4 bytes on top of 7 pending would exceed maxPending, which is 10',
    });
  });
});

describe.each(['error', 'drop-new'] as const)('overflow: %s', (overflow) => {
  it('should refuse the new send and keep the old ones', () => {
    const { outbox, owner, sink, take } = narrow(overflow);
    outbox.send(utf8('12345678'));
    expect(outbox.send(utf8('abc'))).toBe('refused');
    expect(outbox.send(utf8('90'))).toBe('ok');
    expect([outbox.pending, outbox.dropped]).toEqual([10, 3]);
    expect(owner.overflows).toMatchObject([{ policy: overflow, bytes: 3 }]);
    outbox.flush();
    take();
    expect(sink.text).toBe('1234567890');
  });
});

describe('overflow: close', () => {
  it('should refuse the new send and leave the end to its owner', () => {
    const { outbox, owner } = narrow('close');
    const log: string[] = [];
    outbox.send(utf8('12345678'));
    outbox.whenSent({ release: (error) => log.push(String(error?.code)) });
    owner.onOverflow = (error) => outbox.close(error);
    expect(outbox.send(utf8('abc'))).toBe('refused');
    expect(log).toEqual(['ERR_SEND_OVERFLOW']);
    expect(outbox.send(utf8('d'))).toBe('refused');
    expect(owner.overflows).toHaveLength(1);
  });
});

describe('overflow: drop-old', () => {
  it('should drop as many of the oldest sends as make room, whole ones only', () => {
    const { outbox, owner, sink, take } = narrow('drop-old');
    for (const text of ['111', '222', '333']) outbox.send(utf8(text));
    expect(outbox.send([utf8('44'), utf8('44')])).toBe('ok');
    expect([outbox.pending, outbox.dropped]).toEqual([10, 3]);
    expect(owner.overflows).toMatchObject([{ policy: 'drop-old', bytes: 3 }]);
    expect(outbox.send(utf8('5555555555'))).toBe('ok');
    expect([outbox.pending, outbox.dropped]).toEqual([10, 13]);
    outbox.flush();
    take();
    expect(sink.text).toBe('5555555555');
  });

  it('should leave what is on its way', () => {
    const { outbox, sink, take } = narrow('drop-old');
    outbox.send(utf8('11111'));
    outbox.flush();
    outbox.send(utf8('22222'));
    expect(outbox.send(utf8('333'))).toBe('ok');
    expect(outbox.send(utf8('444444'))).toBe('refused');
    expect([outbox.pending, outbox.dropped]).toEqual([8, 11]);
    take();
    take();
    expect(sink.text).toBe('11111333');
  });

  it('should never drop the rest of a unit that has begun', () => {
    const { outbox, sink, take } = narrow('drop-old', 200_000);
    const [first, second, third] = [pattern(150_000, 1), pattern(40_000, 2), pattern(50_000, 3)];
    outbox.send([first.subarray(0, 10), first.subarray(10)]);
    outbox.flush();
    expect(sink.unsent).toBe(BLOCK_SIZE);
    outbox.send(second);
    expect(outbox.send(third)).toBe('ok');
    expect(outbox.dropped).toBe(second.length);
    while (!outbox.isEmpty) take();
    expect(difference(sink.bytes, Buffer.concat([first, third]))).toBe('nowhere');
  });

  it('should drop nothing when dropping could not make room', () => {
    const { outbox, sink, take } = narrow('drop-old');
    outbox.send(utf8('1234'));
    outbox.flush();
    outbox.send(utf8('56'));
    expect(outbox.send(utf8('1234567'))).toBe('refused');
    expect([outbox.pending, outbox.dropped]).toEqual([6, 7]);
    take();
    take();
    expect(sink.text).toBe('123456');
  });

  it('should still answer those who wait for what was dropped, in order', () => {
    const { outbox, take } = narrow('drop-old');
    const log: string[] = [];
    const wait = (name: string) => outbox.whenSent({ release: (error) => log.push(error?.code ?? name) });
    outbox.send(utf8('11111'));
    wait('first');
    outbox.send(utf8('22222'));
    wait('second');
    outbox.send(utf8('3333333333'));
    wait('third');
    outbox.flush();
    take();
    expect(log).toEqual(['first', 'second', 'third']);
  });

  it('should be empty again when all that was waiting has been dropped and sent', () => {
    const { outbox, take } = narrow('drop-old');
    for (let i = 0; i < 500; i++) outbox.send(utf8('1234567890'));
    outbox.flush();
    take();
    expect([outbox.pending, outbox.isEmpty, outbox.sent, outbox.dropped]).toEqual([0, true, 10, 4990]);
  });

  it('should keep no trace of what it dropped, however long nothing is taken', async () => {
    const { outbox, sink, take } = narrow('drop-old', 1000);
    const test = { over: false };
    afterTest(() => (test.over = true));
    outbox.send(utf8('begun'));
    outbox.flush();
    // With a trace of each dropped send, every further one would take longer: this would not end in time.
    for (let round = 0; round < 100 && !test.over; round++) {
      for (let i = 0; i < 1000; i++) outbox.send(utf8('1234567890'));
      await new Promise(setImmediate);
    }
    take();
    take();
    expect([sink.text.length, outbox.isEmpty]).toEqual([995, true]);
  });

  it('should not drop a unit that is pulled', () => {
    const { outbox, sink, take } = narrow('drop-old');
    const blocks: (Uint8Array | null)[] = [utf8('file'), null];
    const failed: NetworkError[] = [];
    outbox.sendPulled({
      pull: () => blocks.shift(),
      taken: () => undefined,
      failed: (error) => failed.push(error),
    });
    outbox.send(utf8('12345678'));
    outbox.send(utf8('abcdef'));
    outbox.flush();
    while (!outbox.isEmpty) take();
    expect([sink.text, failed]).toEqual(['fileabcdef', []]);
  });
});
