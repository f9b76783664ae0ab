import { createHash, randomBytes } from 'node:crypto';

/** What the key is put together with (RFC 6455 section 1.3), so that only who knows of WebSocket can answer. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`: both together tell that the server has read the request.
 *
 * @example
 * acceptFor('dGhlIHNhbXBsZSBub25jZQ=='); // 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
 */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + GUID, 'latin1')
    .digest('base64');
}

/** A new `Sec-WebSocket-Key`: 16 bytes that nobody can foresee, in base64. */
export function newKey(): string {
  return randomBytes(16).toString('base64');
}

/** Whether a text is 16 bytes in base64. */
export function isKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{22}==$/.test(text);
}
