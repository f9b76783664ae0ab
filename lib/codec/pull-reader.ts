import { OptionError, ProtocolError } from '../base/errors.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';

/** Takes the answer to a request from the bytes; for `until`, `count` includes the delimiter. */
type Take<T> = (bytes: ByteReader, count: number, delimiter: number) => T;

/**
 * What a generator of `pull` yields: a request for bytes. `yield*` waits for the answer and is typed; `yield` does the
 * same and is `any`. A request holds no state: it can be kept and yielded again.
 *
 * @typeParam T The answer.
 */
export class PullRequest<out T = unknown> {
  /** @internal Bytes that it takes; 0 if a delimiter decides. */
  readonly count: number;
  /** @internal */
  readonly take: Take<T>;
  /** @internal */
  readonly delimiter: Uint8Array | undefined;
  /** @internal The request is itself the first result of its iterator. */
  readonly done = false;
  /** @internal */
  readonly value = this;

  /** @internal */
  constructor(count: number, take: Take<T>, delimiter?: Uint8Array) {
    this.count = count;
    this.take = take;
    this.delimiter = delimiter;
  }

  /** For `yield*`. */
  [Symbol.iterator](): Iterator<PullRequest, T, unknown> {
    return this;
  }

  /** @internal The first call brings nothing, the second the answer, and no answer is `undefined`. */
  next(answer?: unknown): IteratorResult<PullRequest, T> {
    return answer === undefined ? this : { done: true, value: answer as T };
  }
}

/**
 * A generator that describes a message, or a part of one to be used with `yield*`.
 *
 * @typeParam T What it returns.
 */
// What a plain `yield` gives cannot be typed; it is said, since older compilers take `unknown` if it is not.
// eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unnecessary-type-arguments
export type PullGenerator<T> = Generator<PullRequest, T, any>;

/** Options of {@link PullReader.until}. */
export interface UntilOptions {
  /**
   * Whether the answer ends with the delimiter; it is taken from the stream in any case.
   * @default false
   */
  readonly include?: boolean;
}

/**
 * The requests that a generator of `pull` can make. Each does nothing by itself; the generator goes on with the answer
 * once enough bytes have come.
 *
 * Bytes in answers are views of what was received where possible, and belong to whoever asked. A count that is not an
 * integer from 0 to `maxLength` throws a ProtocolError (`ERR_FRAME_LENGTH`) right where the request is made, since
 * counts are mostly what the peer claims.
 */
export class PullReader {
  private readonly maxLength: number;
  private lastText = '';
  private lastBytes: Uint8Array = EMPTY;

  /** @internal */
  constructor(maxLength: number) {
    this.maxLength = maxLength;
  }

  /** The next `count` bytes. 0 gives no bytes, without waiting. */
  fetch(count: number): PullRequest<Uint8Array> {
    return new PullRequest(this.checked(count), fetchBytes);
  }

  /** The next `count` bytes, which stay to be fetched. The same memory as what is fetched later. */
  peek(count: number): PullRequest<Uint8Array> {
    return new PullRequest(this.checked(count), peekBytes);
  }

  /** Leaves out `count` bytes, once all have come. The answer is `count`. */
  skip(count: number): PullRequest<number> {
    return new PullRequest(this.checked(count), skipBytes);
  }

  /** The next `count` bytes as text: UTF-8, an invalid sequence becomes U+FFFD. */
  text(count: number): PullRequest<string> {
    return new PullRequest(this.checked(count), takeText);
  }

  /**
   * What comes in front of the delimiter, of which there may be `maxLength` bytes; the delimiter is taken too.
   *
   * @param delimiter At least one byte; an empty one throws an OptionError (`ERR_OPTION`). Must not be changed.
   */
  until(delimiter: BytesLike, options?: UntilOptions): PullRequest<Uint8Array> {
    const bytes = this.bytesOf(delimiter);
    if (bytes.length === 0) throw new OptionError('delimiter', delimiter, 'at least one byte');
    return new PullRequest(0, options?.include === true ? fetchBytes : fetchFront, bytes);
  }

  /** The next byte, 0 to 255. */
  uint8(): PullRequest<number> {
    return UINT8;
  }

  /** The next byte, -128 to 127. */
  int8(): PullRequest<number> {
    return INT8;
  }

  /** An unsigned integer of 2 bytes, highest byte first. */
  uint16be(): PullRequest<number> {
    return UINT16_BE;
  }

  /** An unsigned integer of 2 bytes, lowest byte first. */
  uint16le(): PullRequest<number> {
    return UINT16_LE;
  }

  /** A signed integer of 2 bytes, highest byte first. */
  int16be(): PullRequest<number> {
    return INT16_BE;
  }

  /** A signed integer of 2 bytes, lowest byte first. */
  int16le(): PullRequest<number> {
    return INT16_LE;
  }

