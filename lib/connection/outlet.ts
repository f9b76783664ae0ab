import { ProtocolError } from '../base/errors.ts';
import type { Encoder } from '../codec/codec.ts';
import type { EmissionTask } from '../flow/emission.ts';
import { Batch } from '../framing/batch.ts';
import { flushAtTurnEnd } from '../send/flusher.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import { BLOCK_SIZE } from '../send/send-policy.ts';
import type { Connection, Feeder } from './connection.ts';
import { handlerError } from './errors.ts';

/** As much as is collected before it is handed over; an imported constant would be looked up each time. */
const FULL = BLOCK_SIZE;

/** A turn that sends less leaves its memory to the collector. */
const WORTH_REUSE = 4096;

/** Where the messages of a coded connection go: encoded, to the connection below. */
export interface Outlet<N> {
  send(message: N): SendResult;
  /** What the codec makes of several messages in one send. */
  sendAll(messages: readonly N[]): SendResult;
}

/**
 * The outlet to a stream of bytes. What is encoded in one turn is collected in a batch and handed over as one unit at
 * the end of the turn, so that a hundred small messages cost one entry in the queue below.
 */
export class ByteOutlet<N> implements Outlet<N>, Feeder, EmissionTask {
  private readonly below: Connection<unknown, Uint8Array>;
  private readonly encoder: Encoder<N, Uint8Array>;
  private readonly writesAtOnce: boolean;
  private readonly batch = new Batch();
  private armed = false;
  private finished = false;
  private readonly append = (piece: Uint8Array) => this.batch.append(piece);
  private readonly written = { flush: () => this.reuse() };

  constructor(below: Connection<unknown, Uint8Array>, encoder: Encoder<N, Uint8Array>) {
    this.below = below;
    this.encoder = encoder;
    this.writesAtOnce = below.writesAtOnce;
    below.feedFrom(this);
  }

  get length(): number {
    return this.batch.length;
  }

  send(message: N): SendResult {
    const before = this.batch.length;
    try {
      this.encoder.push(message, this.append);
    } catch (error) {
      return this.takeBack(before, error);
    }
    return this.encoded(before);
  }

  sendAll(messages: readonly N[]): SendResult {
    const before = this.batch.length;
    try {
      encodeAll(this.encoder, messages, this.append);
    } catch (error) {
      return this.takeBack(before, error);
    }
    return this.encoded(before);
  }

  private takeBack(before: number, error: unknown): SendResult {
    this.batch.cut(before);
    return refused(this.below, error);
  }

  private encoded(before: number): SendResult {
    const { batch, below } = this;
    const result = below.accepts(batch.length);
    if (result === 'refused') return this.sendAlone(before);
    if (this.writesAtOnce || batch.length >= FULL) {
      this.flush();
      return result;
    }
    if (!this.armed) {
      this.armed = true;
      flushAtTurnEnd(this);
    }
    below.pendingChanged();
    return result;
  }

  flush(): void {
    this.armed = false;
    // What is cut off keeps its bytes: they count among those that were lost.
    const { batch, below } = this;
    const { length } = batch;
    if (length === 0 || below.accepts(0) === 'refused') return;
    below.send(...batch.take());
    if (length > WORTH_REUSE) flushAtTurnEnd(this.written);
  }

  /** The turn's bytes have been written; if the system has taken them all, their memory serves the next turn. */
  private reuse(): void {
    if (this.below.keepsNothing) this.batch.rewind();
  }

  finish(): void {
    const before = this.batch.length;
    if (!this.finished) {
      this.finished = true;
      if (!sayLast(this.encoder, this.append, this.below)) this.batch.cut(before);
    }
    this.flush();
  }

  discard(): void {
    this.batch.cut(0);
  }

  /** The connection below decides what its limit means for the last message; those before it fit. */
  private sendAlone(before: number): SendResult {
    const last = this.batch.cut(before);
    this.flush();
    return this.below.send(...last);
  }
}

/**
 * The outlet to a connection that takes messages: what is encoded of one message becomes one send. Several messages of
 * one send are encoded before any is sent, so that all of them are sent or none.
 */
export class MessageOutlet<N, O> implements Outlet<N>, Feeder {
  readonly length = 0;
  private readonly below: Connection<unknown, O>;
  private readonly encoder: Encoder<N, O>;
  private pieces: O[] = [];
  private finished = false;
  private readonly collect = (piece: O) => this.pieces.push(kept(piece));

  constructor(below: Connection<unknown, O>, encoder: Encoder<N, O>) {
    this.below = below;
    this.encoder = encoder;
    if (encoder.end !== undefined) below.feedFrom(this);
  }

  send(message: N): SendResult {
    return this.sendAll([message]);
  }

  sendAll(messages: readonly N[]): SendResult {
    const together = messages.length === 1 || this.encoder.pushAll !== undefined;
    const encoded: O[][] = [];
    try {
      for (const group of together ? [messages] : messages.map((message) => [message])) {
        encodeAll(this.encoder, group, this.collect);
        encoded.push(this.takePieces());
      }
    } catch (error) {
      this.pieces = [];
      return refused(this.below, error);
    }
    let result = this.below.accepts(0);
    for (const pieces of encoded) if (pieces.length > 0) result = this.below.send(...pieces);
    return result;
  }

  flush(): void {}

  finish(): void {
    if (this.finished) return;
    this.finished = true;
    const said = sayLast(this.encoder, this.collect, this.below);
    const pieces = this.takePieces();
    if (said && pieces.length > 0) this.below.send(...pieces);
  }

  discard(): void {}

  private takePieces(): O[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }
}

function encodeAll<N, O>(encoder: Encoder<N, O>, messages: readonly N[], emit: (piece: O) => void): void {
  if (messages.length === 1) encoder.push(messages[0] as N, emit);
  else if (encoder.pushAll !== undefined) encoder.pushAll(messages, emit);
  else for (const message of messages) encoder.push(message, emit);
}

/** Lets the encoder say its last words. If it fails at that, the connection ends without them. */
function sayLast<N, O>(
  encoder: Encoder<N, O>,
  emit: (piece: O) => void,
  below: Connection<unknown, never>,
): boolean {
  try {
    encoder.end?.(emit);
    return true;
  } catch (error) {
    below.refuse(error instanceof ProtocolError ? error : handlerError(error));
    return false;
  }
}

/** What cannot be encoded is refused; anything else that is thrown is a mistake of the caller. */
function refused(below: Connection<unknown, never>, error: unknown): 'refused' {
  if (error instanceof ProtocolError) return below.refuse(error);
  throw error;
}

/** A copy of bytes that the encoder is going to use again; anything else as it is. */
function kept<O>(piece: O): O {
  return piece instanceof Uint8Array ? (Uint8Array.prototype.slice.call(piece) as O) : piece;
}
