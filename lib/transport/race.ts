import { type SchedulerLike, Subscription } from 'rxjs';

/** One address to try. */
export interface Candidate {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Tries one candidate; answers exactly once, or never after it has been called off. */
export type Attempt<T> = (
  candidate: Candidate,
  done: (winner: T) => void,
  failed: (error: unknown) => void,
) => () => void;

/**
 * Orders candidates for a race: families alternate, beginning with the family that the resolver put first
 * (RFC 8305 section 4).
 */
export function interleave(candidates: readonly Candidate[]): Candidate[] {
  const [first] = candidates;
  if (first === undefined) return [];
  const preferred = candidates.filter(({ family }) => family === first.family);
  const others = candidates.filter(({ family }) => family !== first.family);
  const ordered: Candidate[] = [];
  for (let i = 0; i < Math.max(preferred.length, others.length); i++) {
    ordered.push(...preferred.slice(i, i + 1), ...others.slice(i, i + 1));
  }
  return ordered;
}

/**
 * Races attempts to connect (RFC 8305 section 5): the next one starts when the one before has failed, or after
 * `delay` milliseconds without giving up on the one before. The first to succeed wins, the others are called off.
 * When all have failed, the error of the first is reported.
 */
export function race<T>(
  candidates: readonly Candidate[],
  delay: number,
  scheduler: SchedulerLike,
  attempt: Attempt<T>,
  done: (winner: T) => void,
  failed: (error: unknown) => void,
): Subscription {
  const running = new Set<() => void>();
  let next = 0;
  let firstError: { error: unknown } | undefined;
  let timer: Subscription | undefined;
  const all = new Subscription(() => {
    timer?.unsubscribe();
    for (const callOff of running) callOff();
    running.clear();
  });

  const startNext = () => {
    timer?.unsubscribe();
    const candidate = candidates[next++];
    if (candidate === undefined || all.closed) return;
    if (next < candidates.length) timer = scheduler.schedule(startNext, delay);
    const callOff = attempt(
      candidate,
      (winner) => {
        running.delete(callOff);
        if (all.closed) return;
        all.unsubscribe();
        done(winner);
      },
      (error) => {
        running.delete(callOff);
        if (all.closed) return;
        firstError ??= { error };
        if (next < candidates.length) startNext();
        else if (running.size === 0) failed(firstError.error);
      },
    );
    running.add(callOff);
  };
  startNext();
  return all;
}
