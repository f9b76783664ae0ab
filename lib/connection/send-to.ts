import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { flag, having, table } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import { Relay } from '../flow/relay.ts';
import { sizeOf } from '../flow/size-of.ts';
import { Tracker, type TrackingOptions } from '../flow/untracked.ts';
import type { Connection } from './connection.ts';

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
  options: SendToOptions = {},
): OperatorFunction<Out, never> {
  const { end, gate, strictFlow } = checkOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const tracker = new Tracker('sendTo', { gate, strictFlow });
      subscriber.add(connection.close$.subscribe(({ error }) => finish(subscriber, error)));
      source.subscribe(
        new Relay<Out, never>(
          subscriber,
          (value) => {
            const on = tracker.gate();
            if (connection.send(value) === 'refused')
              throw connection.lastError ?? new NetworkError('ERR_CLOSED', 'refused');
            if (on !== undefined) connection.whenSent(on.lease(sizeOf(value), 'sendTo'));
          },
          () => {
            connection.whenSent({
              release: (error) => {
                if (end) connection.end();
                finish(subscriber, error);
              },
            });
          },
        ),
      );
    });
}

function finish(subscriber: Subscriber<never>, error: NetworkError | undefined): void {
  if (error === undefined) subscriber.complete();
  else subscriber.error(error);
}
