import { table, flag } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { SysError } from './sys-error.ts';

/** Options of {@link base64Encode} and {@link base64Decode}. */
export interface Base64Options {
  /**
   * The alphabet for URLs and file names (RFC 4648, section 5): `-` and `_` in place of `+` and `/`, no padding. Each
   * alphabet refuses the characters of the other.
   * @default false
   */
  readonly urlSafe?: boolean;
}

const checkOptions = table<Base64Options>({ urlSafe: flag(false) });

/** What may stand between the characters: line breaks of mail and PEM, spaces, tabs. */
const GAPS = /[\t\n\r ]+/g;
const STANDARD = /[^A-Za-z0-9+/]/;
const URL_SAFE = /[^A-Za-z0-9_-]/;

/**
 * Bytes as Base64: the alphabet of RFC 4648, padded, without line breaks. Twin of `SYS_Base64Encode`.
 *
 * @param data A text is taken as UTF-8.
 * @throws OptionError (`ERR_OPTION`) for anything that is not bytes or text.
 *
 * @example
 * base64Encode('hello'); // 'aGVsbG8='
 */
export function base64Encode(data: BytesLike, options?: Base64Options): string {
  const { urlSafe } = checkOptions(options);
  const { buffer, byteOffset, length } = toBytes(data);
  return Buffer.from(buffer, byteOffset, length).toString(urlSafe ? 'base64url' : 'base64');
}

/**
 * The bytes of a Base64 text. Twin of `SYS_Base64Decode`, and right where that errs: line breaks, spaces and tabs are
 * skipped, and `====` is no byte. Padding may be missing, in whole or in part.
 *
 * @throws SysError `ERR_BASE64` for a foreign character, padding that is not at the end or too long, and a length that
 * no bytes have; `position` is where, not counting what was skipped.
 *
 * @example
 * toText(base64Decode('aGVs\r\nbG8')); // 'hello'
 */
export function base64Decode(text: string, options?: Base64Options): Buffer {
  const { urlSafe } = checkOptions(options);
  const compact = text.replace(GAPS, '');
  const length = unpaddedLength(compact);
  const foreign = compact.slice(0, length).search(urlSafe ? URL_SAFE : STANDARD);
  if (foreign >= 0) {
    throw new SysError('ERR_BASE64', `no Base64 character: ${JSON.stringify(compact[foreign])}`, {
      position: foreign,
    });
  }
  checkLength(length, compact.length - length);
  return Buffer.from(compact, urlSafe ? 'base64url' : 'base64');
}

/** Characters that {@link base64Encode} makes of so many bytes. Twin of `SYS_GuessBase64EncodeBound`; exact. */
export function base64EncodedLength(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/**
 * Bytes that {@link base64Decode} makes of a text. Twin of `SYS_GuessBase64DecodeBound`; exact for every text that can
 * be decoded, whatever is missing of its padding and wherever its lines break.
 */
export function base64DecodedLength(text: string): number {
  return Math.floor((unpaddedLength(text.replace(GAPS, '')) * 3) / 4);
}

function unpaddedLength(text: string): number {
  let length = text.length;
  while (length > 0 && text[length - 1] === '=') length--;
  return length;
}

function checkLength(characters: number, padding: number): void {
  const rest = characters % 4;
  if (rest === 1) {
    throw new SysError('ERR_BASE64', `${characters} characters are the Base64 of no bytes`, {
      position: characters - 1,
    });
  }
  const allowed = rest === 0 ? 0 : 4 - rest;
  if (padding > allowed) {
    throw new SysError('ERR_BASE64', `${padding} padding characters where ${allowed} are allowed`, {
      position: characters + allowed,
    });
  }
}
