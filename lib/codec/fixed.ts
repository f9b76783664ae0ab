import { integer } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { Collector } from '../bytes/collector.ts';
import { viewOf } from '../bytes/view.ts';
import type { Codec, Decoder, Encoder } from './codec.ts';
import { badLength, truncated } from './faults.ts';
import {
  type EmittableTail,
  emittableTailCheck,
  frameTimeoutCheck,
  LARGEST_MAX_LENGTH,
  tableRequiring,
  type TailOptions,
} from './frame-options.ts';

/** Options of {@link fixed}. There is no `maxLength`: `size` is the limit. */
export interface FixedOptions extends TailOptions<EmittableTail> {
  /** Bytes of every message; 1 to 2^30. */
  readonly size: number;
}

const checkOptions = tableRequiring<FixedOptions>(
  {
    size: integer({ min: 1, max: LARGEST_MAX_LENGTH, fallback: undefined as never }),
    tail: emittableTailCheck('error'),
    frameTimeout: frameTimeoutCheck,
  },
  'size',
);

/**
 * Messages that all have the same number of bytes.
 *
 * ```
 *  size 3:    61 62 63  64 65 66     "abc", "def"
 *             '------'  '------'
 * ```
 *
 * Received messages are views of the chunk they came in; those that were cut are copied once. With `tail: 'emit'` the
 * last message is shorter if the stream ends within it.
 *
 * Errors, all ProtocolErrors: `ERR_FRAME_LENGTH` for a message to be sent that has another length,
 * `ERR_FRAME_TRUNCATED` for a stream that ends within a message (see `tail`).
 *
 * @throws OptionError for an illegal or unknown option.
 *
 * @example
 * const { decoder, encoder } = fixed({ size: 3 });
 * decoder().push(utf8('abcdef'), (message) => console.log(toText(message))); // abc, def
 * encoder().push('abc', (piece) => socket.write(piece)); // 61 62 63
 */
export function fixed(options: FixedOptions): Codec<Uint8Array, Uint8Array, Uint8Array, BytesLike> {
  const { size, tail, frameTimeout } = checkOptions(options);
  return {
    frameTimeout,
    decoder: () => new FixedDecoder(size, tail),
    encoder: () => new FixedEncoder(size),
  };
}

class FixedDecoder implements Decoder<Uint8Array, Uint8Array> {
  private readonly size: number;
  private readonly tail: EmittableTail;
  private readonly collector = new Collector();

  constructor(size: number, tail: EmittableTail) {
    this.size = size;
    this.tail = tail;
  }

  get residue(): number {
    return this.collector.length;
  }

  push(chunk: Uint8Array, emit: (message: Uint8Array) => void): void {
    const { size } = this;
    const { buffer: memory, byteOffset, length } = chunk;
    let at = 0;
    if (this.collector.isActive) {
      at = this.collector.take(chunk, 0);
      if (this.collector.missing > 0) return;
      emit(this.collector.finish());
    }
    for (; length - at >= size; at += size) emit(viewOf(memory, byteOffset + at, size));
    if (at < length) {
      this.collector.begin(size);
      this.collector.take(chunk, at);
    }
  }

  end(emit: (message: Uint8Array) => void): void {
    const { residue, tail } = this;
    if (residue === 0) return;
    const rest = this.collector.finish();
    if (tail === 'error') throw truncated(residue);
    if (tail === 'emit') emit(rest);
  }
}

class FixedEncoder implements Encoder<BytesLike, Uint8Array> {
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  push(message: BytesLike, emit: (piece: Uint8Array) => void): void {
    const bytes = toBytes(message);
    if (bytes.length !== this.size) {
      throw badLength(`a message of ${bytes.length} bytes, all must have ${this.size}`, 'send');
    }
    emit(bytes);
  }
}
