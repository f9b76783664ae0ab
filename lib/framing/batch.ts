import { viewOf } from '../bytes/view.ts';
import { BLOCK_SIZE, SMALL } from '../send/send-policy.ts';

/** What small pieces below this length are copied byte by byte: calling the runtime costs more. */
const TINY = 16;

/** One block for all batches, filled from the front; a full one is left to those who still refer to it. */
let block = newBlock();
let used = 0;

/** Found once: looking a method up takes longer than copying a small piece. */
const copyInto = Uint8Array.prototype.set;

function newBlock(): Uint8Array {
  return Buffer.allocUnsafeSlow(BLOCK_SIZE);
}

/**
 * Encoded bytes that wait for the end of a turn. Small pieces are copied into a block, so that what encodes them may
 * use its memory again; large ones are kept as they are.
 */
export class Batch {
  private pieces: Uint8Array[] = [];
  /** The part of the block that has been filled for this batch last. */
  private block = block;
  private start = 0;
  private end = 0;
  /** Bytes in the batch. */
  length = 0;

  /** Adds a piece behind the others. */
  append(piece: Uint8Array): void {
    const { length } = piece;
    this.length += length;
    if (length >= SMALL) {
      this.close();
      this.pieces.push(piece);
      return;
    }
    if (used !== this.end || block !== this.block || used + length > BLOCK_SIZE) this.open(length);
    if (length <= TINY) for (let i = 0; i < length; i++) block[used + i] = piece[i]!;
    else copyInto.call(block, piece, used);
    used += length;
    this.end = used;
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

  private open(length: number): void {
    this.close();
    if (used + length > BLOCK_SIZE) {
      block = newBlock();
      used = 0;
    }
    this.block = block;
    this.start = this.end = used;
  }

  private close(): void {
    if (this.end > this.start)
      this.pieces.push(viewOf(this.block.buffer, this.block.byteOffset + this.start, this.end - this.start));
    this.start = this.end;
  }
}
