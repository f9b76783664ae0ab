import { ThreadPool } from '../../lib/pool/thread-pool.ts';
import type { ThreadPoolOptions } from '../../lib/pool/pool-options.ts';
import { afterTest } from '../support/cleanup.ts';

/** A pool that has stopped when the test is over. */
export function newPool(options: ThreadPoolOptions = {}): ThreadPool {
  const pool = new ThreadPool({ threadCount: 1, ...options });
  afterTest(() => pool[Symbol.asyncDispose]());
  return pool;
}

/** The same, started. */
export async function startedPool(options?: ThreadPoolOptions): Promise<ThreadPool> {
  const pool = newPool(options);
  await pool.start();
  return pool;
}

/** How a promise ended: `done …` or the code of the error. */
export function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `done ${String(value)}`,
    (error: unknown) => (error as { code: string }).code,
  );
}
