import { ProtocolError } from '../base/errors.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './segment.ts';

/** Length of a handshake packet, by which it is told from everything else. */
export const HANDSHAKE_LENGTH = 12;

const MAGIC = 0xbb4f;
const HANDSHAKE = 1;
const COMPLETE = 1;

/** What a handshake packet says. */
export interface HandshakePacket {
  /** The sender knows that its own id has reached the other side. */
  readonly isComplete: boolean;
  /** Id of the sender. */
  readonly from: number;
  /** Id of the other side as the sender knows it; 0: not at all. */
  readonly to: number;
}

/**
 * Reads a packet of 12 bytes, little-endian.
 *
 * ```text
 * 0       2     3      4            8            12
 * | bb4f  | cmd | flag |  from      |  to        |     4f bb 01 00  68 18 f8 03  69 18 f8 03
 * ```
 *
 * @throws ProtocolError `ERR_FRAME_DATA` when it is anything else.
 */
export function readHandshake(packet: Uint8Array): HandshakePacket {
  const magic = readUint16(packet, 0);
  if (magic !== MAGIC) throw faulty(`magic 0x${magic.toString(16)} instead of 0xbb4f`);
  if (packet[2] !== HANDSHAKE) throw faulty(`command ${packet[2]!} instead of ${HANDSHAKE}`);
  const flags = packet[3]!;
  if (flags > COMPLETE) throw faulty(`flags ${flags}: there may be 0 or ${COMPLETE}`);
  const from = readUint32(packet, 4);
  if (from === 0) throw faulty('id 0, which nobody has');
  return { isComplete: flags === COMPLETE, from, to: readUint32(packet, 8) };
}

/** The bytes of a packet. */
export function handshakeBytes({ isComplete, from, to }: HandshakePacket): Uint8Array {
  const packet = Buffer.allocUnsafe(HANDSHAKE_LENGTH);
  writeUint16(packet, 0, MAGIC);
  packet[2] = HANDSHAKE;
  packet[3] = isComplete ? COMPLETE : 0;
  writeUint32(packet, 4, from);
  writeUint32(packet, 8, to);
  return packet;
}

function faulty(what: string): ProtocolError {
  return new ProtocolError('ERR_FRAME_DATA', `a handshake packet has ${what}`, { operation: 'receive' });
}
