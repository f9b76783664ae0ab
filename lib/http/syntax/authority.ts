import { COLON, HEX, PERCENT, REGISTERED_NAME, isDigit } from './tables.ts';

/** What {@link authorityIn} finds. */
export type AuthorityKind = 'host' | 'host-and-port';

const BRACKET = 0x5b;

/**
 * What the bytes from `from` to `to` are as an authority (RFC 3986 section 3.2), as it stands in Host and in
 * request-targets: a name, an IPv4 address, or an IPv6 address in brackets, and maybe a colon and a port up to 65535.
 *
 * Names may have `%` and two digits in them, but no comma: that is the work of somebody who made one field of two. There
 * is no user information: RFC 9110 section 4.2.4 has done away with it.
 *
 * @returns `undefined` if they are no authority.
 */
export function authorityIn(bytes: Uint8Array, from: number, to: number): AuthorityKind | undefined {
  const host = bytes[from] === BRACKET ? endOfAddress(bytes, from, to) : endOfName(bytes, from, to);
  if (host <= from) return undefined;
  if (host === to) return 'host';
  if (bytes[host] !== COLON || !isPort(bytes, host + 1, to)) return undefined;
  return host + 1 === to ? 'host' : 'host-and-port';
}

/**
 * Whether a text is an authority; see {@link authorityIn}.
 *
 * @example
 * isAuthority('[2001:db8::1]:8080'); // true
 * isAuthority('user@example.org'); // false
 */
export function isAuthority(text: string): boolean {
  return isLatin1(text) && authorityIn(Buffer.from(text, 'latin1'), 0, text.length) !== undefined;
}

/**
 * Whether two authorities name the same: letters in either case are the same, and so is the port of the scheme, written
 * or not.
 *
 * @param port The port of the scheme, such as 80.
 */
export function isSameAuthority(one: string, other: string, port: number): boolean {
  return one === other || normal(one, port) === normal(other, port);
}

function normal(authority: string, port: number): string {
  return authority.toLowerCase().replace(new RegExp(`:(0*${port})?$`), '');
}

/** Where a name ends; -1 if it has something wrong in it. */
function endOfName(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (REGISTERED_NAME[byte] === 1) continue;
    if (byte !== PERCENT) return at;
    if (at + 2 >= to || HEX[bytes[at + 1]!]! < 0 || HEX[bytes[at + 2]!]! < 0) return -1;
    at += 2;
  }
  return to;
}

/** Where an address in brackets ends; -1 if it is none. */
function endOfAddress(bytes: Uint8Array, from: number, to: number): number {
  let text = '';
  for (let at = from + 1; at < to && text.length <= LONGEST_ADDRESS; at++) {
    if (bytes[at] === 0x5d) return isAddress(text) ? at + 1 : -1;
    text += String.fromCharCode(bytes[at]!);
  }
  return -1;
}

const LONGEST_ADDRESS = '1111:1111:1111:1111:1111:1111:111.111.111.111'.length;

/** Whether a text is an IPv6 address: eight groups, or fewer with one `::`; the last two may be an IPv4 address. */
function isAddress(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  let count = groups.length;
  const last = groups.at(-1);
  if (last?.includes('.') === true && text.endsWith(last)) {
    if (!isIPv4(last)) return false;
    groups.pop();
    count++;
  }
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

/** Digits of 0 to 65535, or nothing. */
function isPort(bytes: Uint8Array, from: number, to: number): boolean {
  let port = 0;
  for (let at = from; at < to; at++) {
    if (!isDigit(bytes[at]!) || port > 65535) return false;
    port = port * 10 + bytes[at]! - 0x30;
  }
  return port <= 65535;
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}
