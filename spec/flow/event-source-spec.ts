import { describe, expect, it } from '@jest/globals';
import { type OperatorFunction, type Subscription, map, of, take, toArray } from 'rxjs';
import { EventSource } from '../../lib/flow/event-source.ts';
import { FlowGate } from '../../lib/flow/flow-gate.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { shed } from '../../lib/flow/shed.ts';
import { coalesce } from '../../lib/send/coalesce.ts';
import { sendPolicy } from '../../lib/send/send-policy.ts';

/** A source that writes down what happens to it. */
class Watched<T> extends EventSource<T> {
  readonly log: string[] = [];

  override observerThrew(error: unknown, value: T | undefined): void {
    this.log.push(`threw ${String(error)} at ${String(value)}`);
  }

  protected override firstCame(): void {
    this.log.push('first came');
  }

  protected override lastLeft(): void {
    this.log.push('last left');
  }
}

const failing = (text: string) => () => {
  throw new Error(text);
};

describe('EventSource', () => {
  it('should deliver a value to all observers, in the order in which they came', () => {
    const source = new EventSource<number>();
    const seen: string[] = [];
    source.publish(0);
    source.subscribe((value) => seen.push(`a${value}`));
    source.subscribe({ next: (value) => seen.push(`b${value}`) });
    source.pipe(map((value) => value * 10)).subscribe((value) => seen.push(`c${value}`));
    source.subscribe();
    source.publish(1);
    source.publish(2);
    expect(seen).toEqual(['a1', 'b1', 'c10', 'a2', 'b2', 'c20']);
  });

  it('should let all observers see the same order when one of them publishes', () => {
    const source = new EventSource<number>();
    const seen: string[] = [];
    source.subscribe((value) => {
      seen.push(`a${value}`);
      if (value === 1) source.publish(2);
    });
    source.subscribe((value) => seen.push(`b${value}`));
    source.publish(1);
    expect(seen).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('should deliver in the order of publishing, however deep it nests', () => {
    const source = new EventSource<number>();
    const seen: number[] = [];
    source.subscribe((value) => {
      seen.push(value);
      if (value === 1) {
        source.publish(2);
        source.publish(3);
      }
      if (value === 2) source.publish(4);
    });
    source.publish(1);
    source.publish(5);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('should not deliver the value that is under way to an observer that comes now', () => {
    const source = new EventSource<number>();
    const late: number[] = [];
    const first = source.subscribe(() => {
      source.subscribe((value) => late.push(value));
      first.unsubscribe();
    });
    source.publish(1);
    source.publish(2);
    expect(late).toEqual([2]);
  });

  it('should not deliver the value that is under way to an observer that has been removed', () => {
    const source = new EventSource<number>();
    const seen: string[] = [];
    const others: Subscription[] = [];
    source.subscribe(() => {
      seen.push('a');
      for (const other of others) other.unsubscribe();
    });
    others.push(source.subscribe(() => seen.push('b')));
    others.push(source.pipe(map(() => seen.push('c'))).subscribe());
    source.publish(1);
    source.publish(2);
    expect(seen).toEqual(['a', 'a']);
  });

  it('should let an observer leave while it is handed a value', () => {
    const source = new Watched<number>();
    const seen: number[] = [];
    source.pipe(take(2), toArray()).subscribe((values) => seen.push(...values));
    for (const value of [1, 2, 3]) source.publish(value);
    expect(seen).toEqual([1, 2]);
    expect(source.log).toEqual(['first came', 'last left']);
  });

  it.each<[string, OperatorFunction<string, unknown>]>([
    ['flowMap', flowMap((value) => of(value), { gate: new FlowGate() })],
    ['shed', shed({ gate: new FlowGate() })],
    ['coalesce', coalesce(sendPolicy.direct())],
  ])('should be left by %s when what is behind it has had enough', (_name, operator) => {
    const source = new Watched<string>();
    const seen: unknown[] = [];
    source.pipe(operator, take(1)).subscribe((value) => seen.push(value));
    source.publish('a');
    source.publish('b');
    expect(seen).toHaveLength(1);
    expect([source.observed, source.log]).toEqual([false, ['first came', 'last left']]);
    const subscription = source.pipe(operator).subscribe();
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
  });

  it('should tell when the first observer comes and when the last leaves', () => {
    const source = new Watched<number>();
    expect(source.observed).toBe(false);
    const [a, b] = [source.subscribe(), source.pipe(map((value) => value)).subscribe()];
    const c = source.subscribe();
    expect([source.observed, source.log]).toEqual([true, ['first came']]);
    a.unsubscribe();
    a.unsubscribe();
    c.unsubscribe();
    expect([source.observed, source.log]).toEqual([true, ['first came']]);
    b.unsubscribe();
    expect([source.observed, source.log]).toEqual([false, ['first came', 'last left']]);
    source.subscribe();
    expect(source.log).toEqual(['first came', 'last left', 'first came']);
  });
});

describe('EventSource: observers that throw', () => {
  it('should report what a direct observer throws, and still serve the others', () => {
    const source = new Watched<number>();
    const seen: number[] = [];
    source.subscribe(failing('one'));
    source.subscribe({ next: failing('two') });
    source.subscribe((value) => seen.push(value));
    source.publish(1);
    source.publish(2);
    expect(seen).toEqual([1, 2]);
    expect(source.log).toEqual([
      'first came',
      'threw Error: one at 1',
      'threw Error: two at 1',
      'threw Error: one at 2',
      'threw Error: two at 2',
    ]);
  });

  it('should report what handlers of the end throw', () => {
    const [completing, erring] = [new Watched<number>(), new Watched<number>()];
    const seen: string[] = [];
    completing.subscribe({ complete: failing('complete') });
    completing.subscribe({ complete: () => seen.push('complete') });
    completing.finish();
    erring.subscribe({ error: failing('error') });
    erring.subscribe({ error: () => seen.push('error') });
    erring.finish(new Error('end'));
    expect(seen).toEqual(['complete', 'error']);
    expect(completing.log).toEqual(['first came', 'threw Error: complete at undefined']);
    expect(erring.log).toEqual(['first came', 'threw Error: error at undefined']);
  });
});

describe('EventSource: its end', () => {
  it('should complete those who observe it', () => {
    const source = new Watched<number>();
    const seen: string[] = [];
    const completing = [null, null, () => seen.push('b')] as const;
    const subscriptions = [
      source.subscribe({ complete: () => seen.push('a') }),
      source.subscribe(...completing),
      source.pipe(map((value) => value)).subscribe({ complete: () => seen.push('c') }),
      source.subscribe(() => seen.push('never')),
    ];
    source.finish();
    source.publish(1);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(subscriptions.map(({ closed }) => closed)).toEqual([true, true, true, true]);
    expect([source.observed, source.log]).toEqual([false, ['first came']]);
  });

  it('should hand an error to those who have a handler for it, and drop it for the others', () => {
    const source = new Watched<number>();
    const seen: unknown[] = [];
    const broken = new Error('broken');
    const handlers = [undefined, (error: unknown) => seen.push(error)] as const;
    source.subscribe({ error: handlers[1] });
    source.subscribe(...handlers);
    source.subscribe(() => seen.push('never'));
    source.finish(broken);
    expect(seen).toEqual([broken, broken]);
    expect(source.log).toEqual(['first came']);
  });

  it('should serve those who come after its end anew', () => {
    const source = new EventSource<number>();
    const seen: number[] = [];
    source.subscribe({ complete: () => void source.subscribe((value) => seen.push(value)) });
    source.finish();
    source.publish(1);
    expect(seen).toEqual([1]);
  });

  it('should call the methods of an observer as methods', () => {
    const source = new EventSource<number>();
    const observer = {
      seen: [] as unknown[],
      next(value: number) {
        this.seen.push(value);
      },
      complete() {
        this.seen.push('complete');
      },
    };
    source.subscribe(observer);
    source.publish(1);
    source.finish();
    expect(observer.seen).toEqual([1, 'complete']);
  });
});
