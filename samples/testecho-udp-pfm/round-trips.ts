import { type Connection, sendTo } from 'hpsocket-rx';
import {
  EMPTY,
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
  timeout,
  timer,
} from 'rxjs';
import type { Beginning, RoundTrips } from '../testecho-pfm/round-trips.ts';
import type { Plan } from './plan.ts';

/** Milliseconds without an answer after which what is missing is taken for lost. */
const PATIENCE = 1000;

/**
 * Waits for all connections, then sends the datagrams on each. Emits that it does, and then whatever comes back;
 * completes when everything has, or when it looks as if nothing more will.
 */
export function roundTrips(plan: Plan): OperatorFunction<Connection, Beginning | RoundTrips> {
  return (connections$) =>
    connections$.pipe(
      bufferCount(plan.connections),
      switchMap((connections) =>
        from(connections).pipe(
          mergeMap((connection) => exchange(connection, plan)),
          startWith({ tls: undefined }),
          endWith(undefined),
        ),
      ),
      takeWhile((trips) => trips !== undefined),
    );
}

function exchange(connection: Connection, { messages, size, interval }: Plan): Observable<RoundTrips> {
  /** When each datagram left, until it comes back. */
  const departures = new Map<number, number>();
  let next = 0;

  const sending = defer(() => {
    const datagram = Buffer.alloc(size, 'x');
    datagram.writeUInt32LE(next);
    departures.set(next++, performance.now());
    return of(datagram).pipe(sendTo(connection));
  }).pipe(repeat({ count: messages, delay: () => (interval === 0 ? of(0) : timer(interval)) }));

  let missing = messages;
  const receiving = connection.receive$.pipe(
    map((data) => {
      const number = Buffer.from(data.buffer, data.byteOffset, data.length).readUInt32LE();
      const departure = departures.get(number);
      departures.delete(number);
      if (departure === undefined) return { bytes: 0, times: [], missing: missing * size }; // it has come twice
      missing--;
      return { bytes: data.length, times: [performance.now() - departure], missing: missing * size };
    }),
    takeWhile((trips) => trips.missing > 0, true),
  );
  return merge(receiving, sending).pipe(timeout({ each: interval + PATIENCE, with: () => EMPTY }));
}
