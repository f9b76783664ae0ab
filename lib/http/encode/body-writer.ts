import { NetworkError } from '../../base/errors.ts';
import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import { chunkLine } from './chunk.ts';
import type { FieldsInit } from './write-fields.ts';
import type { Framing } from './framing.ts';
import { badBodyLength } from './message-error.ts';
import { latin1 } from './put.ts';
import { lastChunk } from './trailers.ts';

/** Where the bytes of a body go, piece by piece. They must not be changed. */
export type EmitPiece = (piece: Uint8Array) => void;

/** A chunk up to this many bytes is copied between its two lines: one piece is cheaper than three. */
const SMALL = 1024;

const CRLF = latin1('\r\n');
const LAST = latin1('0\r\n\r\n');

/**
 * Writes the body behind a head, as the head announced it, and sees to it that it is what was announced.
 *
 * @example
 * const head = encodeResponseHead({ status: 200, body: 'chunked' }, { date: false });
 * send(head.bytes);
 * const body = new BodyWriter(head.framing, head.length);
 * body.write('hello', send); // '5\r\nhello\r\n'
 * body.end(send, { 'X-Sum': 'f00' }); // '0\r\nX-Sum: f00\r\n\r\n'
 */
export class BodyWriter {
  private readonly framing: Framing;
  private readonly length: number;
  private ended = false;
  /** Bytes of the body that were given so far, without what frames them. */
  written = 0;

  /**
   * @param framing What the encoder of the head decided. With `'none'` (an answer to HEAD) all that is given is
   *   dropped.
   * @param length What the encoder says; it counts only for `'length'`.
   */
  constructor(framing: Framing, length: number) {
    this.framing = framing;
    this.length = length;
  }

  /** Whether nothing is missing any more: all that was announced has been given, or {@link end} was called. */
  get isComplete(): boolean {
    return (
      this.ended || this.framing === 'none' || (this.framing === 'length' && this.written === this.length)
    );
  }

  /**
   * Writes a part of the body. Nothing is kept, and nothing is written for an empty part.
   *
   * @param extensions Only for a body in chunks, else dropped: see `chunkLine`.
   * @throws ProtocolError `ERR_HTTP_BODY_LENGTH` if this is more than was announced, `ERR_HTTP_MESSAGE` if the extensions
   *   are malformed; NetworkError `ERR_STATE` after the end. Nothing has been written then.
   */
  write(data: BytesLike, emit: EmitPiece, extensions?: string): void {
    this.checkOpen();
    const bytes = toBytes(data);
    const { length } = bytes;
    if (length === 0) return;
    const written = this.written + length;
    if (this.framing === 'length' && written > this.length) throw this.tooLong(written);
    const line = this.framing === 'chunked' ? chunkLine(length, extensions) : '';
    this.written = written;
    if (line !== '') emitChunk(line, bytes, emit);
    else if (this.framing !== 'none') emit(bytes);
  }

  /**
   * Ends the body.
   *
   * @param trailers Fields behind a body in chunks. They are dropped where there are no chunks, for instance towards
   *   HTTP/1.0.
   * @throws ProtocolError `ERR_HTTP_BODY_LENGTH` if less was given than announced: the receiver would wait for the rest,
   *   so the connection has to be closed. `ERR_HTTP_MESSAGE` for a field that must not be a trailer; NetworkError
   *   `ERR_STATE` if called again. Nothing has been written then.
   */
  end(emit: EmitPiece, trailers?: FieldsInit): void {
    this.checkOpen();
    if (this.framing === 'length' && this.written < this.length) throw this.tooShort();
    const last = trailers === undefined ? LAST : lastChunk(trailers);
    this.ended = true;
    if (this.framing === 'chunked') emit(last);
  }

  private checkOpen(): void {
    if (this.ended) throw new NetworkError('ERR_STATE', 'the body has ended', { operation: 'send' });
  }

  private tooLong(written: number): Error {
    return badBodyLength(`a body of at least ${written} bytes was given, Content-Length is ${this.length}`);
  }

  private tooShort(): Error {
    return badBodyLength(`the body ends after ${this.written} bytes, Content-Length is ${this.length}`);
  }
}

function emitChunk(line: string, bytes: Uint8Array, emit: EmitPiece): void {
  if (bytes.length > SMALL) {
    emit(Buffer.from(line, 'latin1'));
    emit(bytes);
    emit(CRLF);
    return;
  }
  const whole = Buffer.allocUnsafe(line.length + bytes.length + 2);
  const end = whole.write(line, 'latin1') + bytes.length;
  whole.set(bytes, line.length);
  whole[end] = 13;
  whole[end + 1] = 10;
  emit(whole);
}
