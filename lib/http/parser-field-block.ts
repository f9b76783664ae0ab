import type { HttpFields } from './fields.ts';

/** What the fields of a message say about it; bits of {@link FieldBlock.flags}. Connection asks for close, … */
export const CLOSE = 1;
/** … for keep-alive, … */
export const KEEP_ALIVE = 2;
/** … or for the change that Upgrade names. */
export const CONNECTION_UPGRADE = 4;
/** There is a Host. */
export const HOST = 8;
/** There is a Transfer-Encoding, … */
export const TRANSFER_ENCODING = 16;
/** … the last coding of which is chunked, … */
export const CHUNKED = 32;
/** … and there are others. */
export const OTHER_CODING = 64;
/** There is an Upgrade, … */
export const UPGRADE = 128;
/** … which says websocket and nothing else. */
export const WEBSOCKET = 256;
/** Expect says 100-continue, … */
export const EXPECT_CONTINUE = 512;
/** … or something else. */
export const EXPECT_OTHER = 1024;

/** The fields of a message, checked, and what they say about it. */
export interface FieldBlock {
  readonly fields: HttpFields;
  /** Bits from {@link CLOSE} to {@link EXPECT_OTHER}. */
  readonly flags: number;
  /** What Content-Length says; -1 if there is none. */
  readonly contentLength: number;
}

/** Longest block that is remembered: it stays in memory as long as the connection. */
const LONGEST = 2048;
/** Blocks in a row that were others after which … */
const PATIENCE = 8;
/** … only each of so many is remembered. */
const RARELY = 32;

/**
 * Remembers the last field block of a connection. Most clients send the same one with every request, byte for byte, and
 * what has been checked once need not be checked again.
 */
export class FieldMemo {
  private bytes: Buffer = Buffer.alloc(0);
  private length = 0;
  private block: FieldBlock | undefined;
  /** Blocks in a row that were others, and whether one has been remembered since. */
  private others = 0;
  private isFresh = false;

  /** Bytes of the block that {@link find} has found. */
  get found(): number {
    return this.length;
  }

  /** The block, if the bytes from `at` on begin with it. As it ends with an empty line, it is all there is. */
  find(bytes: Buffer, at: number, end: number): FieldBlock | undefined {
    const { length } = this;
    const behind = at + length;
    if (!this.isFresh || behind > end || bytes[behind - 4] !== 0x0d || bytes[behind - 2] !== 0x0d)
      return undefined;
    if (bytes.compare(this.bytes, 0, length, at, behind) !== 0) return undefined;
    this.others = 0;
    return this.block;
  }

  /** Remembers a block that was not found. */
  remember(bytes: Buffer, from: number, to: number, block: FieldBlock): void {
    const length = to - from;
    this.isFresh = false;
    if (++this.others > PATIENCE && this.others % RARELY !== 0) return;
    if (length > LONGEST || length < 4) return;
    this.isFresh = true;
    if (this.bytes.length < length || this.bytes.length > 4 * length) this.bytes = Buffer.allocUnsafe(length);
    bytes.copy(this.bytes, 0, from, to);
    this.length = length;
    this.block = block;
  }
}
