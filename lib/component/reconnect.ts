import {
  type MonoTypeOperatorFunction,
  Observable,
  type SchedulerLike,
  Subscription,
  asyncScheduler,
} from 'rxjs';
import { MAX_TIMER, callback, check, having, integer, oneOf, table } from '../base/options.ts';

/** An attempt that is going to be made. */
export interface Reconnecting {
  /** Which attempt since the last success, counted from 1. */
  readonly attempt: number;
  /** Milliseconds until it is made. */
  readonly delay: number;
  /** Why the connection ended; `undefined` for an orderly end. */
  readonly error: unknown;
}

/** Options of {@link reconnect}. */
export interface ReconnectOptions {
  /**
   * Milliseconds before the first attempt. 0 to 2147483647.
   * @default 100
   */
  readonly initialDelay?: number;
  /**
   * Longest delay in milliseconds; every attempt that fails doubles the delay up to it.
   * @default 30000
   */
  readonly maxDelay?: number;
  /**
   * Part of the delay that is left to chance, so that many clients do not come back at once. 0 to 1.
   * @default 0.5, which waits 50 to 100 % of the delay
   */
  readonly jitter?: number;
  /**
   * Milliseconds that a connection has to live for the delay to begin anew. 0 to 2147483647.
   * @default 1000
   */
  readonly stableAfter?: number;
  /**
   * Attempts that may fail in a row before the error is passed on. 0 to 2^31 - 1.
   * @default 2147483647
   */
  readonly maxAttempts?: number;
  /**
   * Whether an orderly end is followed by another connection too, or only a failure.
   * @default 'always'
   */
  readonly when?: 'always' | 'failure';
  /** Told of every attempt beforehand. */
  readonly onReconnect?: ((attempt: Reconnecting) => void) | undefined;
  /**
   * Where the delays come from.
   * @default asyncScheduler
   */
  readonly scheduler?: SchedulerLike;
  /**
   * Source of chance: 0 up to, not including, 1.
   * @default Math.random
   */
  readonly random?: (() => number) | undefined;
}

const checkOptions = table<ReconnectOptions>({
  initialDelay: integer({ min: 0, max: MAX_TIMER, fallback: 100 }),
  maxDelay: integer({ min: 0, max: MAX_TIMER, fallback: 30_000 }),
  jitter: check(
    0.5,
    'a number from 0 to 1',
    (value) => typeof value === 'number' && value >= 0 && value <= 1,
  ),
  stableAfter: integer({ min: 0, max: MAX_TIMER, fallback: 1_000 }),
  maxAttempts: integer({ min: 0, max: 2 ** 31 - 1, fallback: 2 ** 31 - 1 }),
  when: oneOf<'always' | 'failure'>(['always', 'failure'], 'always'),
  onReconnect: callback<(attempt: Reconnecting) => void>(),
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
  random: callback<() => number>(),
});

/**
 * Subscribes to a {@link dial} again when its connection ends or cannot be established, after a delay that doubles
 * with every failure and is shaken by chance. Emits each new connection.
 *
 * With `when: 'failure'` an orderly end completes. After `maxAttempts` failures in a row the last error is passed on
 * (an orderly end completes). Unsubscribing closes the connection or cancels the attempt.
 *
 * @example
 * dial('localhost:5555')
 *   .pipe(reconnect(), switchMap((connection) => connection.receive$.pipe(catchError(() => EMPTY))))
 *   .subscribe(({ length }) => console.log(length));
 */
export function reconnect<T>(options: ReconnectOptions = {}): MonoTypeOperatorFunction<T> {
  const settings = checkOptions(options);
  const { initialDelay, maxDelay, jitter, stableAfter, maxAttempts, when, onReconnect, scheduler } = settings;
  const random = settings.random ?? Math.random;
  return (source) =>
    new Observable((subscriber) => {
      let failures = 0;
      const connect = () => {
        let connectedAt: number | undefined;
        const round = new Subscription();
        subscriber.add(round);
        const again = (error?: unknown, failed = false) => {
          subscriber.remove(round);
          round.unsubscribe();
          if (connectedAt !== undefined && scheduler.now() - connectedAt >= stableAfter) failures = 0;
          if (!failed && when === 'failure') {
            subscriber.complete();
          } else if (failures >= maxAttempts) {
            if (failed) subscriber.error(error);
            else subscriber.complete();
          } else {
            const delay = Math.min(maxDelay, initialDelay * 2 ** Math.min(failures, 31));
            const shaken = Math.round(delay * (1 - jitter * random()));
            failures++;
            try {
              onReconnect?.({ attempt: failures, delay: shaken, error });
            } catch (thrown) {
              subscriber.error(thrown);
              return;
            }
            const timer = scheduler.schedule(() => {
              subscriber.remove(timer);
              connect();
            }, shaken);
            subscriber.add(timer);
          }
        };
        round.add(
          source.subscribe({
            next: (connection) => {
              connectedAt = scheduler.now();
              subscriber.next(connection);
            },
            error: (error: unknown) => again(error, true),
            complete: () => again(),
          }),
        );
      };
      connect();
    });
}
