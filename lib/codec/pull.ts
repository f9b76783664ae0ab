import { ProtocolError } from '../base/errors.ts';
import { type Check, check, integer, milliseconds, oneOf, table } from '../base/options.ts';
import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteSearch } from '../bytes/byte-search.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { Codec, Decoder, Encoder } from './codec.ts';
import { type PullGenerator, PullReader, PullRequest } from './pull-reader.ts';

/** Options of {@link pull}. */
export interface PullOptions {
  /**
   * Most bytes that one request may ask for, and that `until` lets come in front of a delimiter. 1 to 2^30. Numbers are
   * not concerned.
   * @default 262144 (256 KiB)
   */
  readonly maxLength?: number;
  /**
   * Most bytes that one message may consist of, which is what one run of the generator takes. 1 to 2^40.
   * @default 16 times maxLength (4 MiB)
   */
  readonly maxMessage?: number | undefined;
  /**
   * What a message means that the end of the stream cuts short: an `ERR_FRAME_TRUNCATED`, or nothing (`drop`).
   * @default 'error'
   */
  readonly tail?: 'error' | 'drop';
  /**
   * Most milliseconds from the first byte of a message to its last; 0 is no limit.
   * @default 0
   */
  readonly frameTimeout?: number;
}

const messageSize: Check<number | undefined> = Object.assign(integer({ min: 1, max: 2 ** 40, fallback: 0 }), {
  fallback: undefined,
});

const checkOptions = table<PullOptions>({
  maxLength: integer({ min: 1, max: 2 ** 30, fallback: 0x4_0000 }),
  maxMessage: messageSize,
  tail: oneOf<'error' | 'drop'>(['error', 'drop'], 'error'),
  frameTimeout: milliseconds(0),
});

const checkGenerator = check<unknown>(
  undefined,
  'a generator function',
  (value) => typeof value === 'function',
);

/** How many requests in a row may be answered without a byte taken: more than any use, and soon enough. */
const IDLE_REQUESTS = 2 ** 20;

/** What is emitted of the values that a generator returns. */
export type Pulled<T> = Exclude<T, void>;

/**
 * The PULL receive model of HP-Socket (guide chapter 2: `OnReceive(length)` and `Fetch`) without its state machine: a
 * generator function describes one message by asking for bytes, and runs anew for every message. What it returns is
 * emitted; when it returns `undefined`, nothing is.
 *
 * `yield* r.fetch(4)` waits until four bytes have come and is typed; `yield r.fetch(4)` is the same, typed `any`. Parts
 * of a message can be generator functions of their own: `const name = yield* shortText(r)`. What is sent goes out as it
 * is given, without any framing.
 *
 * A run begins with the first byte of its message, so a generator never waits for a message that does not come.
 * When the stream ends within a message, or a limit is exceeded, the generator is closed as `return()` does it, so that
 * its `finally` blocks run. A stream that is abandoned just leaves the generator behind.
 *
 * Errors of the decoder are ProtocolErrors:
 * - `ERR_FRAME_LENGTH` when a limit is exceeded, which is known before the bytes are waited for;
 * - `ERR_FRAME_DATA` when the generator throws, with what it threw as `cause`; a ProtocolError is not wrapped;
 * - `ERR_FRAME_DATA` when the generator does not get on: it ended twice in a row without having taken a byte, made a
 *   million requests without taking one, or yielded something that is no request;
 * - `ERR_FRAME_TRUNCATED` when the stream ends within a message, unless `tail` is `drop`.
 *
 * @param describe Makes the generator of a message. It is called for all streams of the codec, so variables outside
 * of it are shared by them.
 * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
 *
 * @example
 * // 07 00 00 00  05 00 00 00  68 65 6c 6c 6f
 * // sequence     length       body
 * const codec = pull(function* (r) {
 *   const sequence = yield* r.uint32le();
 *   const length = yield* r.uint32le();
 *   return { sequence, body: yield* r.text(length) }; // { sequence: 7, body: 'hello' }
 * });
 */
export function pull<T>(
  describe: (r: PullReader) => PullGenerator<T>,
  options?: PullOptions,
): Codec<Uint8Array, Pulled<T>, Uint8Array, BytesLike> {
  checkGenerator(describe, 'describe');
  const { maxLength, maxMessage = 16 * maxLength, tail, frameTimeout } = checkOptions(options);
  const reader = new PullReader(maxLength);
  const begin = () => describe(reader);
  return {
    decoder: () => new PullDecoder<T>(begin, { maxLength, maxMessage, tail }),
    encoder: () => AS_IT_IS,
    frameTimeout,
  };
}

/** @internal Sends what it is given. It has no state, so one is enough. */
export const AS_IT_IS: Encoder<BytesLike, Uint8Array> = {
  push: (data, emit) => emit(toBytes(data)),
};

interface Limits {
  readonly maxLength: number;
  readonly maxMessage: number;
  readonly tail: 'error' | 'drop';
}

