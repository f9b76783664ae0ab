import { asapScheduler } from 'rxjs';
import { ProtocolError, NetworkTimeoutError, type NetworkError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Codec, Decoder } from '../codec/codec.ts';
import { type Settling, enter, isEmitting, leave, settleLater } from '../flow/emission.ts';
import { SourceSubscriber } from '../flow/event-source.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import type { Lease } from '../flow/lease.ts';
import { sizeOf } from '../flow/size-of.ts';
import { frameTimedOut } from '../framing/decode.ts';
import { FrameTimer } from '../framing/frame-timer.ts';
import type { TlsInfo } from '../transport/tls/tls-info.ts';
import type { Connection } from './connection.ts';
import { handlerError } from './errors.ts';

/** Who gets the messages. */
interface Reader<M> {
  /** Whether anybody listens. */
  readonly wanted: boolean;
  /** Answers whether anybody listened. */
  deliver(message: M): boolean;
  /** Nothing more will come. */
  intakeEnded(error: NetworkError | undefined): void;
}

/**
 * Decodes what a connection receives. A message that is decoded when it may not be delivered, because the handler of
 * the one before has paused receiving or left, waits here: at most what was in one chunk.
 */
export class Intake<I, M> implements Settling {
  private readonly below: Connection<I, never>;
  private readonly gate: FlowGate;
  private readonly reader: Reader<M>;
  private readonly codec: Decoding<I, M>;
  private decoder: Decoder<I, M>;
  /** What protected the connection when the decoder began. */
  private protection: TlsInfo | undefined;
  private readonly timer: FrameTimer | undefined;
  private subscriber: IntakeSubscriber<I> | undefined;
  /** What waits; and while something does, a lease, so that the connection is not taken for idle. */
  private readonly waiting = new Fifo<M>();
  private lease: Lease | undefined;
  private draining = false;
  private ended = false;
  /** What was wrong with what has come; nothing more is decoded. */
  private fault: NetworkError | undefined;
  private reported = false;

  constructor(below: Connection<I, never>, codec: Decoding<I, M>, reader: Reader<M>) {
    const { frameTimeout = 0 } = codec;
    this.below = below;
    this.gate = below.flow;
    this.reader = reader;
    this.codec = codec;
    this.decoder = codec.decoder();
    this.protection = below.tls;
    if (frameTimeout > 0) {
      this.timer = new FrameTimer(frameTimeout, below.scheduler, () =>
        this.fail(frameTimedOut(frameTimeout)),
      );
      below.onReading(this.timer);
    }
  }

  /** Reads from below while somebody listens. */
  update(): void {
    const { wanted } = this.reader;
    if (!wanted) {
      this.subscriber?.unsubscribe();
      this.subscriber = undefined;
    } else if (this.waiting.length > 0) {
      asapScheduler.schedule(() => this.drain());
    } else if (this.subscriber === undefined && !this.ended) {
      const subscriber = new IntakeSubscriber<I>(this);
      this.subscriber = subscriber;
      this.below.receive$.subscribe(subscriber);
    }
  }

  /** A chunk has come. */
  push(chunk: I): void {
    if (this.below.tls !== this.protection) this.beginAnew();
    if (this.fault !== undefined) return;
    try {
      this.decoder.push(chunk, this.emit);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.below.isShakingHands && this.decoder.residue > 0) this.failUnprotected();
    this.timer?.update(this.decoder.residue, sizeOf(chunk));
    if (this.waiting.length > 0) settleLater(this);
  }

  /** The stream below has ended. */
  end(error: NetworkError | undefined): void {
    this.timer?.stop();
    if (error === undefined && !this.below.deaf && this.fault === undefined) {
      try {
        this.decoder.end?.(this.emit);
      } catch (thrown) {
        this.fail(thrown);
      }
    }
    this.ended = true;
    if (error !== undefined || this.below.deaf)
      this.finish(error ?? (this.reported ? this.fault : undefined));
    else if (this.waiting.length === 0) this.finish(this.fault);
    else this.keepWaiting();
  }

  /** The emission in which something began to wait is over. */
  settle(): void {
    this.drain();
  }

