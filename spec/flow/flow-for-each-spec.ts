import { describe, expect, it } from '@jest/globals';
import { Subject, lastValueFrom, of, timer } from 'rxjs';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { PAUSED, marbles, underGate } from '../support/under-gate.ts';

describe('flowForEach', () => {
  it('should wait for the work on every value, pushing back meanwhile, and emit nothing', () => {
    marbles().run(({ cold, expectObservable }) => {
      const { gate } = recordedGate({ maxItems: 2, resumeItems: 1 });
      const source = cold('-ab|').pipe(
        underGate(gate),
        flowForEach(() => timer(3)),
      );
      expectObservable(source).toBe('       -------|');
      expectObservable(gate.paused$).toBe(' r-p-r', PAUSED);
    });
  });

  it('should wait for promises', async () => {
    const { gate } = recordedGate();
    const steps: string[] = [];
    const work = async (value: string) => {
      steps.push(`begin ${value}`);
      await Promise.resolve();
      steps.push(`end ${value}`);
    };
    await lastValueFrom(of('a', 'b').pipe(underGate(gate), flowForEach(work)), { defaultValue: undefined });
    expect(steps).toEqual(['begin a', 'end a', 'begin b', 'end b']);
    expect(gate.items).toBe(0);
  });

  it('should take work that returns anything else as done', () => {
    const { gate } = recordedGate();
    const results = [undefined, null, 0, 'text', true, {}, ['a', 'b']];
    const seen: unknown[] = [];
    of(...results)
      .pipe(
        underGate(gate),
        flowForEach((value) => {
          seen.push(value);
          return value;
        }),
      )
      .subscribe({ next: () => seen.push('never'), complete: () => seen.push('complete') });
    expect(seen).toEqual([...results, 'complete']);
    expect(gate.items).toBe(0);
  });

  it('should end with an error of the work', async () => {
    const { gate } = recordedGate();
    const broken = new Error('broken');
    const work = () => Promise.reject(broken);
    await expect(lastValueFrom(of('a', 'b').pipe(underGate(gate), flowForEach(work)))).rejects.toBe(broken);
    expect(gate.items).toBe(0);
  });

  it('should know its leases by its own name, and release them when it is unsubscribed', () => {
    const { gate } = recordedGate();
    const work = new Subject<never>();
    const subscription = of('a', 'b')
      .pipe(
        underGate(gate),
        flowForEach(() => work, { concurrency: 2 }),
      )
      .subscribe();
    expect(gate.holders()).toMatchObject([{ by: 'flowForEach', items: 2 }]);
    subscription.unsubscribe();
    expect([gate.items, work.observed]).toEqual([0, false]);
  });
});
