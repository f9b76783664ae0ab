import { Observable, type Observer, Subscriber, type Subscription, type TeardownLogic } from 'rxjs';

const NONE: readonly never[] = [];

type Consumer<T> = Partial<Observer<T>> | ((value: T) => void) | null | undefined;

/**
 * The Observable behind every event of a connection or component: multicast, hot, and cheap while nobody listens.
 *
 * It differs from a Subject in three ways. Values published while a value is being delivered wait their turn, so
 * every observer sees the same order. An exception thrown by an observer that subscribed here directly goes to
 * {@link observerThrew} instead of ending the process, and an error that such an observer has no handler for is
 * dropped, since the owner reports it elsewhere too. And one observer costs one object.
 */
export class EventSource<T> extends Observable<T> {
  /** The observer, if there is one, or else the observers. */
  private only: Subscriber<T> | undefined = undefined;
  private several: readonly Subscriber<T>[] = NONE;
  private publishing = false;
  /** What was published while a value was being delivered. */
  private waiting: T[] | undefined = undefined;
  /** That the source ended while a value was being delivered, and how. */
  private ending: { readonly error: unknown } | undefined = undefined;

  constructor() {
    super(subscribeOperator);
  }

  /** Whether anybody is subscribed. */
  get observed(): boolean {
    return this.only !== undefined || this.several.length > 0;
  }

  override subscribe(
    observerOrNext?: Consumer<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (observerOrNext instanceof SourceSubscriber)
      return (observerOrNext as SourceSubscriber<T>).attachTo(this);
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext as Subscriber<T>);
    const consumer =
      error || complete
        ? ({ next: observerOrNext, error, complete } as Partial<Observer<T>>)
        : observerOrNext;
    return new Listener<T>(consumer).attachTo(this);
  }

  /** @internal Delivers a value to every observer, after those that are still being delivered. */
  publish(value: T): void {
    if (this.publishing) {
      this.putOff(value);
      return;
    }
    this.publishing = true;
    try {
      this.deliver(value);
      if (this.waiting !== undefined) this.deliverWaiting(this.waiting);
    } catch (error) {
      this.published(); // a `finally` would cost more when all goes well
      throw error;
    }
    this.published();
    if (this.ending !== undefined) this.finish(this.ending.error);
  }

  /** @internal Ends the source for those who observe it now, after the value that is being delivered. */
  finish(error?: unknown): void {
    if (this.publishing) {
      this.ending = { error };
      return;
    }
    const observers = this.only === undefined ? this.several : [this.only];
    this.only = undefined;
    this.several = NONE;
    this.ending = undefined;
    for (const observer of observers) {
      try {
        if (error === undefined) observer.complete();
        else observer.error(error);
      } catch (thrown) {
        this.observerThrew(thrown, undefined); // by a teardown
      }
    }
  }

  /** @internal */
  detach(subscriber: Subscriber<T>): void {
    if (this.only === subscriber) {
      this.only = undefined;
      this.lastLeft();
    } else if (this.several.length > 0) {
      const rest = this.several.filter((observer) => observer !== subscriber);
      this.only = rest.length === 1 ? rest[0] : undefined;
      this.several = rest.length === 1 ? NONE : rest;
    }
  }

  /** @internal An observer that subscribed directly threw while it was handed `value`, or its error or completion. */
  observerThrew(error: unknown, _value: T | undefined): void {
    queueMicrotask(() => {
      throw error;
    });
  }

  /** @internal Adds an observer; overridden by sources that replay or have ended. */
  attach(subscriber: Subscriber<T>): void {
    const { only, several } = this;
    if (this.observed) {
      this.only = undefined;
      this.several = only === undefined ? [...several, subscriber] : [only, subscriber];
    } else {
      this.only = subscriber;
      this.firstCame();
    }
  }

  /** The first observer has subscribed. */
  protected firstCame(): void {}

  /** The last observer has left by itself. */
  protected lastLeft(): void {}

  private deliver(value: T): void {
    const { only, several } = this;
    if (only !== undefined) only.next(value);
    else for (const observer of several) observer.next(value);
  }

  /** Delivers what was published meanwhile, and what is published during that. */
  private deliverWaiting(waiting: T[]): void {
    while (waiting.length > 0) this.deliver(waiting.shift() as T);
  }

  private putOff(value: T): void {
    (this.waiting ??= []).push(value);
  }

  private published(): void {
    this.publishing = false;
    this.waiting = undefined;
  }
}

/** How other operators subscribe: one function for all sources, RxJS passes the source as `this`. */
function subscribeOperator<T>(this: Observable<T>, subscriber: Subscriber<T>): TeardownLogic {
  const source = this as unknown as EventSource<T>;
  source.attach(subscriber);
  return () => source.detach(subscriber);
}

/**
 * A subscriber that knows how to leave an {@link EventSource} by itself: it needs no teardown, whose list would cost
 * more than the subscriber. Subscribing it to any other Observable works as usual.
 */
export abstract class SourceSubscriber<T> extends Subscriber<T> {
  protected source: EventSource<T> | undefined = undefined;

  /** @internal */
  attachTo(source: EventSource<T>): this {
    this.source = source;
    if (!this.closed) source.attach(this);
    return this;
  }

  override unsubscribe(): void {
    if (!this.closed) this.source?.detach(this);
    super.unsubscribe();
  }
}

/** An observer that subscribed directly: its callbacks are guarded. */
class Listener<T> extends SourceSubscriber<T> {
  private readonly consumer: Consumer<T>;

  constructor(consumer: Consumer<T>) {
    super();
    this.consumer = consumer;
  }

  protected override _next(value: T): void {
    const { consumer } = this;
    try {
      if (typeof consumer === 'function') consumer(value);
      else consumer?.next?.(value);
    } catch (error) {
      this.source?.observerThrew(error, value);
    }
  }

  protected override _error(error: unknown): void {
    this.end((consumer) => consumer.error?.(error));
  }

  protected override _complete(): void {
    this.end((consumer) => consumer.complete?.());
  }

  private end(tell: (consumer: Partial<Observer<T>>) => void): void {
    const { consumer } = this;
    try {
      if (typeof consumer === 'object' && consumer !== null) tell(consumer);
    } catch (error) {
      this.source?.observerThrew(error, undefined);
    } finally {
      this.unsubscribe();
    }
  }
}
