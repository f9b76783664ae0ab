import { isAnyArrayBuffer } from 'node:util/types';
import {
  type Check,
  type Checks,
  type Resolved,
  check,
  integer,
  milliseconds,
  oneOf,
  table,
} from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';

/** Longest message a codec allows unless told otherwise: 262144 bytes (256 KiB). */
export const DEFAULT_MAX_LENGTH = 256 * 1024;

/** Most that `maxLength` can be: 2^30 bytes (1 GiB). */
export const LARGEST_MAX_LENGTH = 2 ** 30;

/** Most bytes of a delimiter or of a marker around messages. */
const MAX_MARKER = 64;

/**
 * What happens with a message that is not finished when the stream ends: `'error'` throws a ProtocolError
 * `ERR_FRAME_TRUNCATED`, `'drop'` forgets it.
 */
export type Tail = 'error' | 'drop';

/** The same for codecs whose unfinished messages make sense: `'emit'` hands out what there is. */
export type EmittableTail = Tail | 'emit';

/** When to give a message up that does not come to its end; every codec that cuts a stream has these options. */
export interface TailOptions<Rule extends string = Tail> {
  /**
   * What happens with an unfinished message at the end of the stream.
   * @default 'error'
   */
  readonly tail?: Rule;
  /**
   * Most milliseconds from the first byte of a message to its last; 0 (off) or 1 to 2147483647. The codec only hands
   * it on: whoever drives the decoder keeps the time.
   * @default 0
   */
  readonly frameTimeout?: number;
}

/** The options that codecs with messages of any length share. */
export interface FrameOptions<Rule extends string = Tail> extends TailOptions<Rule> {
  /**
   * Most bytes of a message, received or sent; 1 to 2^30. More fails with `ERR_FRAME_LENGTH`, when receiving as soon
   * as it can be known and before memory is taken for it.
   * @default 262144 (256 KiB)
   */
  readonly maxLength?: number;
}

const TAILS: readonly Tail[] = ['error', 'drop'];
const EMITTABLE_TAILS: readonly EmittableTail[] = [...TAILS, 'emit'];

/** The check of `frameTimeout`. */
export const frameTimeoutCheck = milliseconds(0);

/** The check of `maxLength`. */
export const maxLengthCheck = integer({ min: 1, max: LARGEST_MAX_LENGTH, fallback: DEFAULT_MAX_LENGTH });

/** The check of `tail` where unfinished messages cannot be emitted. */
export const tailCheck = oneOf(TAILS, 'error');

/** The check of `tail` where they can. */
export function emittableTailCheck(fallback: EmittableTail): Check<EmittableTail> {
  return oneOf(EMITTABLE_TAILS, fallback);
}

/** The check of a delimiter or marker: 1 to 64 bytes. It has no default. */
export const markerCheck: Check<BytesLike> = check<BytesLike>(
  undefined as never,
  `1 to ${MAX_MARKER} bytes (a text or a Uint8Array)`,
  (value) => isBytesLike(value) && hasMarkerLength(toBytes(value)),
);

function hasMarkerLength({ length }: Uint8Array): boolean {
  return length >= 1 && length <= MAX_MARKER;
}

/** Whether a value of unknown type is bytes or a text. */
export function isBytesLike(value: unknown): value is BytesLike {
  return typeof value === 'string' || ArrayBuffer.isView(value) || isAnyArrayBuffer(value);
}

/** Like {@link table}, for options of which some have no default: leaving one of `names` out is an OptionError. */
export function tableRequiring<Options extends object>(
  checks: Checks<Options>,
  ...names: (keyof Options & string)[]
): (options: Options) => Resolved<Options> {
  const resolve = table(checks);
  return (options) => {
    const resolved = resolve(options);
    for (const name of names) checks[name](resolved[name], name);
    return resolved;
  };
}
