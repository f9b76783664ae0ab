import { viewOf } from '../bytes/view.ts';

/**
 * Where encoded bytes are put, so that many small messages become one piece of memory without a copy in between. A `Batch`
 * is one.
 */
export interface WsOutput {
  /** Makes room for what is written in place: to the memory that is answered with, from {@link at} on. */
  space(atLeast: number): Uint8Array;
  /** Where in that memory the room begins. */
  readonly at: number;
  /** The room has been filled up to `end`. */
  filled(end: number): void;
  /** Adds a piece; one of 8 KiB and more is kept as it is, and not changed any more by whoever gave it. */
  append(piece: Uint8Array): void;
}

/** A header and a body up to the size below which pieces belong to their encoder: one piece of the scratch memory. */
const ROOM = 8 * 1024;

/** Emits what is put to it, as encoders do. */
export class EmittingOutput implements WsOutput {
  readonly at = 0;
  /** Where pieces go. */
  emit: (piece: Uint8Array) => void = ignore;
  private memory: Buffer = scratch;

  space(atLeast: number): Uint8Array {
    this.memory = atLeast <= ROOM ? scratch : Buffer.allocUnsafeSlow(atLeast);
    return this.memory;
  }

  filled(end: number): void {
    const { memory } = this;
    this.memory = scratch;
    this.emit(viewOf(memory.buffer, 0, end));
  }

  append(piece: Uint8Array): void {
    this.emit(piece);
  }
}

/** All encoders write one after the other, and what they emit is copied at once. */
const scratch = Buffer.allocUnsafeSlow(ROOM);

function ignore(): void {}
