import { asyncScheduler } from 'rxjs';

/** Runs something when it has come to the other end: at once without latency. */
export function later(latency: number, work: () => void): void {
  if (latency === 0) work();
  else asyncScheduler.schedule(work, latency);
}
