import { describe, expect, it } from '@jest/globals';
import { NEVER, Observable, Subject, concat, of, throwError } from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { toAsyncIterable } from '../../lib/flow/to-async-iterable.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { underGate } from '../support/under-gate.ts';

/** An iterator over a subject whose values are delivered under a gate. */
function iterate(marks = {}) {
  const { gate, target } = recordedGate(marks);
  const source = new Subject<string>();
  const iterator = toAsyncIterable(source.pipe(underGate(gate)))[Symbol.asyncIterator]();
  const leave = () => (iterator.return as () => Promise<IteratorResult<string, undefined>>)();
  return { gate, target, source, iterator, leave };
}

describe('toAsyncIterable', () => {
  it('should give the loop all values in order and end with the source', async () => {
    const { gate } = recordedGate();
    const seen: string[] = [];
    for await (const value of toAsyncIterable(of('a', 'b', 'c').pipe(underGate(gate)))) seen.push(value);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(gate.items).toBe(0);
  });

  it('should subscribe when the first value is asked for, once for each iteration', async () => {
    let subscribed = 0;
    const iterable = toAsyncIterable(
      new Observable<string>((subscriber) => {
        subscribed++;
        subscriber.complete();
      }),
    );
    const [first, second] = [iterable[Symbol.asyncIterator](), iterable[Symbol.asyncIterator]()];
    expect(subscribed).toBe(0);
    expect(await first.next()).toEqual({ done: true, value: undefined });
    expect(await first.next()).toEqual({ done: true, value: undefined });
    expect(subscribed).toBe(1);
    await second.next();
    expect(subscribed).toBe(2);
  });

  it('should hold the lease of a value until the next one is asked for', async () => {
    const { gate, source, iterator } = iterate();
    const first = iterator.next();
    source.next('a');
    source.next('bcd');
    expect(await first).toEqual({ done: false, value: 'a' });
    expect(gate.leased).toBe(4);
    expect(gate.holders()).toMatchObject([{ by: 'toAsyncIterable', items: 2 }]);
    expect(await iterator.next()).toEqual({ done: false, value: 'bcd' });
    expect(gate.leased).toBe(3);
    const last = iterator.next();
    expect(gate.leased).toBe(0);
    source.complete();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it('should pause the gate while the loop is slow', async () => {
    const { gate, target, source, iterator } = iterate({ maxItems: 2, resumeItems: 0 });
    const first = iterator.next();
    source.next('a');
    expect(gate.paused).toBe(false);
    source.next('b');
    expect(gate.paused).toBe(true);
    await first;
    await iterator.next();
    expect(target.changes).toEqual([true]);
    void iterator.next();
    expect(target.changes).toEqual([true, false]);
  });

  it('should answer several requests in their order', async () => {
    const { gate, source, iterator } = iterate();
    const answers = [iterator.next(), iterator.next(), iterator.next()];
    source.next('a');
    source.next('b');
    source.complete();
    expect(await Promise.all(answers)).toEqual([
      { done: false, value: 'a' },
      { done: false, value: 'b' },
      { done: true, value: undefined },
    ]);
    void iterator.next();
    expect(gate.items).toBe(0);
  });

  it('should throw an error of the source after the values that came before it', async () => {
    const { gate } = recordedGate();
    const broken = new Error('broken');
    const source = concat(
      of('a', 'b'),
      throwError(() => broken),
    ).pipe(underGate(gate));
    const seen: unknown[] = [];
    try {
      for await (const value of toAsyncIterable(source)) seen.push(value);
    } catch (error) {
      seen.push(error);
    }
    expect(seen).toEqual(['a', 'b', broken]);
    expect(gate.items).toBe(0);
  });

  it('should throw an error once, and be at its end then', async () => {
    const { source, iterator } = iterate();
    const first = iterator.next();
    source.error(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('should unsubscribe and release everything when the loop is left', async () => {
    const { gate } = recordedGate();
    const left: string[] = [];
    const source = new Observable<string>((subscriber) => {
      const subscription = concat(of('a', 'b', 'c'), NEVER).subscribe(subscriber);
      return () => {
        left.push('left');
        subscription.unsubscribe();
      };
    });
    for await (const value of toAsyncIterable(source.pipe(underGate(gate)))) {
      expect([value, gate.items]).toEqual(['a', 3]);
      break;
    }
    expect([left, gate.items]).toEqual([['left'], 0]);
  });

  it('should unsubscribe and release everything when the body of the loop throws', async () => {
    const { gate } = recordedGate();
    const source = new Subject<string>();
    const loop = async () => {
      for await (const value of toAsyncIterable(source.pipe(underGate(gate))))
        throw new Error(`cannot ${value}`);
    };
    const running = loop();
    source.next('a');
    source.next('b');
    await expect(running).rejects.toThrow('cannot a');
    expect([gate.items, source.observed]).toEqual([0, false]);
  });

  it('should answer those who still wait when it is left', async () => {
    const { iterator, source, leave } = iterate();
    const waiting = iterator.next();
    expect(await leave()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(source.observed).toBe(false);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('should not subscribe any more when it was left before it began', async () => {
    const { iterator, source, leave } = iterate();
    await leave();
    const answer = iterator.next();
    expect(source.observed).toBe(false);
    source.next('a');
    expect(await answer).toEqual({ done: true, value: undefined });
  });

  it('should count what the size option says, on the given gate', async () => {
    const { gate } = recordedGate();
    const iterator = toAsyncIterable(of('ab'), { gate, size: (text) => text.length * 100 })[
      Symbol.asyncIterator
    ]();
    await iterator.next();
    expect(gate.leased).toBe(200);
    void iterator.next();
    expect(gate.leased).toBe(0);
  });

  it.each([
    [{ size: 5 }, 'ERR_OPTION: size must be a function, got 5'],
    [{ gate: null }, 'ERR_OPTION: gate must be a FlowGate, got null'],
    [{ highWaterMark: 1 }, 'ERR_OPTION: highWaterMark must be left out: no such option'],
  ])('should refuse %j at once', (options, message) => {
    const attempt = () => toAsyncIterable(NEVER, options as object);
    expect(attempt).toThrow(OptionError);
    expect(attempt).toThrow(message);
  });
});
