import { type BrotliOptions, type ZlibOptions, constants } from 'node:zlib';
import { OptionError } from '../base/errors.ts';
import { type Checks, integer, oneOf, table } from '../base/options.ts';

/**
 * What compressed data looks like: `zlib` (deflate with a short header and Adler-32, RFC 1950, what HTTP calls deflate),
 * `gzip` (RFC 1952), `raw` (deflate by itself, RFC 1951) or `brotli` (RFC 7932).
 */
export type CompressFormat = 'zlib' | 'gzip' | 'raw' | 'brotli';

/** How to compress; what does not belong to the format has to be left out or makes no difference. */
export interface CompressOptions {
  /** @default 'zlib' */
  readonly format?: CompressFormat;
  /**
   * Effort. 0 (none) to 9 (most); -1 stands for 6. With brotli 0 to 11; -1 stands for 11.
   * @default -1
   */
  readonly level?: number;
  /**
   * Binary logarithm of the window, so of the memory that both sides need. 9 to 15; with brotli 10 to 24.
   * @default 15; 22 with brotli
   */
  readonly windowBits?: number;
  /**
   * Memory for compressing, not with brotli. 1 to 9.
   * @default 8
   */
  readonly memoryLevel?: number;
  /**
   * How matches are looked for; not with brotli.
   * @default 'default'
   */
  readonly strategy?: 'default' | 'filtered' | 'huffman' | 'rle' | 'fixed';
  /**
   * What brotli is told to expect.
   * @default 'generic'
   */
  readonly mode?: 'generic' | 'text' | 'font';
}

/** How to decompress. */
export interface UncompressOptions {
  /**
   * The format; `auto` finds out itself whether it is gzip or zlib.
   * @default 'zlib'
   */
  readonly format?: CompressFormat | 'auto';
  /**
   * Most bytes that may come out; more than that is `ERR_INFLATED_LENGTH`. 1 to 2^31 - 1 for values. For streams 0 to
   * 2^53 - 1, and 0 is no limit.
   * @default 67108864 (64 MiB)
   */
  readonly maxLength?: number;
  /**
   * Binary logarithm of the largest window that is accepted. 9 to 15; with brotli it makes no difference.
   * @default 15
   */
  readonly windowBits?: number;
}

const FORMATS = ['zlib', 'gzip', 'raw', 'brotli'] as const;
const STRATEGIES = {
  default: constants.Z_DEFAULT_STRATEGY,
  filtered: constants.Z_FILTERED,
  huffman: constants.Z_HUFFMAN_ONLY,
  rle: constants.Z_RLE,
  fixed: constants.Z_FIXED,
} as const;
const MODES = {
  generic: constants.BROTLI_MODE_GENERIC,
  text: constants.BROTLI_MODE_TEXT,
  font: constants.BROTLI_MODE_FONT,
} as const;

/** Checks of {@link CompressOptions}; 0 stands for the default of the format. */
export const compressChecks: Checks<CompressOptions> = {
  format: oneOf(FORMATS, 'zlib'),
  level: integer({ min: -1, max: 11, fallback: -1 }),
  windowBits: integer({ min: 9, max: 24, fallback: 0 }),
  memoryLevel: integer({ min: 1, max: 9, fallback: 8 }),
  strategy: oneOf(Object.keys(STRATEGIES) as (keyof typeof STRATEGIES)[], 'default'),
  mode: oneOf(Object.keys(MODES) as (keyof typeof MODES)[], 'generic'),
};

/** Checks of {@link UncompressOptions}, without `maxLength`. */
export const uncompressChecks: Checks<Omit<UncompressOptions, 'maxLength'>> = {
  format: oneOf<CompressFormat | 'auto'>([...FORMATS, 'auto'], 'zlib'),
  windowBits: integer({ min: 9, max: 15, fallback: 15 }),
};

/** Bytes that come out at the most, unless somebody says otherwise. */
export const DEFAULT_MAX_LENGTH = 64 * 1024 * 1024;

/** {@link CompressOptions} after the check. */
export type Compressing = Required<CompressOptions>;

const checkCompress = table<CompressOptions>(compressChecks);

/** Checks options for compressing. */
export function compressing(options: CompressOptions | undefined): Compressing {
  const checked = checkCompress(options);
  checkForFormat(checked);
  return checked;
}

/** What the ranges cannot say: those of two formats differ. */
export function checkForFormat({ format, level, windowBits }: Compressing): void {
  if (format === 'brotli') {
    if (windowBits === 9) throw new OptionError('windowBits', windowBits, 'an integer from 10 to 24');
    return;
  }
  if (level > 9) throw new OptionError('level', level, 'an integer from -1 to 9');
  if (windowBits > 15) throw new OptionError('windowBits', windowBits, 'an integer from 9 to 15');
}

/** The options in the words of zlib. */
export function zlibOptions({ level, windowBits, memoryLevel, strategy }: Compressing): ZlibOptions {
  return {
    level,
    windowBits: windowBits === 0 ? 15 : windowBits,
    memLevel: memoryLevel,
    strategy: STRATEGIES[strategy],
  };
}

/** The options in the words of brotli. */
export function brotliOptions({ level, windowBits, mode }: Compressing): BrotliOptions {
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: level < 0 ? constants.BROTLI_MAX_QUALITY : level,
      [constants.BROTLI_PARAM_LGWIN]: windowBits === 0 ? constants.BROTLI_DEFAULT_WINDOW : windowBits,
      [constants.BROTLI_PARAM_MODE]: MODES[mode],
    },
  };
}
