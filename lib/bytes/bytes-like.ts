import { isAnyArrayBuffer } from 'node:util/types';
import { OptionError } from '../base/errors.ts';

/**
 * What can be sent: bytes, or text, which becomes UTF-8.
 *
 * Bytes are not copied when they are given: they belong to the receiver of the call until they have been sent.
 */
export type BytesLike = string | Uint8Array | ArrayBuffer;

/**
 * The bytes of a {@link BytesLike}; a text is encoded as UTF-8, anything else is a view of the same memory.
 *
 * @throws OptionError (`ERR_OPTION`) for anything that is not bytes or text.
 */
export function toBytes(data: BytesLike): Uint8Array {
  return data instanceof Uint8Array ? data : convert(data);
}

function convert(data: string | ArrayBuffer): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  const other: unknown = data; // a view or buffer of another kind or realm
  if (ArrayBuffer.isView(other)) return new Uint8Array(other.buffer, other.byteOffset, other.byteLength);
  if (isAnyArrayBuffer(other)) return new Uint8Array(other);
  throw new OptionError('data', other, 'a string, a Uint8Array or an ArrayBuffer');
}

/** A text as UTF-8 bytes. */
export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** The bytes written as hexadecimal digits; white space between digits is ignored: `hex('02 00 c0 5f')`. */
export function hex(digits: string): Uint8Array {
  const compact = digits.replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(compact))
    throw new RangeError(`not pairs of hexadecimal digits: ${digits.slice(0, 60)}`);
  return Buffer.from(compact, 'hex');
}

/** Bytes as text: UTF-8, an invalid sequence becomes U+FFFD. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
