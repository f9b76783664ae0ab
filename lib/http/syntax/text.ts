import { FIELD_VALUE, TOKEN, isBlank } from './tables.ts';

/**
 * Whether a text is a token, as methods and field names are (RFC 9110 section 5.6.2). An empty one is not.
 *
 * @example
 * isToken('Content-Type'); // true
 * isToken('no token'); // false
 */
export function isToken(text: string): boolean {
  return text !== '' && consistsOf(TOKEN, text);
}

/**
 * Whether a text can be sent as the value of a field: characters up to U+00FF, no controls but HTAB, and no white space
 * at its ends, which would not arrive. It may be empty.
 *
 * @example
 * isFieldValue('text/html; charset=utf-8'); // true
 * isFieldValue('split\r\nSet-Cookie: a=b'); // false
 */
export function isFieldValue(text: string): boolean {
  if (text === '') return true;
  return (
    consistsOf(FIELD_VALUE, text) &&
    !isBlank(text.charCodeAt(0)) &&
    !isBlank(text.charCodeAt(text.length - 1))
  );
}

/** Whether a text can be sent as a reason phrase: as a field value, but white space may be anywhere. */
export function isReasonPhrase(text: string): boolean {
  return consistsOf(FIELD_VALUE, text);
}

function consistsOf(table: Uint8Array, text: string): boolean {
  for (let index = 0; index < text.length; index++) if (table[text.charCodeAt(index)] !== 1) return false;
  return true;
}

/**
 * The elements of a list whose elements may have quoted parts (RFC 9110 section 5.6.1), such as a list of extensions with
 * parameters: parted by commas, white space around them taken off, empty ones left out. A comma between double quotes
 * parts nothing.
 *
 * Not for lists of tokens that something hangs on, such as Connection: there a stray quotation mark must not hide the
 * rest.
 *
 * @example
 * listOf('gzip, , "a,b" ;q=1'); // ['gzip', '"a,b" ;q=1']
 */
export function listOf(value: string): string[] {
  const elements = value.includes('"')
    ? (value.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? [])
    : value.split(',');
  return elements.map(trimBlank).filter((element) => element !== '');
}

/** A text without the SP and HTAB at its ends. */
export function trimBlank(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}
