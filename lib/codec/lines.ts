import { oneOf, table } from '../base/options.ts';
import { utf8 } from '../bytes/bytes-like.ts';
import type { Codec, Encoder } from './codec.ts';
import { malformed, tooLong } from './faults.ts';
import {
  type EmittableTail,
  emittableTailCheck,
  type FrameOptions,
  frameTimeoutCheck,
  maxLengthCheck,
} from './frame-options.ts';
import { LineDecoder } from './line-decoder.ts';

/** What a line can end with. */
export type LineEnding = '\n' | '\r\n';

/**
 * Options of {@link lines}. `maxLength` counts the UTF-8 bytes of a line without its ending; the default of `tail` is
 * `'emit'`, since many a text has no line feed at its end.
 */
export interface LinesOptions extends FrameOptions<EmittableTail> {
  /**
   * What sent lines end with; received ones may always end with either.
   * @default '\n'
   */
  readonly ending?: LineEnding;
  /**
   * What happens with a last line without ending.
   * @default 'emit'
   */
  readonly tail?: EmittableTail;
}

const checkOptions = table<LinesOptions>({
  ending: oneOf<LineEnding>(['\n', '\r\n'], '\n'),
  maxLength: maxLengthCheck,
  tail: emittableTailCheck('emit'),
  frameTimeout: frameTimeoutCheck,
});

/**
 * Lines of UTF-8 text, each ended by a line feed, with or without a carriage return in front of it.
 *
 * ```
 *  68 c3 a9 0d 0a  0a  79 6f 0a     "hé", "", "yo"
 *  '------'            '---'
 * ```
 *
 * A line is decoded when it is complete, so a character may be cut anywhere. An invalid sequence becomes U+FFFD. A
 * carriage return elsewhere than in front of the line feed belongs to the text; at the end of the stream it is half an
 * ending and is taken off.
 *
 * Errors, all ProtocolErrors: `ERR_FRAME_LENGTH` for a line longer than `maxLength`, `ERR_FRAME_TRUNCATED` for a
 * last line without ending if `tail` is `'error'`. To be sent, a text is refused with `ERR_FRAME_DATA` if it contains
 * a line feed, or ends with a carriage return that a receiver would take for a part of the ending.
 *
 * @throws OptionError for an illegal or unknown option.
 *
 * @example
 * const { decoder, encoder } = lines({ maxLength: 1000 });
 * decoder().push(utf8('one\r\ntwo\n'), (line) => console.log(line)); // one, two
 * encoder().push('one', (piece) => socket.write(piece)); // 6f 6e 65 0a
 */
export function lines(options: LinesOptions = {}): Codec<Uint8Array, string, Uint8Array, string> {
  const { ending, frameTimeout, ...limits } = checkOptions(options);
  return {
    frameTimeout,
    decoder: () => new LinesDecoder(limits),
    encoder: () => new LinesEncoder(ending, limits.maxLength),
  };
}

class LinesDecoder extends LineDecoder<string> {
  protected deliverLine(bytes: Buffer, from: number, to: number, emit: (line: string) => void): void {
    emit(bytes.toString('utf8', from, to));
  }
}

class LinesEncoder implements Encoder<string, Uint8Array> {
  private readonly ending: LineEnding;
  private readonly maxLength: number;

  constructor(ending: LineEnding, maxLength: number) {
    this.ending = ending;
    this.maxLength = maxLength;
  }

  push(line: string, emit: (piece: Uint8Array) => void): void {
    const { ending } = this;
    this.check(line);
    const bytes = utf8(line + ending);
    const length = bytes.length - ending.length;
    if (length > this.maxLength) throw tooLong(length, this.maxLength, 'send');
    emit(bytes);
  }

  private check(line: unknown): void {
    if (typeof line !== 'string') throw malformed(`a line must be a text, got ${typeof line}`, 'send');
    const at = line.indexOf('\n');
    if (at >= 0) throw malformed(`the line has a line feed at index ${at}`, 'send');
    if (this.ending === '\n' && line.endsWith('\r')) {
      throw malformed('the line ends with a carriage return, which a receiver takes off', 'send');
    }
  }
}
