import { Observable, type Observer, Subscriber, type Subscription, type TeardownLogic } from 'rxjs';

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
  private observers: Subscriber<T> | readonly Subscriber<T>[] | undefined = undefined;
  private waiting: T[] | undefined = undefined;
  private publishing = false;

  constructor() {
    super(subscribeOperator);
  }

  /** Whether anybody is subscribed. */
  get observed(): boolean {
    return this.observers !== undefined;
  }

  override subscribe(
    observerOrNext?: Consumer<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext as Subscriber<T>);
    const consumer: Consumer<T> =
      error || complete
        ? ({ next: observerOrNext, error, complete } as Partial<Observer<T>>)
        : observerOrNext;
    const listener = new Listener<T>(this, consumer);
    this.attach(listener);
    return listener;
  }

  /** @internal Delivers a value to every observer, after those that are still being delivered. */
  publish(value: T): void {
    const { observers } = this;
    if (observers === undefined) return;
    if (this.publishing) {
      (this.waiting ??= []).push(value);
      return;
    }
    this.publishing = true;
    try {
      if (observers instanceof Subscriber) observers.next(value);
      else for (const observer of observers) observer.next(value);
    } finally {
      this.publishing = false;
    }
    if (this.waiting !== undefined) this.publishWaiting();
  }

  /** @internal Ends the source for those who observe it now. */
  finish(error?: unknown): void {
    const { observers } = this;
    this.observers = undefined;
    for (const observer of observers instanceof Subscriber ? [observers] : (observers ?? [])) {
      if (error === undefined) observer.complete();
      else observer.error(error);
    }
  }

  /** @internal */
  detach(subscriber: Subscriber<T>): void {
    const { observers } = this;
    if (observers === subscriber) {
      this.observers = undefined;
      this.lastLeft();
    } else if (Array.isArray(observers)) {
      const rest = (observers as Subscriber<T>[]).filter((observer) => observer !== subscriber);
      this.observers = rest.length === 1 ? rest[0] : rest;
    }
  }

  /** @internal An observer that subscribed directly threw while it was handed `value`. */
  observerThrew(error: unknown, _value: T | undefined): void {
    Promise.reject(error); // not ours to judge: surfaces as an unhandled rejection
  }

  /** @internal Adds an observer; overridden by sources that replay or have ended. */
  attach(subscriber: Subscriber<T>): void {
    const { observers } = this;
    if (observers === undefined) {
      this.observers = subscriber;
      this.firstCame();
    } else {
      this.observers = observers instanceof Subscriber ? [observers, subscriber] : [...observers, subscriber];
    }
  }

  /** The first observer has subscribed. */
  protected firstCame(): void {}

  /** The last observer has left by itself. */
  protected lastLeft(): void {}

  private publishWaiting(): void {
    const { waiting = [] } = this;
    this.waiting = undefined;
    for (const value of waiting) this.publish(value);
  }
}

/** How operators subscribe: one function for all sources, RxJS passes the source as `this`. */
function subscribeOperator<T>(this: Observable<T>, subscriber: Subscriber<T>): TeardownLogic {
  const source = this as EventSource<T>;
  source.attach(subscriber);
  return () => source.detach(subscriber);
}

/** A direct observer: it leaves its source without a teardown list, and guards the consumer's callbacks. */
class Listener<T> extends Subscriber<T> {
  private readonly source: EventSource<T>;
  private readonly consumer: Consumer<T>;

  constructor(source: EventSource<T>, consumer: Consumer<T>) {
    super();
    this.source = source;
    this.consumer = consumer;
  }

  protected override _next(value: T): void {
    const { consumer } = this;
    try {
      if (typeof consumer === 'function') consumer(value);
      else consumer?.next?.(value);
    } catch (error) {
      this.source.observerThrew(error, value);
    }
  }

  protected override _error(error: unknown): void {
    this.end((consumer) => consumer.error?.(error));
  }

  protected override _complete(): void {
    this.end((consumer) => consumer.complete?.());
  }

  override unsubscribe(): void {
    if (!this.closed) this.source.detach(this);
    super.unsubscribe();
  }

  private end(tell: (consumer: Partial<Observer<T>>) => void): void {
    const { consumer } = this;
    try {
      if (typeof consumer === 'object' && consumer !== null) tell(consumer);
    } catch (error) {
      this.source.observerThrew(error, undefined);
    } finally {
      this.unsubscribe();
    }
  }
}
