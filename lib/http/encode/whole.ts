import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import type { Framing } from './framing.ts';
import { NO_ROOM } from './put.ts';
import { RequestEncoder, type RequestHeadInit } from './request-head.ts';
import { ResponseEncoder, type ResponseEncoderOptions, type ResponseHeadInit } from './response-head.ts';

/** A head on its own, and what was decided about the body behind it. */
export interface EncodedHead {
  readonly bytes: Buffer;
  /** How the body has to be written: see `BodyWriter`. */
  readonly framing: Framing;
  /** Bytes of the body that were announced, if {@link framing} is `'length'`; else 0. */
  readonly length: number;
  /** Whether the connection has to be closed after this message. */
  readonly closes: boolean;
}

/** What {@link RequestEncoder} and {@link ResponseEncoder} have in common. */
interface HeadEncoder<Head> extends Omit<EncodedHead, 'bytes'> {
  encode(target: Buffer, start: number, head: Head): number;
}

/**
 * The head of a message in memory of its own, however long it is.
 *
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if the message is illegal.
 */
export function headBytes<Head>(encoder: HeadEncoder<Head>, head: Head): Buffer {
  for (let size = 1024; ; size *= 4) {
    const memory = Buffer.allocUnsafe(size);
    const end = encoder.encode(memory, 0, head);
    if (end !== NO_ROOM) return memory.subarray(0, end);
  }
}

function encodeHead<Head>(encoder: HeadEncoder<Head>, head: Head): EncodedHead {
  const bytes = headBytes(encoder, head);
  const { framing, length, closes } = encoder;
  return { bytes, framing, length, closes };
}

/**
 * Encodes the head of one request; whoever sends many uses a {@link RequestEncoder}.
 *
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if the message is illegal.
 * @example
 * encodeRequestHead({ method: 'GET', target: '/', host: 'a.test' }).bytes.latin1Slice();
 * // 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
 */
export function encodeRequestHead(head: RequestHeadInit): EncodedHead {
  return encodeHead(new RequestEncoder(), head);
}

/**
 * Encodes the head of one response; whoever sends many uses a {@link ResponseEncoder}.
 *
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if the message is illegal.
 * @example
 * encodeResponseHead({ status: 404 }, { date: false }).bytes.latin1Slice();
 * // 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
 */
export function encodeResponseHead(head: ResponseHeadInit, options: ResponseEncoderOptions): EncodedHead {
  return encodeHead(new ResponseEncoder(options), head);
}

/** Up to this length it is faster to look at each character and store it than to call Node. */
const SHORT = 64;

/** Bytes that a body takes: a text is sent as UTF-8. */
export function byteLength(body: BytesLike): number {
  if (typeof body !== 'string') return body.byteLength;
  return body.length <= SHORT && isAscii(body) ? body.length : Buffer.byteLength(body, 'utf8');
}

/**
 * Writes a body behind its head, so that both are one piece.
 *
 * @returns Where it ends, or -1 if there is no room.
 * @example
 * const end = encoder.encode(block, at, { status: 200, body: byteLength(text) });
 * const done = end < 0 ? end : writeBody(block, end, text);
 */
export function writeBody(target: Buffer, at: number, body: BytesLike): number {
  if (typeof body !== 'string') {
    const bytes = toBytes(body);
    if (at + bytes.length > target.length) return NO_ROOM;
    target.set(bytes, at);
    return at + bytes.length;
  }
  const { length } = body;
  if (at + length > target.length) return NO_ROOM;
  if (length <= SHORT && isAscii(body)) {
    for (let index = 0; index < length; index++) target[at + index] = body.charCodeAt(index);
    return at + length;
  }
  // A cut text would not show: Node writes what fits.
  if (at + length * 3 > target.length && at + Buffer.byteLength(body, 'utf8') > target.length) return NO_ROOM;
  return at + target.write(body, at, 'utf8');
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false;
  return true;
}
