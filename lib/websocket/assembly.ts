/** How much is allocated at first for bytes that have only been announced. */
const FIRST = 64 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * Puts the bytes of a message together that comes in pieces. How long it will be is not known before its last frame, so
 * that what is allocated grows with what has come: never more than twice that, nor than 64 KiB for a begin.
 */
export class Assembly {
  private buffer = EMPTY;
  /** Bytes that have been announced in all, and whether that is all there is. */
  private expected = 0;
  private isLast = false;
  /** Bytes that have come. */
  length = 0;

  /** So many more bytes are to come, maybe the last ones. */
  expect(count: number, isLast: boolean): void {
    this.expected += count;
    this.isLast = isLast;
  }

  append(bytes: Buffer): void {
    const { length } = this;
    const needed = length + bytes.length;
    if (needed > this.buffer.length) this.grow(needed);
    this.buffer.set(bytes, length);
    this.length = needed;
  }

  /** Takes out what has come; it is free for the next message. */
  take(): Buffer {
    const { buffer, length } = this;
    this.buffer = EMPTY;
    this.expected = 0;
    this.length = 0;
    if (length === buffer.length) return buffer;
    // Much memory for little content would stay as long as the content does.
    return length < buffer.length >> 1 ? copyOf(buffer, length) : buffer.subarray(0, length);
  }

  private grow(needed: number): void {
    const { buffer, expected } = this;
    const size = Math.max(needed, buffer.length * 2, Math.min(expected, FIRST));
    const larger = Buffer.allocUnsafeSlow(this.isLast ? Math.min(size, expected) : size);
    buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

function copyOf(buffer: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(length);
  buffer.copy(copy, 0, 0, length);
  return copy;
}
