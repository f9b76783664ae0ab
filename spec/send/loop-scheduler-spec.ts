import { describe, expect, it } from '@jest/globals';
import { asyncScheduler, of, observeOn, type SchedulerAction } from 'rxjs';
import { loopScheduler } from '../../lib/send/loop-scheduler.ts';
import { marbles } from '../support/under-gate.ts';

/** The check phase of the present round of the event loop has begun. */
const checkPhase = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('loopScheduler', () => {
  it('should run work in the check phase, after microtasks, in order', async () => {
    const log: string[] = [];
    loopScheduler.schedule(() => log.push('first'));
    loopScheduler.schedule(() => log.push('second'), 0);
    setImmediate(() => log.push('immediate'));
    process.nextTick(() => log.push('tick'));
    await Promise.resolve();
    log.push('microtask');
    await checkPhase();
    expect(log.slice(2)).toEqual(['first', 'second', 'immediate']);
    expect(log.slice(0, 2)).toEqual(expect.arrayContaining(['tick', 'microtask']));
  });

  it('should hand the state to the work', async () => {
    const seen: unknown[] = [];
    loopScheduler.schedule((state) => seen.push(state), 0, { some: 'state' });
    await checkPhase();
    expect(seen).toEqual([{ some: 'state' }]);
  });

  it('should not run work that was unsubscribed before', async () => {
    const log: string[] = [];
    const first = loopScheduler.schedule(() => log.push('first'));
    const second: { action?: { unsubscribe(): void } } = {};
    loopScheduler.schedule(() => second.action?.unsubscribe());
    second.action = loopScheduler.schedule(() => log.push('second'));
    first.unsubscribe();
    await checkPhase();
    await checkPhase();
    expect(log).toEqual([]);
    expect(first.closed).toBe(true);
  });

  it('should let work schedule itself again, as often as it wants', async () => {
    const log: number[] = [];
    function work(this: SchedulerAction<number>, state = 0): void {
      log.push(state);
      if (state < 3) this.schedule(state + 1);
    }
    loopScheduler.schedule(work, 0, 1);
    for (let round = 0; round < 4; round++) await checkPhase();
    expect(log).toEqual([1, 2, 3]);
  });

  it('should run delayed work on asyncScheduler, and not when it was unsubscribed', () => {
    marbles().run(({ flush }) => {
      const log: [string, number][] = [];
      const note = (name: string) => () => log.push([name, asyncScheduler.now()]);
      loopScheduler.schedule(note('late'), 20);
      loopScheduler.schedule(note('early'), 10);
      const never = loopScheduler.schedule(note('never'), 5);
      never.unsubscribe();
      expect(loopScheduler.now()).toBe(asyncScheduler.now());
      flush();
      expect(log).toEqual([
        ['early', 10],
        ['late', 20],
      ]);
    });
  });

  it('should work as the scheduler of an RxJS operator', async () => {
    const seen: unknown[] = [];
    of('a', 'b')
      .pipe(observeOn(loopScheduler))
      .subscribe({ next: (value) => seen.push(value), complete: () => seen.push('complete') });
    expect(seen).toEqual([]);
    await checkPhase();
    expect(seen).toEqual(['a', 'b', 'complete']);
  });
});
