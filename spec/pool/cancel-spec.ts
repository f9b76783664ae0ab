import { describe, expect, it } from '@jest/globals';
import { afterTest } from '../support/cleanup.ts';
import { Latch, hang, pass } from './latch.ts';
import { outcome, startedPool } from './new-pool.ts';

describe('ThreadPool: cancelling', () => {
  it('should not run a task that is cancelled while it waits', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const controller = new AbortController();
    const first = pool.submit(pass, { memory: latch.memory, answer: 'first' });
    const second = pool.submit(hang, latch.memory, { signal: controller.signal });
    const third = pool.submit(() => 'third');
    expect(pool.queueSize).toBe(2);
    controller.abort('because');
    await expect(second).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'because' });
    expect(pool.queueSize).toBe(1);
    latch.open();
    expect([await first, await third, latch.count]).toEqual(['first', 'third', 1]);
  });

  it('should not run a task whose signal has aborted before', async () => {
    const pool = await startedPool();
    const submitted = pool.submit(hang, new SharedArrayBuffer(8), { signal: AbortSignal.abort() });
    expect(await outcome(submitted)).toBe('ERR_ABORTED');
    expect([pool.queueSize, pool.taskCount]).toEqual([0, 0]);
  });

  it('should end a task that runs, with its thread, and take another thread', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const ends: number[] = [];
    const faults: unknown[] = [];
    pool.workerEnd$.subscribe(({ threadId }) => ends.push(threadId));
    pool.faults$.subscribe((fault) => faults.push(fault));
    const first = await pool.submit(() => process.getBuiltinModule('node:worker_threads').threadId);
    const controller = new AbortController();
    const endless = pool.submit(hang, latch.memory, { signal: controller.signal });
    const next = pool.submit(() => process.getBuiltinModule('node:worker_threads').threadId);
    await latch.arrived(1);
    controller.abort();
    expect(await outcome(endless)).toBe('ERR_ABORTED');
    expect([pool.taskCount, pool.threadCount]).toEqual([0, 1]);
    expect(await next).not.toBe(first);
    expect([ends, faults]).toEqual([[first], []]);
  });

  it('should let a task run to its end with abandon, and forget the result', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const controller = new AbortController();
    const options = { signal: controller.signal, onCancel: 'abandon' } as const;
    const first = pool.submit(pass, { memory: latch.memory, answer: 'first' }, options);
    await latch.arrived(1);
    controller.abort();
    expect(await outcome(first)).toBe('ERR_ABORTED');
    expect([pool.taskCount, pool.threadCount]).toEqual([1, 1]);
    const second = pool.submit(() => 'second');
    expect(pool.queueSize).toBe(1);
    latch.open();
    expect(await second).toBe('second');
  });

  it('should cancel when an Observable is unsubscribed from', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const seen: unknown[] = [];
    const running = pool.run(hang, latch.memory).subscribe((value) => seen.push(value));
    await latch.arrived(1);
    const waiting = pool.run(hang, latch.memory).subscribe((value) => seen.push(value));
    expect([pool.taskCount, pool.queueSize]).toEqual([1, 1]);
    waiting.unsubscribe();
    running.unsubscribe();
    expect([pool.taskCount, pool.queueSize]).toEqual([0, 0]);
    expect(await pool.submit(() => 'alive')).toBe('alive');
    expect([seen, latch.count]).toEqual([[], 1]);
  });

  it('should cancel any number of tasks with one signal, without a warning', async () => {
    const pool = await startedPool();
    const warnings: unknown[] = [];
    const warned = (warning: unknown) => warnings.push(warning);
    process.on('warning', warned);
    afterTest(() => process.off('warning', warned));
    const controller = new AbortController();
    const { signal } = controller;
    const latch = new Latch();
    const first = outcome(pool.submit(hang, latch.memory, { signal }));
    const others = Array.from({ length: 1000 }, (_, n) =>
      outcome(pool.submit((n: number) => n, n, { signal })),
    );
    await latch.arrived(1);
    controller.abort();
    expect(new Set(await Promise.all([first, ...others]))).toEqual(new Set(['ERR_ABORTED']));
    expect([await pool.submit(() => 'next'), pool.queueSize, warnings]).toEqual(['next', 0, []]);
  });

  it('should not mind a signal that aborts too late', async () => {
    const pool = await startedPool();
    const controller = new AbortController();
    expect(await pool.submit((n: number) => n, 1, { signal: controller.signal })).toBe(1);
    controller.abort();
    expect([await pool.submit(() => 'alive'), pool.threadCount]).toEqual(['alive', 1]);
  });

  it('should end an abandoned task when it stops', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const endless = pool.run(hang, latch.memory, { onCancel: 'abandon' }).subscribe();
    await latch.arrived(1);
    endless.unsubscribe();
    expect(await pool.stop()).toEqual({ finished: 0, dropped: 0, cut: 0 });
  });

  it('should go on stopping when what it waits for is cancelled', async () => {
    for (const onCancel of ['terminate', 'abandon'] as const) {
      const pool = await startedPool();
      const latch = new Latch();
      const endless = pool.run(hang, latch.memory, { onCancel }).subscribe();
      await latch.arrived(1);
      const waiting = pool.run(hang, latch.memory).subscribe();
      const stopped = pool.stop();
      waiting.unsubscribe();
      endless.unsubscribe();
      expect(await stopped).toEqual({ finished: 0, dropped: 0, cut: 0 });
    }
  });
});
