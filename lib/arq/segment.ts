/*
 * A segment of KCP: 24 bytes, little-endian, and data.
 *
 *   0               4     5     6       8               12
 *   +---------------+-----+-----+-------+---------------+
 *   | conversation  | cmd | frg |  wnd  |      ts       |
 *   +---------------+-----+-----+-------+---------------+
 *   |      sn       |      una      |      len      | data, len bytes
 *   +---------------+---------------+---------------+
 *   12              16              20              24
 *
 * frg: how many fragments of the message follow; wnd: segments that the sender has room for; ts: the sender's clock,
 * in an acknowledgement that of the segment acknowledged; sn: the segment's number; una: all before it have come.
 */

/** Bytes in front of the data of a segment. */
export const SEGMENT_HEADER = 24;

/** What a segment is for. */
export const PUSH = 81;
export const ACK = 82;
export const ASK_WINDOW = 83;
export const TELL_WINDOW = 84;

/**
 * A message has fewer fragments than this, since every receiver is sure to have room for as many segments, and a
 * message that does not fit would block all that come after it.
 */
export const MAX_FRAGMENTS = 128;

/** A number of 32 bits. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Writes the low 32 bits of a number. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** A number of 16 bits. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** Writes the low 16 bits of a number. */
export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

/**
 * How far `later` is behind `earlier`, both counted modulo 2^32: positive behind, negative before it. Numbers of
 * segments and times on the wire wrap around; they are compared by nothing else.
 */
export function distance(later: number, earlier: number): number {
  return (later - earlier) | 0;
}

/** The number that is `steps` behind another, modulo 2^32. */
export function advance(from: number, steps: number): number {
  return (from + steps) >>> 0;
}
