import type { SchedulerLike } from 'rxjs';
import type { Job } from './job.ts';
import { JobList } from './job-list.ts';

/** Tasks that wait for a thread, first in, first out; and in front of them, those that wait for room in the queue. */
export class TaskQueue {
  private readonly queue = new JobList();
  private readonly room = new JobList();
  private readonly limit: number;
  private readonly scheduler: SchedulerLike;

  /** @param limit Most tasks in the queue; 0 is no limit. */
  constructor(limit: number, scheduler: SchedulerLike) {
    this.limit = limit;
    this.scheduler = scheduler;
  }

  /** Tasks in the queue. */
  get size(): number {
    return this.queue.size;
  }

  /** Tasks that wait for room. */
  get waiting(): number {
    return this.room.size;
  }

  get hasRoom(): boolean {
    return this.limit === 0 || this.queue.size < this.limit;
  }

  /** Appends a task; there has to be room. */
  push(job: Job): void {
    this.queue.push(job);
  }

  /** Lets a task wait for room, and calls `expired` when that has taken longer than the task wants to wait. */
  wait(job: Job, expired: () => void): void {
    this.room.push(job);
    const { maxWait } = job.settings;
    if (maxWait === 0) return;
    job.timer = this.scheduler.schedule(() => {
      if (this.room.remove(job)) expired();
    }, maxWait);
  }

  /** Removes and returns the first task; `undefined` when none waits. */
  shift(): Job | undefined {
    const job = this.queue.shift();
    this.admit();
    return job;
  }

  /** Removes a task, wherever it waits. */
  remove(job: Job): void {
    if (!this.room.remove(job) && this.queue.remove(job)) this.admit();
  }

  /** Removes and returns those that wait for room. */
  clearRoom(): Job[] {
    return this.room.clear();
  }

  /** Removes and returns all, those that wait for room last. */
  clear(): Job[] {
    return [...this.queue.clear(), ...this.room.clear()];
  }

  /** Lets those in who wait for room, as far as there is some. */
  private admit(): void {
    while (this.room.size > 0 && this.hasRoom) {
      const job = this.room.shift() as Job;
      job.timer?.unsubscribe();
      job.timer = undefined;
      this.queue.push(job);
    }
  }
}
