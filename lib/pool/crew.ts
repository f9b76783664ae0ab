import type { Job } from './job.ts';
import { dataError } from './job.ts';
import { taskData } from './task-data.ts';
import { type Answer, type PoolThread, type ThreadHandler, startThread } from './thread.ts';
import { PoolError } from './pool-error.ts';
import type { PoolSettings } from './pool-options.ts';

/** Told of what happens to the threads of a {@link Crew}. */
export interface CrewOwner {
  /** A thread takes tasks, for the first time. */
  threadReady(threadId: number): void;
  /** A thread has nothing to do, and there may be something. */
  threadFree(): void;
  /** A thread has come to the end of a task, well or not. */
  taskFinished(): void;
  /** A thread has ended. */
  threadEnded(ended: ThreadEnd): void;
}

/** How a thread of a {@link Crew} ended. */
export interface ThreadEnd {
  readonly threadId: number;
  readonly exitCode: number;
  /** What ended it, if something did. */
  readonly error: unknown;
  /** Whether it ever took tasks. */
  readonly wasReady: boolean;
  /** Nobody has asked for it. The task that it had has failed with this already. */
  readonly fault: PoolError | undefined;
}

/** The threads of a pool: which there are, and what each is doing. */
export class Crew {
  private readonly settings: PoolSettings;
  private readonly owner: CrewOwner;
  /** Those that belong to the pool. */
  private readonly members = new Set<Member>();
  /** Those of them that have nothing to do; the one that worked last comes first, its memory is warm. */
  private readonly idle: Member[] = [];
  /** Those that have been told to end, and have not ended yet. */
  private readonly leaving = new Set<Member>();

  constructor(settings: PoolSettings, owner: CrewOwner) {
    this.settings = settings;
    this.owner = owner;
  }

  /** Threads that belong to the pool. */
  get size(): number {
    return this.members.size;
  }

  /** Whether every thread has ended. */
  get isGone(): boolean {
    return this.members.size === 0 && this.leaving.size === 0;
  }

  get hasIdle(): boolean {
    return this.idle.length > 0;
  }

  /** Whether every thread has said that it takes tasks. */
  get isReady(): boolean {
    for (const member of this.members) if (!member.isReady) return false;
    return true;
  }

  /** Tasks that run. */
  get running(): number {
    let running = 0;
    for (const { isBusy } of this.members) if (isBusy) running++;
    return running;
  }

  /**
   * Begins one more thread.
   *
   * @throws PoolError `ERR_WORKER` when that is not possible.
   */
  add(): void {
    const member = new Member(this);
    try {
      member.thread = startThread(this.settings, member);
    } catch (cause) {
      throw new PoolError('ERR_WORKER', `no thread can be begun: ${(cause as Error).message}`, { cause });
    }
    member.id = member.thread.id;
    this.members.add(member);
  }

  /** Gives a task to a thread that has nothing to do; there has to be one. */
  give(job: Job): void {
    const member = this.idle.pop() as Member;
    try {
      const { argument, transfer } = taskData(job.argument, job.settings.transfer);
      const { moveResult } = job.settings;
      (member.thread as PoolThread).post({ ...job.message, argument, moveResult }, transfer);
      member.job = job;
      member.isBusy = true;
    } catch (cause) {
      this.idle.push(member);
      job.fail(dataError(cause));
    }
  }

  /** Nobody wants the result of a task any more. @returns Whether a thread was ended for that. */
  forget(job: Job): boolean {
    for (const member of this.members) {
      if (member.job !== job) continue;
      member.job = undefined;
      if (job.settings.onCancel !== 'terminate') return false;
      this.terminate(member);
      return true;
    }
    return false;
  }

  /** Tells a thread that has nothing to do, and perhaps never had, to end. @returns Whether there was one. */
  dismiss(evenIfNew: boolean): boolean {
    const member = this.idle.pop() ?? (evenIfNew ? this.newcomer() : undefined);
    if (member === undefined) return false;
    this.members.delete(member);
    this.leaving.add(member);
    (member.thread as PoolThread).leave();
    return true;
  }

  /** Ends threads that work on what nobody wants any more. */
  terminateForgotten(): void {
    for (const member of [...this.members])
      if (member.isBusy && member.job === undefined) this.terminate(member);
  }

  /** Ends all threads at once. @returns The tasks that were running. */
  terminateAll(): Job[] {
    const jobs: Job[] = [];
    for (const member of [...this.members]) {
      if (member.job !== undefined) jobs.push(member.job);
      member.job = undefined;
      this.terminate(member);
    }
    for (const { thread } of this.leaving) thread?.terminate();
    return jobs;
  }

  /** @internal */
  memberReady(member: Member): void {
    if (!this.members.has(member)) return;
    member.isReady = true;
    this.idle.push(member);
    this.owner.threadReady(member.id);
    this.owner.threadFree();
  }

  /** @internal A thread has done its task. */
  memberFree(member: Member, tell: (job: Job) => void): void {
    const { job } = member;
    if (!this.members.has(member)) return;
    member.job = undefined;
    member.isBusy = false;
    this.idle.push(member);
    this.owner.taskFinished();
    // It goes on while the result is looked at.
    this.owner.threadFree();
    if (job !== undefined) tell(job);
  }

  /** @internal */
  memberEnded(member: Member, exitCode: number, cause: unknown): void {
    const { job, id, isReady } = member;
    const wasOurs = this.members.delete(member);
    this.leaving.delete(member);
    this.notIdle(member);
    member.job = undefined;
    const fault = wasOurs ? lostThread(id, exitCode, cause) : undefined;
    if (fault !== undefined) job?.fail(fault);
    this.owner.threadEnded({ threadId: id, exitCode, error: cause, wasReady: isReady, fault });
  }

  private terminate(member: Member): void {
    this.members.delete(member);
    this.leaving.add(member);
    this.notIdle(member);
    member.thread?.terminate();
  }

  private notIdle(member: Member): void {
    const at = this.idle.indexOf(member);
    if (at >= 0) this.idle.splice(at, 1);
  }

  private newcomer(): Member | undefined {
    for (const member of this.members) if (!member.isReady) return member;
    return undefined;
  }
}

/** One thread of a crew. */
class Member implements ThreadHandler {
  thread: PoolThread | undefined = undefined;
  id = 0;
  isReady = false;
  isBusy = false;
  /** What it works on; `undefined` while it is busy when nobody wants that any more. */
  job: Job | undefined = undefined;
  private readonly crew: Crew;

  constructor(crew: Crew) {
    this.crew = crew;
  }

  ready(): void {
    this.crew.memberReady(this);
  }

  answered(answer: Answer): void {
    this.crew.memberFree(this, (job) => job.answer(answer));
  }

  garbled(error: unknown): void {
    this.crew.memberFree(this, (job) => job.fail(dataError(error)));
  }

  ended(exitCode: number, error: unknown): void {
    this.crew.memberEnded(this, exitCode, error);
  }
}

function lostThread(threadId: number, exitCode: number, cause: unknown): PoolError {
  const why = cause === undefined ? `exited with ${exitCode}` : `failed: ${(cause as Error).message}`;
  return new PoolError('ERR_WORKER', `thread ${threadId} ${why}`, {
    threadId,
    exitCode,
    ...(cause === undefined ? {} : { cause }),
  });
}
