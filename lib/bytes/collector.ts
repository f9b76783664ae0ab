/** How much is allocated for bytes that have only been announced. */
const FIRST = 64 * 1024;

/**
 * Collects a known number of bytes from several chunks into one piece. What is allocated grows with what has come, so
 * that announcing much costs the one who announces, not us.
 */
export class Collector {
  private buffer = EMPTY;
  private expected = 0;
  /** Bytes collected. */
  length = 0;

  /** Whether a collection is under way. */
  get isActive(): boolean {
    return this.expected > 0;
  }

  /** Bytes that are still to come. */
  get missing(): number {
    return this.expected - this.length;
  }

  /** Begins to collect `expected` bytes, 1 and more. */
  begin(expected: number): void {
    this.expected = expected;
    this.length = 0;
    this.buffer = Buffer.allocUnsafeSlow(Math.min(expected, FIRST));
  }

  /**
   * Takes from `chunk[at]` on what is missing.
   *
   * @returns How many bytes were taken.
   */
  take(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.missing, chunk.length - at);
    const { length } = this;
    if (length + taken > this.buffer.length) this.grow(length + taken);
    this.buffer.set(at === 0 && taken === chunk.length ? chunk : chunk.subarray(at, at + taken), length);
    this.length = length + taken;
    return taken;
  }

  /** What has been collected; the collector is free for the next. */
  finish(): Buffer {
    const { buffer, length } = this;
    this.reset();
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  /** Forgets everything. */
  reset(): void {
    this.buffer = EMPTY;
    this.expected = 0;
    this.length = 0;
  }

  private grow(needed: number): void {
    const size = Math.min(this.expected, Math.max(needed, this.buffer.length * 2));
    const larger = Buffer.allocUnsafeSlow(size);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const EMPTY = Buffer.alloc(0);
