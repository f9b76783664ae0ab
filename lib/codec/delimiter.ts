import { flag } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { viewOf } from '../bytes/view.ts';
import type { Codec, Encoder } from './codec.ts';
import { malformed, tooLong } from './faults.ts';
import {
  type EmittableTail,
  emittableTailCheck,
  type FrameOptions,
  frameTimeoutCheck,
  markerCheck,
  maxLengthCheck,
  tableRequiring,
} from './frame-options.ts';
import { bufferOf, Marker } from './marker.ts';
import { DelimitedDecoder, type DelimitedDecoderSettings } from './marker-decoder.ts';

/** Options of {@link delimiter}. `maxLength` does not count the delimiter. */
export interface DelimiterOptions extends FrameOptions<EmittableTail> {
  /** What every message ends with: 1 to 64 bytes. A text stands for its UTF-8 bytes. */
  readonly delimiter: BytesLike;
  /**
   * Whether received messages include their delimiter. A message to be sent may end with it then, and is not given a
   * second one.
   * @default false
   */
  readonly keep?: boolean;
}

const checkOptions = tableRequiring<DelimiterOptions>(
  {
    delimiter: markerCheck,
    keep: flag(false),
    maxLength: maxLengthCheck,
    tail: emittableTailCheck('error'),
    frameTimeout: frameTimeoutCheck,
  },
  'delimiter',
);

/**
 * Messages that end with a delimiter.
 *
 * ```
 *  delimiter '$$':     68 69 24 24  24 24  79 6f 24 24     "hi", "", "yo"
 *                      '---' message       '---'
 *                            '---' delimiter     '---'
 * ```
 *
 * Received messages are views of the chunk they came in; those that were cut are copied once. Two delimiters in a row
 * have an empty message between them. With `tail: 'emit'` the end of the stream serves as the last delimiter, but does
 * not make an empty message.
 *
 * Errors, all ProtocolErrors: `ERR_FRAME_LENGTH` for a message longer than `maxLength`; it may be noticed up to
 * one byte less than the delimiter has later, since those may have been its beginning. `ERR_FRAME_TRUNCATED` for a
 * stream that ends within a message (see `tail`). `ERR_FRAME_DATA` for a message to be sent that a receiver would cut
 * elsewhere than at its end, because it contains the delimiter or begins one at its end.
 *
 * @throws OptionError for an illegal or unknown option.
 *
 * @example
 * const { decoder, encoder } = delimiter({ delimiter: '$$' });
 * const received: string[] = [];
 * decoder().push(utf8('hi$$yo$$'), (message) => received.push(toText(message))); // 'hi', 'yo'
 * encoder().push('hi', (piece) => socket.write(piece)); // 68 69, then 24 24
 */
export function delimiter(options: DelimiterOptions): Codec<Uint8Array, Uint8Array, Uint8Array, BytesLike> {
  const { maxLength, tail, frameTimeout, keep, delimiter: bytes } = checkOptions(options);
  const marker = new Marker(bytes);
  const settings = { marker, maxLength, tail, kept: keep ? marker.length : 0 };
  return {
    frameTimeout,
    decoder: () => new BytesDecoder(settings),
    encoder: () => new DelimiterEncoder(marker, maxLength, keep),
  };
}

interface BytesDecoderSettings extends DelimitedDecoderSettings {
  /** Bytes of the delimiter that messages keep: all or none. */
  readonly kept: number;
}

class BytesDecoder extends DelimitedDecoder<Uint8Array> {
  private readonly ending: number;

  constructor(settings: BytesDecoderSettings) {
    super(settings);
    this.ending = settings.kept;
  }

  protected deliver(bytes: Buffer, from: number, to: number, emit: (message: Uint8Array) => void): void {
    // The unfinished message at the end of a stream has no delimiter behind it.
    const end = Math.min(to + this.ending, bytes.length);
    emit(viewOf(bytes.buffer, bytes.byteOffset + from, end - from));
  }
}

class DelimiterEncoder implements Encoder<BytesLike, Uint8Array> {
  private readonly marker: Marker;
  private readonly maxLength: number;
  private readonly keep: boolean;

  constructor(marker: Marker, maxLength: number, keep: boolean) {
    this.marker = marker;
    this.maxLength = maxLength;
    this.keep = keep;
  }

  push(message: BytesLike, emit: (piece: Uint8Array) => void): void {
    const bytes = toBytes(message);
    const cut = this.marker.firstAfter(bufferOf(bytes));
    const isWhole = this.keep && cut === bytes.length - this.marker.length;
    const length = isWhole ? cut : bytes.length;
    if (cut !== length) throw malformed(`the message is cut by its delimiter at byte ${cut}`, 'send');
    if (length > this.maxLength) throw tooLong(length, this.maxLength, 'send');
    if (bytes.length > 0) emit(bytes);
    if (!isWhole) emit(this.marker.bytes);
  }
}
