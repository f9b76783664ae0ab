import type { PoolError } from './pool-error.ts';

/** State of a pool; twin of `EnServiceState`. It is `starting` until all threads take tasks. */
export type PoolState = 'stopped' | 'starting' | 'started' | 'stopping';

/** A thread takes tasks from now on; twin of `OnWorkerThreadStart`. */
export interface WorkerStarted {
  readonly threadId: number;
}

/** A thread has ended; twin of `OnWorkerThreadEnd`. */
export interface WorkerEnded {
  readonly threadId: number;
  /** 0 if it left because it was told to; 1 mostly, if it was cut off or failed. */
  readonly exitCode: number;
  /** What ended it, if something did; perhaps an error of another realm. */
  readonly error: unknown;
}

/** A thread ended by itself, or one could not be begun. The pool goes on as far as it can. */
export interface PoolFault {
  readonly error: PoolError;
}

/** What a stop did. */
export interface PoolStopReport {
  /** Tasks that came to their end after the stop had begun, well or not. */
  readonly finished: number;
  /** Tasks that never ran. */
  readonly dropped: number;
  /** Tasks that were ended in their midst. */
  readonly cut: number;
}
