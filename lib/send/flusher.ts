import { type SchedulerLike, asapScheduler } from 'rxjs';
import { afterEmission, isEmitting } from '../flow/emission.ts';

/** Something with bytes to write when the turn ends. */
export interface Flushable {
  flush(): void;
}

/** Collects what has to be written and writes it all when its time comes: one appointment for all connections. */
export interface Flusher {
  add(item: Flushable): void;
}

/** Flushes at the end of the turn: after the outermost emission, or else when the running code has returned. */
class TurnFlusher implements Flusher {
  private items: Flushable[] = [];
  private armedInside = false;
  private armedOutside = false;

  add(item: Flushable): void {
    this.items.push(item);
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
    this.flushAll();
  };

  private readonly flushOutside = () => {
    this.armedOutside = false;
    this.flushAll();
  };

  private flushAll(): void {
    const { items } = this;
    if (items.length === 1) {
      const [only] = items as [Flushable];
      items.length = 0;
      only.flush();
      return;
    }
    this.items = [];
    for (const item of items) item.flush();
  }
}

/** Flushes when an RxJS scheduler says so. */
class ScheduledFlusher implements Flusher {
  private readonly scheduler: SchedulerLike;
  private items: Flushable[] = [];

  constructor(scheduler: SchedulerLike) {
    this.scheduler = scheduler;
  }

  add(item: Flushable): void {
    if (this.items.push(item) === 1) this.scheduler.schedule(() => this.flushAll());
  }

  private flushAll(): void {
    const { items } = this;
    this.items = [];
    for (const item of items) item.flush();
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
