import { viewOf } from '../bytes/view.ts';
import { BLOCK_SIZE, SMALL } from '../send/send-policy.ts';

/** Small pieces up to this length are copied byte by byte: calling the runtime costs more. */
const TINY = 16;

// Known in this module, these are constants to the compiler; imported ones are looked up each time.
const BLOCK = BLOCK_SIZE;
const LARGE = SMALL;

/** Found once: looking a method up takes longer than copying a small piece. */
const copyInto = Uint8Array.prototype.set;

/** One block for all batches, filled from the front; a full one is left to those who still refer to it. */
const shared = { block: newBlock(), used: 0 };

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
  private block = shared.block;
  private start = 0;
  private end = 0;
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

  /** Takes everything out: pieces in order, neighbours joined. */
  take(): Uint8Array[] {
    this.close();
    const { pieces } = this;
    this.pieces = [];
    this.length = 0;
    return pieces;
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
    if (shared.used + length > BLOCK) {
      shared.block = newBlock();
      shared.used = 0;
    }
    this.block = shared.block;
    this.start = this.end = shared.used;
  }

  private close(): void {
    if (this.end > this.start)
      this.pieces.push(viewOf(this.block.buffer, this.block.byteOffset + this.start, this.end - this.start));
    this.start = this.end;
  }
}
