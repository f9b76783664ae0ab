import { type SchedulerLike, Subscription } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import type { RecordedEvent, Recording } from './recording.ts';
import { recut } from './recut.ts';

/** What the peer does in a replay, and when; `at` is milliseconds since the beginning. */
export type Step =
  | { readonly type: 'chunk'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly at: number }
  | { readonly type: 'fail'; readonly at: number; readonly error: NetworkError };

/** The part of the peer in a recording. */
export function scriptOf({ events }: Recording, speed: number, seed: number | undefined): Step[] {
  const script: Step[] = [];
  let ended = false;
  for (const event of seed === undefined ? events : recut(events, seed)) {
    const step = stepOf(event, event.t / speed);
    if (step === undefined || (ended && step.type === 'end')) continue;
    ended = step.type === 'end';
    script.push(step);
  }
  return script;
}

function stepOf(event: RecordedEvent, at: number): Step | undefined {
  if (event.type === 'in') return { type: 'chunk', at, bytes: event.bytes };
  if (event.type === 'end' && event.direction === 'in') return { type: 'end', at };
  if (event.type !== 'close') return undefined;
  const error = failureOf(event);
  // We ended it then, and may not do so now; the peer has nothing more to say either way.
  return error === undefined ? { type: 'end', at } : { type: 'fail', at, error };
}

/** The error that the system ended the connection with, if it did. */
function failureOf({ reason, code }: RecordedEvent & { type: 'close' }): NetworkError | undefined {
  if (reason !== 'reset' && reason !== 'error' && reason !== 'connect') return undefined;
  return new NetworkError(code ?? 'ECONNRESET', 'the recorded connection ended with this error', {
    operation: 'receive',
  });
}

/** Performs the steps of a script at their times, never at once. */
export function play(
  script: readonly Step[],
  scheduler: SchedulerLike,
  perform: (step: Step) => void,
): Subscription {
  const start = scheduler.now();
  const playing = new Subscription(() => timer?.unsubscribe());
  let timer: Subscription | undefined;
  const from = (first: number) => {
    const at = script[first]?.at;
    if (at === undefined) return;
    const delay = Math.max(0, start + at - scheduler.now());
    timer = scheduler.schedule(() => {
      let next = first;
      for (let step = script[next]; step?.at === at && !playing.closed; step = script[++next]) perform(step);
      if (!playing.closed) from(next);
    }, delay);
  };
  from(0);
  return playing;
}
