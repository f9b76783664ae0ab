import type { Transferable } from 'node:worker_threads';
import { Observable, type OperatorFunction } from 'rxjs';
import { callback, flag, having, integer, oneOf, table } from '../base/options.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import { Relay } from '../flow/relay.ts';
import { sizeOf } from '../flow/size-of.ts';
import { Tracker, type TrackingOptions } from '../flow/untracked.ts';
import { type CancelPolicy, checkTask } from './pool-options.ts';
import type { PoolTask } from './task.ts';
import { type PoolWork, WorkLine } from './work-line.ts';
import type { ThreadPool } from './thread-pool.ts';

/** Options of {@link runOn}. */
export interface RunOnOptions<A> extends TrackingOptions {
  /**
   * How many values of one source may be in the pool at the same time, 1 to 2147483647; 0 is as many as the pool has
   * threads. Not more, so that one busy connection does not push all others to the end of the queue.
   * @default 0
   */
  readonly concurrency?: number;
  /**
   * Whether results come in the order of the values; otherwise as soon as they are there.
   * @default true
   */
  readonly ordered?: boolean;
  /**
   * What a value counts for, in bytes.
   * @default the length of bytes or text, of the `data` of an event, the sum over an array; otherwise 1
   */
  readonly size?: ((value: A) => number) | undefined;
  /** What of a value is moved to the thread instead of copied; see `transfer` of `TaskOptions`. */
  readonly transfer?: ((value: A) => readonly Transferable[]) | undefined;
  /**
   * Whether results are moved instead of copied; see `TaskOptions`.
   * @default false
   */
  readonly moveResult?: boolean;
  /**
   * What becomes of tasks that run when the result is not wanted any more, because the connection has ended for instance.
   * Peers that come and go must not cost a thread each time.
   * @default 'abandon'
   */
  readonly onCancel?: CancelPolicy;
}

const checkOptions = table<RunOnOptions<never>>({
  concurrency: integer({ min: 0, max: 2 ** 31 - 1, fallback: 0 }),
  ordered: flag(true),
  size: callback(),
  transfer: callback(),
  moveResult: flag(false),
  onCancel: oneOf<CancelPolicy>(['terminate', 'abandon'], 'abandon'),
  gate: having<FlowGate | undefined>('lease', 'a FlowGate', undefined),
  strictFlow: Object.assign(flag(false), { fallback: undefined }),
});

/**
 * Runs a task for every value on a thread pool and emits the results, pushing back: a value holds a lease of its size on
 * the gate that delivered it from its arrival until its result has been emitted, so that a slow pool pauses the socket.
 * Results are delivered under the same gate, so that flow-aware operators can follow.
 *
 * A value for which there is no room in the queue of the pool waits for some, whatever the rejected policy is. An error of
 * a task, or of the pool, ends the Observable; every end takes back what waits and releases all leases.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal option.
 *
 * @example
 * const hash = moduleTask<Uint8Array, string>(new URL('./hash.js', import.meta.url));
 * server.accept$.pipe(
 *   handleEach((connection) => connection.receive$.pipe(runOn(pool, hash), sendTo(connection))),
 * );
 */
export function runOn<A, R>(
  pool: ThreadPool,
  task: PoolTask<A, R>,
  options: RunOnOptions<A> = {},
): OperatorFunction<A, R> {
  const { gate, strictFlow, size, transfer, ...rest } = checkOptions(options);
  const { concurrency, ordered, moveResult, onCancel } = rest;
  const sizeOfValue = (size as ((value: A) => number) | undefined) ?? sizeOf;
  const moves = transfer as ((value: A) => readonly Transferable[]) | undefined;
  const work: PoolWork<A> = {
    pool,
    task,
    ordered,
    concurrency,
    settingsFor: (value) => checkTask({ transfer: moves?.(value) ?? [], moveResult, onCancel }),
  };
  return (source) =>
    new Observable((subscriber) => {
      const tracker = new Tracker('runOn', { gate, strictFlow });
      const line = new WorkLine<A, R>(subscriber, work);
      subscriber.add(line);
      source.subscribe(
        new Relay<A, R>(
          subscriber,
          (value) => {
            const on = tracker.gate();
            line.take(value, on, on?.lease(sizeOfValue(value), 'runOn'));
          },
          () => line.sourceEnded(),
        ),
      );
    });
}
