import { describe, expect, it } from '@jest/globals';
import { EMPTY, Subject, from, lastValueFrom, map, of, tap, toArray } from 'rxjs';
import { currentGate } from '../../lib/flow/emission.ts';
import { runOn } from '../../lib/pool/run-on.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { underGate } from '../support/under-gate.ts';
import { Latch, type Passing, hang, pass } from './latch.ts';
import { outcome, startedPool } from './new-pool.ts';

/** Values for {@link pass}, each with a latch of its own. */
function passings(...answers: string[]) {
  const latches = answers.map(() => new Latch());
  const values = latches.map(({ memory }, at): Passing => ({ memory, answer: answers[at] ?? '' }));
  return { latches, values };
}

describe('runOn', () => {
  it('should run a task for every value, and complete after the last result', async () => {
    const pool = await startedPool({ threadCount: 3 });
    const { gate } = recordedGate();
    const doubled = from([1, 2, 3, 4, 5, 6, 7, 8]).pipe(
      underGate(gate),
      runOn(pool, (n: number) => n * 2),
      toArray(),
    );
    expect(await lastValueFrom(doubled)).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect([gate.items, pool.queueSize, pool.taskCount]).toEqual([0, 0, 0]);
    const nothing = EMPTY.pipe(
      runOn(pool, (n: number) => n),
      toArray(),
    );
    expect(await lastValueFrom(nothing)).toEqual([]);
  });

  it('should emit results in the order of the values', async () => {
    const pool = await startedPool({ threadCount: 3 });
    const { gate } = recordedGate();
    const { latches, values } = passings('a', 'b', 'c');
    const seen: string[] = [];
    const done = lastValueFrom(
      from(values).pipe(
        underGate(gate),
        runOn(pool, pass),
        tap((answer) => seen.push(`${answer} ${gate.items}`)),
      ),
    );
    await Promise.all(latches.map((latch) => latch.arrived(1)));
    latches[2]?.open();
    latches[1]?.open();
    // The pool has had both results when it has done something later.
    await pool.submit(() => 1);
    await pool.submit(() => 1);
    expect([seen, gate.items]).toEqual([[], 3]);
    latches[0]?.open();
    await done;
    expect(seen).toEqual(['a 3', 'b 2', 'c 1']);
  });

  it('should emit results as they come with ordered: false', async () => {
    const pool = await startedPool({ threadCount: 2 });
    const { gate } = recordedGate();
    const { latches, values } = passings('slow', 'quick');
    const seen: string[] = [];
    const done = lastValueFrom(
      from(values).pipe(
        underGate(gate),
        runOn(pool, pass, { ordered: false }),
        tap((answer) => {
          seen.push(answer);
          latches[0]?.open();
        }),
      ),
    );
    latches[1]?.open();
    await done;
    expect(seen).toEqual(['quick', 'slow']);
  });

  it('should have no more values in the pool than there are threads, or than concurrency says', async () => {
    const pool = await startedPool({ threadCount: 2 });
    const { gate } = recordedGate();
    const latch = new Latch();
    const values = Array.from({ length: 9 }, (_, n): Passing => ({ memory: latch.memory, answer: `${n}` }));
    const source = from(values).pipe(underGate(gate));
    const both = [
      lastValueFrom(source.pipe(runOn(pool, pass), toArray())),
      lastValueFrom(source.pipe(runOn(pool, pass, { concurrency: 3 }), toArray())),
    ];
    await latch.arrived(2);
    expect([pool.taskCount, pool.queueSize, gate.items]).toEqual([2, 3, 18]);
    latch.open();
    for (const results of await Promise.all(both)) expect(results.join('')).toBe('012345678');
  });

  it('should hold a lease for every value, and so pause a source that is too quick', async () => {
    const pool = await startedPool();
    const { gate, target } = recordedGate({ high: 10, low: 0 });
    const latch = new Latch();
    const source = new Subject<string>();
    const block = pool.submit(pass, { memory: latch.memory, answer: '' });
    const results = lastValueFrom(
      source.pipe(
        underGate(gate),
        runOn(pool, (text: string) => text.length),
        toArray(),
      ),
    );
    source.next('12345');
    expect(target.changes).toEqual([]);
    source.next('12345');
    expect([gate.leased, target.changes]).toEqual([10, [true]]);
    expect(gate.holders()).toMatchObject([{ kind: 'lease', by: 'runOn', bytes: 10, items: 2 }]);
    source.complete();
    latch.open();
    await block;
    expect(await results).toEqual([5, 5]);
    expect(target.changes).toEqual([true, false]);
  });

  it('should deliver results under the gate of the value', async () => {
    const pool = await startedPool();
    const { gate } = recordedGate();
    const gates = of('a', 'b').pipe(
      underGate(gate),
      runOn(pool, (text: string) => text),
      map(() => currentGate()),
      toArray(),
    );
    expect(await lastValueFrom(gates)).toEqual([gate, gate]);
    expect(currentGate()).toBeUndefined();
  });

  it('should wait for room in a queue that is full, whatever the policy', async () => {
    const pool = await startedPool({ maxQueueSize: 1, rejectedPolicy: 'call-fail' });
    const { gate } = recordedGate();
    const results = from([1, 2, 3, 4, 5]).pipe(
      underGate(gate),
      runOn(pool, (n: number) => n + 1, { concurrency: 5 }),
      toArray(),
    );
    expect(await lastValueFrom(results)).toEqual([2, 3, 4, 5, 6]);
  });

  it('should count what size says, and move what transfer says', async () => {
    const pool = await startedPool();
    const { gate } = recordedGate();
    const bytes = new Uint8Array(100);
    let leased = 0;
    const result = of(bytes).pipe(
      underGate(gate),
      runOn(pool, (given: Uint8Array) => given.length, {
        size: ({ length }) => length * 2,
        transfer: ({ buffer }) => {
          leased = gate.leased;
          return [buffer as ArrayBuffer];
        },
      }),
    );
    expect([await lastValueFrom(result), bytes.length, leased]).toEqual([100, 0, 200]);
  });

  it('should end with the error of a task, and take back the others', async () => {
    const pool = await startedPool();
    const { gate } = recordedGate();
    const source = new Subject<number>();
    const failing = (n: number) => {
      if (n === 1) throw new Error('one');
      return n;
    };
    const seen: number[] = [];
    const done = outcome(
      lastValueFrom(
        source.pipe(
          underGate(gate),
          runOn(pool, failing, { concurrency: 4 }),
          tap((n) => seen.push(n)),
        ),
      ),
    );
    for (const n of [0, 1, 2, 3, 4, 5]) source.next(n);
    expect(await done).toBe('ERR_TASK');
    expect([seen, gate.items, pool.queueSize, source.observed]).toEqual([[0], 0, 0, false]);
  });

  it('should end with an error when the pool is not started, or stops', async () => {
    const pool = await startedPool();
    const { gate } = recordedGate();
    const latch = new Latch();
    const endless = of(latch.memory, latch.memory).pipe(underGate(gate), runOn(pool, hang));
    const ended = outcome(lastValueFrom(endless));
    await latch.arrived(1);
    await pool.stop({ drain: false });
    expect(await ended).toBe('ERR_TASK_DROPPED');
    expect(await outcome(lastValueFrom(endless))).toBe('ERR_STATE');
    expect(gate.items).toBe(0);
  });

  it('should take back what waits when it is unsubscribed from, and keep the threads', async () => {
    const pool = await startedPool();
    const { gate } = recordedGate();
    const latch = new Latch();
    const value = { memory: latch.memory, answer: '' };
    const subscription = of(value, value, value)
      .pipe(underGate(gate), runOn(pool, pass, { concurrency: 2 }))
      .subscribe();
    await latch.arrived(1);
    expect([gate.items, pool.taskCount, pool.queueSize]).toEqual([3, 1, 1]);
    subscription.unsubscribe();
    expect([gate.items, pool.taskCount, pool.queueSize, pool.threadCount]).toEqual([0, 1, 0, 1]);
    latch.open();
    expect([await pool.submit(() => 'next'), latch.count]).toEqual(['next', 1]);
  });

  it('should end what runs when it is unsubscribed from with terminate', async () => {
    const pool = await startedPool();
    const { gate } = recordedGate();
    const latch = new Latch();
    const subscription = of(latch.memory)
      .pipe(underGate(gate), runOn(pool, hang, { onCancel: 'terminate' }))
      .subscribe();
    await latch.arrived(1);
    subscription.unsubscribe();
    expect(pool.taskCount).toBe(0);
    expect(await pool.submit(() => 'next')).toBe('next');
  });

  it('should refuse an untracked value when flow is strict, and illegal options', async () => {
    const pool = await startedPool();
    const strict = of(1).pipe(runOn(pool, (n: number) => n, { strictFlow: true }));
    expect(await outcome(lastValueFrom(strict))).toBe('ERR_UNTRACKED');
    expect(() => runOn(pool, (n: number) => n, { concurrency: -1 })).toThrow('ERR_OPTION');
    expect(() => runOn(pool, (n: number) => n, { order: true } as never)).toThrow('ERR_OPTION');
  });
});
