import type { Connection } from 'hpsocket-rx';
import {
  EMPTY,
  type Observable,
  asapScheduler,
  concat,
  defer,
  ignoreElements,
  map,
  observeOn,
  of,
  startWith,
  switchMap,
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
    if (!missing()) return EMPTY;
    const { bytesIn, bytesOut, state, close$ } = connection;
    const tooFew = new Error(`only ${bytesIn} of ${bytesOut} bytes came back`);
    // A connection that has failed can say why.
    const failure$ = state === 'closed' ? close$.pipe(map(({ error }) => error ?? tooFew)) : of(tooFew);
    return failure$.pipe(switchMap((error) => throwError(() => error)));
  });
  return concat(waiting, verdict);
}
