/** Bytes that HTTP gives a meaning, by their names in RFC 5234. */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const PERCENT = 0x25;
export const ASTERISK = 0x2a;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const BACKSLASH = 0x5c;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
/** `unreserved` and `sub-delims` of RFC 3986. */
const UNRESERVED = `${LETTERS}${DIGITS}-._~`;
const SUB_DELIMS = "!$&'()*+,;=";

/** For every byte 1 if it may stand in a token, such as a method or a field name (RFC 9110 section 5.6.2), else 0. */
export const TOKEN = table(`${LETTERS}${DIGITS}!#$%&'*+-.^_\`|~`);

/**
 * For every byte 1 if it may stand in a field value or a reason phrase: what is visible, SP, HTAB, and bytes above 0x7f
 * (RFC 9110 section 5.5), else 0.
 */
export const FIELD_VALUE = table('\t', [0x20, 0x7e], [0x80, 0xff]);

/** The same, and controls besides NUL, CR and LF: what is let through where peers are known to be careless. */
export const FIELD_VALUE_RELAXED = table('', [0x01, 0x09], [0x0b, 0x0c], [0x0e, 0xff]);

/** For every byte 1 if it may stand between double quotes as it is (RFC 9110 section 5.6.4), else 0. */
export const QUOTED_TEXT = table('\t !', [0x23, 0x5b], [0x5d, 0x7e], [0x80, 0xff]);

/**
 * For every byte 1 if it may stand in a registered name: RFC 3986 section 3.2.2, except the comma, which tells that
 * somebody made one line of two, and the percent sign, which is checked by itself.
 */
export const REGISTERED_NAME = table(`${UNRESERVED}${SUB_DELIMS.replace(',', '')}`);

/** What {@link TARGET} says of a byte: it may stand anywhere in a request-target, … */
export const IN_TARGET = 1;
/** … it may if two hexadecimal digits follow, … */
export const IF_HEX_FOLLOWS = 2;
/** … it begins the query, … */
export const BEGINS_QUERY = 3;
/** … it may behind that, … */
export const IN_QUERY = 4;
/** … or it may where targets are taken as they come. */
export const IF_RELAXED = 5;

/**
 * What may stand in a request-target. That is RFC 3986, and what browsers are known to leave as it is (the URL standard
 * of the WHATWG): brackets, `^` and `|` anywhere, backslash, braces and the grave accent in the query.
 */
export const TARGET = new Uint8Array(256);
for (let byte = 0x21; byte <= 0xff; byte++) if (byte !== 0x7f) TARGET[byte] = IF_RELAXED;
for (const byte of codes(`${UNRESERVED}${SUB_DELIMS}:@/[]^|`)) TARGET[byte] = IN_TARGET;
for (const byte of codes('\\{}`')) TARGET[byte] = IN_QUERY;
TARGET[PERCENT] = IF_HEX_FOLLOWS;
TARGET[QUESTION] = BEGINS_QUERY;

/** The value of a hexadecimal digit; -1 for any other byte. */
export const HEX = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  for (const byte of codes(digit + digit.toUpperCase())) HEX[byte] = value;
}

/** Whether a byte is `0` to `9`. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether a byte is white space within a line: SP or HTAB. */
export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

function table(characters: string, ...ranges: readonly (readonly [number, number])[]): Uint8Array {
  const made = new Uint8Array(256);
  for (const byte of codes(characters)) made[byte] = 1;
  for (const [from, to] of ranges) made.fill(1, from, to + 1);
  return made;
}

function codes(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
