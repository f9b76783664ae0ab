import { viewOf } from '../bytes/view.ts';
import { BLOCK_SIZE, SMALL } from '../send/send-policy.ts';

/** Small pieces up to this length are copied byte by byte: calling the runtime costs more. */
const TINY = 16;

/** Two reads of the system: a batch that answers one of them mostly stays in one piece. */
const BLOCK = 2 * BLOCK_SIZE;

// Known in this module, this is a constant to the compiler; an imported one is looked up each time.
const LARGE = SMALL;

/** Found once: looking a method up takes longer than copying a small piece. */
const copyInto = Uint8Array.prototype.set;

const NOTHING: Uint8Array = new Uint8Array(0);

/** One block for all batches, filled from the front; a full one is left to those who still refer to it. */
const shared = { block: newBlock(), number: 0, used: 0 };

function newBlock(): Uint8Array {
  return Buffer.allocUnsafeSlow(BLOCK);
}

/**
 * Encoded bytes that wait for the end of a turn. Small pieces are copied into a block, so that what encodes them may
 * use its memory again; large ones are kept as they are.
 */
export class Batch {
  private pieces: Uint8Array[] = [];
  /** The part of the block that has been filled for this batch last. */
  private block = NOTHING;
  private number = 0;
  private start = 0;
  private end = 0;
  /** Whether all that was taken last is one part of the block. */
  private whole = false;
  /** How long batches are of late. */
  private usual = 0;
  /** Bytes in the batch. */
  length = 0;

  /** Adds a piece behind the others. */
  append(piece: Uint8Array): void {
    const { length } = piece;
    this.length += length;
    if (length >= LARGE) {
      this.close();
      this.pieces.push(piece);
      return;
    }
    if (shared.used !== this.end || shared.block !== this.block || this.end + length > BLOCK)
      this.open(length);
    const { block, end } = this;
    if (length > TINY) {
      copyInto.call(block, piece, end);
    } else if (length === 4) {
      // Most pieces this small are the four bytes of a header; the loop takes three times as long.
      block[end] = piece[0]!;
      block[end + 1] = piece[1]!;
      block[end + 2] = piece[2]!;
      block[end + 3] = piece[3]!;
    } else {
      for (let i = 0; i < length; i++) block[end + i] = piece[i]!;
    }
    this.end = shared.used = end + length;
  }

  /**
   * Makes room behind the others, for a piece that is written in place: to the block, from {@link at} on. What is
   * written becomes part of the batch by {@link filled}; nothing else may be done with the batch in between.
   */
  space(atLeast: number): Uint8Array {
    if (shared.used !== this.end || shared.block !== this.block || this.end + atLeast > BLOCK)
      this.open(atLeast);
    return this.block;
  }

  /** Where in the block {@link space} begins. */
  get at(): number {
    return this.end;
  }

  /** The space has been filled up to `end`. */
  filled(end: number): void {
    this.length += end - this.end;
    this.end = shared.used = end;
  }

  /** Takes everything out: pieces in order, neighbours joined. */
  take(): Uint8Array[] {
    this.whole = this.block !== NOTHING && this.length === this.end - this.start;
    this.usual = Math.max(this.length, this.usual - (this.usual >> 3));
    this.close();
    const { pieces } = this;
    this.pieces = [];
    this.length = 0;
    return pieces;
  }

  /** Lets the bytes taken last be overwritten. Only when nobody refers to them any more. */
  rewind(): void {
    if (this.whole && shared.number === this.number && shared.used === this.end) shared.used = this.start;
    this.whole = false;
  }

  /** Takes out what was added after the first `length` bytes. */
  cut(length: number): Uint8Array[] {
    const kept: Uint8Array[] = [];
    const rest: Uint8Array[] = [];
    let room = length;
    for (const piece of this.take()) {
      const fitting = Math.min(room, piece.length);
      if (fitting > 0) kept.push(piece.subarray(0, fitting));
      if (fitting < piece.length) rest.push(piece.subarray(fitting));
      room -= fitting;
    }
    this.pieces = kept;
    this.length = length;
    return rest;
  }

  /** Goes on behind what has been filled, in a new block if this one has no room for so much. */
  private open(length: number): void {
    this.close();
    const needed = this.length > length ? length : Math.min(Math.max(length, this.usual), BLOCK);
    if (shared.used + needed > BLOCK) {
      shared.block = newBlock();
      shared.number++;
      shared.used = 0;
    }
    this.block = shared.block;
    this.number = shared.number;
    this.start = this.end = shared.used;
  }

  private close(): void {
    const { block, start, end } = this;
    if (block === NOTHING) return;
    this.pieces.push(viewOf(block.buffer, block.byteOffset + start, end - start));
    // An object that has grown old would keep the block alive until the next full collection.
    this.block = NOTHING;
  }
}
