import { type Observable, type SchedulerLike, type Subscription, asyncScheduler } from 'rxjs';
import { having, milliseconds, table } from '../base/options.ts';
import { type BytesLike, toBytes, toText } from '../bytes/bytes-like.ts';
import { SpyError, Waiter } from './spy-waiter.ts';

/** Options of {@link spy}. */
export interface SpyOptions {
  /**
   * Clock for `times`, and for `timeout`.
   * @default asyncScheduler, which is virtual inside of `TestScheduler.run`
   */
  readonly scheduler?: SchedulerLike;
  /**
   * Most milliseconds that `next()`, `take()`, `until()` and `ended()` wait; 0 is no limit. 1 to 2147483647.
   * @default 4000, a little less than what test runners allow a test
   */
  readonly timeout?: number;
}

const checkOptions = table<SpyOptions>({
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
  timeout: milliseconds(4_000),
});

/**
 * What has come of an Observable; see {@link spy}.
 *
 * `next()`, `take()` and `until()` go through the values one after the other: each value is handed out once, whether
 * it came before or after it was asked for. `values` has them all.
 */
export interface Spy<T> extends Disposable {
  /** All values so far. */
  readonly values: readonly T[];
  /** When each of them came, in milliseconds since the spy began. */
  readonly times: readonly number[];
  /** What the Observable failed with; `undefined` if it has not. */
  readonly error: unknown;
  /** Whether it has completed. */
  readonly completed: boolean;
  /** When it completed or failed, in milliseconds since the spy began; `undefined` if it has not. */
  readonly endedAt: number | undefined;
  /**
   * All bytes so far in one piece; texts as UTF-8.
   *
   * @throws OptionError (`ERR_OPTION`) when a value is neither bytes nor text.
   */
  readonly bytes: Uint8Array;
  /** {@link bytes} as text, so that a character may be cut between two chunks. */
  readonly text: string;
  /** The next value. Rejects with a {@link SpyError} when there is none: the Observable has ended, or the time is over. */
  next(): Promise<T>;
  /** The next `count` values; otherwise as {@link next}. */
  take(count: number): Promise<T[]>;
  /** The next value for which `matches` holds, those before it are passed over; otherwise as {@link next}. */
  until(matches: (value: T) => boolean): Promise<T>;
  /** Resolves when the Observable completes, rejects with its error when it fails, with a SpyError when the time is over. */
  ended(): Promise<void>;
  /** Ends the spying; who waits gets a SpyError. */
  unsubscribe(): void;
}

/**
 * Subscribes at once and keeps all that comes, with its time: for tests that would rather wait for something than draw
 * it.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal option.
 *
 * @example
 * const heard = spy(connection.receive$);
 * connection.send('hello\n');
 * await heard.until((chunk) => chunk.includes(10));
 * expect(heard.text).toBe('HELLO\n');
 */
export function spy<T>(source$: Observable<T>, options: SpyOptions = {}): Spy<T> {
  return new ObservableSpy(source$, checkOptions(options));
}

/** Somebody who looks for a value. */
interface Seeker<T> {
  readonly matches: (value: T) => boolean;
  /** What is looked for, in words. */
  readonly what: () => string;
  readonly waiter: Waiter<T>;
}

class ObservableSpy<T> implements Spy<T> {
  readonly values: T[] = [];
  readonly times: number[] = [];
  error: unknown = undefined;
  completed = false;
  endedAt: number | undefined = undefined;

  private readonly options: Required<SpyOptions>;
  private readonly start: number;
  private readonly subscription: Subscription;
  private readonly seekers: Seeker<T>[] = [];
  private readonly ends = new Set<Waiter<void>>();
  /** Values that have been handed out. */
  private taken = 0;
  /** Why nothing more will come. */
  private over: { readonly why: string; readonly cause?: unknown } | undefined = undefined;

  constructor(source$: Observable<T>, options: Required<SpyOptions>) {
    this.options = options;
    this.start = options.scheduler.now();
    this.subscription = source$.subscribe({
      next: (value) => this.came(value),
      error: (error: unknown) => this.failed(error),
      complete: () => this.finished(),
    });
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.values.map((value) => toBytes(value as BytesLike))));
  }

  get text(): string {
    return toText(this.bytes);
  }

  next(): Promise<T> {
    return this.until(() => true);
  }

  async take(count: number): Promise<T[]> {
    const found: T[] = [];
    const isLast = (value: T) => found.push(value) >= count;
    if (count > 0) await this.seek(isLast, () => `value ${found.length + 1} of ${count}`);
    return found;
  }

  until(matches: (value: T) => boolean): Promise<T> {
    return this.seek(matches, () => 'the value');
  }

  ended(): Promise<void> {
    const waiter = new Waiter<void>(this.options, (why) => {
      this.ends.delete(waiter);
      waiter.reject(new SpyError('the end', why, this.values.length));
    });
    this.ends.add(waiter);
    this.settleEnds();
    return waiter.promise;
  }

  unsubscribe(): void {
    this.subscription.unsubscribe();
    this.finish({ why: 'the spy was unsubscribed' });
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  private came(value: T): void {
    this.times.push(this.now());
    this.values.push(value);
    this.handOut();
  }

  private failed(error: unknown): void {
    this.endedAt = this.now();
    this.error = error;
    this.finish({ why: `the Observable failed (${String(error)})`, cause: error });
  }

  private finished(): void {
    this.endedAt = this.now();
    this.completed = true;
    this.finish({ why: 'the Observable completed' });
  }

  private finish(over: { readonly why: string; readonly cause?: unknown }): void {
    this.over ??= over;
    this.handOut();
    this.settleEnds();
  }

  private seek(matches: (value: T) => boolean, what: () => string): Promise<T> {
    const waiter = new Waiter<T>(this.options, (why) => {
      this.seekers.splice(this.seekers.indexOf(seeker), 1);
      waiter.reject(new SpyError(what(), why, this.values.length));
    });
    const seeker = { matches, what, waiter };
    this.seekers.push(seeker);
    this.handOut();
    return waiter.promise;
  }

  /** Gives the values that nobody has had to those who look for one, in the order in which they asked. */
  private handOut(): void {
    const { seekers, values } = this;
    for (let seeker = seekers[0]; seeker !== undefined && this.taken < values.length; seeker = seekers[0]) {
      const value = values[this.taken++] as T;
      try {
        if (!seeker.matches(value)) continue;
        seeker.waiter.resolve(value);
      } catch (error) {
        seeker.waiter.reject(error);
      }
      seekers.shift();
    }
    const { over } = this;
    if (over === undefined) return;
    for (const { what, waiter } of seekers.splice(0))
      waiter.reject(new SpyError(what(), over.why, values.length, over));
  }

  private settleEnds(): void {
    const { over, ends } = this;
    if (over === undefined) return;
    for (const waiter of ends) {
      if (this.completed) waiter.resolve();
      else if (this.endedAt !== undefined) waiter.reject(this.error);
      else waiter.reject(new SpyError('the end', over.why, this.values.length));
    }
    ends.clear();
  }

  private now(): number {
    return this.options.scheduler.now() - this.start;
  }
}
