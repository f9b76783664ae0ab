import {
  type SchedulerAction,
  type SchedulerLike,
  type Subscription,
  asapScheduler,
  asyncScheduler,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { markingClock } from '../../connection/coarse-clock.ts';
import { flushOutstanding } from '../../send/flusher.ts';
import type { VirtualClock } from './virtual-clock.ts';

/**
 * A `TestScheduler` with the time of a {@link VirtualClock}. Its `run` makes everything virtual that RxJS asks for the
 * time; the schedulers that nearly everything goes through are led to the clock on a shorter way below, since the one
 * through `run` looks at all timers for each that fires.
 */
class Bridge extends TestScheduler {
  private readonly clock: VirtualClock;

  constructor(clock: VirtualClock) {
    super(() => undefined);
    this.clock = clock;
    this.now = clock.now;
  }

  override schedule<T>(
    work: (this: SchedulerAction<T>, state?: T) => void,
    delay?: number,
    state?: T,
  ): Subscription {
    return this.clock.schedule(work, delay, state);
  }
}

let running = false;

/** Runs `work` while the schedulers of RxJS have the time of a clock. */
export function inVirtualTime<R>(clock: VirtualClock, work: () => R): R {
  if (running) throw new Error('a simulation cannot run inside another one');
  running = true;
  forgetMarkedTime();
  const restore = [lead(asyncScheduler, clock), lead(asapScheduler, clock.asap)];
  try {
    return new Bridge(clock).run(work);
  } finally {
    for (const undo of restore) undo();
    forgetMarkedTime();
    running = false;
  }
}

/**
 * The clock by which connections on `asyncScheduler` note when they were heard looks at the time only now and then, and
 * what it saw last was another kind of time.
 */
function forgetMarkedTime(): void {
  markingClock(asyncScheduler).forget();
  flushOutstanding();
}

/** Makes a scheduler do what another one does; answers with how to undo it. */
function lead(scheduler: SchedulerLike, target: SchedulerLike): () => void {
  const before = Object.getOwnPropertyDescriptors(scheduler);
  const schedule: SchedulerLike['schedule'] = (...args: Parameters<SchedulerLike['schedule']>) =>
    target.schedule(...args);
  Object.assign(scheduler, { now: () => target.now(), schedule });
  return () => {
    for (const name of ['now', 'schedule'] as const) {
      const property = before[name] as PropertyDescriptor | undefined;
      if (property === undefined) Reflect.deleteProperty(scheduler, name);
      else Object.defineProperty(scheduler, name, property);
    }
  };
}
