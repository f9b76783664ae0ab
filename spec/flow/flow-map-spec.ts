import { describe, expect, it } from '@jest/globals';
import {
  NEVER,
  type Observable,
  Subject,
  concat,
  defer,
  delay,
  from,
  lastValueFrom,
  map,
  of,
  take,
  tap,
  toArray,
} from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { currentGate } from '../../lib/flow/emission.ts';
import { FlowGate } from '../../lib/flow/flow-gate.ts';
import { flowMarks } from '../../lib/flow/flow-marks.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { PAUSED, marbles, underGate } from '../support/under-gate.ts';

/** A gate that pauses at two items and resumes at none. */
const tightGate = () => recordedGate({ maxItems: 2, resumeItems: 0 });

describe('flowMap', () => {
  it('should work on one value at a time, in order, and complete when the last is done', () => {
    marbles().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const { gate } = tightGate();
      const inner = cold('           --x--y|');
      const source = hot('  -a-b-----|');
      const subs = '        ^--------!';
      const inners = ['     -^-----!', '     -------^-----!'];
      const expected = '    ---x--y--x--y|';
      expectObservable(
        source.pipe(
          underGate(gate),
          flowMap(() => inner),
        ),
      ).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
      expectSubscriptions(inner.subscriptions).toBe(inners);
    });
  });

  it('should work on as many values at a time as concurrency says', () => {
    marbles().run(({ cold, expectObservable }) => {
      const { gate } = tightGate();
      const work: Record<string, Observable<string>> = {
        a: cold('     -----a|'),
        b: cold('      --b|'),
        c: cold('         --c|'),
      };
      const source = cold(' -abc|');
      const expected = '    ----b-ac|';
      const project = (name: string) => work[name] as Observable<string>;
      expectObservable(source.pipe(underGate(gate), flowMap(project, { concurrency: 2 }))).toBe(expected);
    });
  });

  it('should hold a lease from the arrival of a value until its work has ended', () => {
    marbles().run(({ cold, expectObservable }) => {
      const { gate } = tightGate();
      const source = cold('-ab---|').pipe(
        underGate(gate),
        flowMap(() => cold('     ---x|')),
      );
      expectObservable(source).toBe('  ----x---x|');
      expectObservable(gate.paused$).toBe('r-p------r', PAUSED);
    });
  });

  it('should lease the size of a value, and say so in holders()', () => {
    const { gate } = recordedGate();
    const values = ['four', Buffer.alloc(10), { data: Buffer.alloc(3) }, ['ab', 'c'], 5, null];
    from(values)
      .pipe(
        underGate(gate),
        flowMap(() => new Subject()),
      )
      .subscribe();
    expect(gate.holders()).toMatchObject([
      { kind: 'lease', by: 'flowMap', bytes: 4 + 10 + 3 + 3 + 1 + 1, items: 6 },
    ]);
  });

  it('should lease what the size option says', () => {
    const { gate } = recordedGate();
    of('ab')
      .pipe(
        underGate(gate),
        flowMap(() => new Subject(), { size: (text) => text.length * 100 }),
      )
      .subscribe();
    expect(gate.leased).toBe(200);
  });

  it('should count the values for project', () => {
    const seen: [string, number][] = [];
    of('a', 'b', 'c')
      .pipe(
        underGate(new FlowGate()),
        flowMap((value, index) => {
          seen.push([value, index]);
          return [];
        }),
      )
      .subscribe();
    expect(seen).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ]);
  });

  it('should take promises and iterables', async () => {
    const { gate } = recordedGate();
    const doubled = of(1, 2, 3).pipe(
      underGate(gate),
      flowMap((value) => Promise.resolve(value * 2)),
      flowMap((value) => [value, value]),
      toArray(),
    );
    expect(await lastValueFrom(doubled)).toEqual([2, 2, 4, 4, 6, 6]);
    expect(gate.items).toBe(0);
  });

  it('should not deepen the stack with inner Observables that end at once', () => {
    const { gate } = recordedGate();
    const start = new Subject<number>();
    const results: number[] = [];
    from(Array.from({ length: 20_000 }, (_, index) => index))
      .pipe(
        underGate(gate),
        flowMap((value) => (value === 0 ? start : of(value))),
      )
      .subscribe((value) => results.push(value));
    expect([results.length, gate.items]).toEqual([0, 20_000]);
    start.complete();
    expect([results.length, gate.items]).toEqual([19_999, 0]);
  });
});

