import { ProtocolError } from '../base/errors.ts';
import { integer, milliseconds, oneOf, table } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { Collector } from '../bytes/collector.ts';
import { viewOf } from '../bytes/view.ts';
import type { Codec, Decoder, Encoder } from './codec.ts';

/** Options of {@link pack}. */
export interface PackOptions {
  /**
   * What tells packets of this kind from others; twin of `SetPackHeaderFlag`. 0 to 1023. With 0 the flag of what is
   * received is not looked at.
   * @default 0
   */
  readonly flag?: number;
  /**
   * Longest body, in bytes; twin of `SetMaxPackSize`. 1 to 4194303.
   * @default 262144 (256 KiB)
   */
  readonly maxSize?: number;
  /**
   * What a packet means that the end of the stream cuts short: nothing (`drop`, as the original has it), or an
   * `ERR_FRAME_TRUNCATED`.
   * @default 'drop'
   */
  readonly tail?: 'drop' | 'error';
  /**
   * Most milliseconds from the first byte of a packet to its last; 0 is no limit.
   * @default 0
   */
  readonly frameTimeout?: number;
}

const checkOptions = table<PackOptions>({
  flag: integer({ min: 0, max: 0x3ff, fallback: 0 }),
  maxSize: integer({ min: 1, max: 0x3f_ffff, fallback: 0x4_0000 }),
  tail: oneOf<'drop' | 'error'>(['drop', 'error'], 'drop'),
  frameTimeout: milliseconds(0),
});

const HEADER = 4;
const LENGTH_BITS = 22;
const LENGTH_MASK = 0x3f_ffff;

/**
 * PACK, the packet format of HP-Socket (guide chapter 2, the PACK receive model), byte for byte: a header of 32 bits,
 * little-endian, and a body.
 *
 * ```text
 * flag 0x169, body 'hello'          31        22 21                    0
 * 05 00 40 5a  68 65 6c 6c 6f        | 10b flag | 22b length of the body |
 * ```
 *
 * A header is checked as soon as it is complete: a wrong flag is `ERR_FRAME_DATA` (the original's
 * `ERROR_INVALID_DATA`), a length of 0 or above `maxSize` `ERR_FRAME_LENGTH` (`ERROR_BAD_LENGTH`). To send an empty or
 * too long body is refused with `ERR_FRAME_LENGTH`, and the connection goes on. All arguments of one `send` call become
 * one packet. Bodies that lie in one chunk are views of it.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
 *
 * @example
 * const server = new TcpServer({ port: 5555, codec: pack({ flag: 0x169 }) });
 * server.receive$.subscribe(({ connection, data }) => connection.send(data)); // a packet each
 */
export function pack(options?: PackOptions): Codec<Uint8Array, Uint8Array, Uint8Array, BytesLike> {
  const { flag, maxSize, tail, frameTimeout } = checkOptions(options);
  return {
    decoder: () => new PackDecoder(flag, maxSize, tail),
    encoder: () => new PackEncoder(flag, maxSize),
    frameTimeout,
  };
}

class PackDecoder implements Decoder<Uint8Array, Uint8Array> {
  private readonly flag: number;
  private readonly maxSize: number;
  private readonly tail: 'drop' | 'error';
  /** What is known of a header that is cut, lowest byte first, and how many bytes of it. */
  private header = 0;
  private headerBytes = 0;
  private readonly body = new Collector();

  constructor(flag: number, maxSize: number, tail: 'drop' | 'error') {
    this.flag = flag;
    this.maxSize = maxSize;
    this.tail = tail;
  }

  get residue(): number {
    return this.body.isActive ? HEADER + this.body.length : this.headerBytes;
  }

  push(chunk: Uint8Array, emit: (body: Uint8Array) => void): void {
    const { buffer, byteOffset, length } = chunk;
    let at = this.residue > 0 ? this.complete(chunk, emit) : 0;
    while (length - at >= HEADER) {
      const header = chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 24);
      const size = this.sizeIn(header);
      const begin = at + HEADER;
      if (begin + size > length) {
        this.body.begin(size);
        this.body.take(chunk, begin);
        return;
      }
      at = begin + size;
      emit(viewOf(buffer, byteOffset + begin, size));
    }
    for (; at < length; at++) this.addToHeader(chunk[at]!);
  }

  end(): void {
    const { residue } = this;
    this.headerBytes = 0;
    this.header = 0;
    this.body.reset();
    if (residue === 0 || this.tail === 'drop') return;
    throw new ProtocolError('ERR_FRAME_TRUNCATED', `the stream ended ${residue} bytes into a packet`, {
      operation: 'receive',
    });
  }

  /** Goes on with a packet that began in an earlier chunk; answers with where the next one begins. */
  private complete(chunk: Uint8Array, emit: (body: Uint8Array) => void): number {
    const { body } = this;
    let at = 0;
    if (!body.isActive) {
      while (this.headerBytes < HEADER) {
        if (at === chunk.length) return at;
        this.addToHeader(chunk[at++]!);
      }
      const size = this.sizeIn(this.header);
      this.header = 0;
      this.headerBytes = 0;
      if (chunk.length - at >= size) {
        emit(viewOf(chunk.buffer, chunk.byteOffset + at, size));
        return at + size;
      }
      body.begin(size);
    }
    at += body.take(chunk, at);
    if (body.missing === 0) emit(body.finish());
    return at;
  }

  private addToHeader(byte: number): void {
    this.header |= byte << (8 * this.headerBytes++);
  }

  private sizeIn(header: number): number {
    const flag = header >>> LENGTH_BITS;
    if (this.flag !== 0 && flag !== this.flag) {
      throw new ProtocolError('ERR_FRAME_DATA', `a packet has flag ${flag}, not ${this.flag}`, {
        operation: 'receive',
      });
    }
    const size = header & LENGTH_MASK;
    if (size === 0 || size > this.maxSize) throw badSize(size, this.maxSize, 'receive');
    return size;
  }
}

class PackEncoder implements Encoder<BytesLike, Uint8Array> {
  private readonly flag: number;
  private readonly maxSize: number;
  /** A Buffer, as bodies mostly are: what copies pieces then meets one kind of object only. */
  private readonly header = Buffer.alloc(HEADER);

  constructor(flag: number, maxSize: number) {
    this.flag = flag;
    this.maxSize = maxSize;
  }

  push(body: BytesLike, emit: (piece: Uint8Array) => void): void {
    const bytes = toBytes(body);
    emit(this.headerFor(bytes.length));
    emit(bytes);
  }

  pushAll(pieces: readonly BytesLike[], emit: (piece: Uint8Array) => void): void {
    const parts = pieces.map(toBytes);
    emit(this.headerFor(parts.reduce((sum, { length }) => sum + length, 0)));
    for (const part of parts) if (part.length > 0) emit(part);
  }

  private headerFor(size: number): Uint8Array {
    const { header, flag, maxSize } = this;
    if (size === 0 || size > maxSize) throw badSize(size, maxSize, 'send');
    header[0] = size;
    header[1] = size >>> 8;
    header[2] = (size >>> 16) | (flag << 6);
    header[3] = flag >>> 2;
    return header;
  }
}

function badSize(size: number, maxSize: number, operation: 'receive' | 'send'): ProtocolError {
  const what = `a packet of ${size} bytes: there may be 1 to ${maxSize} (option maxSize)`;
  return new ProtocolError('ERR_FRAME_LENGTH', what, { operation });
}