  /** An unsigned integer of 4 bytes, highest byte first. */
  uint32be(): PullRequest<number> {
    return UINT32_BE;
  }

  /** An unsigned integer of 4 bytes, lowest byte first. */
  uint32le(): PullRequest<number> {
    return UINT32_LE;
  }

  /** A signed integer of 4 bytes, highest byte first. */
  int32be(): PullRequest<number> {
    return INT32_BE;
  }

  /** A signed integer of 4 bytes, lowest byte first. */
  int32le(): PullRequest<number> {
    return INT32_LE;
  }

  /** An unsigned integer of 8 bytes, highest byte first. */
  uint64be(): PullRequest<bigint> {
    return UINT64_BE;
  }

  /** An unsigned integer of 8 bytes, lowest byte first. */
  uint64le(): PullRequest<bigint> {
    return UINT64_LE;
  }

  /** A signed integer of 8 bytes, highest byte first. */
  int64be(): PullRequest<bigint> {
    return INT64_BE;
  }

  /** A signed integer of 8 bytes, lowest byte first. */
  int64le(): PullRequest<bigint> {
    return INT64_LE;
  }

  /** A float of 4 bytes, highest byte first. */
  float32be(): PullRequest<number> {
    return FLOAT32_BE;
  }

  /** A float of 4 bytes, lowest byte first. */
  float32le(): PullRequest<number> {
    return FLOAT32_LE;
  }

  /** A float of 8 bytes, highest byte first. */
  float64be(): PullRequest<number> {
    return FLOAT64_BE;
  }

  /** A float of 8 bytes, lowest byte first. */
  float64le(): PullRequest<number> {
    return FLOAT64_LE;
  }

  private checked(count: number): number {
    if (Number.isInteger(count) && count >= 0 && count <= this.maxLength) return count;
    const what =
      count > this.maxLength
        ? `a request for ${count} bytes exceeds maxLength, which is ${this.maxLength}`
        : `a request for ${count} bytes: it has to be an integer from 0 to ${this.maxLength}`;
    throw new ProtocolError('ERR_FRAME_LENGTH', what, { operation: 'receive' });
  }

  /** Most protocols have one delimiter, and it is asked for again and again. */
  private bytesOf(delimiter: BytesLike): Uint8Array {
    if (typeof delimiter !== 'string') return toBytes(delimiter);
    if (delimiter !== this.lastText) {
      this.lastText = delimiter;
      this.lastBytes = toBytes(delimiter);
    }
    return this.lastBytes;
  }
}

const EMPTY = new Uint8Array(0);

const fetchBytes: Take<Uint8Array> = (bytes, count) => bytes.fetch(count);
const peekBytes: Take<Uint8Array> = (bytes, count) => bytes.peek(count);
const takeText: Take<string> = (bytes, count) => bytes.text(count);

const skipBytes: Take<number> = (bytes, count) => {
  bytes.skip(count);
  return count;
};

const fetchFront: Take<Uint8Array> = (bytes, count, delimiter) => {
  const front = bytes.fetch(count - delimiter);
  bytes.skip(delimiter);
  return front;
};

function fixed<T>(count: number, get: (chunk: Buffer, at: number) => T): PullRequest<T> {
  return new PullRequest(count, (bytes) => bytes.read(count, get));
}

const UINT8 = fixed(1, (chunk, at) => chunk[at]!);
const INT8 = fixed(1, (chunk, at) => chunk.readInt8(at));
const UINT16_BE = fixed(2, (chunk, at) => chunk.readUInt16BE(at));
const UINT16_LE = fixed(2, (chunk, at) => chunk.readUInt16LE(at));
const INT16_BE = fixed(2, (chunk, at) => chunk.readInt16BE(at));
const INT16_LE = fixed(2, (chunk, at) => chunk.readInt16LE(at));
const UINT32_BE = fixed(4, (chunk, at) => chunk.readUInt32BE(at));
const UINT32_LE = fixed(4, (chunk, at) => chunk.readUInt32LE(at));
const INT32_BE = fixed(4, (chunk, at) => chunk.readInt32BE(at));
const INT32_LE = fixed(4, (chunk, at) => chunk.readInt32LE(at));
const UINT64_BE = fixed(8, (chunk, at) => chunk.readBigUInt64BE(at));
const UINT64_LE = fixed(8, (chunk, at) => chunk.readBigUInt64LE(at));
const INT64_BE = fixed(8, (chunk, at) => chunk.readBigInt64BE(at));
const INT64_LE = fixed(8, (chunk, at) => chunk.readBigInt64LE(at));
const FLOAT32_BE = fixed(4, (chunk, at) => chunk.readFloatBE(at));
const FLOAT32_LE = fixed(4, (chunk, at) => chunk.readFloatLE(at));
const FLOAT64_BE = fixed(8, (chunk, at) => chunk.readDoubleBE(at));
const FLOAT64_LE = fixed(8, (chunk, at) => chunk.readDoubleLE(at));
