import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import { moduleTask } from '../../lib/pool/task.ts';
import { ThreadPool } from '../../lib/pool/thread-pool.ts';
import { Latch } from './latch.ts';
import { newPool, outcome, startedPool } from './new-pool.ts';

const inModule = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;

describe('ThreadPool: tasks', () => {
  it('should run a function on another thread', async () => {
    const pool = await startedPool();
    const threadId = await pool.submit(() => process.getBuiltinModule('node:worker_threads').threadId);
    expect(threadId).toBeGreaterThan(0);
    expect(await pool.submit((numbers: number[]) => numbers.map((n) => n * 2), [1, 2])).toEqual([2, 4]);
  });

  it('should wait for what a task promises', async () => {
    const pool = await startedPool();
    const task = async (name: string) => {
      const { platform } = (await import(name)) as { platform: () => string };
      return platform();
    };
    expect(await pool.submit(task, 'node:os')).toBe(process.platform);
  });

  it('should run functions of every form, strictly', async () => {
    const pool = await startedPool();
    const object = {
      method(text: string) {
        return `method ${text}`;
      },
      async later(text: string) {
        await Promise.resolve();
        return `later ${text}`;
      },
    };
    expect(await pool.submit(object.method, 'a')).toBe('method a');
    expect(await pool.submit(object.later, 'b')).toBe('later b');
    expect(
      await pool.submit(function (this: unknown) {
        return this === undefined;
      }),
    ).toBe(true);
  });

  it('should run the exports of a module, which each thread loads once', async () => {
    const pool = await startedPool();
    const url = inModule(
      'let calls = 0; export default (n) => n + ++calls; export const twice = (n) => n * 2; export const no = 5',
    );
    expect(await pool.submit(moduleTask<number, number>(url), 10)).toBe(11);
    expect(await pool.submit(moduleTask<number, number>(new URL(url)), 10)).toBe(12);
    expect(await pool.submit(moduleTask<number, number>(url, 'twice'), 4)).toBe(8);
    await expect(pool.submit(moduleTask<number, number>(url, 'no'), 1)).rejects.toMatchObject({
      code: 'ERR_TASK',
      cause: { name: 'TypeError' },
    });
    const missing = moduleTask<undefined, number>('file:///no/such/module.js');
    await expect(pool.submit(missing)).rejects.toMatchObject({
      code: 'ERR_TASK',
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    });
  });

  it('should tell what a task threw', async () => {
    const pool = await startedPool();
    const failing = () => {
      const cause = new RangeError('below');
      throw Object.assign(new TypeError('no good', { cause }), { code: 'E_OWN', extra: [1], odd: () => 1 });
    };
    await expect(pool.submit(failing)).rejects.toMatchObject({
      name: 'PoolError',
      code: 'ERR_TASK',
      message: 'ERR_TASK: the task failed: no good',
      cause: {
        name: 'TypeError',
        code: 'E_OWN',
        extra: [1],
        cause: { name: 'RangeError', message: 'below' },
      },
    });
    const rejecting = () => Promise.reject(new Error('later'));
    await expect(pool.submit(rejecting)).rejects.toMatchObject({ cause: { message: 'later' } });
    const throwing = (value: unknown) => {
      throw value;
    };
    for (const value of ['text', undefined, null, { a: 1 }])
      await expect(pool.submit(throwing, value)).rejects.toMatchObject({ code: 'ERR_TASK', cause: value });
    expect(pool.threadCount).toBe(1);
  });

  it('should say what cannot be handed over, and go on', async () => {
    const pool = await startedPool();
    const echo = (value: unknown) => value;
    expect(await outcome(pool.submit(echo, () => 1))).toBe('ERR_TASK_DATA');
    expect(await outcome(pool.submit(() => () => 1))).toBe('ERR_TASK_DATA');
    expect(await outcome(pool.submit(echo, new ArrayBuffer(1), { transfer: [{} as ArrayBuffer] }))).toBe(
      'ERR_TASK_DATA',
    );
    expect(await pool.submit(echo, 'next')).toBe('next');
  });

  it('should refuse what is no task', async () => {
    const pool = await startedPool();
    for (const task of [5, undefined, Math.max, (() => 1).bind(null), Latch, 'x => x'])
      expect(await outcome(pool.submit(task as () => number))).toBe('ERR_OPTION');
    expect(() => pool.run(5 as never)).toThrow('ERR_OPTION');
    expect(() => moduleTask('./relative.js')).toThrow('ERR_OPTION');
    expect(() => moduleTask('file:///a.js', '')).toThrow('ERR_OPTION');
    expect(await outcome(pool.submit((n: number) => n, 1, { maxwait: 1 } as never))).toBe('ERR_OPTION');
  });

  it('should give a result as an Observable, once for each subscription', async () => {
    const pool = await startedPool();
    const answer$ = pool.run((n: number) => n + 1, 41);
    expect(await lastValueFrom(answer$.pipe(toArray()))).toEqual([42]);
    expect(await lastValueFrom(answer$)).toBe(42);
    const failing$ = pool.run(() => {
      throw new Error('no');
    });
    await expect(lastValueFrom(failing$)).rejects.toMatchObject({ code: 'ERR_TASK' });
  });

  it('should refuse tasks unless it is started', async () => {
    const pool = newPool();
    expect(await outcome(pool.submit(() => 1))).toBe('ERR_STATE');
    const starting = pool.start();
    const early = pool.submit(() => 2);
    await starting;
    expect(await early).toBe(2);
    await pool.stop();
    expect(await outcome(pool.submit(() => 1))).toBe('ERR_STATE');
  });

  it('should know only its options', () => {
    expect(() => new ThreadPool({ threads: 4 } as never)).toThrow('ERR_OPTION');
    expect(() => new ThreadPool({ threadCount: 513 })).toThrow('ERR_OPTION');
    expect(() => new ThreadPool({ maxQueueSize: -1 })).toThrow('ERR_OPTION');
    expect(() => new ThreadPool({ rejectedPolicy: 'drop' as never })).toThrow('ERR_OPTION');
    for (const stackSize of [1, 100_000, 524_287, 2 ** 30 + 1, 0.5])
      expect(() => new ThreadPool({ stackSize })).toThrow(
        'ERR_OPTION: stackSize must be 0 or an integer from',
      );
  });
});

