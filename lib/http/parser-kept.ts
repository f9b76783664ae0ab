const EMPTY = Buffer.alloc(0);

/** What is allocated at least. */
const LEAST = 512;

/** The begin of something that is cut, until the rest comes. It takes memory only while there is something in it. */
export class KeptBytes {
  /** The bytes, and behind {@link length} more that mean nothing. */
  bytes: Buffer = EMPTY;
  length = 0;

  /** Appends a part of a chunk as a copy. */
  append(chunk: Buffer, from: number, to: number): void {
    const needed = this.length + to - from;
    if (needed > this.bytes.length) this.grow(needed);
    chunk.copy(this.bytes, this.length, from, to);
    this.length = needed;
  }

  /** Forgets everything. */
  clear(): void {
    this.bytes = EMPTY;
    this.length = 0;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(LEAST, needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
