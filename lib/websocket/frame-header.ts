import { FIN, FIRST_CONTROL, MAX_CONTROL, OPCODE, OPCODES, RSV, type WsRole } from './opcode.ts';
import { WsError } from './ws-error.ts';

/** Most bytes of a header: 2, 8 for the length, 4 for the key. */
export const MAX_HEADER = 14;

/** What the headers of one end have to be like. */
export interface HeaderRules {
  /** Who receives: a server wants masked frames, a client does not. */
  readonly role: WsRole;
  /** Longest frame, in bytes. */
  readonly maxFrameSize: number;
  /** Reserved bits that may be set, where they are in the first byte. */
  readonly reserved: number;
  /** Whether all of RFC 6455 is looked at, or only the mask, as the original does. */
  readonly strict: boolean;
}

/**
 * Checks the first two bytes of a header.
 *
 * @param isFragmented Whether a message is under way.
 * @throws WsError
 */
export function checkStart(first: number, second: number, isFragmented: boolean, rules: HeaderRules): void {
  if (rules.strict) {
    const reserved = first & RSV & ~rules.reserved;
    if (reserved !== 0)
      throw new WsError('reserved-bits', `${reserved >> 4} in front of opcode ${first & OPCODE}`);
    checkOpcode(first, isFragmented);
  }
  if (second < 0x80 && rules.role === 'server') throw new WsError('not-masked');
  if (second >= 0x80 && rules.role === 'client') throw new WsError('masked');
  if (!rules.strict || (first & OPCODE) < FIRST_CONTROL || (second & 0x7f) <= MAX_CONTROL) return;
  throw new WsError('control-length', `opcode ${first & OPCODE}`);
}

function checkOpcode(first: number, isFragmented: boolean): void {
  const opcode = first & OPCODE;
  if (opcode === OPCODES.continuation) {
    if (!isFragmented) throw new WsError('continuation');
  } else if (opcode <= OPCODES.binary) {
    if (isFragmented) throw new WsError('interleaved', `opcode ${opcode}, 0 is due`);
  } else if (opcode < FIRST_CONTROL || opcode > OPCODES.pong) {
    throw new WsError('opcode', String(opcode));
  } else if (first < FIN) {
    throw new WsError('control-fragment', `opcode ${opcode}`);
  }
}

/**
 * Checks the length of a frame.
 *
 * @param short The second byte without the mask bit: 126 and 127 say that the length has 16 or 64 bits.
 * @throws WsError
 */
export function checkLength(short: number, length: number, rules: HeaderRules): void {
  if (rules.strict) {
    if ((short === 126 && length < 126) || (short === 127 && length < 0x1_0000))
      throw new WsError('length-form', `${length} in ${short === 126 ? 16 : 64} bits`);
    if (length >= 2 ** 63) throw new WsError('length-overflow');
  }
  if (length <= rules.maxFrameSize) return;
  throw new WsError(
    'frame-length',
    `${length} bytes, ${rules.maxFrameSize} are allowed (option maxFrameSize)`,
  );
}

/** A length of 16 bits, big-endian. */
export function length16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** The largest number with a fraction of 53 bits that is less than 2^63. */
const BELOW_OVERFLOW = 2 ** 63 - 1024;

/** A length of 64 bits, big-endian; above 2^53 as near as a number can be. */
export function length64(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  const low = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
  const length = (high >>> 0) * 2 ** 32 + (low >>> 0);
  // What is next to 2^63 would become it.
  return high < 0 ? length : Math.min(length, BELOW_OVERFLOW);
}

/** Bytes of the header for a body of so many bytes. */
export function headerLength(length: number, isMasked: boolean): number {
  return (length < 126 ? 2 : length < 0x1_0000 ? 4 : 10) + (isMasked ? 4 : 0);
}

/**
 * Writes a header without its key.
 *
 * @param first FIN, reserved bits and opcode.
 * @param mask 0x80 if a key follows, else 0.
 * @returns Where it ends.
 */
export function putHeader(
  target: Uint8Array,
  at: number,
  first: number,
  length: number,
  mask: number,
): number {
  target[at] = first;
  if (length < 126) {
    target[at + 1] = mask | length;
    return at + 2;
  }
  if (length < 0x1_0000) {
    target[at + 1] = mask | 126;
    target[at + 2] = length >>> 8;
    target[at + 3] = length;
    return at + 4;
  }
  target[at + 1] = mask | 127;
  const high = Math.floor(length / 2 ** 32);
  putWord(target, at + 2, high);
  putWord(target, at + 6, length - high * 2 ** 32);
  return at + 10;
}

function putWord(target: Uint8Array, at: number, word: number): void {
  target[at] = word >>> 24;
  target[at + 1] = word >>> 16;
  target[at + 2] = word >>> 8;
  target[at + 3] = word;
}

/** Writes a key. */
export function putKey(target: Uint8Array, at: number, key: number): number {
  target[at] = key;
  target[at + 1] = key >>> 8;
  target[at + 2] = key >>> 16;
  target[at + 3] = key >>> 24;
  return at + 4;
}