describe('ThreadPool: memory', () => {
  /** A task: what it was given, and how much memory lies around it. */
  const measure = (bytes: Uint8Array) => ({ bytes: [...bytes], around: bytes.buffer.byteLength });

  it('should copy bytes without what lies around them', async () => {
    const pool = await startedPool();
    const chunk = Buffer.alloc(65_536, 7).subarray(100, 103);
    expect(await pool.submit(measure, chunk)).toEqual({ bytes: [7, 7, 7], around: 3 });
    expect([...chunk]).toEqual([7, 7, 7]);
  });

  it('should move what is to be moved', async () => {
    const pool = await startedPool();
    const bytes = new Uint8Array(1000);
    const length = await pool.submit((given: Uint8Array) => given.length, bytes, {
      transfer: [bytes.buffer],
    });
    expect([length, bytes.length]).toEqual([1000, 0]);
  });

  it('should move a result, if that is asked for and possible', async () => {
    const pool = await startedPool();
    const make = (how: string) => {
      const kept = ((globalThis as { kept?: Uint8Array }).kept ??= new Uint8Array(10));
      if (how === 'length') return kept.length;
      return how === 'whole' ? kept : kept.subarray(1);
    };
    const moveResult = { moveResult: true };
    expect(await pool.submit(make, 'whole')).toHaveLength(10);
    expect(await pool.submit(make, 'part', moveResult)).toHaveLength(9);
    expect(await pool.submit(make, 'length', moveResult)).toBe(10);
    expect(await pool.submit(make, 'whole', moveResult)).toHaveLength(10);
    expect(await pool.submit(make, 'length')).toBe(0);
  });

  it('should not move anything before the task begins', async () => {
    const pool = newPool();
    const bytes = new Uint8Array(8);
    const starting = pool.start();
    const result = pool.submit((given: Uint8Array) => given.length, bytes, { transfer: [bytes.buffer] });
    expect(bytes.length).toBe(8);
    await starting;
    expect([await result, bytes.length]).toEqual([8, 0]);
  });

  it('should have the stack that it is given', async () => {
    const depth = () => {
      let depth = 0;
      const deeper = () => {
        depth++;
        deeper();
      };
      try {
        deeper();
      } catch {
        // it is full
      }
      return depth;
    };
    const small = await startedPool({ stackSize: 512 * 1024 });
    const large = await startedPool({ stackSize: 16 * 1024 * 1024 });
    expect((await large.submit(depth)) / (await small.submit(depth))).toBeGreaterThan(8);
  });
});
