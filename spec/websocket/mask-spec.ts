import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyMask, keyBytes, keyOf, turnKey } from '../../lib/websocket/mask.ts';
import { randomKeys } from '../../lib/websocket/mask-keys.ts';

describe('applyMask', () => {
  const lengths = [
    0, 1, 2, 3, 4, 5, 7, 8, 47, 48, 49, 63, 64, 127, 200, 1000, 8191, 8192, 8193, 8200, 20_000,
  ];

  it.each(lengths)('should do the same as byte by byte wherever %d bytes lie', (length) => {
    for (let offset = 0; offset < 9; offset++) {
      const memory = Buffer.alloc(length + 32, 0x55);
      const bytes = memory.subarray(offset, offset + length + 7);
      for (let index = 0; index < length; index++) bytes[3 + index] = index * 31;
      const key = 0x9a_bc_de_f1 | 0;
      const expected = Buffer.from(bytes);
      const mask = keyBytes(key);
      for (let index = 0; index < length; index++) expected[3 + index]! ^= mask[index & 3]!;
      applyMask(bytes, 3, 3 + length, key);
      expect(bytes.equals(expected)).toBe(true);
      expect(memory.subarray(0, offset).every((byte) => byte === 0x55)).toBe(true);
      expect(memory.subarray(offset + length + 7).every((byte) => byte === 0x55)).toBe(true);
    }
  });

  it('should never take for ASCII what is not', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(20),
      fc.integer(),
      (bytes, from, key) => {
        const start = Math.min(from, bytes.length);
        const isAscii = applyMask(bytes, start, bytes.length, key);
        expect(isAscii).toBe(bytes.subarray(start).every((byte) => byte < 0x80));
      },
    );
    fc.assert(property);
  });

  it('should work in parts with a key that is turned', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(200),
      fc.integer(),
      (bytes, cut, key) => {
        const at = Math.min(cut, bytes.length);
        const whole = Uint8Array.from(bytes);
        applyMask(whole, 0, whole.length, key);
        applyMask(bytes, 0, at, key);
        applyMask(bytes, at, bytes.length, turnKey(key, at));
        expect(bytes).toEqual(whole);
      },
    );
    fc.assert(property);
  });

  it('should read keys as they are written', () => {
    expect(keyOf(keyBytes(-1234567))).toBe(-1234567);
  });
});

describe('randomKeys', () => {
  it('should hardly ever be the same', () => {
    const keys = new Set(Array.from({ length: 5000 }, () => randomKeys.next()));
    expect(keys.size).toBeGreaterThan(4990);
    for (const key of keys) expect(key).toBe(key | 0);
  });
});
