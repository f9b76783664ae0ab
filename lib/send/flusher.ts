import { type SchedulerLike, asapScheduler } from 'rxjs';
import { Fifo } from '../base/fifo.ts';
import { afterEmission, isEmitting } from '../flow/emission.ts';

/** Something with bytes to write when the turn ends. */
export interface Flushable {
  flush(): void;
}

/** Collects what has to be written and writes it all when its time comes: one appointment for all connections. */
export interface Flusher {
  add(item: Flushable): void;
}

/** What is due, flushed in order; what comes meanwhile is for the next time. */
class DueItems {
  private readonly items = new Fifo<Flushable>();

  add(item: Flushable): number {
    this.items.push(item);
    return this.items.length;
  }

  flushAll(): void {
    for (let left = this.items.length; left > 0; left--) this.items.shift().flush();
  }
}

/** Flushes at the end of the turn: after the outermost emission, or else when the running code has returned. */
class TurnFlusher implements Flusher {
  private readonly due = new DueItems();
  private armedInside = false;
  private armedOutside = false;

  add(item: Flushable): void {
    this.due.add(item);
    if (isEmitting()) {
      if (this.armedInside) return;
      this.armedInside = true;
      afterEmission(this.flushInside);
    } else if (!this.armedOutside) {
      this.armedOutside = true;
      asapScheduler.schedule(this.flushOutside);
    }
  }

  private readonly flushInside = () => {
    this.armedInside = false;
    this.due.flushAll();
  };

  private readonly flushOutside = () => {
    this.armedOutside = false;
    this.due.flushAll();
  };
}

/** Flushes when an RxJS scheduler says so. */
class ScheduledFlusher implements Flusher {
  private readonly due = new DueItems();
  private readonly scheduler: SchedulerLike;

  constructor(scheduler: SchedulerLike) {
    this.scheduler = scheduler;
  }

  add(item: Flushable): void {
    if (this.due.add(item) === 1) this.scheduler.schedule(() => this.due.flushAll());
  }
}

const turnFlusher = new TurnFlusher();
const scheduledFlushers = new WeakMap<SchedulerLike, Flusher>();

/** The flusher for a policy's scheduler; all connections with the same scheduler share one. */
export function flusherFor(scheduler: SchedulerLike | undefined): Flusher {
  if (scheduler === undefined) return turnFlusher;
  let flusher = scheduledFlushers.get(scheduler);
  if (flusher === undefined) {
    flusher = new ScheduledFlusher(scheduler);
    scheduledFlushers.set(scheduler, flusher);
  }
  return flusher;
}
