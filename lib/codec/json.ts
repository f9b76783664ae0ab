import { integer, oneOf, table } from '../base/options.ts';
import { utf8 } from '../bytes/bytes-like.ts';
import type { Codec, Encoder } from './codec.ts';
import { tooLong } from './faults.ts';
import { type FrameOptions, frameTimeoutCheck, maxLengthCheck, tailCheck } from './frame-options.ts';
import { JsonLineDecoder, JsonStreamDecoder } from './json-decoder.ts';
import { DepthCheck, jsonTextOf } from './json-text.ts';

/** What is between the values of {@link json}. */
export type JsonSeparator = 'newline' | 'none';

/** Options of {@link json}. `maxLength` counts the UTF-8 bytes of a value without its separator. */
export interface JsonOptions extends FrameOptions {
  /**
   * `'newline'`: every value is one line, and every line one value (NDJSON). `'none'`: values follow each other, with
   * any white space or none between them.
   * @default 'newline'
   */
  readonly separator?: JsonSeparator;
  /**
   * Most objects and arrays within each other, received or sent; 1 to 1000. `[[1]]` is 2 deep.
   * @default 100
   */
  readonly maxDepth?: number;
}

const checkOptions = table<JsonOptions>({
  separator: oneOf<JsonSeparator>(['newline', 'none'], 'newline'),
  maxDepth: integer({ min: 1, max: 1000, fallback: 100 }),
  maxLength: maxLengthCheck,
  tail: tailCheck,
  frameTimeout: frameTimeoutCheck,
});

/**
 * JSON values, in UTF-8.
 *
 * ```
 *  separator 'newline':    {"a":1} 0a  "hi" 0a  3 0a
 *  separator 'none':       {"a":1}     "hi"     3 20
 * ```
 *
 * With `'newline'` a line may end with CR LF, and lines of white space alone are ignored. With `'none'` a number,
 * `true`, `false` or `null` has to be followed by white space, which the encoder writes; objects, arrays and strings
 * show their end themselves and are emitted at their last byte. At the end of the stream, a last line without line
 * feed, or a last number or word, is complete if it is valid JSON; else `tail` decides.
 *
 * The type of the values is what the caller says; nothing checks it. A member called `__proto__` is a member like any
 * other.
 *
 * Errors, all ProtocolErrors: `ERR_FRAME_LENGTH` for a value longer than `maxLength`, `ERR_FRAME_DATA` for what is not
 * JSON, not UTF-8, or nested deeper than `maxDepth`, and for a value to be sent that JSON cannot say: `undefined`,
 * functions, symbols, BigInts, cycles. `ERR_FRAME_TRUNCATED` for a stream that ends within a value (see `tail`).
 *
 * @typeParam T The values.
 * @throws OptionError for an illegal or unknown option.
 *
 * @example
 * const { decoder, encoder } = json<{ id: number }>();
 * decoder().push(utf8('{"id":1}\n{"id":2}\n'), ({ id }) => console.log(id)); // 1, 2
 * encoder().push({ id: 1 }, (piece) => socket.write(piece)); // {"id":1} and a line feed
 */
export function json<T = unknown>(options: JsonOptions = {}): Codec<Uint8Array, T, Uint8Array, T> {
  const { frameTimeout, separator, ...settings } = checkOptions(options);
  const isLines = separator === 'newline';
  return {
    frameTimeout,
    decoder: () => (isLines ? new JsonLineDecoder<T>(settings) : new JsonStreamDecoder<T>(settings)),
    encoder: () => new JsonEncoder<T>({ ...settings, isLines }),
  };
}

interface JsonEncoderSettings {
  readonly isLines: boolean;
  readonly maxLength: number;
  readonly maxDepth: number;
}

class JsonEncoder<T> implements Encoder<T, Uint8Array> {
  private readonly isLines: boolean;
  private readonly maxLength: number;
  private readonly depth: DepthCheck;

  constructor({ isLines, maxLength, maxDepth }: JsonEncoderSettings) {
    this.isLines = isLines;
    this.maxLength = maxLength;
    this.depth = new DepthCheck(maxDepth, 'send');
  }

  push(value: T, emit: (piece: Uint8Array) => void): void {
    const text = jsonTextOf(value);
    const separator = this.isLines ? '\n' : showsItsEnd(text) ? '' : ' ';
    const bytes = utf8(text + separator);
    const length = bytes.length - separator.length;
    if (length > this.maxLength) throw tooLong(length, this.maxLength, 'send');
    this.depth.check(bytes, 0, length);
    emit(bytes);
  }
}

/** Whether a text of JSON is an object, an array or a string. */
function showsItsEnd(text: string): boolean {
  return text.startsWith('{') || text.startsWith('[') || text.startsWith('"');
}
