import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { compress, compressedBound, gzipUncompressedLength, uncompress } from '../../lib/sys/compress.ts';
import type { CompressOptions } from '../../lib/sys/compress-options.ts';
import { RandomBytes } from './random-bytes.ts';

const FORMATS = ['zlib', 'gzip', 'raw', 'brotli'] as const;

/** Options that are legal together. */
const options = (): fc.Arbitrary<CompressOptions> =>
  fc.oneof(
    fc.record({
      format: fc.constantFrom('zlib', 'gzip', 'raw'),
      level: fc.integer({ min: -1, max: 9 }),
      windowBits: fc.integer({ min: 9, max: 15 }),
      memoryLevel: fc.integer({ min: 1, max: 9 }),
      strategy: fc.constantFrom('default', 'filtered', 'huffman', 'rle', 'fixed'),
    }),
    fc.record({
      format: fc.constant('brotli' as const),
      level: fc.integer({ min: -1, max: 11 }),
      windowBits: fc.integer({ min: 10, max: 24 }),
      mode: fc.constantFrom('generic', 'text', 'font'),
    }),
  );

describe('compress and uncompress', () => {
  it('should give back everything, with all options, within the bound', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), options(), (data, how) => {
        const packed = compress(data, how);
        const { format = 'zlib', windowBits, memoryLevel } = how;
        const bound = { format, ...(windowBits && { windowBits }), ...(memoryLevel && { memoryLevel }) };
        expect(packed.length).toBeLessThanOrEqual(compressedBound(data.length, bound));
        expect(Buffer.compare(uncompress(packed, { format }), data)).toBe(0);
        if (format === 'zlib' || format === 'gzip')
          expect(Buffer.compare(uncompress(packed, { format: 'auto' }), data)).toBe(0);
      }),
    );
  });

  it.each([0, 1, 16_383, 70_000, 300_000])('should keep within the bound for %i random bytes', (length) => {
    const data = new RandomBytes(length).take(length);
    for (const format of FORMATS) {
      for (const level of [0, 1, 6, 9]) {
        expect(compress(data, { format, level }).length).toBeLessThanOrEqual(
          compressedBound(length, { format }),
        );
        if (format === 'brotli') continue;
        for (const memoryLevel of [1, 9]) {
          expect(compress(data, { format, level, memoryLevel, windowBits: 9 }).length).toBeLessThanOrEqual(
            compressedBound(length, { format, memoryLevel, windowBits: 9 }),
          );
        }
      }
    }
  });

  it.each(FORMATS)('should tell %s that is cut off from damaged data', (format) => {
    const packed = compress('hello hello hello, what a long text this is', { format });
    for (let length = 0; length < packed.length; length++) {
      expect(() => uncompress(packed.subarray(0, length), { format })).toThrow('ERR_COMPRESSED_TRUNCATED');
    }
    const damaged = Buffer.alloc(40, 0xfe);
    expect(() => uncompress(damaged, { format })).toThrow('ERR_COMPRESSED_DATA');
  });

  it.each(FORMATS)('should stop %s at maxLength', (format) => {
    const packed = compress(Buffer.alloc(100_000), { format });
    expect(uncompress(packed, { format, maxLength: 100_000 }).length).toBe(100_000);
    expect(() => uncompress(packed, { format, maxLength: 99_999 })).toThrow(
      'ERR_INFLATED_LENGTH: decompressed data exceeds maxLength, which is 99999',
    );
  });

  it.each(['zlib', 'raw', 'brotli'] as const)('should ignore what follows the end of %s', (format) => {
    const packed = Buffer.concat([compress('text', { format }), Buffer.from('rest')]);
    expect(toText(uncompress(packed, { format }))).toBe('text');
  });

  it('should join the members of gzip, and accept nothing else behind them but zeros', () => {
    const [one, two] = [compress('one', { format: 'gzip' }), compress('two', { format: 'gzip' })];
    expect(toText(uncompress(Buffer.concat([one, two, Buffer.alloc(3)]), { format: 'gzip' }))).toBe('onetwo');
    expect(() => uncompress(Buffer.concat([one, Buffer.from('rest')]), { format: 'gzip' })).toThrow(
      'ERR_COMPRESSED_DATA',
    );
  });

  it('should guess the length of gzip data, and 0 for anything else', () => {
    const packed = compress(Buffer.alloc(5000), { format: 'gzip' });
    expect(gzipUncompressedLength(packed)).toBe(5000);
    expect(gzipUncompressedLength(Buffer.concat([Buffer.alloc(3), packed]).subarray(3))).toBe(5000);
    expect(gzipUncompressedLength(packed.subarray(0, 19))).toBe(0);
    expect(gzipUncompressedLength(compress(Buffer.alloc(5000)))).toBe(0);
  });

  it.each([
    { level: 10 },
    { level: -2 },
    { windowBits: 16 },
    { windowBits: 8 },
    { format: 'brotli', level: 12 },
    { format: 'brotli', windowBits: 9 },
    { format: 'deflate' },
    { memoryLevel: 0 },
    { strategy: 'fast' },
    { levels: 5 },
  ])('should refuse %j', (how) => {
    expect(() => compress('', how as never)).toThrow('ERR_OPTION');
  });

  it.each([{ maxLength: 0 }, { maxLength: 2 ** 31 }, { format: 'lzma' }, { windowBits: 16 }])(
    'should refuse to decompress with %j',
    (how) => {
      expect(() => uncompress(Buffer.alloc(1), how as never)).toThrow('ERR_OPTION');
    },
  );
});
