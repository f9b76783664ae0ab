import {
  Observable,
  type ObservableInput,
  type OperatorFunction,
  Subscription,
  type Subscriber,
  from,
} from 'rxjs';
import { integer, table } from '../base/options.ts';
import type { Closed } from '../connection/closed.ts';
import type { Connection } from '../connection/connection.ts';
import { handlerError } from '../connection/stream-connection.ts';
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
export function handleEach<C extends Connection<never, never>>(
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
class Handling<C extends Connection<never, never>> {
  private readonly subscriber: Subscriber<Closed>;
  private readonly handler: (connection: C) => ObservableInput<unknown>;
  private readonly concurrency: number;
  private readonly running = new Map<C, Subscription>();
  private readonly waiting = new Set<C>();
  private open = 0;
  private ended = false;

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
    this.open++;
    this.waiting.add(connection);
    const closing = connection.close$.subscribe((closed) => this.connectionEnded(connection, closed));
    this.subscriber.add(closing);
    closing.add(() => this.subscriber.remove(closing));
    this.handleWaiting();
  }

  sourceEnded(): void {
    this.ended = true;
    this.completeIfOver();
  }

  stop(): void {
    for (const [connection, handling] of this.running) {
      handling.unsubscribe();
      connection.disconnect();
    }
    for (const connection of this.waiting) connection.disconnect();
    this.running.clear();
    this.waiting.clear();
  }

  private handleWaiting(): void {
    for (const connection of this.waiting) {
      if (this.running.size >= this.concurrency) return;
      this.waiting.delete(connection);
      this.handle(connection);
    }
  }

  private handle(connection: C): void {
    const handling = new Subscription();
    this.running.set(connection, handling);
    handling.add(connection.beginHandler());
    let work: Observable<unknown>;
    try {
      work = from(this.handler(connection));
    } catch (error) {
      connection.fail('handler', handlerError(error));
      return;
    }
    handling.add(
      work.subscribe({
        error: (error: unknown) => {
          if (error !== connection.lastError || connection.state !== 'closed')
            connection.fail('handler', handlerError(error));
          this.handlerEnded(connection);
        },
        complete: () => {
          connection.disconnect();
          this.handlerEnded(connection);
        },
      }),
    );
  }

  private handlerEnded(connection: C): void {
    const handling = this.running.get(connection);
    this.running.delete(connection);
    handling?.unsubscribe();
    this.handleWaiting();
  }

  private connectionEnded(connection: C, closed: Closed): void {
    this.waiting.delete(connection);
    this.handlerEnded(connection);
    this.open--;
    this.subscriber.next(closed);
    this.completeIfOver();
  }

  private completeIfOver(): void {
    if (this.ended && this.open === 0) this.subscriber.complete();
  }
}
