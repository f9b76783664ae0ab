/** Least that is allocated, so that a message coming byte by byte does not begin with a row of tiny buffers. */
const LEAST = 128;

/**
 * Keeps the bytes of a message whose length nobody knows yet. The memory doubles when it is full, so however the
 * bytes are cut, each is copied only a few times, and at most twice as much is taken as has come.
 */
export class Accumulator {
  private buffer = EMPTY;
  /** Bytes kept. */
  length = 0;

  /** Keeps a copy of `bytes` from index `from` up to, but not including, `to`. */
  append(bytes: Uint8Array, from: number, to: number): void {
    const length = this.length + to - from;
    if (length > this.buffer.length) this.grow(length);
    this.buffer.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.length);
    this.length = length;
  }

  /** Hands out what was kept, which is the caller's now, and is empty again. */
  finish(): Buffer {
    const { buffer, length } = this;
    this.clear();
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  /** Forgets everything. */
  clear(): void {
    this.buffer = EMPTY;
    this.length = 0;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2, LEAST));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const EMPTY = Buffer.alloc(0);
