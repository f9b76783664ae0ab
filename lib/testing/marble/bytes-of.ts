import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import type { Encoder } from '../../codec/codec.ts';

/**
 * The bytes that a codec makes of some messages, behind one another: for peers that write what is encoded, whole or
 * in pieces.
 *
 * @throws ProtocolError when a message cannot be encoded.
 *
 * @example
 * net.peer('--a--b|', { a: bytesOf(pack(), 'ping'), b: bytesOf(pack(), 'x').subarray(0, 3) });
 */
export function bytesOf<N>(
  codec: { encoder(): Encoder<N, BytesLike> },
  ...messages: readonly N[]
): Uint8Array {
  const encoder = codec.encoder();
  const pieces: Buffer[] = [];
  // The encoder may use the memory of a piece again.
  for (const message of messages) encoder.push(message, (piece) => pieces.push(Buffer.from(toBytes(piece))));
  return Buffer.concat(pieces);
}