describe('flowMap: the gate of its results', () => {
  it('should be the gate of the value, however late they come', () => {
    marbles().run(({ cold, expectObservable }) => {
      const { gate } = recordedGate({ maxItems: 1, resumeItems: 0 });
      const gates = cold('-a|').pipe(
        underGate(gate),
        flowMap(() => cold('--x|')),
        map(() => currentGate() === gate),
      );
      expectObservable(gates).toBe('---x|', { x: true });
    });
  });

  it('should let flow-aware operators follow each other', () => {
    marbles().run(({ cold, expectObservable }) => {
      const { gate } = recordedGate({ maxItems: 1, resumeItems: 0 });
      const source = cold('  -a|').pipe(
        underGate(gate),
        flowMap(() => cold('  --x|'), { strictFlow: true }),
        flowMap(() => cold('    ----y|'), { strictFlow: true }),
      );
      expectObservable(source).toBe('  -------y|');
      expectObservable(gate.paused$).toBe('rp------r', PAUSED);
    });
  });

  it('should be the gate of each value when several gates meet', () => {
    const [one, two] = [recordedGate().gate, recordedGate().gate];
    const work = new Subject<string>();
    const seen: (FlowGate | undefined)[] = [];
    concat(of('1').pipe(underGate(one)), of('2').pipe(underGate(two)))
      .pipe(
        flowMap(() => work, { concurrency: 2 }),
        map(() => currentGate()),
      )
      .subscribe((gate) => seen.push(gate));
    work.next('x');
    expect(seen).toEqual([one, two]);
    expect([one.items, two.items]).toEqual([1, 1]);
    work.complete();
    expect([one.items, two.items]).toEqual([0, 0]);
  });

  it('should decide about a pause only when project and its immediate results are through', () => {
    const { gate, target } = recordedGate({ maxItems: 1, resumeItems: 0 });
    of('a')
      .pipe(
        underGate(gate),
        flowMap(() => of('b')),
      )
      .subscribe(() => expect(gate.items).toBe(1));
    expect([gate.items, target.changes]).toEqual([0, []]);
  });
});

