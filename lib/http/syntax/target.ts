import { authorityIn } from './authority.ts';
import {
  ASTERISK,
  BEGINS_QUERY,
  COLON,
  HEX,
  IF_HEX_FOLLOWS,
  IF_RELAXED,
  IN_QUERY,
  IN_TARGET,
  PERCENT,
  QUESTION,
  SLASH,
  TARGET,
} from './tables.ts';

/**
 * The forms of a request-target (RFC 9112 section 3.2): `/path?query`, `http://host/path?query` for proxies, `host:port`
 * for CONNECT, and `*` for OPTIONS.
 */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

/** What can be wrong with the form of a target. */
export type TargetFault = 'target-form' | 'target-authority';

/**
 * The form of the target in the bytes from `from` to `to`, which are at least one and may all stand in a target; or what
 * is wrong with it.
 */
export function formOf(
  bytes: Uint8Array,
  from: number,
  to: number,
  method: string,
): TargetForm | TargetFault {
  if (method === 'CONNECT') return isHostAndPort(bytes, from, to) ? 'authority' : 'target-authority';
  if (bytes[from] === SLASH) return 'origin';
  if (bytes[from] === ASTERISK && to - from === 1) return method === 'OPTIONS' ? 'asterisk' : 'target-form';
  const authority = authorityAt(bytes, from, to);
  if (authority < 0) return 'target-form';
  const end = endOfAuthority(bytes, authority, to);
  return authorityIn(bytes, authority, end) === undefined ? 'target-authority' : 'absolute';
}

/** Whether every `%` in the bytes is followed by two hexadecimal digits. */
export function hasGoodEscapes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if (bytes[at] !== PERCENT) continue;
    if (at + 2 >= to || HEX[bytes[at + 1]!]! < 0 || HEX[bytes[at + 2]!]! < 0) return false;
    at += 2;
  }
  return true;
}

/**
 * Whether a text can be sent as the target of a request with this method.
 *
 * @example
 * isTarget('/search?q=a%20b', 'GET'); // true
 * isTarget('/search?q=a b', 'GET'); // false
 * isTarget('example.org:443', 'CONNECT'); // true
 */
export function isTarget(text: string, method: string): boolean {
  if (text === '') return false;
  let isQuery = false;
  for (let index = 0; index < text.length; index++) {
    const kind = TARGET[text.charCodeAt(index)] ?? 0;
    if (kind === IN_TARGET || kind === IF_HEX_FOLLOWS) continue;
    if (kind === BEGINS_QUERY) isQuery = true;
    else if (kind === 0 || kind === IF_RELAXED || (kind === IN_QUERY && !isQuery)) return false;
  }
  const bytes = Buffer.from(text, 'latin1');
  return (
    hasGoodEscapes(bytes, 0, bytes.length) && !formOf(bytes, 0, bytes.length, method).startsWith('target-')
  );
}

/** The parts of a target in absolute form, which has to be one. */
export function absoluteParts(target: string): { scheme: string; authority: string; path: string } {
  const colon = target.indexOf(':');
  const authority = colon + 3;
  let end = target.slice(authority).search(/[/?]/);
  end = end < 0 ? target.length : authority + end;
  const path = target.slice(end);
  return {
    scheme: target.slice(0, colon).toLowerCase(),
    authority: target.slice(authority, end),
    path: path.startsWith('/') ? path : `/${path}`,
  };
}

function isHostAndPort(bytes: Uint8Array, from: number, to: number): boolean {
  if (authorityIn(bytes, from, to) !== 'host-and-port') return false;
  // Port 0 cannot be connected to.
  for (let at = to - 1; bytes[at] !== COLON; at--) if (bytes[at] !== 0x30) return true;
  return false;
}

/**
 * Where the authority begins behind a scheme; -1 if there is no scheme, or nothing behind it. Schemes are letters here:
 * those with digits and signs in them are not known to be asked for in HTTP.
 */
function authorityAt(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isLetter(bytes[at]!)) at++;
  const isThere = at > from && bytes[at] === COLON && bytes[at + 1] === SLASH && bytes[at + 2] === SLASH;
  return isThere && at + 3 < to ? at + 3 : -1;
}

function endOfAuthority(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
  return at;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}
