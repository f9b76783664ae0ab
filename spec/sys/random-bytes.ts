/** Bytes that look random and are the same every time. */
export class RandomBytes {
  private state: number;

  /** @param seed Any integer. */
  constructor(seed: number) {
    this.state = (seed ^ 0x9e3779b9) | 1;
  }

  take(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) {
      this.state ^= this.state << 13;
      this.state ^= this.state >>> 17;
      this.state ^= this.state << 5;
      bytes[at] = this.state;
    }
    return bytes;
  }
}
