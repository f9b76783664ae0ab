import type { Observable, Subscription } from 'rxjs';
import { callback, flag, having, table } from '../base/options.ts';
import type { FlowGate } from './flow-gate.ts';
import type { Lease } from './lease.ts';
import { sizeOf } from './size-of.ts';
import { Tracker, type TrackingOptions } from './untracked.ts';

/** Options of {@link toAsyncIterable}. */
export interface AsyncIterableOptions<T> extends TrackingOptions {
  /**
   * What a value counts for, in bytes.
   * @default the length of bytes or text, of the `data` of an event, the sum over an array; otherwise 1
   */
  readonly size?: ((value: T) => number) | undefined;
}

const checkOptions = table<AsyncIterableOptions<never>>({
  size: callback(),
  gate: having<FlowGate | undefined>('lease', 'a FlowGate', undefined),
  strictFlow: Object.assign(flag(false), { fallback: undefined }),
});

/**
 * Reads an Observable with `for await`. A value holds a lease on the gate that delivered it until the loop asks
 * for the next one, so that a slow loop body pauses the socket.
 *
 * Each iteration subscribes for itself when its first value is asked for. An error of the source is thrown in the
 * loop, after the values that came before it. Leaving the loop unsubscribes and releases all leases.
 *
 * @example
 * for await (const chunk of toAsyncIterable(connection.receive$)) await file.write(chunk);
 */
export function toAsyncIterable<T>(
  source: Observable<T>,
  options: AsyncIterableOptions<T> = {},
): AsyncIterable<T> {
  const { size, gate, strictFlow } = checkOptions(options);
  const sizeOfValue = (size as ((value: T) => number) | undefined) ?? sizeOf;
  return {
    [Symbol.asyncIterator]: () =>
      new LeasedIterator(source, sizeOfValue, new Tracker('toAsyncIterable', { gate, strictFlow })),
  };
}

interface Waiting<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

class LeasedIterator<T> implements AsyncIterator<T, undefined> {
  private readonly source: Observable<T>;
  private readonly sizeOf: (value: T) => number;
  private readonly tracker: Tracker;
  private readonly values: { value: T; lease: Lease | undefined }[] = [];
  private readonly asked: Waiting<T>[] = [];
  private subscription: Subscription | undefined;
  private inHand: Lease | undefined;
  private ended = false;
  private failure: { error: unknown } | undefined;

  constructor(source: Observable<T>, size: (value: T) => number, tracker: Tracker) {
    this.source = source;
    this.sizeOf = size;
    this.tracker = tracker;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.inHand?.release();
    this.inHand = undefined;
    const answer = new Promise<IteratorResult<T, undefined>>((resolve, reject) => {
      this.asked.push({ resolve, reject });
    });
    if (!this.ended) this.subscription ??= this.subscribe();
    this.answer();
    return answer;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    this.failure = undefined;
    for (const { lease } of this.values.splice(0)) lease?.release();
    this.inHand?.release();
    this.subscription?.unsubscribe();
    this.answer();
    return Promise.resolve({ done: true, value: undefined });
  }

  private subscribe(): Subscription {
    return this.source.subscribe({
      next: (value) => {
        try {
          this.values.push({
            value,
            lease: this.tracker.gate()?.lease(this.sizeOf(value), 'toAsyncIterable'),
          });
        } catch (error) {
          this.end({ error });
          this.subscription?.unsubscribe();
        }
        this.answer();
      },
      error: (error: unknown) => {
        this.end({ error });
        this.answer();
      },
      complete: () => {
        this.end();
        this.answer();
      },
    });
  }

  private end(failure?: { error: unknown }): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
  }

  private answer(): void {
    while (this.asked.length > 0) {
      const first = this.values.shift();
      if (first === undefined && !this.ended) return;
      const { resolve, reject } = this.asked.shift() as Waiting<T>;
      if (first !== undefined) {
        this.inHand?.release();
        this.inHand = first.lease;
        resolve({ done: false, value: first.value });
      } else if (this.failure !== undefined) {
        const { error } = this.failure;
        this.failure = undefined;
        reject(error);
      } else {
        resolve({ done: true, value: undefined });
      }
    }
  }
}
