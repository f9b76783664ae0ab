import { HANDSHAKE_LENGTH } from './handshake-packet.ts';
import { SEGMENT_HEADER } from './segment.ts';

/** Length of the notice by which HP-Socket's UDP says that a connection is closed. */
const CLOSE_NOTICE_LENGTH = 16;

/** What a datagram of reliable UDP can be. */
export type ArqDatagramKind = 'heartbeat' | 'handshake' | 'closeNotice' | 'segments' | 'unknown';

/**
 * What a datagram is, told by its length alone: 0 bytes, 12, 16 (if they are those of the notice, which is not looked
 * at here; otherwise it is nothing known), 24 and more. The first and the third belong to UDP and not to a session.
 */
export function arqDatagramKind(length: number): ArqDatagramKind {
  if (length >= SEGMENT_HEADER) return 'segments';
  if (length === HANDSHAKE_LENGTH) return 'handshake';
  if (length === 0) return 'heartbeat';
  return length === CLOSE_NOTICE_LENGTH ? 'closeNotice' : 'unknown';
}
