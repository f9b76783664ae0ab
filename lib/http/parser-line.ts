import type { Fault } from './http-error.ts';
import { CR, LF, isDigit } from './syntax/tables.ts';

/** Bytes of `HTTP/1.1`. */
export const VERSION_LENGTH = 8;

const NAME = Buffer.from('HTTP/');

/**
 * Where the next line begins, if the bytes at `at` are a line end.
 *
 * @returns -1 if there is CR and nothing behind it yet; -2 if it is neither CR nor LF.
 * @throws HttpError for CR without LF, and for LF without CR, unless that is put up with.
 */
export function behindLineEnd(
  bytes: Buffer,
  at: number,
  end: number,
  { fault, bareLf }: { readonly fault: Fault; readonly bareLf: boolean },
): number {
  const byte = bytes[at];
  if (byte === CR) {
    if (at + 1 >= end) return -1;
    if (bytes[at + 1] === LF) return at + 2;
    throw fault('bare-cr');
  }
  if (byte !== LF) return -2;
  if (bareLf) return at + 1;
  throw fault('bare-lf');
}

/**
 * Checks a version, or as much of it as is there already.
 *
 * @param reason What is wrong if it does not even begin with `HTTP/`.
 * @returns What is behind the dot, or -1 if it is not complete.
 */
export function minorVersionIn(
  bytes: Buffer,
  at: number,
  end: number,
  { fault, reason }: { readonly fault: Fault; readonly reason: 'request-line' | 'status-line' },
): number {
  const length = Math.min(end - at, VERSION_LENGTH);
  for (let index = 0; index < length; index++) {
    const byte = bytes[at + index]!;
    if (index < 5) {
      if (byte !== NAME[index]) throw fault(reason);
    } else if (index === 6 ? byte !== 0x2e : !isDigit(byte)) throw fault('version-malformed');
  }
  if (length < VERSION_LENGTH) return -1;
  if (bytes[at + 5] === 0x31 && bytes[at + 7]! <= 0x31) return bytes[at + 7]! - 0x30;
  throw fault('version-unsupported', bytes.toString('latin1', at, at + VERSION_LENGTH));
}
