import { type SchedulerLike, asyncScheduler } from 'rxjs';

/** How long a reading of the clock is used again, in milliseconds. */
const TICK = 10;

/** How often a reading is used again at most, in case that the timer never comes: it may have been a virtual one. */
const USES = 64;

/** A clock for marking each received chunk. */
export interface MarkingClock {
  now(): number;
  /** What was read last may be of another clock: virtual time has begun, or is over. */
  forget(): void;
}

/** The time when it was last looked at; looked at anew after a tick. There is a timer only while somebody asks. */
class CoarseClock implements MarkingClock {
  private time = 0;
  private usesLeft = 0;
  private ticking = false;

  now(): number {
    if (this.usesLeft-- <= 0) {
      this.time = asyncScheduler.now();
      this.usesLeft = USES;
      if (!this.ticking) asyncScheduler.schedule(() => this.forget(), TICK);
      this.ticking = true;
    }
    return this.time;
  }

  forget(): void {
    this.usesLeft = 0;
    this.ticking = false;
  }
}

const coarseClock = new CoarseClock();

/**
 * A clock for marking each received chunk, where asking the real one would cost more than all the rest: exact to
 * {@link TICK} on `asyncScheduler`, shared by the whole process, and exact on any other scheduler.
 */
export function markingClock(scheduler: SchedulerLike): MarkingClock {
  if (scheduler === asyncScheduler) return coarseClock;
  return { now: () => scheduler.now(), forget: () => undefined };
}
