import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { gather, markBlock, rewind } from '../../lib/send/gather.ts';
import type { ByteSink } from '../../lib/send/outbox.ts';
import { Outbox } from '../../lib/send/outbox.ts';
import { BLOCK_SIZE, sendPolicy } from '../../lib/send/send-policy.ts';
import { FakeOwner, fakeOutbox } from '../support/fake-sink.ts';
import { difference, pattern } from '../support/patterns.ts';

const lengths = (pieces: readonly Uint8Array[]) => pieces.map(({ length }) => length);

describe('gather', () => {
  it('should join neighbouring small pieces and leave large ones as they are', () => {
    const large = pattern(8192);
    const pieces = [pattern(10), pattern(8191), large, pattern(1), large, large];
    const joined = gather(pieces);
    expect(lengths(joined)).toEqual([8201, 8192, 1, 8192, 8192]);
    expect([joined[1], joined[3], joined[4]].every((piece) => piece === large)).toBe(true);
  });

  it('should make nothing of nothing', () => {
    expect(gather([])).toEqual([]);
    expect(gather([new Uint8Array(0)])).toEqual([]);
  });

  it('should copy small pieces, so that the sender may go on using its buffer', () => {
    const bytes = utf8('mine');
    const joined = gather([bytes]);
    bytes.fill(0);
    expect(Buffer.concat(joined).toString()).toBe('mine');
  });

  it('should keep bytes and order of any pieces, and all that was gathered before', () => {
    const length = fc.oneof(
      fc.nat(100),
      fc.nat(8191),
      fc.constant(8192),
      fc.integer({ min: 8193, max: 70_000 }),
    );
    const property = (batches: readonly (readonly number[])[]) => {
      const results = batches.map((batch) => {
        const pieces = batch.map((bytes, index) => pattern(bytes, 1 + index));
        return { pieces, joined: gather(pieces) };
      });
      for (const { pieces, joined } of results) {
        expect(difference(Buffer.concat(joined), Buffer.concat(pieces))).toBe('nowhere');
        expect(lengths(joined)).not.toContain(0);
      }
    };
    fc.assert(fc.property(fc.array(fc.array(length, { maxLength: 12 }), { maxLength: 12 }), property), {
      numRuns: 100,
    });
  });
});

describe('rewind', () => {
  it('should let the next batch use the place of the last one, and no other', () => {
    const kept = gather([utf8('kept')]);
    const mark = markBlock();
    gather([utf8('gone'), new Uint8Array(BLOCK_SIZE / 16)]);
    rewind(mark);
    const next = gather([utf8('next')]);
    expect(Buffer.concat(kept).toString()).toBe('kept');
    expect(next[0]?.buffer).toBe(mark.block.buffer);
    expect(next[0]?.byteOffset).toBe(mark.used);
  });
});

describe('an outbox whose sink makes another outbox write from inside its own write', () => {
  /** A sink that takes all at once, but first hands the bytes to somebody who sends them on, as `coalesce` does. */
  function passingOn(then: () => void): ByteSink {
    return { unsent: 0, write: then, writev: then };
  }

  it.each(['pack', 'safe', 'direct'] as const)('should leave the bytes of the other alone: %s', (name) => {
    const other = fakeOutbox({ policy: sendPolicy[name](), atOnce: 0 });
    let round = 0;
    const limits = { highPending: 1e9, maxPending: 1e9, overflow: 'error' } as const;
    const outbox = new Outbox(
      passingOn(() => {
        other.outbox.send([utf8(`<${round}`), utf8(`${round}>`)]);
        other.outbox.flush();
      }),
      new FakeOwner(),
      sendPolicy.pack(),
      limits,
    );
    for (round = 1; round <= 3; round++) {
      outbox.send([utf8('x'), utf8('y')]);
      outbox.flush();
    }
    while (!other.outbox.isEmpty) other.take();
    expect(other.sink.text).toBe('<11><22><33>');
  });
});
