import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler, lastValueFrom, toArray } from 'rxjs';
import { threadsFor } from '../../lib/pool/pool-options.ts';
import { Latch, hang, pass } from './latch.ts';
import { newPool, outcome, startedPool } from './new-pool.ts';

const NOTHING = { finished: 0, dropped: 0, cut: 0 };

describe('ThreadPool: starting and stopping', () => {
  it('should have as many threads as the number stands for', () => {
    const cpus = availableParallelism();
    expect([1, 7, 512, 0, -1, -2, -512].map(threadsFor)).toEqual([
      1,
      7,
      512,
      Math.min(2 * cpus + 2, 512),
      Math.min(cpus, 512),
      Math.min(2 * cpus, 512),
      512,
    ]);
    for (const count of [513, -513, 0.5, NaN]) expect(() => threadsFor(count)).toThrow('ERR_OPTION');
  });

  it('should tell what happens, in order', async () => {
    const pool = newPool({ threadCount: 2 });
    const events: string[] = [];
    pool.state$.subscribe({ next: (state) => events.push(state), complete: () => events.push('complete') });
    pool.startup$.subscribe(() => events.push(`startup with ${pool.threadCount}`));
    pool.shutdown$.subscribe((report) => events.push(`shutdown ${JSON.stringify(report)}`));
    pool.workerStart$.subscribe(() => events.push('worker start'));
    pool.workerEnd$.subscribe(({ exitCode }) => events.push(`worker end ${exitCode}`));
    await pool.start();
    events.push('is started');
    await pool.submit(() => 1);
    await pool.stop();
    events.push('is stopped');
    await pool[Symbol.asyncDispose]();
    expect(events).toEqual([
      'stopped',
      'starting',
      'startup with 0',
      'worker start',
      'worker start',
      'started',
      'is started',
      'stopping',
      'worker end 0',
      'worker end 0',
      'stopped',
      'shutdown {"finished":0,"dropped":0,"cut":0}',
      'is stopped',
      'complete',
    ]);
    expect(await lastValueFrom(pool.state$.pipe(toArray()))).toEqual(['stopped']);
  });

  it('should finish the queue before it stops', async () => {
    const pool = await startedPool({ threadCount: 2 });
    const latch = new Latch();
    const tasks = Array.from({ length: 6 }, (_, n) =>
      pool.submit(pass, { memory: latch.memory, answer: String(n) }),
    );
    const failing = outcome(
      pool.submit(() => {
        throw new Error('no');
      }),
    );
    await latch.arrived(2);
    const stopped = pool.stop();
    expect([pool.state, await outcome(pool.submit(() => 1))]).toEqual(['stopping', 'ERR_STATE']);
    latch.open();
    expect(await Promise.all(tasks)).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(await failing).toBe('ERR_TASK');
    expect(await stopped).toEqual({ finished: 7, dropped: 0, cut: 0 });
    expect([pool.state, pool.threadCount, pool.queueSize]).toEqual(['stopped', 0, 0]);
  });

  it('should drop what is left after maxWait, and say so', async () => {
    const scheduler = new VirtualTimeScheduler();
    const pool = await startedPool({ threadCount: 2, scheduler });
    const latch = new Latch();
    const running = [0, 1].map(() => outcome(pool.submit(hang, latch.memory)));
    await latch.arrived(2);
    const queued = [0, 1, 2].map(() => outcome(pool.submit(() => 1)));
    const stopped = pool.stop({ maxWait: 1000 });
    expect(pool.taskCount).toBe(2);
    scheduler.flush();
    expect(scheduler.frame).toBe(1000);
    expect(await Promise.all([...running, ...queued])).toEqual(Array(5).fill('ERR_TASK_DROPPED'));
    expect(await stopped).toEqual({ finished: 0, dropped: 3, cut: 2 });
    expect(latch.count).toBe(2);
  });

  it('should not wait for maxWait when everything is finished before', async () => {
    const scheduler = new VirtualTimeScheduler();
    const pool = await startedPool({ scheduler });
    expect(await pool.stop({ maxWait: 1000 })).toEqual(NOTHING);
    scheduler.flush();
    expect(scheduler.frame).toBe(0);
  });

  it('should drop everything at once without drain', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const running = outcome(pool.submit(hang, latch.memory));
    await latch.arrived(1);
    const queued = outcome(pool.submit(() => 1));
    expect(await pool.stop({ drain: false })).toEqual({ finished: 0, dropped: 1, cut: 1 });
    expect([await running, await queued]).toEqual(['ERR_TASK_DROPPED', 'ERR_TASK_DROPPED']);
  });

  it('should answer every stop with the same report, and obey the strictest', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const endless = outcome(pool.submit(hang, latch.memory));
    await latch.arrived(1);
    const patient = pool.stop();
    const strict = pool.stop({ drain: false });
    expect(await patient).toEqual({ finished: 0, dropped: 0, cut: 1 });
    expect(await strict).toBe(await patient);
    expect(await endless).toBe('ERR_TASK_DROPPED');
    expect(await pool.stop()).toEqual(NOTHING);
  });

  it('should end a thread that does not leave when it is told to', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    await pool.submit((memory: SharedArrayBuffer) => {
      const view = new Int32Array(memory);
      setImmediate(() => {
        Atomics.add(view, 1, 1);
        Atomics.notify(view, 1);
        for (;;);
      });
    }, latch.memory);
    await latch.arrived(1);
    const patient = pool.stop();
    expect(pool.threadCount).toBe(0);
    void pool.stop({ drain: false });
    expect(await patient).toEqual(NOTHING);
  });

  it('should be stopped from within everything that it tells', async () => {
    const pool = newPool();
    const reports: unknown[] = [];
    pool.workerStart$.subscribe(() => void pool.stop().then((report) => reports.push(report)));
    await expect(pool.start()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await pool.wait();
    expect(reports).toEqual([NOTHING]);
  });

  it('should start again, with other settings if they are given', async () => {
    const pool = newPool({ threadCount: 1 });
    await pool.start({ threadCount: 2, maxQueueSize: 5, rejectedPolicy: 'wait-for' });
    expect([pool.threadCount, pool.maxQueueSize, pool.rejectedPolicy]).toEqual([2, 5, 'wait-for']);
    expect(await outcome(pool.start())).toBe('ERR_STATE');
    await pool.stop();
    await pool.wait();
    await pool.start();
    expect([pool.threadCount, pool.maxQueueSize, pool.rejectedPolicy]).toEqual([1, 0, 'call-fail']);
    expect(await pool.submit(() => 'again')).toBe('again');
    await pool.stop();
    expect(await outcome(pool.start({ threadCount: 1000 }))).toBe('ERR_OPTION');
    expect(pool.state).toBe('stopped');
  });

  it('should give up starting when it is stopped meanwhile', async () => {
    const pool = newPool({ threadCount: 2 });
    const started = outcome(pool.start());
    const early = pool.submit(() => 'early');
    const stopped = pool.stop();
    expect(await outcome(pool.start())).toBe('ERR_STATE');
    expect([await early, await started]).toEqual(['early', 'ERR_ABORTED']);
    expect(await stopped).toEqual({ finished: 1, dropped: 0, cut: 0 });
  });

  it('should not start after it was disposed of', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const endless = outcome(pool.submit(hang, latch.memory));
    await latch.arrived(1);
    await pool[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
    expect([await endless, await outcome(pool.start())]).toEqual(['ERR_TASK_DROPPED', 'ERR_STATE']);
  });
});

