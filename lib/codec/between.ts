import { oneOf } from '../base/options.ts';
import { ByteSearch } from '../bytes/byte-search.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { viewOf } from '../bytes/view.ts';
import type { Codec, Decoder, Encoder } from './codec.ts';
import { malformed, tooLong, truncated } from './faults.ts';
import {
  type FrameOptions,
  frameTimeoutCheck,
  markerCheck,
  maxLengthCheck,
  tableRequiring,
  type Tail,
  tailCheck,
} from './frame-options.ts';
import { bufferOf, Marker } from './marker.ts';
import { MarkerDecoder } from './marker-decoder.ts';

/** What happens with bytes between the end of a message and the start of the next. */
export type Outside = 'error' | 'skip';

/** Options of {@link between}. `maxLength` does not count the markers. */
export interface BetweenOptions extends FrameOptions {
  /** What every message starts with: 1 to 64 bytes. A text stands for its UTF-8 bytes. */
  readonly start: BytesLike;
  /** What every message ends with: 1 to 64 bytes; may be the same as `start`. */
  readonly end: BytesLike;
  /**
   * What happens with bytes outside of messages: `'error'` throws `ERR_FRAME_DATA` at the first of them, `'skip'`
   * ignores them and looks for the next start marker.
   * @default 'error'
   */
  readonly outside?: Outside;
}

const checkOptions = tableRequiring<BetweenOptions>(
  {
    start: markerCheck,
    end: markerCheck,
    outside: oneOf<Outside>(['error', 'skip'], 'error'),
    maxLength: maxLengthCheck,
    tail: tailCheck,
    frameTimeout: frameTimeoutCheck,
  },
  'start',
  'end',
);

/**
 * Messages between a start and an end marker, such as STX and ETX. What is between them is emitted.
 *
 * ```
 *  start 02, end 03:    02  68 69  03    02  03         "hi", ""
 *                       STX '---'  ETX   STX ETX
 * ```
 *
 * Within a message a start marker means nothing; the message goes on to the first end marker. Received messages are
 * views of the chunk they came in; those that were cut are copied once. The bytes of a start marker count in `residue`
 * and for `frameTimeout`; where bytes outside are skipped, only once the marker is complete, as what looks like the
 * beginning of one may be nothing.
 *
 * Errors, all ProtocolErrors: `ERR_FRAME_LENGTH` for a message longer than `maxLength`, which may be noticed up to
 * one byte less than the end marker has later; `ERR_FRAME_DATA` for bytes outside of messages (see `outside`), and
 * for a message to be sent that contains the end marker or begins one at its end; `ERR_FRAME_TRUNCATED` for a stream
 * that ends within a message (see `tail`).
 *
 * @throws OptionError for an illegal or unknown option.
 *
 * @example
 * const { decoder, encoder } = between({ start: '<', end: '>' });
 * decoder().push(utf8('<hi><>'), (message) => console.log(toText(message))); // hi, (nothing)
 * encoder().push('hi', (piece) => socket.write(piece)); // 3c, 68 69, 3e
 */
export function between(options: BetweenOptions): Codec<Uint8Array, Uint8Array, Uint8Array, BytesLike> {
  const { frameTimeout, start, end, ...rest } = checkOptions(options);
  const settings = { ...rest, start: new Marker(start), marker: new Marker(end) };
  return {
    frameTimeout,
    decoder: () => new BetweenDecoder(settings),
    encoder: () => new BetweenEncoder(settings),
  };
}

interface BetweenSettings {
  readonly start: Marker;
  /** The end marker. */
  readonly marker: Marker;
  readonly outside: Outside;
  readonly maxLength: number;
  readonly tail: Tail;
}

class BetweenDecoder extends MarkerDecoder<Uint8Array> implements Decoder<Uint8Array, Uint8Array> {
  private readonly start: Buffer;
  private readonly tail: Tail;
  /** Looks for the start marker where bytes outside are skipped. */
  private readonly startSearch: ByteSearch | undefined;
  /** Bytes of the start marker that have come; all of them within a message. */
  private started = 0;

  constructor(settings: BetweenSettings) {
    super(settings);
    this.start = settings.start.bytes;
    this.tail = settings.tail;
    this.startSearch = settings.outside === 'skip' ? new ByteSearch(settings.start.bytes) : undefined;
  }

  get residue(): number {
    return this.started + this.kept.length;
  }

  push(chunk: Uint8Array, emit: (message: Uint8Array) => void): void {
    const bytes = bufferOf(chunk);
    let at = 0;
    while (at >= 0 && at < bytes.length) {
      at = this.started < this.start.length ? this.enter(bytes, at) : this.take(bytes, at, emit);
    }
  }

  end(): void {
    const { residue } = this;
    this.started = 0;
    this.forget();
    if (residue > 0 && this.tail === 'error') throw truncated(residue);
  }

  protected deliver(bytes: Buffer, from: number, to: number, emit: (message: Uint8Array) => void): void {
    this.started = 0;
    emit(viewOf(bytes.buffer, bytes.byteOffset + from, to - from));
  }

  /** Goes on to behind the start marker; answers with -1 if it is not complete in this chunk. */
  private enter(bytes: Buffer, at: number): number {
    if (this.startSearch === undefined) return this.match(bytes, at);
    const inside = this.startSearch.within(bytes, at);
    if (inside < 0) return -1;
    this.startSearch.reset();
    this.started = this.start.length;
    return inside;
  }

  private match(bytes: Buffer, at: number): number {
    const { start } = this;
    let next = at;
    for (; this.started < start.length && next < bytes.length; next++) {
      if (bytes[next] !== start[this.started]) throw outside(bytes[next]!, start[this.started]!);
      this.started++;
    }
    return next;
  }
}

function outside(byte: number, expected: number): Error {
  const [seen, wanted] = [byte, expected].map((value) => `0x${value.toString(16).padStart(2, '0')}`);
  return malformed(`byte ${seen} outside of messages, where the start marker has ${wanted}`, 'receive');
}

class BetweenEncoder implements Encoder<BytesLike, Uint8Array> {
  private readonly settings: BetweenSettings;

  constructor(settings: BetweenSettings) {
    this.settings = settings;
  }

  push(message: BytesLike, emit: (piece: Uint8Array) => void): void {
    const { start, marker, maxLength } = this.settings;
    const bytes = toBytes(message);
    if (bytes.length > maxLength) throw tooLong(bytes.length, maxLength, 'send');
    const cut = marker.firstAfter(bufferOf(bytes));
    if (cut < bytes.length) throw malformed(`the message is cut by its end marker at byte ${cut}`, 'send');
    emit(start.bytes);
    if (bytes.length > 0) emit(bytes);
    emit(marker.bytes);
  }
}
