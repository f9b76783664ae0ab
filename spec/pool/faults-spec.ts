import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { PoolFault } from '../../lib/pool/pool-events.ts';
import { Latch, pass } from './latch.ts';
import { newPool, outcome, startedPool } from './new-pool.ts';

/** For threads that cannot begin. */
const BROKEN = { execArgv: ['--require', '/no/such/file.cjs'] };

describe('ThreadPool: threads that fail', () => {
  it('should fail the task of a thread that exits, and no other', async () => {
    const pool = await startedPool({ threadCount: 2 });
    const faults: PoolFault[] = [];
    pool.faults$.subscribe((fault) => faults.push(fault));
    const latch = new Latch();
    const beside = pool.submit(pass, { memory: latch.memory, answer: 'beside' });
    const exiting = pool.submit(() => process.exit(3));
    const queued = Array.from({ length: 10 }, (_, n) => pool.submit((n: number) => n, n));
    await expect(exiting).rejects.toMatchObject({ code: 'ERR_WORKER', exitCode: 3 });
    latch.open();
    expect(await beside).toBe('beside');
    expect(await Promise.all(queued)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([faults.length, faults[0]?.error.exitCode, pool.threadCount]).toEqual([1, 3, 2]);
  });

  it('should fail the task of a thread that fails outside of it', async () => {
    const pool = await startedPool();
    const failing = pool.submit(() => {
      setTimeout(() => {
        throw new RangeError('outside');
      });
      return new Promise<void>(() => undefined);
    });
    const queued = pool.submit(() => 'queued');
    await expect(failing).rejects.toMatchObject({
      code: 'ERR_WORKER',
      exitCode: 1,
      cause: { name: 'RangeError', message: 'outside' },
    });
    expect(await queued).toBe('queued');
  });

  it('should replace a thread that fails after its task', async () => {
    const pool = await startedPool();
    const fault = firstValueFrom(pool.faults$);
    expect(
      await pool.submit(() => {
        setImmediate(() => void Promise.reject(new Error('late')));
        return 'done';
      }),
    ).toBe('done');
    expect((await fault).error).toMatchObject({ code: 'ERR_WORKER', cause: { message: 'late' } });
    expect([await pool.submit(() => 'next'), pool.threadCount]).toEqual(['next', 1]);
  });

  it('should survive a thread that runs out of memory', async () => {
    const pool = await startedPool({
      worker: { resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 } },
    });
    const greedy = pool.submit(() => {
      let chain: unknown = undefined;
      for (;;) chain = { chain };
    });
    const queued = pool.submit(() => 'queued');
    await expect(greedy).rejects.toMatchObject({
      code: 'ERR_WORKER',
      cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    });
    expect(await queued).toBe('queued');
  }, 30_000);

  it('should refuse to start with threads that cannot begin, and be stopped again', async () => {
    const pool = newPool({ threadCount: 2, worker: BROKEN });
    const events: string[] = [];
    pool.startup$.subscribe(() => events.push('startup'));
    pool.shutdown$.subscribe(() => events.push('shutdown'));
    pool.workerStart$.subscribe(() => events.push('start'));
    pool.workerEnd$.subscribe(() => events.push('end'));
    pool.state$.subscribe((state) => events.push(state));
    const started = pool.start();
    const early = outcome(pool.submit(() => 1));
    await expect(started).rejects.toMatchObject({ code: 'ERR_WORKER', cause: { code: 'MODULE_NOT_FOUND' } });
    expect(await early).toBe('ERR_TASK_DROPPED');
    expect(events).toEqual(['stopped', 'starting', 'startup', 'stopping', 'stopped', 'shutdown']);
    await pool.start({ worker: {} });
    expect(await pool.submit(() => 'works')).toBe('works');
  });

  it('should refuse to start with options that threads cannot have', async () => {
    const pool = newPool({ worker: { execArgv: ['--no-such-option'] } });
    await expect(pool.start()).rejects.toMatchObject({
      code: 'ERR_WORKER',
      cause: { code: 'ERR_WORKER_INVALID_EXEC_ARGV' },
    });
    expect([pool.state, pool.threadCount]).toEqual(['stopped', 0]);
  });

  it.each([
    ['at once', ['--no-such-option']],
    ['later', BROKEN.execArgv],
  ])('should tell every task when no thread can begin any more (%s), and try again', async (_, execArgv) => {
    // Every thread reads what it is given when it begins.
    const worker = { execArgv: [] as string[] };
    const pool = await startedPool({ worker });
    worker.execArgv = execArgv;
    const exiting = outcome(pool.submit(() => process.exit(1)));
    const queued = outcome(pool.submit(() => 1));
    expect([await exiting, await queued]).toEqual(['ERR_WORKER', 'ERR_WORKER']);
    expect([pool.state, pool.threadCount, pool.queueSize]).toEqual(['started', 0, 0]);
    expect(await outcome(pool.submit(() => 1))).toBe('ERR_WORKER');
    worker.execArgv = [];
    expect(await pool.submit(() => 'works')).toBe('works');
  });

  it('should finish the queue when threads fail while it stops', async () => {
    const pool = await startedPool({ threadCount: 1 });
    const exiting = [0, 1, 2].map(() => outcome(pool.submit(() => process.exit(1))));
    const last = pool.submit(() => 'last');
    const report = pool.stop();
    expect(await Promise.all(exiting)).toEqual(['ERR_WORKER', 'ERR_WORKER', 'ERR_WORKER']);
    expect(await last).toBe('last');
    expect(await report).toEqual({ finished: 1, dropped: 0, cut: 0 });
  });
});
