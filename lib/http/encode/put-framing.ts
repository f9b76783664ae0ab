import type { BodySize, FramingLine } from './framing.ts';
import { latin1, put, putInteger } from './put.ts';

/** Lines for the lengths of short bodies are remembered. */
const SHORT_BODIES = 2048;

const lengthLines: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(SHORT_BODIES).fill(
  undefined,
);
const LENGTH = latin1('Content-Length: ');
const CHUNKED = latin1('Transfer-Encoding: chunked\r\n');
const CRLF = latin1('\r\n');

/** Writes the line about framing that was decided on; otherwise as `put`. */
export function putFraming(target: Buffer, at: number, line: FramingLine, body: BodySize): number {
  if (line === 'none') return at;
  if (line === 'chunked') return put(target, at, CHUNKED);
  const length = typeof body === 'number' ? body : 0;
  if (length < SHORT_BODIES) {
    return put(target, at, (lengthLines[length] ??= latin1(`Content-Length: ${length}\r\n`)));
  }
  return put(target, putInteger(target, put(target, at, LENGTH), length), CRLF);
}
