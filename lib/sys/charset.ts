import { oneOf, table } from '../base/options.ts';
import { SysError } from './sys-error.ts';
import { type CharsetName, canonicalName } from './charset-names.ts';
import { type CharsetLibrary, type Charset, fromLibrary, ownCharset } from './charset-makers.ts';

export type { CharsetName } from './charset-names.ts';
export type { CharsetLibrary } from './charset-makers.ts';

/** Options of the charset functions. */
export interface CharsetOptions {
  /**
   * What happens to bytes that are not of the charset, and to text that it cannot express: `error` throws
   * `ERR_CHARSET_DATA`, `replace` puts U+FFFD in place of the bytes and `?` in place of the text.
   * @default 'error'
   */
  readonly invalid?: 'error' | 'replace';
}

const checkOptions = table<CharsetOptions>({
  invalid: oneOf<'error' | 'replace'>(['error', 'replace'], 'error'),
});

const charsets = new Map<string, Charset>();
let library: CharsetLibrary | undefined;

/**
 * Adds the charsets of a library with the functions of iconv-lite 0.6 and later, for what Node cannot do itself: it is
 * asked only for charsets, or directions, that are missing here. See {@link canEncode}. `undefined` takes it away.
 *
 * @example
 * import iconv from 'iconv-lite';
 * useCharsets(iconv);
 * charsetEncode('über', 'cp437');
 */
export function useCharsets(other: CharsetLibrary | undefined): void {
  library = other;
  charsets.clear();
}

/** Whether bytes of a charset can be read. */
export function canDecode(charset: CharsetName): boolean {
  return find(charset).decode !== undefined;
}

/**
 * Whether text can be written in a charset. Without {@link useCharsets}: UTF-8, UTF-16, GBK, GB 18030, Big5, EUC-KR,
 * EUC-JP, Shift_JIS, ASCII, Latin-1, and all of one byte a character in the Encoding standard (Windows, ISO 8859,
 * KOI8, Macintosh, IBM 866).
 */
export function canEncode(charset: CharsetName): boolean {
  return find(charset).encode !== undefined;
}

/**
 * Text that bytes of a charset stand for. Twin of `SYS_GbkToUnicode`, `SYS_Utf8ToUnicode` and
 * `SYS_CodePageToUnicode`: in JavaScript, a string is what they call Unicode. A byte order mark stays, as U+FEFF; only
 * with `utf-16`, which is little-endian without one, it is taken away.
 *
 * @throws SysError `ERR_CHARSET` for a charset that cannot be read, `ERR_CHARSET_DATA` for bytes that are not of it.
 *
 * @example
 * charsetDecode(hex('c4e3 bac3'), 'gbk'); // '你好'
 */
export function charsetDecode(bytes: Uint8Array, charset: CharsetName, options?: CharsetOptions): string {
  const { invalid } = checkOptions(options);
  const { decode } = find(charset);
  if (decode === undefined) throw new SysError('ERR_CHARSET', `${charset} cannot be read`);
  return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), invalid === 'error');
}

/**
 * A text as bytes of a charset. Twin of `SYS_UnicodeToGbk`, `SYS_UnicodeToUtf8` and `SYS_UnicodeToCodePage`. `utf-16` is
 * little-endian; no byte order mark is added to anything.
 *
 * @throws SysError `ERR_CHARSET` for a charset that cannot be written, `ERR_CHARSET_DATA` for text that it cannot
 * express; `position` is the index of the character.
 *
 * @example
 * charsetEncode('你好', 'gbk'); // c4 e3 ba c3
 */
export function charsetEncode(text: string, charset: CharsetName, options?: CharsetOptions): Buffer {
  const { invalid } = checkOptions(options);
  const { encode } = find(charset);
  if (encode === undefined) throw new SysError('ERR_CHARSET', `${charset} cannot be written`);
  return encode(text, invalid === 'error');
}

/**
 * Bytes of one charset in another. Twin of `SYS_CharsetConvert`.
 *
 * @throws SysError as {@link charsetDecode} and {@link charsetEncode} do.
 *
 * @example
 * charsetConvert(hex('c4e3'), 'gbk', 'utf-8'); // e4 bd a0
 */
export function charsetConvert(
  bytes: Uint8Array,
  from: CharsetName,
  to: CharsetName,
  options?: CharsetOptions,
): Buffer {
  return charsetEncode(charsetDecode(bytes, from, options), to, options);
}

/** GBK as UTF-8. Twin of `SYS_GbkToUtf8`; throws as {@link charsetConvert} does. */
export function gbkToUtf8(bytes: Uint8Array): Buffer {
  return charsetConvert(bytes, 'gbk', 'utf-8');
}

/** UTF-8 as GBK. Twin of `SYS_Utf8ToGbk`; throws as {@link charsetConvert} does. */
export function utf8ToGbk(bytes: Uint8Array): Buffer {
  return charsetConvert(bytes, 'utf-8', 'gbk');
}

function find(charset: CharsetName): Charset {
  const name = canonicalName(charset);
  let found = charsets.get(name);
  if (found === undefined) {
    const own = ownCharset(name);
    const other = library?.encodingExists(name) === true ? fromLibrary(library, name) : {};
    found = { decode: own.decode ?? other.decode, encode: own.encode ?? other.encode };
    // Names come from outside, perhaps; unknown ones are not worth remembering.
    if (found.decode !== undefined || found.encode !== undefined) charsets.set(name, found);
  }
  return found;
}
