import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { Encoder } from '../codec/codec.ts';
import { type EmissionTask, afterEmission, currentGate, isEmitting } from '../flow/emission.ts';
import { SourceSubscriber } from '../flow/event-source.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import { BLOCK_SIZE } from '../send/send-policy.ts';
import { Batch } from './batch.ts';

/** The half of a codec that sends. */
export interface Encoding<N> {
  encoder(): Encoder<N, Uint8Array>;
}

/**
 * Encodes a stream: messages in, bytes out. Each subscription has its own encoder.
 *
 * Messages that arrive in one emission of a gate, such as all packets of one received chunk, come out together at its
 * end as one chunk (more, if they are long), under the same gate; a message outside an emission comes out at once.
 *
 * Errors with its source, and with a ProtocolError when a message cannot be encoded; what came before is emitted
 * first. Completes with its source. Unsubscribing drops what waits for the end of the emission.
 *
 * @example
 * connection.receive$
 *   .pipe(decode(pack()), map(answer), encode(pack()), sendTo(connection))
 *   .subscribe({ error: report });
 */
export function encode<N>(codec: Encoding<N>): OperatorFunction<N, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      source.subscribe(new EncodingSubscriber<N>(subscriber, codec.encoder()));
    });
}

/**
 * A subscriber that does not keep what it takes, such as that of `sendTo`: subscribed to `encode` without an operator
 * in between, it lets the memory of one turn serve the next one.
 */
export interface Borrower {
  /** It is to call {@link Lender.rewind} whenever nobody refers any more to what it was given. */
  borrowFrom(lender: Lender): void;
}

/** Whose memory may be used again. */
export interface Lender {
  rewind(): void;
}

/** Between the messages of one subscription and those who take the bytes. */
class EncodingSubscriber<N> extends SourceSubscriber<N> implements EmissionTask {
  private readonly subscriber: Subscriber<Uint8Array>;
  private readonly encoder: Encoder<N, Uint8Array>;
  private readonly batch = new Batch();
  private gate: FlowGate | undefined = undefined;
  private armed = false;
  private flushing = false;
  private readonly append = (piece: Uint8Array) => this.batch.append(piece);

  constructor(subscriber: Subscriber<Uint8Array>, encoder: Encoder<N, Uint8Array>) {
    super(subscriber);
    this.subscriber = subscriber;
    this.encoder = encoder;
    if (isBorrower(subscriber)) subscriber.borrowFrom(this.batch);
  }

  protected override _next(message: N): void {
    const { batch } = this;
    const gate = currentGate();
    if (gate !== this.gate) this.flush();
    this.gate = gate;
    const before = batch.length;
    try {
      this.encoder.push(message, this.append);
    } catch (error) {
      batch.cut(before);
      this.error(error);
      return;
    }
    if (!isEmitting() || batch.length >= BLOCK_SIZE) {
      this.flush();
    } else if (!this.armed) {
      this.armed = true;
      afterEmission(this);
    }
  }

  protected override _error(error: unknown): void {
    this.flush();
    this.subscriber.error(error);
  }

  protected override _complete(): void {
    const before = this.batch.length;
    try {
      this.encoder.end?.(this.append);
    } catch (error) {
      this.batch.cut(before);
      this._error(error);
      return;
    }
    this.flush();
    this.subscriber.complete();
  }

  /** Lets out what has been encoded, under the gate that delivered the messages. */
  flush(): void {
    const { batch, gate, subscriber } = this;
    this.armed = false;
    if (this.flushing) return; // a message that came while others go out
    this.flushing = true;
    while (batch.length > 0) {
      for (const piece of batch.take()) {
        if (gate === undefined || gate === currentGate()) subscriber.next(piece);
        else gate.deliver(subscriber, piece);
      }
    }
    this.flushing = false;
  }
}

function isBorrower(subscriber: object): subscriber is Borrower {
  return 'borrowFrom' in subscriber;
}
