import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { moduleTask } from '../../lib/pool/task.ts';
import type { ThreadPool } from '../../lib/pool/thread-pool.ts';
import type { SubmitOptions, ThreadPoolOptions } from '../../lib/pool/pool-options.ts';
import { Latch, pass } from './latch.ts';
import { outcome, startedPool } from './new-pool.ts';

/** A pool whose only thread is busy until the latch opens, and whose queue is full with one task. */
async function fullPool(options: ThreadPoolOptions) {
  const latch = new Latch();
  const pool = await startedPool({ maxQueueSize: 1, ...options });
  const submit = (answer: string, settings?: SubmitOptions) =>
    pool.submit(pass, { memory: latch.memory, answer }, settings);
  const running = submit('running');
  await latch.arrived(1);
  const queued = submit('queued');
  return { latch, pool, submit, running, queued };
}

const counts = ({ queueSize, waitingCount, taskCount }: ThreadPool) => [queueSize, waitingCount, taskCount];

describe('ThreadPool: a full queue', () => {
  it('should refuse a task with call-fail', async () => {
    const { pool, latch, submit, running, queued } = await fullPool({});
    expect([pool.maxQueueSize, pool.rejectedPolicy, ...counts(pool)]).toEqual([1, 'call-fail', 1, 0, 1]);
    await expect(submit('refused')).rejects.toMatchObject({
      code: 'ERR_POOL_FULL',
      message: 'ERR_POOL_FULL: 1 tasks wait, which is maxQueueSize',
    });
    latch.open();
    expect(await Promise.all([running, queued])).toEqual(['running', 'queued']);
    expect(await submit('again')).toBe('again');
    expect(counts(pool)).toEqual([0, 0, 0]);
  });

  it('should never refuse a task without a limit', async () => {
    const { latch, submit, queued } = await fullPool({ maxQueueSize: 0 });
    const many = Array.from({ length: 1000 }, (_, index) => submit(String(index)));
    latch.open();
    expect(await queued).toBe('queued');
    expect(await Promise.all(many)).toEqual(Array.from({ length: 1000 }, (_, index) => String(index)));
  });

  it('should let a task wait for room with wait-for, in order', async () => {
    const { pool, latch, submit } = await fullPool({ rejectedPolicy: 'wait-for' });
    const order: string[] = [];
    const waiting = ['a', 'b', 'c'].map(async (answer) => order.push(await submit(answer)));
    expect(counts(pool)).toEqual([1, 3, 1]);
    latch.open();
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('should give up waiting after maxWait', async () => {
    const scheduler = new VirtualTimeScheduler();
    const { pool, latch, submit } = await fullPool({ rejectedPolicy: 'wait-for', scheduler });
    const short = outcome(submit('short', { maxWait: 100 }));
    const long = outcome(submit('long', { maxWait: 200 }));
    const forever = submit('forever');
    scheduler.maxFrames = 150;
    scheduler.flush();
    expect([await short, ...counts(pool)]).toEqual(['ERR_POOL_TIMEOUT', 1, 2, 1]);
    latch.open();
    expect([await long, await forever]).toEqual(['done long', 'forever']);
    scheduler.maxFrames = Infinity;
    scheduler.flush();
    expect(scheduler.frame).toBeLessThan(200);
  });

  it('should refuse those that wait for room when it stops', async () => {
    const { pool, latch, submit, running, queued } = await fullPool({ rejectedPolicy: 'wait-for' });
    const waiting = outcome(submit('waiting'));
    const stopped = pool.stop();
    expect(await waiting).toBe('ERR_STATE');
    latch.open();
    expect(await Promise.all([running, queued])).toEqual(['running', 'queued']);
    expect(await stopped).toEqual({ finished: 2, dropped: 0, cut: 0 });
  });

  it('should let somebody in when a task leaves the queue', async () => {
    const { pool, latch, submit, queued } = await fullPool({ rejectedPolicy: 'wait-for' });
    const controller = new AbortController();
    const second = submit('second', { signal: controller.signal });
    const third = submit('third');
    controller.abort();
    expect(await outcome(second)).toBe('ERR_ABORTED');
    expect(counts(pool)).toEqual([1, 1, 1]);
    latch.open();
    expect([await queued, await third]).toEqual(['queued', 'third']);
  });

  it('should run a task here with caller-run', async () => {
    const { pool, latch, running, queued } = await fullPool({ rejectedPolicy: 'caller-run' });
    let here = '';
    const given = { text: 'given' };
    const result = pool.submit((argument: { text: string }) => {
      here = argument.text;
      argument.text = 'changed';
      return argument;
    }, given);
    expect(here).toBe('given'); // it has run already
    expect(await result).toEqual({ text: 'changed' });
    expect(given).toEqual({ text: 'given' });
    const failing = pool.submit(() => {
      throw new Error('here');
    });
    await expect(failing).rejects.toMatchObject({ code: 'ERR_TASK', cause: { message: 'here' } });
    expect(await outcome(pool.submit((value: unknown) => value, Symbol('x')))).toBe('ERR_TASK_DATA');
    const url = 'data:text/javascript,export default (n) => n * 2';
    expect(await pool.submit(moduleTask<number, number>(url), 21)).toBe(42);
    expect(await outcome(pool.submit(moduleTask<undefined, number>(url, 'none')))).toBe('ERR_TASK');
    const bytes = new Uint8Array(4);
    expect(await pool.submit((b: Uint8Array) => b.length, bytes, { transfer: [bytes.buffer] })).toBe(4);
    expect(bytes.length).toBe(0);
    latch.open();
    expect(await Promise.all([running, queued])).toEqual(['running', 'queued']);
  });
});
