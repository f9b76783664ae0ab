import { TlsError } from './tls-error.ts';

/** How many of the first bytes a message shows. */
export const SHOWN = 16;

/** What comes to a TLS port by mistake, as it begins. */
const LOOKS_LIKE: readonly (readonly [RegExp, string])[] = [
  [/^(GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|CONNECT|PATCH|PRI) /, 'HTTP without TLS'],
  [/^SSH-/, 'SSH'],
  [/^(PROXY |\r\n\r\n\0\r\nQUIT\n)/, 'the PROXY protocol'],
  [/^[\x80-\xff][^]\x01[\0\x03]/, 'an SSLv2 hello'],
  [/^[\x14\x15\x17]\x03/, 'TLS, but not the beginning of it'],
];

/**
 * The peer does not speak TLS, or not from the beginning.
 *
 * @param begin What came first.
 * @param found What is wrong with it.
 */
export function notTls(begin: Uint8Array, found: string): TlsError {
  const text = Buffer.from(begin.subarray(0, SHOWN)).toString('latin1');
  const like = LOOKS_LIKE.find(([pattern]) => pattern.test(text))?.[1];
  const why = like === undefined ? `that is ${found}` : `that looks like ${like}`;
  return new TlsError(
    'ERR_TLS_PLAIN',
    `the peer does not speak TLS, it began with "${printable(text)}": ${why}`,
  );
}

/** The peer speaks TLS, but its hello is not what it should be. */
export function badHello(what: string): TlsError {
  return new TlsError('ERR_TLS_HANDSHAKE', `the peer's hello is malformed: ${what}`);
}

/** The peer's hello is longer than anybody puts up with. */
export function longHello(length: number, limit: number): TlsError {
  return new TlsError(
    'ERR_TLS_HANDSHAKE',
    `the peer's hello takes at least ${length} bytes, of which ${limit} are allowed`,
  );
}

const ESCAPES: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t' };

/** Bytes, given as a character each, as one line of ASCII. */
function printable(bytes: string): string {
  const escape = (char: string) => ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return bytes.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, escape);
}
