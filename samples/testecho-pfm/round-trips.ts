import { type Connection, sendTo } from 'hpsocket-rx';
import {
  type Observable,
  type OperatorFunction,
  bufferCount,
  defer,
  endWith,
  from,
  map,
  merge,
  mergeMap,
  of,
  repeat,
  startWith,
  switchMap,
  takeWhile,
  timer,
} from 'rxjs';
import { type Agreed, agreedBy } from '../support/agreed.ts';
import type { Plan } from './plan.ts';

/** What one read brought back. */
export interface RoundTrips {
  readonly bytes: number;
  /** Milliseconds from send to return, for each message that is complete now. */
  readonly times: readonly number[];
  /** Bytes of the connection that have not come back yet. */
  readonly missing: number;
}

/** The messages are on their way. */
export interface Beginning {
  /** What the handshakes came to, if there were any. */
  readonly tls: Agreed | undefined;
}

/**
 * Waits for all connections, then sends the messages on each. Emits that it does, and then whatever comes back; completes when everything has, or nothing more will.
 */
export function roundTrips(plan: Plan): OperatorFunction<Connection, Beginning | RoundTrips> {
  return (connections$) =>
    connections$.pipe(
      bufferCount(plan.connections),
      switchMap((connections) =>
        from(connections).pipe(
          mergeMap((connection) => exchange(connection, plan)),
          startWith({ tls: connections[0] && agreedBy(connections[0]) }),
          endWith(undefined),
        ),
      ),
      takeWhile((trips) => trips !== undefined),
    );
}

function exchange(connection: Connection, { messages, size, interval }: Plan): Observable<RoundTrips> {
  const message = Buffer.alloc(size, 'x');
  const departures: number[] = [];

  const sending = defer(() => {
    departures.push(performance.now());
    return of(message).pipe(sendTo(connection));
  }).pipe(repeat({ count: messages, delay: () => (interval === 0 ? of(0) : timer(interval)) }));

  let missing = messages * size;
  const receiving = connection.receive$.pipe(
    map(({ length: bytes }) => {
      const before = Math.ceil(missing / size);
      missing -= bytes;
      const returned = departures.splice(0, before - Math.ceil(missing / size));
      return { bytes, times: returned.map((at) => performance.now() - at), missing };
    }),
    takeWhile((trips) => trips.missing > 0, true),
  );
  return merge(receiving, sending);
}
