import { Collector } from '../bytes/collector.ts';
import { viewOf } from '../bytes/view.ts';
import type { Decoder } from './codec.ts';
import { badLength, malformed, tooLong, truncated } from './faults.ts';
import type { Tail } from './frame-options.ts';
import { type LengthFieldLayout, restOf } from './length-field-layout.ts';

type Emit = (message: Uint8Array) => void;

/**
 * Cuts frames by their length field. Frames that are whole in a chunk never leave the loop of `push`. Of a frame that
 * is cut, the header is kept until it is complete; then the bytes to strip are skipped and the message is collected.
 */
export class LengthFieldDecoder implements Decoder<Uint8Array, Uint8Array> {
  private readonly layout: LengthFieldLayout;
  private readonly tail: Tail;
  /** What has come of a header that is not complete. */
  private readonly head: Uint8Array;
  private headLength = 0;
  /** Whether the header is complete, but the frame is not; the rest describes that frame. */
  private inBody = false;
  private stripping = 0;
  /** Bytes to be stripped that have not come yet. */
  private skipping = 0;
  /** Bytes of the message. */
  private expected = 0;
  private readonly collector = new Collector();

  constructor(layout: LengthFieldLayout, tail: Tail) {
    this.layout = layout;
    this.tail = tail;
    this.head = new Uint8Array(layout.offset + layout.format.maxSize);
  }

  get residue(): number {
    return this.inBody ? this.stripping - this.skipping + this.collector.length : this.headLength;
  }

  push(chunk: Uint8Array, emit: Emit): void {
    const { offset, format, strip } = this.layout;
    const { buffer: memory, byteOffset, length } = chunk;
    let at = this.resume(chunk, emit);
    while (at < length) {
      const size = format.sizeAt(chunk, at + offset, length);
      if (size === 0) {
        this.keepHead(chunk, at);
        return;
      }
      const header = offset + size;
      const end = at + header + this.readRest(chunk, at + offset, size);
      if (end > length) {
        this.begin(header, end - at);
        this.advance(chunk, at, emit);
        return;
      }
      const start = at + (strip ?? header);
      at = end;
      emit(viewOf(memory, byteOffset + start, end - start));
    }
  }

  end(): void {
    const { residue } = this;
    this.headLength = 0;
    this.inBody = false;
    this.collector.reset();
    if (residue > 0 && this.tail === 'error') throw truncated(residue);
  }

  /** Goes on with the frame that is under way; answers with the index behind what belongs to it. */
  private resume(chunk: Uint8Array, emit: Emit): number {
    if (this.inBody) return this.advance(chunk, 0, emit);
    return this.headLength > 0 ? this.completeHead(chunk, emit) : 0;
  }

  private keepHead(chunk: Uint8Array, at: number): void {
    this.head.set(chunk.subarray(at));
    this.headLength = chunk.length - at;
  }

  private completeHead(chunk: Uint8Array, emit: Emit): number {
    const { offset, format } = this.layout;
    let at = 0;
    let size = 0;
    while (size === 0 && at < chunk.length) {
      this.head[this.headLength++] = chunk[at++]!;
      size = format.sizeAt(this.head, offset, this.headLength);
    }
    if (size === 0) return at;
    const header = offset + size;
    this.begin(header, header + this.readRest(this.head, offset, size));
    // A copy, as the message may be nothing but a part of the header.
    this.advance(this.head.slice(0, header), 0, emit);
    return this.inBody ? this.advance(chunk, at, emit) : at;
  }

  private begin(header: number, frame: number): void {
    this.headLength = 0;
    this.inBody = true;
    this.stripping = this.layout.strip ?? header;
    this.skipping = this.stripping;
    this.expected = frame - this.stripping;
  }

  /** Takes from `chunk[at]` on what belongs to the frame; answers with the index behind it. */
  private advance(chunk: Uint8Array, at: number, emit: Emit): number {
    const { length } = chunk;
    const skipped = Math.min(this.skipping, length - at);
    this.skipping -= skipped;
    const start = at + skipped;
    if (this.skipping > 0) return start;
    if (this.collector.isActive) return this.collect(chunk, start, emit);
    const end = start + this.expected;
    if (end <= length) {
      this.inBody = false;
      emit(viewOf(chunk.buffer, chunk.byteOffset + start, this.expected));
      return end;
    }
    if (start === length) return start;
    this.collector.begin(this.expected);
    return this.collect(chunk, start, emit);
  }

  private collect(chunk: Uint8Array, at: number, emit: Emit): number {
    const taken = this.collector.take(chunk, at);
    if (this.collector.missing === 0) {
      this.inBody = false;
      emit(this.collector.finish());
    }
    return at + taken;
  }

  /** Bytes behind the header, as the length field says; a length that cannot be is refused. */
  private readRest(bytes: Uint8Array, at: number, size: number): number {
    const { layout } = this;
    const { format, offset, strip, maxLength } = layout;
    if (size > format.maxSize) throw malformed(`a length of more than ${format.maxSize} bytes`, 'receive');
    const header = offset + size;
    const value = format.read(bytes, at, size);
    const rest = restOf(layout, value, header);
    const message = header + rest - (strip ?? header);
    if (rest < 0 || message < 0) throw tooShort(value, header + rest, Math.max(header, strip ?? 0));
    if (message > maxLength) throw tooLong(message, maxLength, 'receive');
    return rest;
  }
}

function tooShort(value: number, frame: number, least: number): Error {
  const message = `length ${value} makes a frame of ${frame} bytes, which must have ${least} at least`;
  return badLength(message, 'receive');
}
