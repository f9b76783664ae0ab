import { Observable, type Subscription } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { EventSource } from '../flow/event-source.ts';
import { runByCaller } from './caller-run.ts';
import { Crew, type ThreadEnd } from './crew.ts';
import { Job, type JobSink } from './job.ts';
import { onAbort } from './on-abort.ts';
import { PoolError } from './pool-error.ts';
import type { PoolFault, PoolState, PoolStopReport, WorkerEnded, WorkerStarted } from './pool-events.ts';
import {
  type PoolSettings,
  type PoolStopOptions,
  type RejectedPolicy,
  type SubmitOptions,
  type TaskOptions,
  type TaskSettings,
  type ThreadPoolOptions,
  checkPool,
  checkStop,
  checkSubmit,
  checkTask,
  threadsFor,
} from './pool-options.ts';
import { type PoolTask, taskMessage } from './task.ts';
import { TaskQueue } from './task-queue.ts';

/** Somebody waits for the pool to be started, or not. */
interface Starting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  error: PoolError | undefined;
}

/** A stop in progress. */
interface Stopping {
  readonly done: Promise<PoolStopReport>;
  readonly resolve: (report: PoolStopReport) => void;
  readonly timers: Subscription[];
  finished: number;
  dropped: number;
  cut: number;
}

/**
 * Runs functions on threads; the reactive twin of `IHPThreadPool` (guide chapter 6).
 *
 * Tasks wait in one queue, first in, first out, and run in parallel, one on each thread. A thread that fails, exits or is
 * ended takes no other task with it than its own, and another one takes its place. Running threads keep the process
 * alive until the pool is stopped.
 *
 * The event Observables are hot, survive a stop, and complete when the pool is disposed of; only {@link state$} replays.
 *
 * @example
 * const pool = new ThreadPool({ threadCount: 4 });
 * await pool.start();
 * const sum = await pool.submit((numbers: number[]) => numbers.reduce((a, b) => a + b, 0), [1, 2, 3]);
 * console.log(sum, await pool.stop());
 */
export class ThreadPool implements AsyncDisposable {
  /** The pool starts; before the first thread begins. Twin of `OnStartup`. */
  readonly startup$: Observable<void>;
  /** The pool has stopped and all threads have ended, also after a start that failed. Twin of `OnShutdown`. */
  readonly shutdown$: Observable<PoolStopReport>;
  /** A thread takes tasks; before its first one. Twin of `OnWorkerThreadStart`. */
  readonly workerStart$: Observable<WorkerStarted>;
  /** A thread that had begun has ended. Twin of `OnWorkerThreadEnd`. */
  readonly workerEnd$: Observable<WorkerEnded>;
  /** Threads that ended by themselves or could not be begun. */
  readonly faults$: Observable<PoolFault>;
  /** {@link state} now and after every change. */
  readonly state$: Observable<PoolState>;

  private readonly startups = new EventSource<void>();
  private readonly shutdowns = new EventSource<PoolStopReport>();
  private readonly workerStarts = new EventSource<WorkerStarted>();
  private readonly workerEnds = new EventSource<WorkerEnded>();
  private readonly faults = new EventSource<PoolFault>();
  private readonly states = new EventSource<PoolState>();

  private readonly options: ThreadPoolOptions;
  private settings: PoolSettings;
  private queue: TaskQueue;
  private crew: Crew;
  private target = 0;
  private current: PoolState = 'stopped';
  private starting: Starting | undefined;
  private stopping: Stopping | undefined;
  private pumping = false;
  private disposed = false;

  /** @throws OptionError (`ERR_OPTION`) for an illegal option. */
  constructor(options: ThreadPoolOptions = {}) {
    this.options = options;
    this.settings = checkPool(options);
    this.queue = new TaskQueue(this.settings.maxQueueSize, this.settings.scheduler);
    this.crew = new Crew(this.settings, this);
    this.startup$ = this.startups;
    this.shutdown$ = this.shutdowns;
    this.workerStart$ = this.workerStarts;
    this.workerEnd$ = this.workerEnds;
    this.faults$ = this.faults;
    this.state$ = new Observable((subscriber) => {
      subscriber.next(this.current);
      if (this.disposed) subscriber.complete();
      else return this.states.subscribe(subscriber);
      return undefined;
    });
  }

