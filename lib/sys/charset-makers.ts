import { SysError } from './sys-error.ts';
import { type CodeTable, codeTable, hasCodeTable } from './charset-table.ts';
import { decodeWindows1252, windows1252Code } from './windows-1252.ts';

/** What can be done with a charset. */
export interface Charset {
  readonly decode?: ((bytes: Buffer, strict: boolean) => string) | undefined;
  readonly encode?: ((text: string, strict: boolean) => Buffer) | undefined;
}

/** The part of a library of charsets that is used here; iconv-lite has it. */
export interface CharsetLibrary {
  encodingExists(name: string): boolean;
  decode(bytes: Buffer, name: string, options?: { stripBOM?: boolean }): string;
  encode(text: string, name: string, options?: { addBOM?: boolean }): Buffer;
}

/** Half of a pair of UTF-16 that lacks the other half. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const BEYOND_ASCII = /[^\0-\x7f]/;
const BEYOND_LATIN1 = /[^\0-\xff]/;

/** A charset that needs nothing but Node; empty for one that Node does not know. */
export function ownCharset(name: string): Charset {
  if (name === 'utf-8') return { decode: decodeWith('utf-8'), encode: encodeUtf('utf-8', utf8) };
  if (name === 'utf-16le') return { decode: decodeWith(name), encode: encodeUtf(name, utf16) };
  if (name === 'utf-16be') return { decode: decodeWith(name), encode: encodeUtf(name, utf16be) };
  if (name === 'utf-16') return { decode: decodeUtf16, encode: encodeUtf(name, utf16) };
  if (name === 'ascii') return { decode: decodeAscii, encode: encodeLatin1(name, BEYOND_ASCII) };
  if (name === 'latin1') return { decode: readLatin1, encode: encodeLatin1(name, BEYOND_LATIN1) };
  if (name === 'windows-1252')
    return { decode: decodeWindows1252, encode: encodeBy(name, () => windows1252Code) };
  return isKnownToNode(name)
    ? {
        decode: decodeWith(name),
        encode: hasCodeTable(name) ? encodeBy(name, () => codeTable(name)) : undefined,
      }
    : {};
}

/** A charset of a library. It replaces what does not fit without a word, so what it made is compared. */
export function fromLibrary(library: CharsetLibrary, name: string): Charset {
  const decode = (bytes: Buffer, strict: boolean) => {
    const text = library.decode(bytes, name, { stripBOM: false });
    if (strict && text.includes('\uFFFD')) throw notOf(name);
    return text;
  };
  const encode = (text: string, strict: boolean) => {
    const bytes = library.encode(text, name, { addBOM: false });
    if (strict && library.decode(bytes, name, { stripBOM: false }) !== text)
      throw notIn(name, undefined, text);
    return bytes;
  };
  return { decode, encode };
}

function isKnownToNode(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch {
    return false;
  }
}

function decodeWith(name: string) {
  return (bytes: Buffer, strict: boolean): string => {
    try {
      // A new one each time: after an error, what was left of it would go into the next text.
      return new TextDecoder(name, { fatal: strict, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw notOf(name, undefined, cause);
    }
  };
}

function decodeUtf16(bytes: Buffer, strict: boolean): string {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  const body = mark === 0xfeff || mark === 0xfffe ? bytes.subarray(2) : bytes;
  return decodeWith(mark === 0xfeff ? 'utf-16be' : 'utf-16le')(body, strict);
}

function decodeAscii(bytes: Buffer, strict: boolean): string {
  const text = bytes.toString('latin1');
  const position = text.search(BEYOND_ASCII);
  if (position < 0) return text;
  if (strict) throw notOf('ascii', position);
  return text.replace(/[^\0-\x7f]/g, '\uFFFD');
}

function readLatin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function encodeUtf(name: string, convert: (text: string) => Buffer) {
  return (text: string, strict: boolean): Buffer => {
    const position = text.search(LONE_SURROGATE);
    if (position < 0) return convert(text);
    if (strict) throw notIn(name, position, text);
    return convert(text.replace(LONE_SURROGATES, '\uFFFD'));
  };
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

function utf16be(text: string): Buffer {
  return utf16(text).swap16();
}

function encodeLatin1(name: string, beyond: RegExp) {
  const one = new RegExp(beyond.source, 'gu');
  return (text: string, strict: boolean): Buffer => {
    const position = text.search(beyond);
    if (position < 0) return Buffer.from(text, 'latin1');
    if (strict) throw notIn(name, position, text);
    return Buffer.from(text.replace(one, '?'), 'latin1');
  };
}

/** Writes with a table that is made when it is first needed. */
function encodeBy(name: string, makeTable: () => CodeTable) {
  let codes: CodeTable | undefined;
  return (text: string, strict: boolean): Buffer => {
    codes ??= makeTable();
    // A character of two units of the text takes four bytes at most, one of a single unit as well.
    const bytes = Buffer.allocUnsafe(text.length * 4);
    let length = 0;
    let position = 0;
    for (const character of text) {
      const code = codes(character.codePointAt(0) as number) ?? (strict ? undefined : QUESTION_MARK);
      if (code === undefined) throw notIn(name, position, text);
      length = bytes.writeUIntBE(code, length, widthOf(code));
      position += character.length;
    }
    return Buffer.from(bytes.subarray(0, length)); // it is less than half of what was allocated, mostly
  };
}

const QUESTION_MARK = 0x3f;

/** Bytes of a code: 1 to 4. */
function widthOf(code: number): number {
  if (code <= 0xff) return 1;
  if (code <= 0xffff) return 2;
  return code <= 0xff_ffff ? 3 : 4;
}

function notOf(name: string, position?: number, cause?: unknown): SysError {
  return new SysError('ERR_CHARSET_DATA', `bytes that are not ${name}`, details(position, cause));
}

function notIn(name: string, position: number | undefined, text: string): SysError {
  const point = position === undefined ? undefined : text.codePointAt(position);
  const what =
    point === undefined ? 'some of the text' : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
  return new SysError('ERR_CHARSET_DATA', `${name} cannot express ${what}`, details(position));
}

function details(position?: number, cause?: unknown) {
  return {
    ...(position === undefined ? {} : { position }),
    ...(cause === undefined ? {} : { cause }),
  };
}
