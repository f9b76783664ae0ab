import { isUtf8 } from 'node:buffer';
import { viewOf } from '../bytes/view.ts';

/**
 * Checks that bytes are UTF-8 while they arrive, cut anywhere (RFC 3629: no surrogates, nothing above U+10FFFF, no
 * overlong forms). What can no longer become UTF-8 is found with the first wrong byte, also within a character.
 */
export class Utf8Check {
  /** Bytes that the character which is cut still needs, and the range that the next one must be in. */
  private missing = 0;
  private low = 0x80;
  private high = 0xbf;

  /** Whether all characters are whole. */
  get isComplete(): boolean {
    return this.missing === 0;
  }

  /** Begins anew. */
  reset(): void {
    this.missing = 0;
  }

  /** Takes the next bytes; answers whether all may still be UTF-8. After a `false` it must be reset. */
  push(bytes: Uint8Array): boolean {
    const { length } = bytes;
    let at = 0;
    while (this.missing > 0) {
      if (at === length) return true;
      if (!this.follow(bytes[at++]!)) return false;
    }
    const end = Math.max(at, startOfLast(bytes));
    if (end > at && !isUtf8(viewOf(bytes.buffer, bytes.byteOffset + at, end - at))) return false;
    if (end === length) return true;
    if (!this.begin(bytes[end]!)) return false;
    for (let next = end + 1; next < length; next++) if (!this.follow(bytes[next]!)) return false;
    return true;
  }

  private begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    return true;
  }

  private follow(byte: number): boolean {
    if (byte < this.low || byte > this.high) return false;
    this.missing--;
    this.low = 0x80;
    this.high = 0xbf;
    return true;
  }
}

/** Where the last character begins if the bytes end before it does; else their length. */
function startOfLast(bytes: Uint8Array): number {
  const { length } = bytes;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return needed > back ? length - back : length;
  }
  return length;
}
