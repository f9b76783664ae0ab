import { type Transferable, Worker } from 'node:worker_threads';
import type { PoolSettings } from './pool-options.ts';
import type { TaskMessage } from './task.ts';
import { WORKER_SOURCE } from './worker-source.ts';

/** What a thread is asked to do. */
export type Order = TaskMessage & { readonly argument: unknown; readonly moveResult: boolean };

/** An error as a thread tells it. */
export type ErrorReport =
  | { readonly value: unknown }
  | {
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly cause?: ErrorReport;
    };

/** What a thread answers an order with. */
export type Answer = { readonly value: unknown } | { readonly error: ErrorReport; readonly isData: boolean };

/** Told of what happens to a thread; never from inside a call of one of its methods. */
export interface ThreadHandler {
  /** It takes orders. */
  ready(): void;
  answered(answer: Answer): void;
  /** It has answered, but the answer cannot be read. */
  garbled(error: unknown): void;
  /** It is over; nothing follows. `error` is what ended it, if something did. */
  ended(exitCode: number, error: unknown): void;
}

/**
 * A thread that does one thing at a time: all that the pool needs of threads, so that nothing else knows how they are
 * made.
 */
export interface PoolThread {
  readonly id: number;
  /**
   * Gives an order.
   *
   * @throws when the order cannot be copied; then nothing has happened.
   */
  post(order: Order, transfer: readonly Transferable[]): void;
  /** Asks it to end when it has done what it is doing. */
  leave(): void;
  /** Ends it at once, whatever it is doing. */
  terminate(): void;
}

/**
 * Begins a thread.
 *
 * It is a `Worker` of Node itself, and no library of pools stands between: those run files and not functions, fix the
 * number of threads, begin and end threads as they see fit, and keep what waits where a lease cannot follow it.
 *
 * @throws when the system or the options do not allow it.
 */
export function startThread(settings: PoolSettings, handler: ThreadHandler): PoolThread {
  const { stackSize, worker: options } = settings;
  const stack = stackSize === 0 ? {} : { stackSizeMb: stackSize / 2 ** 20 };
  const worker = new Worker(WORKER_SOURCE, {
    ...options,
    eval: true,
    resourceLimits: { ...options?.resourceLimits, ...stack },
  });
  let failure: unknown;
  worker.on('message', (message: 'ready' | Answer) => {
    if (message === 'ready') handler.ready();
    else handler.answered(message);
  });
  worker.on('messageerror', (error) => handler.garbled(error));
  worker.on('error', (error) => (failure = error));
  worker.on('exit', (exitCode) => handler.ended(exitCode, failure));
  return {
    id: worker.threadId,
    post: (order, transfer) => worker.postMessage(order, transfer),
    leave: () => worker.postMessage(null),
    terminate: () => void worker.terminate(),
  };
}
