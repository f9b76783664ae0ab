import { OptionError, ProtocolError } from '../base/errors.ts';
import { integer, table } from '../base/options.ts';
import { ByteReader } from '../bytes/byte-reader.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Codec, Decoder } from './codec.ts';
import { AS_IT_IS } from './pull.ts';

/**
 * How a request ended, after `EnFetchResult`:
 *
 * | here              | HP-Socket            | meaning                                           |
 * |-------------------|----------------------|---------------------------------------------------|
 * | `ok`              | `FR_OK`              | all bytes that were asked for                     |
 * | `length-too-long` | `FR_LENGTH_TOO_LONG` | fewer bytes are there; nothing has changed        |
 * | `data-not-found`  | `FR_DATA_NOT_FOUND`  | the buffer has been closed                        |
 */
export type FetchStatus = 'ok' | 'length-too-long' | 'data-not-found';

/** What {@link PullBuffer.fetch} and {@link PullBuffer.peek} answer; there is `data` only if the result is `ok`. */
export type FetchResult =
  | { readonly result: 'ok'; readonly data: Uint8Array }
  | { readonly result: 'length-too-long' | 'data-not-found'; readonly data: undefined };

/**
 * What has been received of a stream and not been fetched yet: the buffer of the PULL receive model of HP-Socket
 * (guide chapter 2).
 *
 * Data are views of what was received where possible, and belong to whoever fetched them; peeked data are the same
 * memory as what is fetched later.
 *
 * @example
 * // 32-bit length and body, as the original's samples have it: a state, and a loop while there is enough
 * let required = 4;
 * let isHeader = true;
 * function onReceive(buffer: PullBuffer) {
 *   for (let data = buffer.take(required); data !== undefined; data = buffer.take(required)) {
 *     if (!isHeader) handle(data);
 *     required = isHeader ? Buffer.from(data).readUInt32LE() : 4; // a body is never empty here
 *     isHeader = !isHeader;
 *   }
 * }
 */
export class PullBuffer {
  /**
   * How many bytes the last request asked for in vain; 0 when it got them. While this exceeds {@link length}, the
   * handler waits for more, so reading has to go on. The opposite cannot be told from 0: a handler that compares with
   * `length` first asks for nothing in vain.
   */
  wanted = 0;
  private bytes: ByteReader | undefined = new ByteReader();

  /** Bytes that have been received and not been fetched: the total that `OnReceive` announces. */
  get length(): number {
    return this.bytes?.length ?? 0;
  }

  /**
   * Removes and returns the next bytes: all of them or none.
   *
   * @param length 1 and more. More than `maxBuffered` may never be there.
   * @throws OptionError (`ERR_OPTION`) for another length.
   */
  fetch(length: number): FetchResult {
    const answer = this.peek(length);
    if (answer.result === 'ok') this.bytes!.skip(length);
    return answer;
  }

  /** Returns the next bytes, which stay; otherwise as {@link fetch}. */
  peek(length: number): FetchResult {
    const status = this.request(length);
    return status === 'ok'
      ? { result: status, data: this.bytes!.peek(length) }
      : { result: status, data: undefined };
  }

  /** {@link fetch} for those who need not know why there is nothing. */
  take(length: number): Uint8Array | undefined {
    return this.request(length) === 'ok' ? this.bytes!.fetch(length) : undefined;
  }

  /** Removes the next bytes; otherwise as {@link fetch}. */
  skip(length: number): FetchStatus {
    const status = this.request(length);
    if (status === 'ok') this.bytes!.skip(length);
    return status;
  }

  /**
   * Lets go of what is left: from now on, data are not found. The original does so after `OnClose`; here a buffer that
   * nobody closes can still be read when its connection has ended.
   */
  close(): void {
    this.bytes = undefined;
    this.wanted = 0;
  }

  /** @internal */
  append(chunk: Uint8Array): void {
    this.bytes?.push(chunk);
  }

  private request(length: number): FetchStatus {
    if (!Number.isInteger(length) || length < 1)
      throw new OptionError('length', length, 'an integer of 1 or more');
    if (this.bytes === undefined) return 'data-not-found';
    const isThere = length <= this.bytes.length;
    this.wanted = isThere ? 0 : length;
    return isThere ? 'ok' : 'length-too-long';
  }
}

/** Options of {@link pullBuffer}. */
export interface PullBufferOptions {
  /**
   * Most bytes that may be left in the buffer when a handler has been told of new ones. 1 to 2^30. The original has no
   * limit.
   * @default 4194304 (4 MiB)
   */
  readonly maxBuffered?: number;
}

const checkOptions = table<PullBufferOptions>({
  maxBuffered: integer({ min: 1, max: 2 ** 30, fallback: 0x40_0000 }),
});

/**
 * The PULL receive model of HP-Socket (guide chapter 2) as it is: whatever arrives is appended to the
 * {@link PullBuffer} of the stream, and the same buffer is emitted once for every piece that arrived. Its `length` is
 * then the total of what can be fetched, not what is new.
 *
 * What is not fetched stays, and nothing is emitted until more arrives. So fetch in a loop until the buffer has less
 * than the next item. Leaving more than `maxBuffered` is an error: ProtocolError `ERR_FRAME_LENGTH`. The end of the
 * stream emits nothing, and bytes left then are no error; they can still be fetched. What is sent goes out as it is
 * given, without any framing.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
 *
 * @example
 * const client = new TcpClient({ to: 'localhost:5555', codec: pullBuffer() });
 * client.receive$.subscribe(({ data: buffer }) => {
 *   for (let record = buffer.take(16); record !== undefined; record = buffer.take(16)) handle(record);
 * });
 */
export function pullBuffer(
  options?: PullBufferOptions,
): Codec<Uint8Array, PullBuffer, Uint8Array, BytesLike> {
  const { maxBuffered } = checkOptions(options);
  return { decoder: () => new PullBufferDecoder(maxBuffered), encoder: () => AS_IT_IS };
}

class PullBufferDecoder implements Decoder<Uint8Array, PullBuffer> {
  private readonly maxBuffered: number;
  private readonly buffer = new PullBuffer();

  constructor(maxBuffered: number) {
    this.maxBuffered = maxBuffered;
  }

  get residue(): number {
    return this.buffer.length;
  }

  push(chunk: Uint8Array, emit: (buffer: PullBuffer) => void): void {
    if (chunk.length === 0) return;
    const { buffer, maxBuffered } = this;
    buffer.append(chunk);
    emit(buffer);
    if (buffer.length <= maxBuffered) return;
    const what = `${buffer.length} bytes that nobody fetched exceed maxBuffered, which is ${maxBuffered}`;
    throw new ProtocolError('ERR_FRAME_LENGTH', what, { operation: 'receive' });
  }
}
