/**
 * A search for a pattern in bytes that come in chunks, for `ByteReader.find`. Every byte is looked at once, however
 * the pattern is cut.
 */
export class ByteSearch {
  readonly pattern: Uint8Array;
  /** Bytes that have been looked at. */
  searched = 0;
  /** How much of the pattern the bytes end with that have been looked at. */
  matched = 0;
  private borders: number[] | undefined;

  /** @param pattern At least one byte; it must not be changed. */
  constructor(pattern: Uint8Array) {
    this.pattern = pattern;
  }

  /** Begins anew. */
  reset(): void {
    this.searched = 0;
    this.matched = 0;
  }

  /**
   * Goes on in the next piece.
   *
   * @returns Where in it the pattern ends, or -1.
   */
  within(chunk: Buffer, from: number): number {
    const { pattern } = this;
    const lastFit = chunk.length - pattern.length;
    for (let at = from; at < chunk.length; at++) {
      if (this.matched === 0 && at <= lastFit) {
        const found = chunk.indexOf(pattern.length === 1 ? pattern[0]! : pattern, at);
        if (found >= 0) return found + pattern.length;
        at = lastFit + 1;
        if (at === chunk.length) return -1;
      }
      if (this.step(chunk[at]!)) return at + 1;
    }
    return -1;
  }

  /** The method of Knuth, Morris and Pratt: a mismatch falls back to the longest beginning that still fits. */
  private step(byte: number): boolean {
    const { pattern } = this;
    let { matched } = this;
    if (matched > 0 && pattern[matched] !== byte) {
      const borders = (this.borders ??= bordersOf(pattern));
      do matched = borders[matched - 1]!;
      while (matched > 0 && pattern[matched] !== byte);
    }
    if (pattern[matched] === byte) matched++;
    this.matched = matched;
    return matched === pattern.length;
  }
}

/** For each beginning of the pattern, the length of the longest shorter one that it ends with. */
function bordersOf(pattern: Uint8Array): number[] {
  const borders = [0];
  let length = 0;
  for (let at = 1; at < pattern.length; at++) {
    while (length > 0 && pattern[at] !== pattern[length]) length = borders[length - 1]!;
    if (pattern[at] === pattern[length]) length++;
    borders.push(length);
  }
  return borders;
}
