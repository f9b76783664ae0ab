import type { Job } from './job.ts';

/** Tasks in order. One in the midst leaves as quickly as the first. A task is in one list at a time. */
export class JobList {
  size = 0;
  private first: Job | undefined = undefined;
  private last: Job | undefined = undefined;

  push(job: Job): void {
    job.list = this;
    job.before = this.last;
    if (this.last === undefined) this.first = job;
    else this.last.after = job;
    this.last = job;
    this.size++;
  }

  /** Removes and returns the first; `undefined` when there is none. */
  shift(): Job | undefined {
    const { first } = this;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Removes a task. @returns Whether it was in here. */
  remove(job: Job): boolean {
    if (job.list !== this) return false;
    const { before, after } = job;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
    job.list = undefined;
    job.before = undefined;
    job.after = undefined;
    this.size--;
    return true;
  }

  /** Removes and returns all. */
  clear(): Job[] {
    const jobs: Job[] = [];
    for (let job = this.shift(); job !== undefined; job = this.shift()) jobs.push(job);
    return jobs;
  }
}
