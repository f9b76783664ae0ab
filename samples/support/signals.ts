import { ReplaySubject, take } from 'rxjs';

const signals$ = new ReplaySubject<void>(1);
let interrupted = false;

/** Emits once, when the process is asked to end; what has not ended by itself is cut off before a second is over. */
export const interrupted$ = signals$.pipe(take(1));

export function isInterrupted(): boolean {
  return interrupted;
}

function interrupt(): void {
  if (!interrupted) setTimeout(() => process.exit(), 900).unref();
  interrupted = true;
  signals$.next();
}

// Never taken off again: npm and the terminal may both pass on the same Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
// Nobody reads what we print any more, as in `npm start | head`.
process.stdout.on('error', interrupt);
