import { availableParallelism } from 'node:os';
import type { Transferable, WorkerOptions } from 'node:worker_threads';
import { type SchedulerLike, asyncScheduler } from 'rxjs';
import { OptionError } from '../base/errors.ts';
import {
  type Check,
  type Resolved,
  check,
  flag,
  having,
  integer,
  milliseconds,
  oneOf,
  table,
} from '../base/options.ts';

/**
 * What becomes of a task when the queue is full; twin of `EnRejectedPolicy`.
 *
 * - `call-fail` (`TRP_CALL_FAIL`): it is refused with `ERR_POOL_FULL`.
 * - `wait-for` (`TRP_WAIT_FOR`): it waits for room, at most `maxWait` milliseconds.
 * - `caller-run` (`TRP_CALLER_RUN`): it runs here and now, on the thread of the caller, which is the event loop.
 */
export type RejectedPolicy = 'call-fail' | 'wait-for' | 'caller-run';

/**
 * What becomes of a task that is cancelled while it runs. `terminate` ends it in its midst, together with its thread,
 * and begins another thread; `abandon` lets it run to its end and throws the result away. A task that still waits never
 * runs in either case.
 */
export type CancelPolicy = 'terminate' | 'abandon';

/** Options of a {@link ThreadPool}. */
export interface ThreadPoolOptions {
  /**
   * How many threads: a number above 0 is meant as it is, 0 is twice the CPUs and 2 more, a number below 0 so many times
   * the CPUs. -512 to 512; there are never more than 512.
   * @default 0
   */
  readonly threadCount?: number;
  /**
   * Most tasks that wait for a thread. 0 to 2147483647, and 0 is no limit.
   * @default 0
   */
  readonly maxQueueSize?: number;
  /** @default 'call-fail' */
  readonly rejectedPolicy?: RejectedPolicy;
  /**
   * Bytes of stack that each thread has. 0, which is what Node takes (4 MiB), or 524288 (512 KiB) to 1073741824 (1 GiB).
   * @default 0
   */
  readonly stackSize?: number;
  /** More about the threads, as `new Worker` takes it: `env`, `execArgv`, `name`, `resourceLimits`, … */
  readonly worker?: Omit<WorkerOptions, 'eval'> | undefined;
  /**
   * Clock of all waiting.
   * @default asyncScheduler
   */
  readonly scheduler?: SchedulerLike;
}

/** Options of a task. */
export interface TaskOptions {
  /**
   * What is moved to the thread instead of copied, and cannot be used here any more: memory (`ArrayBuffer`), ports, …
   * It moves when the task begins.
   * @default []
   */
  readonly transfer?: readonly Transferable[];
  /**
   * Whether the result is moved instead of copied if it is an `ArrayBuffer`, or a view of the whole of one. The task must
   * not keep it.
   * @default false
   */
  readonly moveResult?: boolean;
  /**
   * Milliseconds to wait for room when the queue is full and the policy is `wait-for`. 0 to 2147483647, and 0 is no limit.
   * @default 0
   */
  readonly maxWait?: number;
  /** @default 'terminate' */
  readonly onCancel?: CancelPolicy;
}

/** Options of {@link ThreadPool.submit}. */
export interface SubmitOptions extends TaskOptions {
  /** Cancels the task; the promise rejects with `ERR_ABORTED`, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How to stop a {@link ThreadPool}. */
export interface PoolStopOptions {
  /**
   * Whether tasks that wait or run may come to their end first.
   * @default true
   */
  readonly drain?: boolean;
  /**
   * Milliseconds after which what is left is dropped. 0 to 2147483647, and 0 is no limit.
   * @default 0
   */
  readonly maxWait?: number;
}

/** Threads are heavy; no pool has more. */
const MOST_THREADS = 512;

/** With less, Node cannot even begin a thread, or takes the whole process down. */
const LEAST_STACK = 512 * 1024;
const MOST_STACK = 1024 * 1024 * 1024;

const stackSize: Check<number> = check(
  0,
  `0 or an integer from ${LEAST_STACK} to ${MOST_STACK} bytes`,
  (value) =>
    value === 0 || (Number.isInteger(value) && Number(value) >= LEAST_STACK && Number(value) <= MOST_STACK),
);

const anyObject = <T>(what: string) =>
  check<T | undefined>(undefined, what, (value) => typeof value === 'object' && value !== null);

/** Checks options of a pool. */
export const checkPool = table<ThreadPoolOptions>({
  threadCount: integer({ min: -MOST_THREADS, max: MOST_THREADS, fallback: 0 }),
  maxQueueSize: integer({ min: 0, max: 2 ** 31 - 1, fallback: 0 }),
  rejectedPolicy: oneOf<RejectedPolicy>(['call-fail', 'wait-for', 'caller-run'], 'call-fail'),
  stackSize,
  worker: anyObject('an object of options for new Worker'),
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
});

/** Options of a pool after the check. */
export type PoolSettings = Resolved<ThreadPoolOptions>;

/** Checks of {@link TaskOptions}. */
export const taskChecks = {
  transfer: check<readonly Transferable[]>([], 'an array of what can be transferred', Array.isArray),
  moveResult: flag(false),
  maxWait: milliseconds(0),
  onCancel: oneOf<CancelPolicy>(['terminate', 'abandon'], 'terminate'),
};

/** Checks options of a task without a signal. */
export const checkTask = table<TaskOptions>(taskChecks);

/** Options of a task after the check. */
export type TaskSettings = Resolved<TaskOptions>;

/** Checks options of {@link ThreadPool.submit}. */
export const checkSubmit = table<SubmitOptions>({
  ...taskChecks,
  signal: having<AbortSignal | undefined>('addEventListener', 'an AbortSignal', undefined),
});

/** Checks options of {@link ThreadPool.stop}. */
export const checkStop = table<PoolStopOptions>({ drain: flag(true), maxWait: milliseconds(0) });

/**
 * How many threads a number stands for; see {@link ThreadPoolOptions.threadCount}.
 *
 * @throws OptionError (`ERR_OPTION`) for a number that stands for nothing.
 */
export function threadsFor(threadCount: number): number {
  if (!Number.isInteger(threadCount) || Math.abs(threadCount) > MOST_THREADS) {
    throw new OptionError('threadCount', threadCount, `an integer from -${MOST_THREADS} to ${MOST_THREADS}`);
  }
  if (threadCount > 0) return threadCount;
  const cpus = availableParallelism();
  return Math.min(threadCount === 0 ? 2 * cpus + 2 : cpus * -threadCount, MOST_THREADS);
}
