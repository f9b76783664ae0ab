import {
  type MonoTypeOperatorFunction,
  Observable,
  type SchedulerLike,
  type Subscriber,
  asyncScheduler,
} from 'rxjs';
import { NetworkError, OptionError } from '../../base/errors.ts';
import { MAX_TIMER, callback, check, having, integer, table } from '../../base/options.ts';
import { parseHttpDate } from '../date.ts';
import type { HttpClientResponse } from './client-response.ts';
import { RequestObservable } from './requester.ts';

/** An attempt that is going to be made. */
export interface HttpRetry {
  /** Which retry, counted from 1. */
  readonly attempt: number;
  /** Milliseconds until it is made. */
  readonly delay: number;
  /** Why the attempt before it failed; `undefined` if there was a response. */
  readonly error: unknown;
  /** Its response, if there was one. It has been discarded. */
  readonly response: HttpClientResponse | undefined;
}

/** Options of {@link retryIdempotent}. */
export interface RetryIdempotentOptions {
  /**
   * Retries of one request. 0 to 1000.
   * @default 3
   */
  readonly max?: number;
  /**
   * Statuses for which the request is sent again.
   * @default [502, 503, 504]
   */
  readonly statuses?: readonly number[];
  /**
   * Milliseconds before the first retry; each one doubles it. 0 to 2147483647.
   * @default 100
   */
  readonly initialDelay?: number;
  /**
   * Longest delay in milliseconds. If a server asks for a longer one (`Retry-After`), there is no retry. 0 to 2147483647.
   * @default 10000
   */
  readonly maxDelay?: number;
  /**
   * Part of the delay that is left to chance. 0 to 1.
   * @default 0.5, which waits 50 to 100 % of the delay
   */
  readonly jitter?: number;
  /** Told of every retry beforehand. */
  readonly onRetry?: ((retry: HttpRetry) => void) | undefined;
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

const STATUSES: readonly number[] = [502, 503, 504];

const checkOptions = table<RetryIdempotentOptions>({
  max: integer({ min: 0, max: 1000, fallback: 3 }),
  statuses: check<readonly number[]>(
    STATUSES,
    'an array of statuses',
    (value) => Array.isArray(value) && value.every((status) => Number.isInteger(status)),
  ),
  initialDelay: integer({ min: 0, max: MAX_TIMER, fallback: 100 }),
  maxDelay: integer({ min: 0, max: MAX_TIMER, fallback: 10_000 }),
  jitter: check(
    0.5,
    'a number from 0 to 1',
    (value) => typeof value === 'number' && value >= 0 && value <= 1,
  ),
  onRetry: callback<(retry: HttpRetry) => void>(),
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
  random: callback<() => number>(),
});

type Settings = ReturnType<typeof checkOptions>;

/** Errors of our own side: they would come again. */
const LASTING: ReadonlySet<string> = new Set([
  ...['ERR_OPTION', 'ERR_STATE', 'ERR_HANDLER', 'ERR_UNTRACKED', 'ERR_HTTP_MESSAGE', 'ERR_HTTP_BODY_LENGTH'],
  ...['ERR_HTTP_UPGRADE', 'ERR_HTTP_REDIRECT', 'ERR_HTTP_CODING', 'ENOENT', 'EACCES', 'EISDIR'],
]);

/**
 * Sends a request again when there is no response to it, or one that says that the server cannot answer at present; after a
 * delay that doubles each time, or the one that the server asks for (`Retry-After`). Only a request that is idempotent, and
 * whose body is no Observable: all others pass as they are. Stands directly behind `request()` or a shortcut.
 *
 * When the retries are used up, the last response is emitted, or the last error passed on. What the body of an emitted
 * response errors with is not retried. Unsubscribing takes back the attempt that is under way, or ends the waiting.
 *
 * @throws OptionError (`ERR_OPTION`) at once, also when it stands behind anything else than a request.
 * @example
 * agent.get('http://localhost:8080/').pipe(retryIdempotent({ max: 5 }), followRedirects(agent));
 */
export function retryIdempotent(
  options?: RetryIdempotentOptions,
): MonoTypeOperatorFunction<HttpClientResponse> {
  const settings = checkOptions(options);
  return (source) => {
    if (!(source instanceof RequestObservable))
      throw new OptionError('retryIdempotent', undefined, 'directly behind request()');
    const { isRepeatable } = (source as RequestObservable<HttpClientResponse>).request;
    if (!isRepeatable) return source;
    return new Observable((subscriber) => new Attempts(source, subscriber, settings).begin());
  };
}

/** The attempts of one subscription. */
class Attempts {
  private readonly source: Observable<HttpClientResponse>;
  private readonly subscriber: Subscriber<HttpClientResponse>;
  private readonly settings: Settings;
  private made = 0;

  constructor(
    source: Observable<HttpClientResponse>,
    subscriber: Subscriber<HttpClientResponse>,
    settings: Settings,
  ) {
    this.source = source;
    this.subscriber = subscriber;
    this.settings = settings;
  }

  begin(): void {
    const { source, subscriber, settings } = this;
    let isOver = false;
    const round = source.subscribe({
      next: (response) => {
        isOver = settings.statuses.includes(response.status) && this.again(undefined, response);
        if (!isOver) subscriber.next(response);
      },
      error: (error: unknown) => {
        const isPassing = error instanceof NetworkError && !LASTING.has(error.code);
        if (!isPassing || !this.again(error, undefined)) subscriber.error(error);
      },
      complete: () => {
        if (!isOver) subscriber.complete();
      },
    });
    subscriber.add(round);
  }

  /** Tries again later; false if that is not to be. */
  private again(error: unknown, response: HttpClientResponse | undefined): boolean {
    const { settings, subscriber } = this;
    const delay = this.made < settings.max ? delayOf(this.made, response, settings) : undefined;
    if (delay === undefined) return false;
    const attempt = ++this.made;
    response?.discard();
    try {
      settings.onRetry?.({ attempt, delay, error, response });
    } catch (thrown) {
      subscriber.error(thrown);
      return true;
    }
    const timer = settings.scheduler.schedule(() => {
      subscriber.remove(timer);
      this.begin();
    }, delay);
    subscriber.add(timer);
    return true;
  }
}

/** Milliseconds until the next attempt; `undefined` if the server wants more than is allowed. */
function delayOf(
  attempts: number,
  response: HttpClientResponse | undefined,
  settings: Settings,
): number | undefined {
  const { initialDelay, maxDelay, jitter, random, scheduler } = settings;
  const asked = response === undefined ? undefined : retryAfter(response, scheduler.now());
  if (asked !== undefined) return asked <= maxDelay ? asked : undefined;
  const delay = Math.min(maxDelay, initialDelay * 2 ** Math.min(attempts, 31));
  return Math.round(delay * (1 - jitter * (random ?? Math.random)()));
}

/** What a server asks for, in milliseconds: seconds, or a date. */
function retryAfter({ fields }: HttpClientResponse, now: number): number | undefined {
  const value = fields.get('retry-after');
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = parseHttpDate(value, now);
  return date === undefined ? undefined : Math.max(0, date - now);
}
