import { type SchedulerLike, asyncScheduler } from 'rxjs';

/** How long a reading of the clock is used again, in milliseconds. */
const TICK = 10;

/** The time when it was last looked at; looked at anew after a tick. There is a timer only while somebody asks. */
class CoarseClock {
  private time = 0;
  private isFresh = false;

  now(): number {
    if (!this.isFresh) {
      this.time = asyncScheduler.now();
      this.isFresh = true;
      asyncScheduler.schedule(() => (this.isFresh = false), TICK);
    }
    return this.time;
  }
}

const coarseClock = new CoarseClock();

/**
 * A clock for marking each received chunk, where asking the real one would cost more than all the rest: exact to
 * {@link TICK} on `asyncScheduler`, shared by the whole process, and exact on any other scheduler.
 */
export function markingClock(scheduler: SchedulerLike): { now(): number } {
  return scheduler === asyncScheduler ? coarseClock : scheduler;
}
