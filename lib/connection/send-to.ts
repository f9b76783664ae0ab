import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { type Resolved, flag, having, table } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { type EmissionTask, afterEmission, currentGate, isEmitting } from '../flow/emission.ts';
import { SourceSubscriber } from '../flow/event-source.ts';
import type { Borrower, Lender } from '../framing/encode.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import { sizeOf } from '../flow/size-of.ts';
import { Tracker, type TrackingOptions } from '../flow/untracked.ts';
import type { SentWaiter } from '../send/outbox.ts';
import type { Closed } from './closed.ts';
import type { Connection, EndListener } from './connection.ts';

/** Options of {@link sendTo}. */
export interface SendToOptions extends TrackingOptions {
  /**
   * Whether completion of the source ends our side of the connection (FIN), as a proxy wants it.
   * @default false
   */
  readonly end?: boolean;
}

const checkOptions = table<SendToOptions>({
  end: flag(false),
  gate: having<FlowGate | undefined>('lease', 'a FlowGate', undefined),
  strictFlow: Object.assign(flag(false), { fallback: undefined }),
});

/** Shared by all subscriptions without options: there is one per connection. */
const DEFAULTS = checkOptions({});

/**
 * Sends every value on a connection, pushing back: a value holds a lease on the gate that delivered it until the
 * operating system has taken its bytes, so that a slow receiver pauses the sender and a proxy is bounded end to end.
 *
 * Emits nothing. Completes when the source has completed and everything has been sent, or when the connection closes
 * without a failure. Errors with the error of the connection, with `ERR_CLOSED` when a value comes after its end, and
 * with `ERR_SEND_OVERFLOW` when an untracked source overruns it. After unsubscribing, what was accepted is still sent,
 * and its leases end then.
 *
 * @example
 * listen({ port: 5555 }).pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
 */
export function sendTo<Out = BytesLike>(
  connection: Connection<unknown, Out>,
  options?: SendToOptions,
): OperatorFunction<Out, never> {
  const settings = options === undefined ? DEFAULTS : checkOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      source.subscribe(new Sending<Out>(subscriber, connection, settings));
    });
}

/** One subscription of {@link sendTo}: between its source and its destination, and told of the connection's end. */
class Sending<Out> extends SourceSubscriber<Out> implements EndListener, SentWaiter, EmissionTask, Borrower {
  private readonly subscriber: Subscriber<never>;
  private readonly connection: Connection<unknown, Out>;
  private readonly settings: Resolved<SendToOptions>;
  private tracker: Tracker | undefined = undefined;
  /** Bytes sent in this emission for which no lease has been taken, and the gate that delivered them. */
  private owed = 0;
  private gate: FlowGate | undefined = undefined;
  private lender: Lender | undefined = undefined;

  constructor(
    subscriber: Subscriber<never>,
    connection: Connection<unknown, Out>,
    settings: Resolved<SendToOptions>,
  ) {
    super(subscriber);
    this.subscriber = subscriber;
    this.connection = connection;
    this.settings = settings;
    connection.onEnd(this);
  }

  protected override _next(value: Out): void {
    const { connection, settings } = this;
    try {
      const gate = settings.gate ?? currentGate() ?? this.untracked();
      if (connection.send(value) === 'refused') throw refusal(connection);
      if (gate === undefined) return;
      if (this.owed > 0 && gate === this.gate) this.owed += sizeOf(value);
      else this.owe(gate, sizeOf(value));
    } catch (error) {
      this.subscriber.error(error);
    }
  }

  /** Begins to count what has been sent of one gate's values in this emission. */
  private owe(gate: FlowGate, bytes: number): void {
    this.flush();
    this.gate = gate;
    this.owed = bytes;
    if (isEmitting()) afterEmission(this);
    else this.flush();
  }

  /** The emission is over and what it sent is written. Mostly all has been taken, and no lease is needed. */
  flush(): void {
    const { gate, owed, connection } = this;
    this.owed = 0;
    if (owed > 0 && connection.pending > 0) connection.whenSent(gate!.lease(owed, 'sendTo'));
    else if (this.lender !== undefined && connection.keepsNothing) this.lender.rewind();
  }

  borrowFrom(lender: Lender): void {
    this.lender = lender;
  }

  /** The source has completed; this is over when everything has been sent. */
  protected override _complete(): void {
    this.connection.whenSent(this);
  }

  release(error?: NetworkError): void {
    // An error says that the connection has ended; how, it tells next.
    if (this.closed || error !== undefined) return;
    if (this.settings.end) this.connection.end();
    this.subscriber.complete();
  }

  connectionEnded({ error }: Closed): void {
    if (error === undefined) this.subscriber.complete();
    else this.subscriber.error(error);
  }

  override unsubscribe(): void {
    if (!this.closed) this.connection.offEnd(this);
    super.unsubscribe();
  }

  private untracked(): FlowGate | undefined {
    return (this.tracker ??= new Tracker('sendTo', this.settings)).gate();
  }
}

function refusal({ lastError }: Connection<unknown, never>): NetworkError {
  return lastError ?? new NetworkError('ERR_CLOSED', 'nothing can be sent', { operation: 'send' });
}
