import type { Connection } from 'hpsocket-rx';
import {
  EMPTY,
  type Observable,
  asapScheduler,
  concat,
  defer,
  ignoreElements,
  observeOn,
  startWith,
  takeWhile,
  throwError,
  timeout,
} from 'rxjs';

/** Waits until as many bytes came back as were sent; errors when they do not. */
export function untilEchoed(connection: Connection<unknown, never>): Observable<never> {
  const missing = () => connection.bytesIn < connection.bytesOut;
  const waiting = connection.receive$.pipe(
    startWith(undefined),
    takeWhile(missing),
    timeout({ each: 5000, with: () => EMPTY }),
    ignoreElements(),
    observeOn(asapScheduler), // one read may bring more messages than the one that tells us of it
  );
  const verdict = defer(() => {
    const { bytesIn, bytesOut } = connection;
    return missing() ? throwError(() => new Error(`only ${bytesIn} of ${bytesOut} bytes came back`)) : EMPTY;
  });
  return concat(waiting, verdict);
}
