import { type Connection, ProtocolError, flowMap, sendTo } from 'hpsocket-rx';
import {
  type Observable,
  asapScheduler,
  catchError,
  concat,
  map,
  of,
  repeat,
  scheduled,
  takeUntil,
} from 'rxjs';
import { lines$ } from './lines.ts';
import { untilEchoed } from './until-echoed.ts';

/**
 * Sends a text so many times, or else the lines of standard input, and waits until everything came back. What the codec
 * of the connection refuses to send is told of, and the next message has its turn.
 */
export function talkOn(
  connection: Connection<unknown>,
  { message, count }: { message: string | undefined; count: number },
  tell: (refusal: ProtocolError) => void,
): Observable<never> {
  const send = (text: string) =>
    of(text).pipe(
      sendTo(connection),
      catchError((error: unknown) => {
        if (!(error instanceof ProtocolError && error.operation === 'send')) throw error;
        tell(error);
        // Not at once, or else repeat() would call itself deeper and deeper.
        return scheduled([], asapScheduler);
      }),
    );
  const sending = message === undefined ? lines$.pipe(flowMap(send)) : send(message).pipe(repeat(count));
  return concat(sending.pipe(takeUntil(endOf(connection))), untilEchoed(connection));
}

/** Emits when a connection ends; errors if it fails. */
function endOf(connection: Connection<unknown, never>): Observable<true> {
  return connection.close$.pipe(
    map(({ error }) => {
      if (error !== undefined) throw error;
      return true;
    }),
  );
}
