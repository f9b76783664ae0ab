// What the programs of this sample speak. A packet is a header of two numbers of 32 bits, lowest byte first, and a body:
//
//   07 00 00 00  05 00 00 00  68 65 6c 6c 6f
//   sequence     length       body 'hello'
import { ProtocolError } from 'hpsocket-rx';
import { integer } from '../support/arguments.ts';

/** Bytes of a header. */
export const HEADER = 8;

export interface Header {
  readonly sequence: number;
  /** Bytes of the body. */
  readonly length: number;
}

export interface Packet {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** The most bytes that a body may have. */
export const limit = { max: integer(262_144, 1, 4_194_303) };

/** @throws ProtocolError when no body may have this length. */
export function checkLength(length: number, max: number, operation: 'receive' | 'send'): void {
  if (length > 0 && length <= max) return;
  const what = `a body of ${length} bytes: there may be 1 to ${max} (option --max)`;
  throw new ProtocolError('ERR_FRAME_LENGTH', what, { operation });
}

export function encodeHeader({ sequence, length }: Header): Uint8Array {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(sequence, 0);
  header.writeUInt32LE(length, 4);
  return header;
}

export function decodeHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  return { sequence: view.getUint32(0, true), length: view.getUint32(4, true) };
}
