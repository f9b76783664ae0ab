import { ByteSearch } from '../bytes/byte-search.ts';
import { Accumulator } from './accumulator.ts';
import type { Decoder } from './codec.ts';
import { growsTooLong, tooLong, truncated } from './faults.ts';
import type { EmittableTail } from './frame-options.ts';
import { bufferOf, type Marker } from './marker.ts';

/** What every decoder that looks for a marker at the end of messages is made with. */
export interface MarkerDecoderSettings {
  readonly marker: Marker;
  readonly maxLength: number;
  /** Most bytes in front of the marker that `deliver` takes off, and that do not count as the message's. */
  readonly trimmed?: number;
}

/** Cuts out what comes in front of a marker. */
export abstract class MarkerDecoder<M> {
  protected readonly kept = new Accumulator();
  protected readonly maxLength: number;
  private readonly search: ByteSearch;
  private readonly markerLength: number;
  private readonly trimmed: number;

  constructor({ marker, maxLength, trimmed = 0 }: MarkerDecoderSettings) {
    this.search = new ByteSearch(marker.bytes);
    this.markerLength = marker.length;
    this.maxLength = maxLength;
    this.trimmed = trimmed;
  }

  /** Makes a message of a part of `bytes`, the marker not included, and emits it. */
  protected abstract deliver(bytes: Buffer, from: number, to: number, emit: (message: M) => void): void;

  /**
   * Takes from `chunk[at]` on what belongs to one message, and delivers it if it is complete.
   *
   * @returns The index behind the marker; -1 when the message is not complete and the rest of the chunk was kept.
   */
  protected take(chunk: Buffer, at: number, emit: (message: M) => void): number {
    const end = this.search.within(chunk, at);
    if (end < 0) {
      this.keep(chunk, at);
      return -1;
    }
    this.search.reset();
    const { kept, markerLength } = this;
    this.checkComplete(kept.length + end - at - markerLength);
    if (kept.length === 0) {
      this.deliver(chunk, at, end - markerLength, emit);
    } else {
      kept.append(chunk, at, end);
      const whole = kept.finish();
      this.deliver(whole, 0, whole.length - markerLength, emit);
    }
    return end;
  }

  /** Forgets the message that is under way. */
  protected forget(): void {
    this.kept.clear();
    this.search.reset();
  }

  /** Refuses a complete message that is too long. */
  protected checkComplete(length: number): void {
    if (length > this.maxLength + this.trimmed) throw tooLong(length, this.maxLength, 'receive');
  }

  /** All but the marker's last byte may have come already, so that many do not count. */
  private keep(chunk: Buffer, at: number): void {
    const least = this.kept.length + chunk.length - at - (this.markerLength - 1) - this.trimmed;
    if (least > this.maxLength) throw growsTooLong(least, this.maxLength);
    this.kept.append(chunk, at, chunk.length);
  }
}

/** What a decoder of messages that end with a marker is made with. */
export interface DelimitedDecoderSettings extends MarkerDecoderSettings {
  readonly tail: EmittableTail;
}

/** Messages that each end with the marker, and nothing between them. */
export abstract class DelimitedDecoder<M> extends MarkerDecoder<M> implements Decoder<Uint8Array, M> {
  private readonly tail: EmittableTail;

  constructor(settings: DelimitedDecoderSettings) {
    super(settings);
    this.tail = settings.tail;
  }

  get residue(): number {
    return this.kept.length;
  }

  push(chunk: Uint8Array, emit: (message: M) => void): void {
    const bytes = bufferOf(chunk);
    let at = 0;
    while (at >= 0 && at < bytes.length) at = this.take(bytes, at, emit);
  }

  end(emit: (message: M) => void): void {
    if (this.kept.length === 0) return;
    const rest = this.kept.finish();
    this.forget();
    this.deliverTail(rest, emit);
  }

  /** Does with an unfinished message at the end of the stream what the option `tail` says. */
  protected deliverTail(rest: Buffer, emit: (message: M) => void): void {
    if (this.tail === 'error') throw truncated(rest.length);
    if (this.tail === 'drop') return;
    this.checkComplete(rest.length);
    this.deliver(rest, 0, rest.length, emit);
  }
}
