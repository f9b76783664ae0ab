import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';

/** A message in one piece, or in several that follow each other without being joined. */
export type Pieces = BytesLike | readonly BytesLike[];

/** The bytes of every piece, not copied. */
export function piecesOf(message: Pieces): Uint8Array[] {
  return isSeveral(message) ? message.map(toBytes) : [toBytes(message)];
}

/** Whether a message comes in an array of pieces. */
export function isSeveral(message: Pieces): message is readonly BytesLike[] {
  return Array.isArray(message);
}

/** The bytes of all pieces in one; a single piece is not copied. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Bytes in all pieces together. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}
