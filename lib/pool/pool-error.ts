import { NetworkError } from '../base/errors.ts';

/** Codes of a {@link PoolError}, each with what it means. They are stable. */
export const POOL_ERROR_CODES = {
  ERR_POOL_FULL: 'the queue of the pool is full, and the rejected policy is `call-fail`',
  ERR_POOL_TIMEOUT: 'there was no room in the queue within `maxWait`',
  ERR_TASK: 'the task threw, or its module cannot be loaded or lacks the function; `cause` is the error',
  ERR_TASK_DATA: 'the argument or the result of a task cannot be handed from one thread to another',
  ERR_TASK_DROPPED: 'the pool was stopped before the task was done',
  ERR_WORKER:
    'a thread could not begin, or ended by itself: it ran out of memory, exited or failed outside of a task',
} as const;

/** A code of {@link POOL_ERROR_CODES}. */
export type PoolErrorCode = keyof typeof POOL_ERROR_CODES;

/** Details of a {@link PoolError}. */
export interface PoolErrorOptions {
  readonly cause?: unknown;
  readonly threadId?: number | undefined;
  readonly exitCode?: number | undefined;
}

/** What a thread pool cannot do. Match on `code`; messages are for people and may change. */
export class PoolError extends NetworkError {
  declare readonly code: PoolErrorCode;
  /** Which thread was concerned. */
  readonly threadId: number | undefined;
  /** With what the thread exited. */
  readonly exitCode: number | undefined;

  constructor(code: PoolErrorCode, message: string, options: PoolErrorOptions = {}) {
    super(code, message, 'cause' in options ? { cause: options.cause } : {});
    this.threadId = options.threadId;
    this.exitCode = options.exitCode;
  }
}
