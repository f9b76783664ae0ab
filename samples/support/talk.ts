import { type Connection, sendTo } from 'hpsocket-rx';
import { type Observable, concat, of, repeat } from 'rxjs';
import { lines$ } from './lines.ts';
import { untilEchoed } from './until-echoed.ts';

/** Sends a text so many times, or else the lines of standard input, and waits until everything came back. */
export function talk(
  connection: Connection,
  { message, count }: { message: string | undefined; count: number },
): Observable<never> {
  const sending =
    message === undefined
      ? lines$.pipe(sendTo(connection))
      : of(message).pipe(sendTo(connection), repeat(count));
  return concat(sending, untilEchoed(connection));
}
