import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  hostToNetwork64,
  isLittleEndian,
  networkToHost64,
  swapBytes16,
  swapBytes32,
  swapBytes64,
} from '../../lib/sys/byte-order.ts';

const max64 = 2n ** 64n - 1n;

describe('byte order', () => {
  it('should be turned around as Buffer does it', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, max64), (value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(value);
        expect(swapBytes16(bytes.readUInt16BE())).toBe(bytes.readUInt16LE());
        expect(swapBytes32(bytes.readUInt32BE())).toBe(bytes.readUInt32LE());
        expect(swapBytes64(value)).toBe(bytes.readBigUInt64LE());
      }),
    );
  });

  it('should be that of the network after hostToNetwork64', () => {
    const [own = 0n] = new BigUint64Array(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer);
    expect(hostToNetwork64(own)).toBe(0x0102030405060708n);
    expect(networkToHost64(0x0102030405060708n)).toBe(own);
    expect(isLittleEndian).toBe(new Uint8Array(Uint16Array.of(1).buffer)[0] === 1);
  });

  it.each([
    () => swapBytes16(-1),
    () => swapBytes16(0x10000),
    () => swapBytes16(0.5),
    () => swapBytes32(2 ** 32),
    () => swapBytes32(NaN),
    () => swapBytes64(-1n),
    () => swapBytes64(max64 + 1n),
    () => swapBytes64(5 as never),
  ])('should refuse a number that does not fit (%#)', (swap) => {
    expect(swap).toThrow('ERR_OPTION');
  });
});
