const EMPTY = Buffer.alloc(0);

/** What is allocated at first. */
const FIRST = 1024;

/**
 * The last bytes of what went through one direction: all that a compressor has to know of the messages before. Given to
 * the next one as its dictionary, it does the same as a stream of zlib that is kept, which takes up to 256 KiB.
 */
export class SlidingWindow {
  private readonly size: number;
  private buffer = EMPTY;
  private end = 0;

  /** @param bits 2 to the power of this are the bytes that are kept. */
  constructor(bits: number) {
    this.size = 2 ** bits;
  }

  /** What is kept; a view that is valid until the next call of {@link push}. `undefined` if it is nothing. */
  get content(): Buffer | undefined {
    const { end, size } = this;
    return end === 0 ? undefined : this.buffer.subarray(Math.max(0, end - size), end);
  }

  /** A message has gone through. */
  push(message: Uint8Array): void {
    const { size } = this;
    const kept = message.length > size ? message.subarray(message.length - size) : message;
    if (kept.length > this.buffer.length - this.end) this.makeRoom(kept.length);
    this.buffer.set(kept, this.end);
    this.end += kept.length;
  }

  /** What is older than the window gives way, once in a while. */
  private makeRoom(count: number): void {
    const { buffer, end, size } = this;
    const stays = Math.min(end, size - count);
    const most = size * 2;
    const wanted = Math.max(FIRST, buffer.length * 2, stays + count);
    const target = buffer.length < most ? Buffer.allocUnsafeSlow(Math.min(wanted, most)) : buffer;
    buffer.copy(target, 0, end - stays, end);
    this.buffer = target;
    this.end = stays;
  }
}
