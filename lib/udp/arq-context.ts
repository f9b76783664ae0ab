import type { SchedulerLike } from 'rxjs';
import type { ArqSettings } from '../arq/arq-options.ts';
import { DeadlineQueue } from '../connection/deadline-queue.ts';

/** What all wires of a component share. */
export class ArqContext {
  readonly settings: ArqSettings;
  /** By the clock of {@link now}. */
  readonly deadlines: DeadlineQueue;
  private readonly scheduler: SchedulerLike;
  private seen: number;
  private elapsed = 0;

  constructor(settings: ArqSettings, scheduler: SchedulerLike) {
    this.settings = settings;
    this.scheduler = scheduler;
    this.seen = scheduler.now();
    this.deadlines = new DeadlineQueue(scheduler, () => this.now());
  }

  /** Milliseconds since the component was made. Never goes backwards, even if the clock of the system is set back. */
  now(): number {
    const now = this.scheduler.now();
    if (now > this.seen) this.elapsed += now - this.seen;
    this.seen = now;
    return this.elapsed;
  }
}