class PullDecoder<T> implements Decoder<Uint8Array, Pulled<T>> {
  private readonly begin: () => PullGenerator<T>;
  private readonly limits: Limits;
  private readonly bytes = new ByteReader();
  /** The generator of the present message, and what it waits for. */
  private run: PullGenerator<T> | undefined = undefined;
  private request: PullRequest = NOTHING;
  private search: ByteSearch | undefined = undefined;
  /** Bytes that the present run has taken. */
  private taken = 0;
  private idleRequests = 0;
  private idleRuns = 0;

  constructor(begin: () => PullGenerator<T>, limits: Limits) {
    this.begin = begin;
    this.limits = limits;
  }

  get residue(): number {
    return this.taken + this.bytes.length;
  }

  push(chunk: Uint8Array, emit: (message: Pulled<T>) => void): void {
    this.bytes.push(chunk);
    try {
      this.advance(emit);
    } catch (error) {
      this.close(); // the fault that is known is worth more than what a `finally` throws
      throw error;
    }
  }

  end(): void {
    const { residue } = this;
    const failure = this.close();
    this.bytes.clear();
    if (residue === 0) return;
    if (this.limits.tail === 'error') {
      const what = `the stream ended ${residue} bytes into a message`;
      throw new ProtocolError('ERR_FRAME_TRUNCATED', what, { operation: 'receive' });
    }
    if (failure !== undefined) throw failure;
  }

  /** Answers requests until one has to wait. */
  private advance(emit: (message: Pulled<T>) => void): void {
    const { bytes } = this;
    for (;;) {
      let count = 0;
      if (this.run !== undefined) {
        count = this.countFor(this.request);
        if (count < 0) return;
      } else if (bytes.length === 0) return;
      const { done, value } = this.resume(count);
      if (done === true) this.complete(value, emit);
      else if (value instanceof PullRequest) this.request = value;
      else throw faulty('the generator yielded something that is no request of its PullReader');
    }
  }

  /** How many bytes answer a request, or -1 when they have not come yet. */
  private countFor(request: PullRequest): number {
    const { delimiter, count } = request;
    if (delimiter !== undefined) return this.find(delimiter);
    this.checkMessage(count);
    return count <= this.bytes.length ? count : -1;
  }

  private find(delimiter: Uint8Array): number {
    let { search } = this;
    if (search?.pattern !== delimiter) search = this.search = new ByteSearch(delimiter);
    const { maxLength } = this.limits;
    const count = this.bytes.find(search);
    const front = count < 0 ? this.bytes.length - search.matched : count - delimiter.length;
    if (front > maxLength) {
      const what = `${front} bytes without the delimiter exceed maxLength, which is ${maxLength}`;
      throw new ProtocolError('ERR_FRAME_LENGTH', what, { operation: 'receive' });
    }
    this.checkMessage(front + delimiter.length);
    return count;
  }

  private checkMessage(count: number): void {
    const { maxMessage } = this.limits;
    if (this.taken + count <= maxMessage) return;
    const what = `a message of at least ${this.taken + count} bytes exceeds maxMessage, which is ${maxMessage}`;
    throw new ProtocolError('ERR_FRAME_LENGTH', what, { operation: 'receive' });
  }

  /** Lets the generator go on with the answer, or a new one begin. */
  private resume(count: number): IteratorResult<PullRequest, T> {
    const { run } = this;
    try {
      if (run === undefined) return (this.run = this.begin()).next();
      return run.next(this.answer(count));
    } catch (cause) {
      throw wrap(cause);
    }
  }

  private answer(count: number): unknown {
    const { bytes, request } = this;
    const before = bytes.length;
    const answer = request.take(bytes, count, request.delimiter?.length ?? 0);
    const taken = before - bytes.length;
    this.taken += taken;
    if (taken > 0) this.idleRequests = 0;
    else if (++this.idleRequests > IDLE_REQUESTS)
      throw faulty(`the generator made ${IDLE_REQUESTS} requests in a row without taking a byte`);
    return answer;
  }

  /** A run is over: the state is that between messages before anybody hears of it. */
  private complete(value: T, emit: (message: Pulled<T>) => void): void {
    this.idleRuns = this.taken > 0 ? 0 : this.idleRuns + 1;
    this.reset();
    if (this.idleRuns === 2) throw faulty('the generator ended twice in a row without taking a byte');
    if (value !== undefined) emit(value as Pulled<T>);
  }

  private reset(): void {
    this.run = undefined;
    this.request = NOTHING;
    this.taken = 0;
    this.idleRequests = 0;
  }

  /** Ends the present run early; answers with what it threw at that. */
  private close(): ProtocolError | undefined {
    const { run } = this;
    this.reset();
    try {
      run?.return(undefined as T);
    } catch (cause) {
      return wrap(cause);
    }
    return undefined;
  }
}

const NOTHING = new PullReader(0).skip(0);

function faulty(what: string, cause?: unknown): ProtocolError {
  const operation = 'receive';
  return new ProtocolError(
    'ERR_FRAME_DATA',
    what,
    cause === undefined ? { operation } : { operation, cause },
  );
}

function wrap(cause: unknown): ProtocolError {
  if (cause instanceof ProtocolError) return cause;
  const text = (cause as { message?: unknown } | null | undefined)?.message;
  return faulty(`the generator failed${typeof text === 'string' ? `: ${text}` : ''}`, cause);
}
