import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { Utf8Check } from '../../lib/websocket/utf8-check.ts';

/** Whether all of the pieces are UTF-8; and how many bytes it took to know better. */
function check(pieces: readonly Uint8Array[]): { isValid: boolean; failedAt: number | undefined } {
  const utf8Check = new Utf8Check();
  let length = 0;
  for (const piece of pieces) {
    length += piece.length;
    if (!utf8Check.push(piece)) return { isValid: false, failedAt: length };
  }
  return { isValid: utf8Check.isComplete, failedAt: undefined };
}

function bytewise(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

describe('Utf8Check', () => {
  it('should agree with Node however it is cut', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }).map(utf8),
      fc
        .array(
          fc.constantFrom(...hex('00 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ed ee ef f0 f1 f4 f5 f8 ff')),
          {
            maxLength: 8,
          },
        )
        .map((bytes) => Uint8Array.from(bytes)),
    );
    const property = fc.property(anything, fc.nat(12), (bytes, cut) => {
      const expected = isUtf8(bytes);
      expect(check([bytes]).isValid).toBe(expected);
      expect(check([bytes.subarray(0, cut), bytes.subarray(cut)]).isValid).toBe(expected);
      expect(check(bytewise(bytes)).isValid).toBe(expected);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it.each([
    ['a byte that begins nothing', '61 80', 2],
    ['an overlong form of two bytes', 'c0 80', 1],
    ['an overlong form of three bytes', 'e0 80 80', 2],
    ['a surrogate', 'ed a0 80', 2],
    ['an overlong form of four bytes', 'f0 80 80 80', 2],
    ['more than U+10FFFF', 'f4 90 80 80', 2],
    ['a byte that is never used', '61 ff 61', 2],
    ['another character within one', 'e2 82 41', 3],
  ])('should find %s at once', (_, digits, failedAt) => {
    expect(check(bytewise(hex(digits)))).toEqual({ isValid: false, failedAt });
  });

  it('should find it within one piece, too, though characters end later', () => {
    expect(new Utf8Check().push(hex('61 f4 90'))).toBe(false);
    expect(new Utf8Check().push(hex('61 e0 9f'))).toBe(false);
    expect(new Utf8Check().push(hex('f0 9f 92'))).toBe(true);
  });

  it('should not take a character for whole that is cut', () => {
    const utf8Check = new Utf8Check();
    expect(utf8Check.push(hex('e2 82'))).toBe(true);
    expect(utf8Check.isComplete).toBe(false);
    utf8Check.reset();
    expect(utf8Check.isComplete).toBe(true);
  });
});
