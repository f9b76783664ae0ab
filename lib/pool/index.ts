/**
 * hpsocket-rx/pool: functions on other threads, with queue, limits, cancellation and flow control.
 *
 * @packageDocumentation
 */
export { ThreadPool } from './thread-pool.ts';
export { runOn, type RunOnOptions } from './run-on.ts';
export { moduleTask, ModuleTask, type PoolTask, type TaskFunction } from './task.ts';
export {
  socketTask,
  SocketTask,
  type SocketTaskData,
  type SocketTaskOptions,
  type TaskBuffer,
} from './socket-task.ts';
export type {
  CancelPolicy,
  PoolStopOptions,
  RejectedPolicy,
  SubmitOptions,
  TaskOptions,
  ThreadPoolOptions,
} from './pool-options.ts';
export type { PoolFault, PoolState, PoolStopReport, WorkerEnded, WorkerStarted } from './pool-events.ts';
export { POOL_ERROR_CODES, PoolError, type PoolErrorCode, type PoolErrorOptions } from './pool-error.ts';
