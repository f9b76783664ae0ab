import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createDeflateRaw,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  createUnzip,
} from 'node:zlib';
import type { OperatorFunction } from 'rxjs';
import { flag, having, integer, oneOf, table } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import type { TrackingOptions } from '../flow/untracked.ts';
import {
  type CompressOptions,
  type Compressing,
  DEFAULT_MAX_LENGTH,
  type UncompressOptions,
  brotliOptions,
  checkForFormat,
  compressChecks,
  uncompressChecks,
  zlibOptions,
} from './compress-options.ts';
import { inflateError } from './inflate-error.ts';
import { type ZlibStream, throughZlib } from './zlib-stream.ts';

/** Options that both directions have. */
export interface ZlibStreamOptions extends TrackingOptions {
  /**
   * Longest piece that comes out, in bytes. 64 to 1048576.
   * @default 16384
   */
  readonly bufferSize?: number;
}

/** Options of {@link compressStream}. */
export interface CompressStreamOptions extends CompressOptions, ZlibStreamOptions {
  /**
   * When what was compressed comes out: `end` compresses best, since pieces wait for each other; with `chunk`
   * everything that went in can be decompressed by the peer at once, for a few bytes more each time.
   * @default 'end'
   */
  readonly flush?: 'end' | 'chunk';
}

/** Options of {@link uncompressStream}. */
export interface UncompressStreamOptions extends UncompressOptions, ZlibStreamOptions {}

const streamChecks = {
  bufferSize: integer({ min: 64, max: 1024 * 1024, fallback: 16 * 1024 }),
  gate: having<FlowGate | undefined>('lease', 'a FlowGate', undefined),
  strictFlow: Object.assign(flag(false), { fallback: undefined }),
};

const checkCompress = table<CompressStreamOptions>({
  ...compressChecks,
  ...streamChecks,
  flush: oneOf<'end' | 'chunk'>(['end', 'chunk'], 'end'),
});

const checkUncompress = table<UncompressStreamOptions>({
  ...uncompressChecks,
  ...streamChecks,
  maxLength: integer({ min: 0, max: Number.MAX_SAFE_INTEGER, fallback: DEFAULT_MAX_LENGTH }),
});

/**
 * Compresses a stream, on a thread of Node's own pool; twin of the compressor objects (`HP_Create_ZLibCompressor` and
 * others). What comes out completes with the source. Chunks must not be changed any more.
 *
 * Flow: a chunk holds a lease on the gate that delivered it until it has been worked on. What comes out is delivered
 * under a gate of its own; while leases on that one exceed its marks, nothing goes on, so that a slow consumer pauses
 * the source. No more than the marks of a gate and one piece wait behind it.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal option.
 *
 * @example
 * connection.receive$.pipe(compressStream({ format: 'gzip' }), flowForEach((bytes) => file.write(bytes)));
 */
export function compressStream(options?: CompressStreamOptions): OperatorFunction<BytesLike, Uint8Array> {
  const { flush, bufferSize, gate, strictFlow, ...settings } = checkCompress(options);
  checkForFormat(settings);
  return throughZlib({
    name: 'compressStream',
    create: () => compressor(settings, bufferSize, flush === 'chunk'),
    maxLength: 0,
    fault: (error) => error,
    tracking: { gate, strictFlow },
  });
}

/**
 * Decompresses a stream, on a thread of Node's own pool; twin of the decompressor objects (`HP_Create_ZLibDecompressor`
 * and others). What follows the end of the compressed data is ignored; only behind gzip nothing but further gzip members
 * or zeros may follow. Completes when the source has completed.
 *
 * Flow is as in {@link compressStream}: however much a chunk inflates to, it comes out piece by piece, as fast as the
 * consumer takes it.
 *
 * Errors with `ERR_COMPRESSED_DATA` for damaged data, `ERR_COMPRESSED_TRUNCATED` when the source completes too early,
 * `ERR_INFLATED_LENGTH` when more than `maxLength` bytes come out in total; what came out before has been emitted.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal option.
 *
 * @example
 * body$.pipe(uncompressStream({ format: 'gzip', maxLength: 10 * 1024 * 1024 }));
 */
export function uncompressStream(
  options?: UncompressStreamOptions,
): OperatorFunction<Uint8Array, Uint8Array> {
  const { format, maxLength, windowBits, bufferSize, gate, strictFlow } = checkUncompress(options);
  return throughZlib({
    name: 'uncompressStream',
    create: () => decompressor(format, windowBits, bufferSize),
    maxLength,
    fault: (error) => inflateError(error, maxLength),
    tracking: { gate, strictFlow },
  });
}

const COMPRESSORS = { zlib: createDeflate, gzip: createGzip, raw: createDeflateRaw } as const;
const DECOMPRESSORS = {
  zlib: createInflate,
  gzip: createGunzip,
  raw: createInflateRaw,
  auto: createUnzip,
} as const;

function compressor(settings: Compressing, chunkSize: number, flushes: boolean): ZlibStream {
  if (settings.format === 'brotli') {
    const flush = flushes ? constants.BROTLI_OPERATION_FLUSH : constants.BROTLI_OPERATION_PROCESS;
    return createBrotliCompress({ ...brotliOptions(settings), chunkSize, flush });
  }
  const flush = flushes ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH;
  return COMPRESSORS[settings.format]({ ...zlibOptions(settings), chunkSize, flush });
}

function decompressor(
  format: NonNullable<UncompressOptions['format']>,
  windowBits: number,
  chunkSize: number,
): ZlibStream {
  return format === 'brotli'
    ? createBrotliDecompress({ chunkSize })
    : DECOMPRESSORS[format]({ chunkSize, windowBits });
}
