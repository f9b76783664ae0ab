import { isUtf8 } from 'node:buffer';
import { malformed } from './faults.ts';
import { JsonScanner } from './json-scanner.ts';

/**
 * The value of a part of `bytes`.
 *
 * @throws ProtocolError `ERR_FRAME_DATA` if it is not UTF-8 or not one JSON value.
 */
export function parseJson(bytes: Buffer, from: number, to: number): unknown {
  const text = bytes.toString('utf8', from, to);
  // What is not UTF-8 becomes U+FFFD, so only where there is one do the bytes have to be looked at.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(from, to))) {
    throw malformed('JSON must be UTF-8', 'receive');
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(`not JSON: ${messageOf(cause)}`, 'receive', cause);
  }
}

/**
 * A value as JSON text.
 *
 * @throws ProtocolError `ERR_FRAME_DATA` if JSON has nothing for it: `undefined`, functions, symbols, BigInts, cycles.
 */
export function jsonTextOf(value: unknown): string {
  const text = stringify(value);
  if (text === undefined) throw malformed(`${typeof value} is nothing that JSON can say`, 'send');
  return text;
}

/** `JSON.stringify` as it is: it answers with `undefined` for what JSON has nothing for. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw malformed(`JSON cannot say it: ${messageOf(cause)}`, 'send', cause);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Refuses a text of JSON that is nested too deep. */
export class DepthCheck {
  private readonly scanner: JsonScanner;
  private readonly least: number;

  constructor(maxDepth: number, operation: 'receive' | 'send') {
    this.scanner = new JsonScanner(maxDepth, operation);
    this.least = 2 * (maxDepth + 1);
  }

  /** @throws ProtocolError `ERR_FRAME_DATA` for the first bracket that is too deep. */
  check(bytes: Uint8Array, from: number, to: number): void {
    // Every level has two brackets, so a short text needs no look.
    if (to - from < this.least) return;
    this.scanner.reset();
    this.scanner.scan(bytes, from, to);
  }
}
