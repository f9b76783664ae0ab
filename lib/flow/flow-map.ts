import {
  Observable,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  type Subscriber,
  Subscription,
  from,
} from 'rxjs';
import { callback, flag, having, integer, table } from '../base/options.ts';
import type { FlowGate } from './flow-gate.ts';
import type { Lease } from './lease.ts';
import { Relay } from './relay.ts';
import { sizeOf } from './size-of.ts';
import { Tracker, type TrackingOptions } from './untracked.ts';

/** Options of {@link flowMap} and {@link flowForEach}. */
export interface FlowMapOptions<T> extends TrackingOptions {
  /**
   * How many values are worked on at the same time; 1 keeps the order. 1 to 2^31 - 1.
   * @default 1
   */
  readonly concurrency?: number;
  /**
   * What a value counts for, in bytes.
   * @default the length of bytes or text, of the `data` of an event, the sum over an array; otherwise 1
   */
  readonly size?: ((value: T) => number) | undefined;
}

const checkOptions = table<FlowMapOptions<never>>({
  concurrency: integer({ min: 1, max: 2 ** 31 - 1, fallback: 1 }),
  size: callback(),
  gate: having<FlowGate | undefined>('lease', 'a FlowGate', undefined),
  strictFlow: Object.assign(flag(false), { fallback: undefined }),
});

/**
 * Maps every value to an Observable, a promise or an iterable and waits for it, like `concatMap` (or `mergeMap`
 * with a `concurrency`), but pushes back: a value holds a lease of its size on the gate that delivered it from its
 * arrival until its work has ended, so that a slow `project` pauses the socket instead of filling memory.
 *
 * What the inner Observables emit is delivered under the same gate, so flow-aware operators can follow each other.
 * An error of `project` or of its result ends the Observable. Unsubscribing, like every end, stops the work in
 * progress and releases all leases.
 *
 * @example
 * connection.receive$.pipe(flowMap(async (chunk) => store(chunk))).subscribe({ error: report });
 */
export function flowMap<T, O extends ObservableInput<unknown>>(
  project: (value: T, index: number) => O,
  options: FlowMapOptions<T> = {},
): OperatorFunction<T, ObservedValueOf<O>> {
  return mapWithLeases('flowMap', project, options);
}

/** @internal {@link flowMap} under the name by which its leases are known. */
export function mapWithLeases<T, O extends ObservableInput<unknown>>(
  operator: string,
  project: (value: T, index: number) => O,
  options: FlowMapOptions<T>,
): OperatorFunction<T, ObservedValueOf<O>> {
  const { concurrency, size, gate, strictFlow } = checkOptions(options);
  const sizeOfValue = (size as ((value: T) => number) | undefined) ?? sizeOf;
  return (source) =>
    new Observable((subscriber) => {
      const tracker = new Tracker(operator, { gate, strictFlow });
      const work = new LeasedWork<T, ObservedValueOf<O>>(
        subscriber,
        project as (value: T, index: number) => ObservableInput<ObservedValueOf<O>>,
        concurrency,
      );
      subscriber.add(work);
      source.subscribe(
        new Relay<T, ObservedValueOf<O>>(
          subscriber,
          (value) => {
            const on = tracker.gate();
            work.take({ value, gate: on, lease: on?.lease(sizeOfValue(value), operator) });
          },
          () => work.sourceEnded(),
        ),
      );
    });
}

interface Job<T> {
  readonly value: T;
  readonly gate: FlowGate | undefined;
  readonly lease: Lease | undefined;
}

/** The values of one subscription that wait or are being worked on. */
class LeasedWork<T, R> extends Subscription {
  private readonly subscriber: Subscriber<R>;
  private readonly project: (value: T, index: number) => ObservableInput<R>;
  private readonly concurrency: number;
  private readonly waiting: Job<T>[] = [];
  private readonly active = new Set<Job<T>>();
  private index = 0;
  private starting = false;
  private ended = false;

  constructor(
    subscriber: Subscriber<R>,
    project: (value: T, index: number) => ObservableInput<R>,
    concurrency: number,
  ) {
    super(() => {
      for (const { lease } of [...this.active, ...this.waiting]) lease?.release();
      this.active.clear();
      this.waiting.length = 0;
    });
    this.subscriber = subscriber;
    this.project = project;
    this.concurrency = concurrency;
  }

  take(job: Job<T>): void {
    if (this.closed) {
      job.lease?.release();
      return;
    }
    this.waiting.push(job);
    this.startWaiting();
  }

  sourceEnded(): void {
    this.ended = true;
    this.completeIfDone();
  }

  private startWaiting(): void {
    if (this.starting) return;
    this.starting = true;
    while (this.active.size < this.concurrency && !this.closed) {
      const job = this.waiting.shift();
      if (job === undefined) break;
      this.active.add(job);
      if (job.gate === undefined) this.start(job);
      else job.gate.emit(() => this.start(job));
    }
    this.starting = false;
    this.completeIfDone();
  }

  private start(job: Job<T>): void {
    const { subscriber } = this;
    let inner: Observable<R>;
    try {
      inner = from(this.project(job.value, this.index++));
    } catch (error) {
      subscriber.error(error);
      return;
    }
    inner.subscribe(
      new Relay<R, R>(
        subscriber,
        (value) => {
          if (job.gate === undefined) subscriber.next(value);
          else job.gate.deliver(subscriber, value);
        },
        () => {
          this.active.delete(job);
          job.lease?.release();
          this.startWaiting();
        },
      ),
    );
  }

  private completeIfDone(): void {
    if (this.ended && !this.starting && this.active.size === 0 && this.waiting.length === 0) {
      this.subscriber.complete();
    }
  }
}