  /** Where the pool is in its life. */
  get state(): PoolState {
    return this.current;
  }

  /** Whether the pool takes tasks; twin of `HasStarted`. */
  get hasStarted(): boolean {
    return this.current === 'starting' || this.current === 'started';
  }

  /** Tasks in the queue, which no thread has begun. */
  get queueSize(): number {
    return this.queue.size;
  }

  /** Tasks that wait for room in the queue. */
  get waitingCount(): number {
    return this.queue.waiting;
  }

  /** Tasks that run on threads. */
  get taskCount(): number {
    return this.crew.running;
  }

  /** Threads, those included that are only beginning. */
  get threadCount(): number {
    return this.crew.size;
  }

  get maxQueueSize(): number {
    return this.settings.maxQueueSize;
  }

  get rejectedPolicy(): RejectedPolicy {
    return this.settings.rejectedPolicy;
  }

  /**
   * Starts the threads. Tasks may be submitted at once.
   *
   * @param options In place of what the pool was made with, for this time; what is left out is as it was made.
   * @returns Resolves when all threads take tasks. Rejects with `ERR_STATE` unless the pool is stopped, with `ERR_WORKER`
   * when a thread cannot begin (the pool is stopped again then), with `ERR_ABORTED` when it is stopped meanwhile.
   */
  start(options: ThreadPoolOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.current !== 'stopped' || this.disposed) throw this.notIn('stopped');
      this.settings = checkPool({ ...this.options, ...options });
      this.target = threadsFor(this.settings.threadCount);
      this.queue = new TaskQueue(this.settings.maxQueueSize, this.settings.scheduler);
      this.crew = new Crew(this.settings, this);
      this.starting = { resolve, reject, error: undefined };
      this.enter('starting');
      this.startups.publish();
      this.fill();
    });
  }

  /**
   * Stops: takes no more tasks, refuses those that wait for room (`ERR_STATE`), lets the threads finish the queue, and
   * ends them. What is left after `maxWait` is dropped: its promises reject with `ERR_TASK_DROPPED`. May be called at any
   * time; while a stop is under way, that one is answered with, and a stricter one makes it quicker.
   *
   * @returns What was finished and what was lost, when the last thread has ended.
   */
  stop(options?: PoolStopOptions): Promise<PoolStopReport> {
    const { drain, maxWait } = checkStop(options);
    if (this.current === 'stopped') return Promise.resolve({ finished: 0, dropped: 0, cut: 0 });
    const stopping = (this.stopping ??= this.beginStop());
    if (!drain) this.dropAll();
    else if (maxWait > 0)
      stopping.timers.push(this.settings.scheduler.schedule(() => this.dropAll(), maxWait));
    this.pump();
    this.finishStop();
    return stopping.done;
  }

  /** Resolves when the pool is stopped: at once if it is. Twin of `Wait`. */
  wait(): Promise<void> {
    if (this.current === 'stopped') return Promise.resolve();
    return new Promise((resolve) => {
      const subscription = this.states.subscribe((state) => {
        if (state !== 'stopped') return;
        subscription.unsubscribe();
        resolve();
      });
    });
  }

  /**
   * Sets another number of threads; twin of `AdjustThreadCount`. New ones begin at once; surplus ones leave as soon as
   * they have nothing to do and the queue is empty.
   *
   * @param threadCount As {@link ThreadPoolOptions.threadCount}.
   * @throws NetworkError `ERR_STATE` unless the pool is started, OptionError (`ERR_OPTION`) for an illegal number.
   */
  adjustThreadCount(threadCount: number): void {
    const target = threadsFor(threadCount);
    if (this.current !== 'started') throw this.notIn('started');
    this.target = target;
    this.fill();
    this.pump();
  }

  /**
   * Runs a task on a thread. Its argument is copied (structured clone) when the task begins, or moved; until then it
   * must not be changed.
   *
   * @returns What the task returns, or what its promise resolves to. Rejects with `ERR_TASK` when the task throws
   * (`cause` is what it threw), `ERR_TASK_DATA` when argument or result cannot be handed over, `ERR_WORKER` when its
   * thread ends, `ERR_POOL_FULL` and `ERR_POOL_TIMEOUT` as the rejected policy says, `ERR_TASK_DROPPED` when the pool stops
   * before it is done, `ERR_ABORTED` when the signal aborts, `ERR_STATE` when the pool is not started, `ERR_OPTION`.
   *
   * @example
   * const digest = await pool.submit(
   *   (text: string) => process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex'),
   *   'hello',
   *   { signal: AbortSignal.timeout(1000) },
   * );
   */
  submit<R>(task: PoolTask<undefined, R>): Promise<R>;
  submit<A, R>(task: PoolTask<A, R>, argument: A, options?: SubmitOptions): Promise<R>;
  submit(task: PoolTask<never, unknown>, argument?: unknown, options?: SubmitOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal, ...settings } = checkSubmit(options);
      const abort = () => {
        this.cancel(job);
        reject(new NetworkError('ERR_ABORTED', 'the task was cancelled', { cause: signal?.reason }));
      };
      let settled: () => void = () => undefined;
      const job: Job = new Job(task, taskMessage(task), argument, settings, {
        done: (result) => {
          settled();
          resolve(result);
        },
        failed: (error) => {
          settled();
          reject(error);
        },
      });
      if (signal?.aborted === true) {
        abort();
        return;
      }
      if (signal !== undefined) settled = onAbort(signal, abort);
      this.accept(job, false);
    });
  }

  /**
   * {@link submit} as a cold Observable: each subscription runs the task once and emits its result; unsubscribing
   * cancels it.
   *
   * @throws OptionError (`ERR_OPTION`) for an illegal task or option.
   *
   * @example
   * keyUp$.pipe(switchMap((text) => pool.run(search, text))).subscribe(show);
   */
  run<R>(task: PoolTask<undefined, R>): Observable<R>;
  run<A, R>(task: PoolTask<A, R>, argument: A, options?: TaskOptions): Observable<R>;
  run(task: PoolTask<never, unknown>, argument?: unknown, options?: TaskOptions): Observable<unknown> {
    const settings = checkTask(options);
    taskMessage(task);
    return new Observable((subscriber) => {
      const job = this.work(task, argument, settings, false, {
        done: (result) => {
          subscriber.next(result);
          subscriber.complete();
        },
        failed: (error) => subscriber.error(error),
      });
      return () => this.cancel(job);
    });
  }

  /** Stops without finishing anything and completes all event Observables; the pool cannot be started again. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.stop({ drain: false });
    const { startups, shutdowns, workerStarts, workerEnds, faults, states } = this;
    for (const source of [startups, shutdowns, workerStarts, workerEnds, faults, states]) source.finish();
  }

  // ---- for operators -----------------------------------------------------------------------------------------

  /** @internal Runs a task. @param waits Whether it waits for room whatever the policy is. */
  work(
    task: PoolTask<never, unknown>,
    argument: unknown,
    settings: TaskSettings,
    waits: boolean,
    sink: JobSink,
  ): Job {
    const job = new Job(task, taskMessage(task), argument, settings, sink);
    this.accept(job, waits);
    return job;
  }

  /** @internal Nobody waits for a task any more. */
  cancel(job: Job): void {
    if (job.end() === undefined) return;
    this.queue.remove(job);
    if (this.crew.forget(job)) this.fill();
    if (this.stopping !== undefined) this.crew.terminateForgotten();
    this.pump();
    this.finishStop();
  }

  // ---- for the crew ------------------------------------------------------------------------------------------

  /** @internal */
  threadReady(threadId: number): void {
    this.workerStarts.publish({ threadId });
    if (this.current !== 'starting' || this.crew.size < this.target || !this.crew.isReady) return;
    const { starting } = this;
    this.starting = undefined;
    this.enter('started');
    starting?.resolve();
  }

  /** @internal */
  threadFree(): void {
    this.pump();
  }

  /** @internal */
  taskFinished(): void {
    if (this.stopping !== undefined) this.stopping.finished++;
  }

  /** @internal */
  threadEnded({ threadId, exitCode, error, wasReady, fault }: ThreadEnd): void {
    if (wasReady) this.workerEnds.publish({ threadId, exitCode, error });
    if (fault !== undefined) this.lack(fault, !wasReady);
    this.finishStop();
  }

  // ---- tasks -------------------------------------------------------------------------------------------------

  private accept(job: Job, waits: boolean): void {
    const { rejectedPolicy } = this.settings;
    if (!this.hasStarted) {
      job.fail(this.notIn('started'));
      return;
    }
    if (this.queue.hasRoom) this.queue.push(job);
    else if (waits || rejectedPolicy === 'wait-for') this.queue.wait(job, () => job.fail(noRoom(job)));
    else if (rejectedPolicy === 'caller-run') runByCaller(job);
    else job.fail(new PoolError('ERR_POOL_FULL', `${this.maxQueueSize} tasks wait, which is maxQueueSize`));
    if (this.crew.size < this.target) this.fill(); // perhaps it works this time
    this.pump();
  }

  /** Gives tasks to threads that have nothing to do, and sends those away that are too many. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    const { queue, crew } = this;
    while (crew.hasIdle && queue.size > 0) crew.give(queue.shift() as Job);
    this.pumping = false;
    if (queue.size > 0) return;
    if (this.current === 'stopping') while (crew.dismiss(true));
    else if (this.current === 'started') while (crew.size > this.target && crew.dismiss(false));
  }

  // ---- threads -----------------------------------------------------------------------------------------------

  /** Begins the threads that are missing. */
  private fill(): void {
    const wanted = this.current === 'stopping' ? Math.min(this.target, this.queue.size) : this.target;
    if (this.current === 'stopped') return;
    try {
      while (this.crew.size < wanted) this.crew.add();
    } catch (error) {
      this.lack(error as PoolError, true);
    }
  }

  /** A thread is missing. One that could not even begin is not replaced at once: the next would fail as well. */
  private lack(error: PoolError, couldNotBegin: boolean): void {
    this.faults.publish({ error });
    if (this.starting !== undefined && couldNotBegin) {
      this.starting.error ??= error;
      void this.stop({ drain: false });
    } else if (!couldNotBegin) this.fill();
    // Nobody is left who would do it.
    if (this.crew.size === 0) for (const job of this.queue.clear()) job.fail(error);
  }

  // ---- states ------------------------------------------------------------------------------------------------

  private enter(state: PoolState): void {
    this.current = state;
    this.states.publish(state);
  }

  private notIn(state: PoolState): NetworkError {
    const what = this.disposed ? 'disposed of' : this.current;
    return new NetworkError('ERR_STATE', `the pool has to be ${state} for this, but is ${what}`);
  }

  private beginStop(): Stopping {
    let resolve: (report: PoolStopReport) => void = () => undefined;
    const done = new Promise<PoolStopReport>((settle) => (resolve = settle));
    const stopping = { done, resolve, timers: [], finished: 0, dropped: 0, cut: 0 };
    this.stopping = stopping;
    this.enter('stopping');
    for (const job of this.queue.clearRoom()) job.fail(this.notIn('started'));
    this.crew.terminateForgotten();
    return stopping;
  }

  private dropAll(): void {
    const { stopping } = this;
    if (stopping === undefined) return;
    const waiting = this.queue.clear();
    const running = this.crew.terminateAll();
    stopping.dropped += waiting.length;
    stopping.cut += running.length;
    const cause = this.starting?.error;
    for (const job of [...waiting, ...running]) job.fail(droppedError(cause));
    this.finishStop();
  }

  private finishStop(): void {
    const { stopping, starting } = this;
    if (stopping === undefined || !this.crew.isGone || this.queue.size > 0) return;
    this.stopping = undefined;
    this.starting = undefined;
    for (const timer of stopping.timers) timer.unsubscribe();
    const { finished, dropped, cut } = stopping;
    const report = { finished, dropped, cut };
    this.enter('stopped');
    this.shutdowns.publish(report);
    starting?.reject(starting.error ?? new NetworkError('ERR_ABORTED', 'the pool was stopped meanwhile'));
    stopping.resolve(report);
  }
}

function noRoom({ settings: { maxWait } }: Job): PoolError {
  return new PoolError('ERR_POOL_TIMEOUT', `no room in the queue within ${maxWait} ms (option maxWait)`);
}

/** @param cause Why the pool was stopped, if it was not asked to. */
function droppedError(cause: PoolError | undefined): PoolError {
  const options = cause === undefined ? {} : { cause };
  return new PoolError('ERR_TASK_DROPPED', 'the pool was stopped before the task was done', options);
}
