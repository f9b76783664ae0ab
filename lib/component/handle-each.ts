import { Observable, type ObservableInput, type OperatorFunction, Subscriber, from } from 'rxjs';
import { NetworkError, NetworkTimeoutError, OptionError, ProtocolError } from '../base/errors.ts';
import { integer, table } from '../base/options.ts';
import type { CloseReason, Closed } from '../connection/closed.ts';
import type { Connection, EndListener } from '../connection/connection.ts';
import { handlerError, warnOf } from '../connection/errors.ts';
import { Relay } from '../flow/relay.ts';

/** Options of {@link handleEach}. */
export interface HandleEachOptions {
  /**
   * How many connections are handled at the same time; the others wait in order, unread. 1 to 2^31 - 1.
   * @default 2147483647
   */
  readonly concurrency?: number;
}

const checkOptions = table<HandleEachOptions>({
  concurrency: integer({ min: 1, max: 2 ** 31 - 1, fallback: 2 ** 31 - 1 }),
});

/**
 * Runs a handler for every connection, each for itself, and emits how each connection ended.
 *
 * The handler's Observable decides about the connection's life: when it completes, the connection is closed in an
 * orderly way, everything sent before included, and as long as it runs, a peer that has ended its side still gets
 * answers. When the handler throws or its Observable errors, its connection is closed with reason `handler`, or with
 * the reason of the error if the connection itself has failed; no other connection is touched. When the connection
 * ends, the handler is unsubscribed from. What the handler emits is ignored.
 *
 * Completes when the source has completed and all connections have ended; errors with the source. Unsubscribing stops
 * all handlers and closes their connections in an orderly way.
 *
 * @example
 * listen({ port: 5555 })
 *   .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
 *   .subscribe(({ id, reason }) => console.log(`connection ${id} closed: ${reason}`));
 */
export function handleEach<C extends Connection<unknown, never>>(
  handler: (connection: C) => ObservableInput<unknown>,
  options: HandleEachOptions = {},
): OperatorFunction<C, Closed> {
  const { concurrency } = checkOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const handling = new Handling(subscriber, handler, concurrency);
      subscriber.add(() => handling.stop());
      source.subscribe(
        new Relay<C, Closed>(
          subscriber,
          (connection) => handling.take(connection),
          () => handling.sourceEnded(),
        ),
      );
    });
}

/** The connections of one subscription: those being handled, and those that wait. */
class Handling<C extends Connection<unknown, never>> {
  private readonly subscriber: Subscriber<Closed>;
  private readonly handler: (connection: C) => ObservableInput<unknown>;
  private readonly concurrency: number;
  private readonly running = new Set<Handler<C>>();
  private readonly waiting = new Set<Handler<C>>();
  /** Handlers that have not ended yet; their connections may live a little longer. */
  private busy = 0;
  private filling = false;
  private sourceHasEnded = false;
  private stopped = false;

  constructor(
    subscriber: Subscriber<Closed>,
    handler: (connection: C) => ObservableInput<unknown>,
    concurrency: number,
  ) {
    this.subscriber = subscriber;
    this.handler = handler;
    this.concurrency = concurrency;
  }

  take(connection: C): void {
    const handler = new Handler(this, connection);
    if (this.busy < this.concurrency) this.run(handler);
    else this.waiting.add(handler);
    connection.onEnd(handler);
  }

  sourceEnded(): void {
    this.sourceHasEnded = true;
    this.completeIfOver();
  }

  stop(): void {
    this.stopped = true;
    for (const handler of [...this.running, ...this.waiting]) {
      handler.unsubscribe();
      handler.connection.offEnd(handler);
      handler.connection.disconnect();
    }
    this.running.clear();
    this.waiting.clear();
  }

  /** The handler is done; its connection has yet to end. */
  handlerEnded(): void {
    this.busy--;
    if (this.stopped || this.filling) return;
    this.filling = true; // a handler that ends at once comes back here
    for (const next of this.waiting) {
      if (this.busy >= this.concurrency) break;
      this.waiting.delete(next);
      this.run(next);
    }
    this.filling = false;
  }

  connectionEnded(handler: Handler<C>, closed: Closed): void {
    if (this.stopped) return;
    this.running.delete(handler);
    this.waiting.delete(handler);
    this.subscriber.next(closed);
    this.completeIfOver();
  }

  private run(handler: Handler<C>): void {
    this.running.add(handler);
    this.busy++;
    handler.start(this.handler);
  }

  private completeIfOver(): void {
    if (this.sourceHasEnded && this.running.size + this.waiting.size === 0) this.subscriber.complete();
  }
}

/** The handler of one connection: subscribed to what the user's function returned. */
class Handler<C extends Connection<unknown, never>> extends Subscriber<unknown> implements EndListener {
  readonly connection: C;
  private readonly handling: Handling<C>;
  private started = false;

  constructor(handling: Handling<C>, connection: C) {
    super();
    this.handling = handling;
    this.connection = connection;
  }

  start(handler: (connection: C) => ObservableInput<unknown>): void {
    this.started = true;
    this.connection.handlerRuns(true);
    try {
      from(handler(this.connection)).subscribe(this);
    } catch (error) {
      this.error(error);
    }
  }

  connectionEnded(closed: Closed): void {
    this.unsubscribe();
    this.handling.connectionEnded(this, closed);
  }

  override unsubscribe(): void {
    if (this.closed) return;
    try {
      super.unsubscribe();
    } catch (error) {
      this.teardownThrew(handlerError(error));
    }
    if (!this.started) return;
    this.connection.handlerRuns(false);
    this.handling.handlerEnded();
  }

  protected override _next(): void {}

  protected override _error(error: unknown): void {
    const { connection } = this;
    // The connection's own failure comes back through the handler; it has its reason already.
    if (connection.state !== 'closed') connection.fail(reasonOf(error), asFailure(error));
    this.unsubscribe();
  }

  private teardownThrew(error: NetworkError): void {
    if (this.connection.state === 'closed') warnOf(error);
    else this.connection.fail('handler', error);
  }

  protected override _complete(): void {
    this.connection.disconnect();
    this.unsubscribe();
  }
}

/** A codec in front of the handler may have found that the peer breaks the protocol. */
function reasonOf(error: unknown): CloseReason {
  if (error instanceof ProtocolError) return 'protocol';
  return error instanceof NetworkTimeoutError && error.timeout === 'frame' ? 'timeout' : 'handler';
}

/** The failure of another connection stays what it is; everything else is a fault of the handler. */
function asFailure(error: unknown): NetworkError {
  return error instanceof NetworkError && !(error instanceof OptionError) ? error : handlerError(error);
}