describe('ThreadPool: adjustThreadCount', () => {
  it('should begin new threads at once', async () => {
    const pool = await startedPool();
    const latch = new Latch();
    const submit = (answer: string) => pool.submit(pass, { memory: latch.memory, answer });
    const tasks = ['a', 'b', 'c'].map(submit);
    await latch.arrived(1);
    expect([pool.taskCount, pool.queueSize]).toEqual([1, 2]);
    pool.adjustThreadCount(3);
    expect(pool.threadCount).toBe(3);
    await latch.arrived(3);
    expect([pool.taskCount, pool.queueSize]).toEqual([3, 0]);
    latch.open();
    expect(await Promise.all(tasks)).toEqual(['a', 'b', 'c']);
  });

  it('should let surplus threads go when the queue is empty, and no sooner', async () => {
    const pool = await startedPool({ threadCount: 3 });
    const [first, second] = [new Latch(), new Latch()];
    const running = [0, 1, 2].map(() => pool.submit(pass, { memory: first.memory, answer: 'x' }));
    await first.arrived(3);
    const queued = [0, 1, 2].map(() => pool.submit(pass, { memory: second.memory, answer: 'y' }));
    pool.adjustThreadCount(1);
    first.open();
    await second.arrived(3);
    expect(pool.threadCount).toBe(3);
    second.open();
    await Promise.all([...running, ...queued]);
    expect(pool.threadCount).toBe(1);
    expect(await pool.submit(() => 'still')).toBe('still');
  });

  it('should let idle threads go at once', async () => {
    const pool = await startedPool({ threadCount: 4 });
    pool.adjustThreadCount(2);
    expect(pool.threadCount).toBe(2);
    pool.adjustThreadCount(-1);
    expect(pool.threadCount).toBe(availableParallelism());
  });

  it('should be refused unless the pool is started, or with an illegal number', async () => {
    const pool = newPool();
    expect(() => pool.adjustThreadCount(2)).toThrow('ERR_STATE');
    await pool.start();
    expect(() => pool.adjustThreadCount(1000)).toThrow('ERR_OPTION');
    expect(pool.threadCount).toBe(1);
  });
});
