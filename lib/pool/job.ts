import type { Subscription } from 'rxjs';
import type { NetworkError } from '../base/errors.ts';
import type { JobList } from './job-list.ts';
import { PoolError } from './pool-error.ts';
import type { TaskSettings } from './pool-options.ts';
import type { Answer, ErrorReport } from './thread.ts';
import type { PoolTask, TaskMessage } from './task.ts';

/** Told how a task ends: exactly once, unless it is cancelled. */
export interface JobSink {
  done(result: unknown): void;
  failed(error: NetworkError): void;
}

/** A task that was submitted, until it has ended. */
export class Job {
  readonly task: PoolTask<never, unknown>;
  readonly message: TaskMessage;
  readonly argument: unknown;
  readonly settings: TaskSettings;
  /** The end of the time that it may wait for room. */
  timer: Subscription | undefined = undefined;
  /** Where it waits, and between whom. */
  list: JobList | undefined = undefined;
  before: Job | undefined = undefined;
  after: Job | undefined = undefined;
  private sink: JobSink | undefined;

  constructor(
    task: PoolTask<never, unknown>,
    message: TaskMessage,
    argument: unknown,
    settings: TaskSettings,
    sink: JobSink,
  ) {
    this.task = task;
    this.message = message;
    this.argument = argument;
    this.settings = settings;
    this.sink = sink;
  }

  /** Whether nobody waits for the result any more. */
  get isOver(): boolean {
    return this.sink === undefined;
  }

  done(result: unknown): void {
    this.end()?.done(result);
  }

  fail(error: NetworkError): void {
    this.end()?.failed(error);
  }

  /** A thread has answered. */
  answer(answer: Answer): void {
    if ('value' in answer) this.done(answer.value);
    else if (answer.isData) this.fail(dataError(revive(answer.error)));
    else this.fail(taskError(revive(answer.error)));
  }

  /** Nobody is told any more. */
  end(): JobSink | undefined {
    const { sink } = this;
    this.sink = undefined;
    this.timer?.unsubscribe();
    this.timer = undefined;
    return sink;
  }
}

/** The task threw. */
export function taskError(cause: unknown): PoolError {
  return new PoolError('ERR_TASK', `the task failed: ${messageOf(cause)}`, { cause });
}

/** Argument or result cannot go from one thread to another. */
export function dataError(cause: unknown): PoolError {
  return new PoolError('ERR_TASK_DATA', `cannot be handed to another thread: ${messageOf(cause)}`, { cause });
}

function messageOf(cause: unknown): string {
  const { message } = Object(cause) as { message?: unknown };
  return typeof message === 'string' ? message : String(cause);
}

/** The error that a thread told of. */
function revive(report: ErrorReport): unknown {
  if ('value' in report) return report.value;
  const { name, message, stack, fields, cause } = report;
  const error = new Error(message, cause === undefined ? undefined : { cause: revive(cause) });
  Object.defineProperties(error, {
    name: { value: name, configurable: true, writable: true },
    stack: { value: stack, configurable: true, writable: true },
  });
  return Object.assign(error, fields);
}
