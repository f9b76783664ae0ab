import { viewOf } from '../bytes/view.ts';
import { type HeaderRules, MAX_HEADER, checkLength, checkStart, length16, length64 } from './frame-header.ts';
import { applyMask, keyOf, turnKey } from './mask.ts';
import { FIN, FIRST_CONTROL, OPCODE, OPCODES } from './opcode.ts';
import { WsError } from './ws-error.ts';

/** Takes what a parser finds: for each frame either `whole`, or `begin`, `piece` as often as it takes, and `finish`. */
export interface FrameSink {
  /**
   * A frame that lies in one chunk.
   *
   * @param first FIN, reserved bits and opcode.
   * @param key What it was masked with; 0 if it was not.
   * @param body A view of the chunk, already unmasked. It belongs to the sink.
   * @param isAscii Whether all of the body is known to be ASCII.
   */
  whole(first: number, key: number, body: Buffer, isAscii: boolean): void;
  /** The header of a frame that is cut. */
  begin(first: number, key: number, length: number): void;
  /** A part of its body, as `body` of {@link whole}; never empty. */
  piece(bytes: Buffer, isAscii: boolean): void;
  /** All of its body has come. */
  finish(): void;
}

/** Whole messages without compression: nothing can be wrong with their first byte. */
const PLAIN_TEXT = FIN | OPCODES.text;
const PLAIN_BINARY = FIN | OPCODES.binary;

/**
 * Cuts a stream into frames (RFC 6455 section 5.2), and checks all that can be known of one without looking into it.
 *
 * ```text
 *   0                   1                                   4 (or 2, or 10)
 *  +-+-+-+-+-------+-+-------------+- - - - - - - - - - - - +- - - - - - - -+- - - -
 *  |F|R|R|R| opcode|M| length (7)  | length, 16 or 64 bits, | key, 4 bytes, | body
 *  |I|S|S|S|  (4)  |A|             | if the 7 are 126 / 127 | if MASK is 1  |
 *  |N|V|V|V|       |S|             |                        |               |
 *  | |1|2|3|       |K|             |                        |               |
 *  +-+-+-+-+-------+-+-------------+- - - - - - - - - - - - +- - - - - - - -+- - - -
 * ```
 *
 * Bodies are unmasked where they lie. Of a frame that is cut only its header is kept.
 */
export class FrameParser {
  private readonly rules: HeaderRules;
  private readonly maskBit: 0 | 0x80;
  /** A header that is cut, and how much of it there is. */
  private header: Uint8Array | undefined = undefined;
  private headerBytes = 0;
  /** A frame that is cut: what its body still lacks, and the key for the next byte. */
  private isInBody = false;
  private key = 0;
  private isFragmented = false;
  private isStopped = false;
  /** Bytes of the body that are still to come. */
  missing = 0;
  /** Bytes of the frame that have come, header included. */
  private taken = 0;

  constructor(rules: HeaderRules) {
    this.rules = rules;
    this.maskBit = rules.role === 'server' ? 0x80 : 0;
  }

  /** Bytes that have come of a frame that is not complete. */
  get residue(): number {
    return this.isInBody ? this.taken : this.headerBytes;
  }

  /** Passes over all that is still to come. May be called by the sink. */
  stop(): void {
    this.isStopped = true;
    this.isInBody = false;
    this.headerBytes = 0;
    this.missing = 0;
  }

  /**
   * Takes the next chunk, which belongs to the parser from now on.
   *
   * @throws WsError for what is not a frame, or too long a one; what is in front of it has been given to the sink.
   */
  push(chunk: Uint8Array, sink: FrameSink): void {
    if (this.isStopped) return;
    const { buffer, byteOffset, length } = chunk;
    const { maskBit } = this;
    let at = this.isInBody || this.headerBytes > 0 ? this.goOn(chunk, sink) : 0;
    while (at + 2 <= length) {
      const first = chunk[at]!;
      const second = chunk[at + 1]!;
      const isPlain = (first === PLAIN_BINARY || first === PLAIN_TEXT) && !this.isFragmented;
      if (!isPlain || (second & 0x80) !== maskBit) checkStart(first, second, this.isFragmented, this.rules);
      let size = second & 0x7f;
      let begin = at + 2;
      if (size > 125) {
        const short = size;
        begin += short === 126 ? 2 : 8;
        if (begin > length) break;
        size = short === 126 ? length16(chunk, at + 2) : length64(chunk, at + 2);
        checkLength(short, size, this.rules);
      } else if (size > this.rules.maxFrameSize) {
        checkLength(size, size, this.rules);
      }
      let key = 0;
      if (maskBit !== 0) {
        if (begin + 4 > length) break;
        key = keyOf(chunk, begin);
        begin += 4;
      }
      if (!isPlain) this.noteFragments(first);
      const end = begin + size;
      if (end > length) {
        this.taken = begin - at;
        this.beginBody(chunk, begin, { first, key, size }, sink);
        return;
      }
      at = end;
      const isAscii = key === 0 ? false : applyMask(chunk, begin, end, key);
      sink.whole(first, key, viewOf(buffer, byteOffset + begin, size), isAscii);
      if (this.hasStopped()) return;
    }
    for (; at < length; at++) this.addToHeader(chunk[at]!);
  }

