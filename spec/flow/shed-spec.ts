import { describe, expect, it } from '@jest/globals';
import { Subject, delay, of, throwError } from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { shed } from '../../lib/flow/shed.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { marbles, underGate } from '../support/under-gate.ts';

describe('shed', () => {
  it('should drop values while those behind it are too slow', () => {
    marbles().run(({ cold, expectObservable }) => {
      const { gate } = recordedGate();
      const result = cold('-abcd-----e-|').pipe(
        underGate(gate),
        shed({ aboveItems: 2 }),
        flowMap((value) => of(value).pipe(delay(4)), { concurrency: 2 }),
      );
      expectObservable(result).toBe('-----ab-------(e|)');
    });
  });

  it('should drop at the mark of bytes, counted for each subscription', () => {
    const { gate } = recordedGate();
    const lost: [string, number][] = [];
    const passed: string[] = [];
    const source = new Subject<string>();
    const shedding = source.pipe(
      underGate(gate),
      shed({ above: 10, onShed: (value, count) => lost.push([value, count]) }),
    );
    shedding.subscribe((value) => passed.push(value));
    const lease = gate.lease(9);
    source.next('a');
    const last = gate.lease(1);
    source.next('b');
    source.next('c');
    last.release();
    source.next('d');
    lease.release();
    expect(passed).toEqual(['a', 'd']);
    expect(lost).toEqual([
      ['b', 1],
      ['c', 2],
    ]);
    const hold = gate.lease(10);
    shedding.subscribe();
    source.next('e');
    hold.release();
    expect(lost.slice(2)).toEqual([
      ['e', 3],
      ['e', 1],
    ]);
  });

  it('should take no lease itself', () => {
    const { gate } = recordedGate();
    of('a', 'b').pipe(underGate(gate), shed()).subscribe();
    expect(gate.items).toBe(0);
  });

  it('should let untracked values pass', () => {
    const { gate } = recordedGate();
    gate.lease(1e6);
    const passed: string[] = [];
    of('a')
      .pipe(shed({ above: 1 }))
      .subscribe((value) => passed.push(value));
    expect(passed).toEqual(['a']);
  });

  it('should look at the given gate', () => {
    const { gate } = recordedGate();
    gate.lease(1);
    const passed: string[] = [];
    of('a')
      .pipe(shed({ above: 1, gate }))
      .subscribe((value) => passed.push(value));
    expect(passed).toEqual([]);
  });

  it('should pass errors and completion on', () => {
    const seen: unknown[] = [];
    const broken = new Error('broken');
    of('a')
      .pipe(underGate(recordedGate().gate), shed())
      .subscribe({ complete: () => seen.push('complete') });
    throwError(() => broken)
      .pipe(shed())
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual(['complete', broken]);
  });

  it.each([
    [{ above: 0 }, 'ERR_OPTION: above must be an integer from 1 to 1099511627776, got 0'],
    [{ aboveItems: -1 }, 'ERR_OPTION: aboveItems must be an integer from 1 to 1099511627776, got -1'],
    [{ below: 1 }, 'ERR_OPTION: below must be left out: no such option'],
  ])('should refuse %j when it is made', (options, message) => {
    const attempt = () => shed(options as object);
    expect(attempt).toThrow(OptionError);
    expect(attempt).toThrow(message);
  });
});
