import { createInterface } from 'node:readline';
import { type Connection, FlowGate, sendTo } from 'hpsocket-rx';
import {
  EMPTY,
  Observable,
  concat,
  defer,
  ignoreElements,
  of,
  repeat,
  share,
  startWith,
  takeWhile,
  throwError,
  timeout,
} from 'rxjs';

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

/** The lines of standard input, which is not read on while a connection has not taken them. */
const lines$ = new Observable<string>((subscriber) => {
  if (process.stdin.isTTY) console.error('every line you type is sent, Ctrl-D ends');
  const lines = createInterface({ input: process.stdin });
  const flowChanged = (paused: boolean) => {
    if (paused) lines.pause();
    else lines.resume();
  };
  const gate = new FlowGate({ target: { flowChanged } });
  lines.on('line', (line) => gate.deliver(subscriber, line));
  lines.on('close', () => subscriber.complete());
  return () => lines.close();
}).pipe(share());

function untilEchoed(connection: Connection): Observable<never> {
  const missing = () => connection.bytesIn < connection.bytesOut;
  const waiting = connection.receive$.pipe(
    startWith(undefined),
    takeWhile(missing),
    timeout({ each: 5000, with: () => EMPTY }),
    ignoreElements(),
  );
  const verdict = defer(() => {
    const { bytesIn, bytesOut } = connection;
    return missing() ? throwError(() => new Error(`only ${bytesIn} of ${bytesOut} bytes came back`)) : EMPTY;
  });
  return concat(waiting, verdict);
}
