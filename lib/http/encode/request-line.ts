import { BEGINS_QUERY, HEX, IF_HEX_FOLLOWS, IN_QUERY, IN_TARGET, SLASH, TARGET } from '../syntax/tables.ts';
import { isTarget } from '../syntax/target.ts';
import { badCharacter, checkText, checkToken, quoted } from './characters.ts';
import { checkHost } from './field-facts.ts';
import { badMessage } from './message-error.ts';
import { latin1, NO_ROOM, put } from './put.ts';

/** So many methods and hosts are remembered. */
const REMEMBERED = 256;

/** Answers with what `make` makes of a text, remembered. */
function remembering(make: (text: string) => Uint8Array): (text: string) => Uint8Array {
  const known = new Map<string, Uint8Array>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    if (known.size >= REMEMBERED) known.clear();
    known.set(text, made);
    return made;
  };
}

const methodStart = remembering((method) => {
  checkToken(method, 'the method');
  return latin1(`${method} `);
});

/** The line with `Host`; throws for characters that no host and port have. */
export const hostLine = remembering((host) => {
  checkHost(host);
  return latin1(`Host: ${host}\r\n`);
});

const VERSIONS = [latin1(' HTTP/1.0\r\n'), latin1(' HTTP/1.1\r\n')] as const;

/** What the first line of a request is made of. */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly version?: 0 | 1 | undefined;
}

/**
 * Writes method, target and version; otherwise as `put`.
 *
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if one of them is illegal.
 */
export function putRequestLine(target: Buffer, start: number, line: RequestLine): number {
  const { version = 1 } = line;
  checkVersion(version);
  checkText(line.target, 'the target');
  const at = put(target, start, methodStart(line.method));
  return put(target, putTarget(target, at, line.target, line.method), VERSIONS[version]);
}

/** Throws unless it is a minor version of HTTP/1. */
export function checkVersion(version: number): void {
  if (version !== 0 && version !== 1) {
    throw badMessage(`version must be 0 (HTTP/1.0) or 1 (HTTP/1.1), got ${String(version)}`);
  }
}

/**
 * Writes a target, checked: RFC 9112 section 3.2 has paths (and queries), absolute URIs, `*` for OPTIONS, and host and
 * port for CONNECT. No fragment is ever sent.
 */
function putTarget(target: Buffer, at: number, text: string, method: string): number {
  const { length } = text;
  if (at < 0 || at + length > target.length) return NO_ROOM;
  let isQuery = false;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    const kind = TARGET[code];
    target[at + index] = code;
    if (kind === IN_TARGET || (kind === IN_QUERY && isQuery)) continue;
    if (kind === BEGINS_QUERY) isQuery = true;
    else if (kind !== IF_HEX_FOLLOWS) throw badCharacter(text, index, 'the target');
    else if (!isHex(text, index + 1) || !isHex(text, index + 2)) {
      throw badMessage(`the target has a % without two hexadecimal digits at position ${index}`);
    }
  }
  checkForm(method, text);
  return at + length;
}

function isHex(text: string, index: number): boolean {
  return HEX[text.charCodeAt(index)]! >= 0;
}

function checkForm(method: string, target: string): void {
  if (target.charCodeAt(0) === SLASH && method !== 'CONNECT') return;
  if (isTarget(target, method)) return;
  const legal =
    method === 'CONNECT'
      ? 'be a host and a port'
      : 'begin with a slash, or be an absolute URI, or * with OPTIONS';
  throw badMessage(`the target of ${method} must ${legal}, got ${quoted(target)}`);
}
