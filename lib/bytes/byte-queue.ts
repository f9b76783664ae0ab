/**
 * Bytes waiting in order, kept as the chunks they came in. Taking never copies more than the caller asks to join.
 */
export class ByteQueue {
  private chunks: Uint8Array[] = [];
  private head = 0;
  /** Bytes in the queue. */
  length = 0;

  /** Appends a chunk; the queue keeps the reference. An empty chunk leaves no trace. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  /** Puts a chunk back in front. */
  unshift(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.head > 0) this.chunks[--this.head] = chunk;
    else this.chunks.unshift(chunk);
    this.length += chunk.length;
  }

  /** Removes and returns the next chunk, cut to at most `limit` bytes; `undefined` when there is none. */
  take(limit = Infinity): Uint8Array | undefined {
    const chunk = this.chunks[this.head];
    if (chunk === undefined) return undefined;
    if (chunk.length > limit) {
      this.chunks[this.head] = chunk.subarray(limit);
      this.length -= limit;
      return chunk.subarray(0, limit);
    }
    this.drop();
    this.length -= chunk.length;
    return chunk;
  }

  /** Forgets everything. */
  clear(): void {
    this.chunks = [];
    this.head = 0;
    this.length = 0;
  }

  private drop(): void {
    this.chunks[this.head++] = EMPTY;
    if (this.head === this.chunks.length) {
      this.chunks = [];
      this.head = 0;
    } else if (this.head >= 64 && this.head * 2 >= this.chunks.length) {
      this.chunks.splice(0, this.head);
      this.head = 0;
    }
  }
}

const EMPTY = new Uint8Array(0);