  /** @throws WsError `ERR_WS_TRUNCATED` within a frame. */
  end(): void {
    const { residue } = this;
    this.stop();
    if (residue > 0) throw new WsError('truncated', `${residue} bytes into a frame`);
  }

  /** Goes on with a frame that began in an earlier chunk; answers with where the next one begins. */
  private goOn(chunk: Uint8Array, sink: FrameSink): number {
    if (this.isInBody) return this.takeBody(chunk, 0, sink);
    let at = 0;
    while (at < chunk.length) {
      if (!this.addToHeader(chunk[at++]!)) continue;
      const start = this.finishHeader();
      this.taken = headerBytesOf(this.header!);
      this.header = undefined;
      this.headerBytes = 0;
      return this.beginBody(chunk, at, start, sink);
    }
    return at;
  }

  /** Answers whether the header is complete. Everything is checked as soon as it is there. */
  private addToHeader(byte: number): boolean {
    const header = (this.header ??= new Uint8Array(MAX_HEADER));
    header[this.headerBytes++] = byte;
    const count = this.headerBytes;
    if (count < 2) return false;
    if (count === 2) checkStart(header[0]!, byte, this.isFragmented, this.rules);
    const short = header[1]! & 0x7f;
    if (count === (short < 126 ? 2 : short === 126 ? 4 : 10)) checkLength(short, sizeIn(header), this.rules);
    return count === headerBytesOf(header);
  }

  private finishHeader(): FrameStart {
    const header = this.header!;
    const first = header[0]!;
    this.noteFragments(first);
    const key = this.maskBit === 0 ? 0 : keyOf(header, this.headerBytes - 4);
    return { first, key, size: sizeIn(header) };
  }

  /** Asked anew after the sink was told of something. */
  private hasStopped(): boolean {
    return this.isStopped;
  }

  private noteFragments(first: number): void {
    if ((first & OPCODE) < FIRST_CONTROL) this.isFragmented = first < FIN;
  }

  private beginBody(
    chunk: Uint8Array,
    at: number,
    { first, key, size }: FrameStart,
    sink: FrameSink,
  ): number {
    const end = at + size;
    if (end <= chunk.length) {
      const isAscii = key === 0 ? false : applyMask(chunk, at, end, key);
      sink.whole(first, key, viewOf(chunk.buffer, chunk.byteOffset + at, size), isAscii);
      return this.hasStopped() ? chunk.length : end;
    }
    this.isInBody = true;
    this.key = key;
    this.missing = size;
    sink.begin(first, key, size);
    return this.takeBody(chunk, at, sink);
  }

  private takeBody(chunk: Uint8Array, at: number, sink: FrameSink): number {
    const count = Math.min(this.missing, chunk.length - at);
    if (count > 0) {
      const end = at + count;
      const { key } = this;
      const isAscii = key === 0 ? false : applyMask(chunk, at, end, key);
      this.missing -= count;
      this.taken += count;
      this.key = turnKey(key, count);
      sink.piece(viewOf(chunk.buffer, chunk.byteOffset + at, count), isAscii);
    }
    if (this.missing > 0 || this.hasStopped()) return chunk.length;
    this.isInBody = false;
    sink.finish();
    return this.hasStopped() ? chunk.length : at + count;
  }
}

interface FrameStart {
  readonly first: number;
  readonly key: number;
  readonly size: number;
}

/** How long the header is whose first two bytes are there. */
function headerBytesOf(header: Uint8Array): number {
  const second = header[1]!;
  const short = second & 0x7f;
  return (short < 126 ? 2 : short === 126 ? 4 : 10) + (second >= 0x80 ? 4 : 0);
}

/** The length of the body, where its bytes are there. */
function sizeIn(header: Uint8Array): number {
  const short = header[1]! & 0x7f;
  return short < 126 ? short : short === 126 ? length16(header, 2) : length64(header, 2);
}
