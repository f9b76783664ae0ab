import { type SchedulerLike, asapScheduler } from 'rxjs';
import { Fifo } from '../base/fifo.ts';
import { type EmissionTask, afterEmission, isEmitting } from '../flow/emission.ts';

/** Something with bytes to write when its time comes. */
export type Flushable = EmissionTask;

/** Collects what has to be written and writes it all when an RxJS scheduler says so: one appointment for all. */
class ScheduledFlusher {
  private readonly due = new Fifo<Flushable>();
  private readonly scheduler: SchedulerLike;

  constructor(scheduler: SchedulerLike) {
    this.scheduler = scheduler;
  }

  add(item: Flushable): void {
    this.due.push(item);
    if (this.due.length === 1) this.scheduler.schedule(() => this.flushAll());
  }

  /** What comes meanwhile is for the next time. */
  flushAll(): void {
    const left = this.due.clear();
    for (const item of left) item.flush();
  }
}

const outsideEmissions = new ScheduledFlusher(asapScheduler);
const flushers = new WeakMap<SchedulerLike, ScheduledFlusher>();

/**
 * Flushes an item at the end of the turn: after the outermost emission, or else when the running code has returned.
 */
export function flushAtTurnEnd(item: Flushable): void {
  if (isEmitting()) afterEmission(item);
  else outsideEmissions.add(item);
}

/**
 * Flushes what waits for the end of the running code now: before the clock changes from real to virtual or back, since
 * an appointment on the other one may never come.
 */
export function flushOutstanding(): void {
  outsideEmissions.flushAll();
}

/** Flushes an item when a scheduler says so; all connections with the same scheduler share one appointment. */
export function flushOn(scheduler: SchedulerLike, item: Flushable): void {
  let flusher = flushers.get(scheduler);
  if (flusher === undefined) {
    flusher = new ScheduledFlusher(scheduler);
    flushers.set(scheduler, flusher);
  }
  flusher.add(item);
}
