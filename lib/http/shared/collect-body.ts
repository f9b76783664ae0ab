import { Observable, type Observer, Subscriber, type Subscription } from 'rxjs';
import { OptionError } from '../../base/errors.ts';
import { Relay } from '../../flow/relay.ts';

/** How much of a body is collected. */
export interface CollectOptions {
  /**
   * Longest body, in bytes. 0 to 2^53 - 1.
   * @default 1048576 (1 MiB)
   */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 1024 * 1024;

/** A body that can be collected. */
export interface Collectable {
  readonly body$: Observable<Uint8Array>;
  /** How long it is going to be, if that is known. */
  readonly bodyLength: number | undefined;
  /** All of it, if it is there, nobody has had any of it, and it is not longer than `limit`. It counts as read then. */
  takeWhole?(limit: number): Uint8Array | undefined;
  /** The error for a body of at least so many bytes. */
  tooLong(length: number, limit: number): Error;
  /** Told of what a direct observer throws, and of errors that it has no handler for, instead of RxJS. */
  unhandled?(error: unknown): void;
}

/**
 * The whole body, once it is there, as what `convert` makes of it. Cold: subscribing reads it. Errors as the body does,
 * when it is longer than the limit, and with what `convert` throws.
 *
 * @throws OptionError (`ERR_OPTION`) at once.
 */
export function collectBody<T>(
  body: Collectable,
  { limit = DEFAULT_LIMIT }: CollectOptions = {},
  convert: (bytes: Uint8Array) => T,
): Observable<T> {
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw new OptionError('limit', limit, `an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  const collect = (subscriber: Subscriber<T>) => {
    const whole = body.takeWhole?.(limit);
    if (whole !== undefined) {
      give(subscriber, whole, convert);
      return;
    }
    const { bodyLength = 0 } = body;
    if (bodyLength > limit) subscriber.error(body.tooLong(bodyLength, limit));
    else body.body$.subscribe(collecting(subscriber, body, limit, convert));
  };
  return new Collected(collect, body.unhandled?.bind(body));
}

type Consumer<T> = Partial<Observer<T>> | ((value: T) => void) | null | undefined;

/** A body as a whole. What a direct observer throws, or has no error handler for, can be somebody else's to deal with. */
class Collected<T> extends Observable<T> {
  private readonly unhandled: ((error: unknown) => void) | undefined;

  constructor(
    subscribe: (subscriber: Subscriber<T>) => void,
    unhandled: ((error: unknown) => void) | undefined,
  ) {
    super(subscribe);
    this.unhandled = unhandled;
  }

  override subscribe(
    next?: Consumer<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const { unhandled } = this;
    if (next instanceof Subscriber) return super.subscribe(next as Subscriber<T>);
    const observer: Partial<Observer<T>> =
      typeof next === 'function'
        ? { next, ...(error ? { error } : {}), ...(complete ? { complete } : {}) }
        : (next ?? {});
    if (unhandled === undefined) return super.subscribe(observer);
    return super.subscribe({
      next: (value) => {
        try {
          observer.next?.(value);
        } catch (thrown) {
          unhandled(thrown);
        }
      },
      error: (thrown: unknown) => (observer.error === undefined ? unhandled(thrown) : observer.error(thrown)),
      complete: () => observer.complete?.(),
    });
  }
}

/** Between a body and who wants it as a whole. */
function collecting<T>(
  subscriber: Subscriber<T>,
  body: Collectable,
  limit: number,
  convert: (bytes: Uint8Array) => T,
): Relay<Uint8Array, T> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const take = (piece: Uint8Array) => {
    length += piece.length;
    if (length > limit) throw body.tooLong(length, limit);
    pieces.push(piece);
  };
  const complete = () => {
    give(subscriber, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, length), convert);
  };
  return new Relay<Uint8Array, T>(subscriber, take, complete);
}

function give<T>(subscriber: Subscriber<T>, bytes: Uint8Array, convert: (bytes: Uint8Array) => T): void {
  let value: T;
  try {
    value = convert(bytes);
  } catch (error) {
    subscriber.error(error);
    return;
  }
  subscriber.next(value);
  subscriber.complete();
}
