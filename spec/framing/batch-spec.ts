import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { Batch } from '../../lib/framing/batch.ts';
import { BLOCK_SIZE, SMALL } from '../../lib/send/send-policy.ts';
import { difference, pattern } from '../support/patterns.ts';

const textsOf = (pieces: readonly Uint8Array[]) => pieces.map(toText);

function batchOf(...texts: string[]): Batch {
  const batch = new Batch();
  for (const text of texts) batch.append(utf8(text));
  return batch;
}

describe('Batch', () => {
  it('should join neighbours', () => {
    const batch = batchOf('one, ', 'two, ', 'a longer one than sixteen bytes');
    expect(batch.length).toBe(41);
    expect(textsOf(batch.take())).toEqual(['one, two, a longer one than sixteen bytes']);
  });

  it('should be empty after everything was taken', () => {
    const batch = batchOf('a');
    batch.take();
    expect(batch.length).toBe(0);
    expect(batch.take()).toEqual([]);
    batch.append(utf8('b'));
    expect(textsOf(batch.take())).toEqual(['b']);
  });

  it('should copy small pieces and keep large ones', () => {
    const batch = new Batch();
    const small = Buffer.alloc(SMALL - 1, 's');
    const large = Buffer.alloc(SMALL, 'l');
    batch.append(small);
    batch.append(large);
    batch.append(small);
    small.fill('x');
    const [first, second, third] = batch.take();
    expect(second).toBe(large);
    for (const piece of [first!, third!])
      expect(difference(piece, Buffer.alloc(SMALL - 1, 's'))).toBe('nowhere');
  });

  it('should not mix with other batches', () => {
    const one = new Batch();
    const other = new Batch();
    for (let i = 0; i < 4; i++) {
      one.append(utf8(`a${i}`));
      other.append(utf8(`b${i}`));
      if (i === 1) expect(Buffer.concat(other.take()).toString()).toBe('b0b1');
    }
    expect(Buffer.concat(one.take()).toString()).toBe('a0a1a2a3');
    expect(Buffer.concat(other.take()).toString()).toBe('b2b3');
  });

  it('should leave what was taken alone', () => {
    const batch = batchOf('before');
    const taken = batch.take();
    for (let i = 0; i < 30_000; i++) {
      batch.append(utf8('after'));
      if (i % 100 === 0) batch.take();
    }
    expect(textsOf(taken)).toEqual(['before']);
  });

  it('should fill the same memory again after a rewind', () => {
    const batch = batchOf('first');
    const [first] = batch.take();
    batch.rewind();
    batch.append(utf8('later'));
    expect(textsOf(batch.take())).toEqual(['later']);
    expect(toText(first!)).toBe('later');
  });

  const NOT_REWOUND: [string, (batch: Batch) => unknown][] = [
    ['there was a large piece before', (batch) => batch.append(Buffer.alloc(SMALL))],
    ['a part was taken before', (batch) => batch.cut(2)],
  ];
  for (const [why, prepare] of NOT_REWOUND) {
    it(`should not rewind when ${why}`, () => {
      const batch = batchOf('kept');
      prepare(batch);
      const taken = batch.take().map((piece) => [piece, Buffer.from(piece)] as const);
      batch.rewind();
      batch.append(utf8('later'));
      for (const [piece, copy] of taken) expect(difference(piece, copy)).toBe('nowhere');
    });
  }

  it('should rewind only what was taken last, and only once', () => {
    const batch = batchOf('one');
    const taken = batch.take();
    batch.append(utf8('two'));
    taken.push(...batch.take());
    batch.rewind();
    batch.rewind();
    batch.append(utf8('3'));
    batch.take();
    expect(textsOf(taken)).toEqual(['one', '3wo']);
  });

  it('should not rewind what another batch has come behind', () => {
    const batch = batchOf('mine');
    const taken = batch.take();
    const other = batchOf('another');
    batch.rewind();
    batch.append(utf8('later'));
    expect(textsOf([...taken, ...other.take(), ...batch.take()])).toEqual(['mine', 'another', 'later']);
  });

  it('should cut off what came last', () => {
    const batch = batchOf('abc', 'de');
    expect(textsOf(batch.cut(2))).toEqual(['cde']);
    expect(batch.length).toBe(2);
    batch.append(utf8('!'));
    expect(Buffer.concat(batch.take()).toString()).toBe('ab!');
  });

  it('should cut off everything, and nothing', () => {
    const batch = batchOf('abc');
    expect(batch.cut(3)).toEqual([]);
    expect(textsOf(batch.cut(0))).toEqual(['abc']);
    expect(batch.length).toBe(0);
    expect(batch.take()).toEqual([]);
  });

  it('should hold any pieces in any order, whoever else uses the block', () => {
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: SMALL - 2, max: SMALL + 2 }),
      fc.constantFrom(BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1),
    );
    const steps = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.tuple(fc.constantFrom('append', 'append', 'other'), lengths) },
        { weight: 1, arbitrary: fc.tuple(fc.constantFrom('take', 'cut'), fc.integer({ min: 0, max: 100 })) },
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (actions) => {
        const batch = new Batch();
        const other = new Batch();
        const bytes = pattern(2 ** 22).subarray();
        const taken: Uint8Array[] = [];
        let expected: Uint8Array = Buffer.alloc(0);
        let at = 0;
        const check = (pieces: readonly Uint8Array[], wanted: Uint8Array) => {
          expect(difference(Buffer.concat(pieces), wanted)).toBe('nowhere');
        };
        for (const [action, number] of actions) {
          if (action === 'append') {
            const piece = bytes.subarray(at, at + number);
            at += number;
            batch.append(piece);
            expected = Buffer.concat([expected, piece]);
          } else if (action === 'other') {
            other.append(Buffer.alloc(number, 0xff));
          } else if (action === 'take') {
            taken.push(...batch.take());
            check(taken, expected);
          } else {
            const all = taken.reduce((sum, { length }) => sum + length, 0);
            const kept = Math.floor((batch.length * number) / 100);
            check(batch.cut(kept), expected.subarray(all + kept));
            expected = expected.subarray(0, all + kept);
          }
        }
        check([...taken, ...batch.take()], expected);
        check(
          other.take(),
          Buffer.alloc(
            actions.reduce((sum, [a, n]) => sum + (a === 'other' ? n : 0), 0),
            0xff,
          ),
        );
      }),
      { numRuns: 40 },
    );
  });
});