  /** Delivers what waits, as far as it may. */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    const { waiting, below, reader } = this;
    try {
      // What holds back may be gone by the end of the emission.
      while (this.mayDeliver()) {
        const outer = enter(this.gate);
        try {
          while (this.mayDeliver()) reader.deliver(waiting.shift());
        } finally {
          leave(outer);
        }
      }
    } finally {
      this.draining = false;
    }
    if (below.deaf) waiting.clear();
    if (waiting.length > 0) this.keepWaiting();
    else this.drained();
  }

  /** TLS has begun: nothing that came without it may pass for something that came with it. */
  private beginAnew(): void {
    this.protection = this.below.tls;
    if (this.decoder.residue > 0 || this.waiting.length > 0) this.failUnprotected();
    else this.decoder = this.codec.decoder();
  }

  /** Somebody between the two sides may have added it (CVE-2011-0411). */
  private failUnprotected(): void {
    this.waiting.clear();
    const what = 'there are bytes behind the message after which TLS began';
    this.fail(new ProtocolError('ERR_FRAME_DATA', what, { operation: 'receive' }));
  }

  private mayDeliver(): boolean {
    const { waiting, below, reader } = this;
    if (waiting.length > 0 && (below.isShakingHands || below.tls !== this.protection)) this.failUnprotected();
    return waiting.length > 0 && reader.wanted && !this.gate.held && !below.deaf;
  }

  private readonly emit = (message: M): void => {
    if (this.below.deaf) return;
    if (this.below.isShakingHands) {
      this.failUnprotected();
      return;
    }
    if (this.waiting.length > 0 || this.gate.held || !this.reader.deliver(message))
      this.waiting.push(message);
  };

  private keepWaiting(): void {
    if (this.lease === undefined) {
      let bytes = 0;
      for (let i = 0; i < this.waiting.length; i++) bytes += sizeOf(this.waiting.at(i));
      this.lease = this.gate.lease(bytes, 'codec');
    }
    this.below.whenFree(this);
    // Inside an emission, a hold that ends before the emission does changes nothing that anybody would be told of.
    if (isEmitting()) settleLater(this);
  }

  private drained(): void {
    this.lease?.release();
    this.lease = undefined;
    if (this.fault !== undefined) this.report(this.fault);
    if (this.ended) this.finish(this.fault);
    else this.update();
  }

  private finish(error: NetworkError | undefined): void {
    this.ended = true;
    this.waiting.clear();
    this.lease?.release();
    this.lease = undefined;
    this.reader.intakeEnded(error);
  }

  /** What was received is no good, or not in time. */
  private fail(error: unknown): void {
    if (this.fault !== undefined || this.below.deaf) return;
    this.timer?.stop();
    this.fault = asNetworkError(error);
    // What came before it is delivered first.
    if (this.waiting.length === 0) this.report(this.fault);
    else if (isEmitting()) settleLater(this);
    else this.keepWaiting();
  }

  private report(failure: NetworkError): void {
    if (this.reported || this.below.deaf) return;
    this.reported = true;
    if (failure instanceof ProtocolError) this.below.fail('protocol', failure);
    else this.below.fail(failure instanceof NetworkTimeoutError ? 'timeout' : 'handler', failure);
  }
}

/** The half of a codec that receives. */
type Decoding<I, M> = Pick<Codec<I, M>, 'decoder' | 'frameTimeout'>;

/** Between the connection below and an {@link Intake}. */
class IntakeSubscriber<I> extends SourceSubscriber<I> {
  private readonly intake: { push(chunk: I): void; end(error: NetworkError | undefined): void };

  constructor(intake: { push(chunk: I): void; end(error: NetworkError | undefined): void }) {
    super();
    this.intake = intake;
  }

  protected override _next(chunk: I): void {
    this.intake.push(chunk);
  }

  protected override _error(error: unknown): void {
    this.unsubscribe();
    this.intake.end(error as NetworkError);
  }

  protected override _complete(): void {
    this.unsubscribe();
    this.intake.end(undefined);
  }
}

/** What a decoder threw: an error of the protocol, or a mistake in the codec. */
function asNetworkError(error: unknown): NetworkError {
  return error instanceof ProtocolError || error instanceof NetworkTimeoutError ? error : handlerError(error);
}