describe('flowMap: ends', () => {
  it('should pass an error of the source on at once and end all leases', () => {
    marbles().run(({ cold, expectObservable, expectSubscriptions }) => {
      const { gate } = tightGate();
      const inner = cold('          -----x|');
      const source = cold('        -ab--#');
      expectObservable(
        source.pipe(
          underGate(gate),
          flowMap(() => inner),
        ),
      ).toBe('-----#');
      expectSubscriptions(inner.subscriptions).toBe('-^---!');
      expectObservable(gate.paused$).toBe('r-p--r', PAUSED);
    });
  });

  it('should end with the error of an inner Observable and leave the source', () => {
    marbles().run(({ cold, expectObservable, expectSubscriptions }) => {
      const { gate } = tightGate();
      const source = cold('-ab-----|');
      const result = source.pipe(
        underGate(gate),
        flowMap(() => cold(' --x-#')),
      );
      expectObservable(result).toBe('---x-#');
      expectSubscriptions(source.subscriptions).toBe('^----!');
      expectObservable(gate.paused$).toBe('r-p--r', PAUSED);
    });
  });

  it('should end with what project throws', () => {
    const { gate } = recordedGate();
    const broken = new Error('broken');
    const seen: unknown[] = [];
    of('a', 'b')
      .pipe(
        underGate(gate),
        flowMap((): Observable<never> => {
          throw broken;
        }),
      )
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([broken]);
    expect(gate.items).toBe(0);
  });

  it('should end with what the size function throws', () => {
    const { gate } = recordedGate();
    const broken = new Error('broken');
    const seen: unknown[] = [];
    const size = () => {
      throw broken;
    };
    of('a')
      .pipe(
        underGate(gate),
        flowMap(() => of('b'), { size }),
      )
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([broken]);
  });

  it('should stop all work and end all leases when it is unsubscribed', () => {
    marbles().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const { gate } = tightGate();
      const inner = cold('           --x-----|');
      const source = hot('          -abc----|');
      const unsubscribed = '        -----!';
      expectObservable(
        source.pipe(
          underGate(gate),
          flowMap(() => inner),
        ),
        unsubscribed,
      ).toBe('---x-');
      expectSubscriptions(inner.subscriptions).toBe('-^---!');
      expectSubscriptions(source.subscriptions).toBe('^----!');
      expectObservable(gate.paused$).toBe('r-p--r', PAUSED);
    });
  });

  it('should keep no lease when an operator behind it has had enough of a synchronous source', () => {
    const { gate } = recordedGate();
    const asked: number[] = [];
    const seen: unknown[] = [];
    of(1, 2, 3)
      .pipe(
        underGate(gate),
        flowMap((value) => {
          asked.push(value);
          return of(value, value);
        }),
        take(1),
      )
      .subscribe({ next: (value) => seen.push(value), complete: () => seen.push('complete') });
    expect(seen).toEqual([1, 'complete']);
    expect(asked).toEqual([1]);
    expect(gate.items).toBe(0);
  });

  it('should stop a synchronous inner Observable when an operator behind it has had enough', () => {
    let made = 0;
    const numbers = function* () {
      while (made < 100) yield made++;
    };
    const seen: number[] = [];
    of('a')
      .pipe(underGate(new FlowGate()), flowMap(numbers), take(2))
      .subscribe((value) => seen.push(value));
    expect(seen).toEqual([0, 1]);
    expect(made).toBe(2);
  });

  it('should lease nothing that comes while its leases end', () => {
    const source = new Subject<string>();
    let resumed = false;
    const gate: FlowGate = new FlowGate({
      marks: flowMarks({ maxItems: 1, resumeItems: 0 }),
      target: {
        flowChanged: (paused) => {
          if (paused) return;
          resumed = true;
          gate.deliver(source, 'more');
        },
      },
    });
    const subscription = source.pipe(flowMap(() => new Subject())).subscribe();
    gate.deliver(source, 'first');
    expect([gate.items, gate.paused]).toEqual([1, true]);
    subscription.unsubscribe();
    expect(resumed).toBe(true);
    expect(gate.items).toBe(0);
  });

  it('should start anew for every subscription', () => {
    const { gate } = recordedGate();
    const indexes: number[] = [];
    const source = of('a').pipe(
      underGate(gate),
      flowMap((_, index) => of(indexes.push(index))),
    );
    source.subscribe();
    source.subscribe();
    expect(indexes).toEqual([0, 0]);
  });

  it('should do nothing before it is subscribed to', () => {
    let subscribed = 0;
    const source = defer(() => {
      subscribed++;
      return of('a');
    }).pipe(flowMap(() => of('b'), { gate: new FlowGate() }));
    expect(subscribed).toBe(0);
    source.subscribe();
    expect(subscribed).toBe(1);
  });
});

describe('flowMap: options', () => {
  it('should lease on the given gate what comes behind an operator that delays', () => {
    marbles().run(({ cold, expectObservable }) => {
      const { gate } = recordedGate({ maxItems: 1, resumeItems: 0 });
      const source = cold('  -a|').pipe(
        delay(2),
        flowMap(() => cold('   --x|'), { gate, strictFlow: true }),
        tap(() => expect(currentGate()).toBe(gate)),
      );
      expectObservable(source).toBe('  -----x|');
      expectObservable(gate.paused$).toBe('r--p--r', PAUSED);
    });
  });

  it.each([
    [{ concurrency: 0 }, 'ERR_OPTION: concurrency must be an integer from 1 to 2147483647, got 0'],
    [
      { concurrency: Infinity },
      'ERR_OPTION: concurrency must be an integer from 1 to 2147483647, got Infinity',
    ],
    [{ size: 5 }, 'ERR_OPTION: size must be a function, got 5'],
    [{ gate: {} }, 'ERR_OPTION: gate must be a FlowGate, got an object'],
    [{ strictFlow: 'yes' }, 'ERR_OPTION: strictFlow must be true or false, got "yes"'],
    [{ concurency: 2 }, 'ERR_OPTION: concurency must be left out: no such option'],
  ])('should refuse %j when it is made', (options, message) => {
    const attempt = () => flowMap(() => NEVER, options as object);
    expect(attempt).toThrow(OptionError);
    expect(attempt).toThrow(message);
  });
});
