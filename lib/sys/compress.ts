import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  unzipSync,
} from 'node:zlib';
import { integer, table } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import {
  type CompressOptions,
  DEFAULT_MAX_LENGTH,
  type UncompressOptions,
  brotliOptions,
  compressing,
  uncompressChecks,
  zlibOptions,
} from './compress-options.ts';
import { inflateError } from './inflate-error.ts';

const checkUncompress = table<UncompressOptions>({
  ...uncompressChecks,
  maxLength: integer({ min: 1, max: 2 ** 31 - 1, fallback: DEFAULT_MAX_LENGTH }),
});

const COMPRESS = { zlib: deflateSync, gzip: gzipSync, raw: deflateRawSync } as const;
const UNCOMPRESS = { zlib: inflateSync, gzip: gunzipSync, raw: inflateRawSync, auto: unzipSync } as const;

/**
 * Compresses. Twin of `SYS_Compress`, `SYS_CompressEx`, `SYS_GZipCompress`, `SYS_BrotliCompress` and
 * `SYS_BrotliCompressEx`. It works at once and blocks meanwhile: for much data there is {@link compressStream}.
 *
 * @param data A text is taken as UTF-8.
 * @throws OptionError (`ERR_OPTION`) for an illegal option.
 *
 * @example
 * compress('hello hello hello', { format: 'gzip', level: 9 });
 */
export function compress(data: BytesLike, options?: CompressOptions): Buffer {
  const settings = compressing(options);
  const bytes = toBytes(data);
  return settings.format === 'brotli'
    ? brotliCompressSync(bytes, brotliOptions(settings))
    : COMPRESS[settings.format](bytes, zlibOptions(settings));
}

/**
 * Decompresses. Twin of `SYS_Uncompress`, `SYS_UncompressEx`, `SYS_GZipUncompress` (with `auto`) and
 * `SYS_BrotliUncompress`. Bytes behind the end are ignored; only behind gzip nothing but further gzip members, which belong
 * to the result, or zeros may follow. It works at once and blocks meanwhile: for much data there is
 * {@link uncompressStream}.
 *
 * @throws SysError `ERR_COMPRESSED_DATA` for damaged data, `ERR_COMPRESSED_TRUNCATED` when it ends too early,
 * `ERR_INFLATED_LENGTH` when more than `maxLength` bytes would come out; no more than these are made of it.
 *
 * @example
 * toText(uncompress(packed, { format: 'auto', maxLength: 1024 * 1024 }));
 */
export function uncompress(bytes: Uint8Array, options?: UncompressOptions): Buffer {
  const { format, maxLength, windowBits } = checkUncompress(options);
  try {
    return format === 'brotli'
      ? brotliDecompressSync(bytes, { maxOutputLength: maxLength })
      : UNCOMPRESS[format](bytes, { maxOutputLength: maxLength, windowBits });
  } catch (error) {
    throw inflateError(error, maxLength);
  }
}

/** How much {@link compressedBound} counts with. */
export type BoundOptions = Pick<CompressOptions, 'format' | 'windowBits' | 'memoryLevel'>;

/**
 * Most bytes that {@link compress} makes of so many, whatever they are. Twin of `SYS_GuessCompressBound` and
 * `SYS_BrotliGuessCompressBound`, with the same results for the default options.
 *
 * @example
 * compressedBound(10_000, { format: 'gzip' }); // 10026
 */
export function compressedBound(length: number, options?: BoundOptions): number {
  const { format, windowBits, memoryLevel } = compressing(options);
  if (format === 'brotli') return length === 0 ? 2 : length + 6 + 4 * Math.floor(length / 2 ** 14);
  // With other windows and memory, blocks are cut differently, and what cannot be compressed costs more.
  const isUsual = (windowBits === 0 || windowBits === 15) && memoryLevel === 8;
  const parts = isUsual
    ? Math.floor(length / 2 ** 12) + Math.floor(length / 2 ** 14) + Math.floor(length / 2 ** 25)
    : Math.ceil(length / 8) + Math.ceil(length / 64);
  return length + parts + (format === 'gzip' ? 24 : 13);
}

/**
 * The length that gzip data says it has when it is decompressed. Twin of `SYS_GZipGuessUncompressBound`: to be believed
 * only of a single member of less than 4 GiB, from somebody who is trusted; so never reserve memory by it.
 *
 * @returns 0 for what is no gzip data.
 */
export function gzipUncompressedLength(bytes: Uint8Array): number {
  const { length } = bytes;
  if (length < 20 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, length).getUint32(length - 4, true);
}
