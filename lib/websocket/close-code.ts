import { isUtf8 } from 'node:buffer';
import { FIN, MAX_CONTROL, OPCODES } from './opcode.ts';
import { WsError, unsendable } from './ws-error.ts';

/** Close codes that may be sent, besides 3000 to 4999, and what they mean (RFC 6455 section 7.4, registry of IANA). */
export const CLOSE_CODES: Readonly<Record<number, string>> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'an extension is missing',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
};

/** Stands for a close frame without a code; never on the wire. */
export const NO_CODE = 1005;

/** Stands for a connection that ended without a close frame; never on the wire. */
export const ABNORMAL = 1006;

/**
 * Whether a close code may be on the wire: 1000 to 1014 except 1004 to 1006, and 3000 to 4999, which are for libraries
 * and applications.
 *
 * @example
 * isCloseCode(1000); // true
 * isCloseCode(1006); // false
 */
export function isCloseCode(code: number): boolean {
  return Number.isInteger(code) && (code in CLOSE_CODES || (code >= 3000 && code <= 4999));
}

/** What a close frame says. */
export interface CloseFrame {
  /** `undefined` if the frame is empty. */
  readonly code: number | undefined;
  /** Text for people; mostly empty. */
  readonly reason: string;
}

/**
 * Reads the body of a close frame: nothing, or a code of 16 bits, big-endian, and a reason in UTF-8.
 *
 * @throws WsError `ERR_WS_CLOSE` for a single byte or an illegal code, `ERR_WS_UTF8` for the reason.
 */
export function readClose(body: Buffer): CloseFrame {
  if (body.length === 0) return { code: undefined, reason: '' };
  if (body.length === 1) throw new WsError('close-length');
  const code = (body[0]! << 8) | body[1]!;
  if (!isCloseCode(code)) throw new WsError('close-code', String(code));
  if (!isUtf8(body.subarray(2))) throw new WsError('close-reason');
  return { code, reason: body.toString('utf8', 2) };
}

/**
 * Writes the body of a close frame.
 *
 * @param code `undefined` for an empty frame.
 * @param reason At most 123 bytes of UTF-8.
 * @throws WsError `ERR_WS_SEND` for an illegal code, a reason that is too long, or a reason without code.
 */
export function closeBody(code: number | undefined, reason = ''): Buffer {
  if (code === undefined) {
    if (reason !== '') throw unsendable('a reason for closing needs a code');
    return EMPTY;
  }
  if (!isCloseCode(code)) throw unsendable(`${code} is no close code that may be sent`);
  const length = 2 + Buffer.byteLength(reason, 'utf8');
  if (length > MAX_CONTROL)
    throw unsendable(`a reason of ${length - 2} bytes, ${MAX_CONTROL - 2} are allowed`);
  const body = Buffer.allocUnsafe(length);
  body[0] = code >>> 8;
  body[1] = code;
  body.write(reason, 2, 'utf8');
  return body;
}

/** The first byte of a close frame. */
export const CLOSE_START = FIN | OPCODES.close;

const EMPTY = Buffer.alloc(0);
