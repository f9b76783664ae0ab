import { flag, table } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { SysError } from './sys-error.ts';

/** Options of the URL functions. */
export interface UrlOptions {
  /**
   * Whether `+` stands for a space, as in forms and queries; otherwise a space is `%20`, and `+` is `%2B` when it is
   * written and itself when it is read.
   * @default true
   */
  readonly plus?: boolean;
}

const checkOptions = table<UrlOptions>({ plus: flag(true) });

const SPACE = 0x20;
const PLUS = 0x2b;
const PERCENT = 0x25;

/** What each byte becomes; a space is looked at apart. */
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._~*-]/.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/**
 * Bytes as part of a URL. Twin of `SYS_UrlEncode`: letters, digits and `. - _ ~ *` stay, a space becomes `+`, everything
 * else `%XX` in capitals. Unlike the original, `~` stays, since RFC 3986 counts it among what is never escaped.
 *
 * @param data A text is taken as UTF-8.
 * @throws OptionError (`ERR_OPTION`) for anything that is not bytes or text.
 *
 * @example
 * urlEncode('a b/中'); // 'a+b%2F%E4%B8%AD'
 */
export function urlEncode(data: BytesLike, options?: UrlOptions): string {
  const { plus } = checkOptions(options);
  let text = '';
  for (const byte of toBytes(data)) text += byte === SPACE && plus ? '+' : (ESCAPES[byte] as string);
  return text;
}

/**
 * The bytes that part of a URL stands for. Twin of `SYS_UrlDecode`, but `%` has to be followed by hexadecimal digits.
 * Characters outside of ASCII, which do not belong there, stand for their UTF-8.
 *
 * @throws SysError `ERR_URL_ENCODING` for `%` without two hexadecimal digits behind it.
 *
 * @example
 * toText(urlDecode('a+b%2F%e4%b8%ad')); // 'a b/中'
 */
export function urlDecode(text: string, options?: UrlOptions): Buffer {
  const { plus } = checkOptions(options);
  const bytes = Buffer.from(text, 'utf8');
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === PERCENT) {
      bytes[length++] = escapedByte(bytes, at);
      at += 2;
    } else bytes[length++] = byte === PLUS && plus ? SPACE : byte;
  }
  return bytes.subarray(0, length);
}

/** Characters that {@link urlEncode} makes. Twin of `SYS_GuessUrlEncodeBound`; exact. */
export function urlEncodedLength(data: BytesLike, options?: UrlOptions): number {
  const { plus } = checkOptions(options);
  let length = 0;
  for (const byte of toBytes(data)) length += byte === SPACE && plus ? 1 : (ESCAPES[byte] as string).length;
  return length;
}

/** Bytes that {@link urlDecode} makes of a text. Twin of `SYS_GuessUrlDecodeBound`; exact if it can be decoded. */
export function urlDecodedLength(text: string): number {
  let escapes = 0;
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 3)) escapes++;
  return Math.max(0, Buffer.byteLength(text) - 2 * escapes);
}

function escapedByte(bytes: Buffer, at: number): number {
  const high = digit(bytes[at + 1]);
  const low = digit(bytes[at + 2]);
  if (high < 0 || low < 0) {
    const seen = bytes.toString('utf8', at, at + 3);
    throw new SysError('ERR_URL_ENCODING', `${JSON.stringify(seen)} is no escaped byte`, { position: at });
  }
  return high * 16 + low;
}

/** The value of a hexadecimal digit, or -1. */
function digit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
