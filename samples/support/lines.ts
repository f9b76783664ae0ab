import { createInterface } from 'node:readline';
import { FlowGate } from 'hpsocket-rx';
import { Observable, share } from 'rxjs';

/** The lines of standard input, which is not read on while a connection has not taken them. */
export const lines$ = new Observable<string>((subscriber) => {
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
