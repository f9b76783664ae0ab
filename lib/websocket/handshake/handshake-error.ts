import { type Operation, ProtocolError } from '../../base/errors.ts';
import type { HttpField } from '../../http/fields.ts';

/** What is wrong with an opening handshake, and the status that a server answers a request with for it. */
export const HANDSHAKE_REASONS = {
  method: [405, 'the method is not GET'],
  'http-version': [400, 'not HTTP/1.1'],
  content: [400, 'a request for a WebSocket has no content'],
  upgrade: [426, 'Upgrade is not websocket'],
  connection: [400, 'Connection does not say upgrade'],
  version: [426, 'Sec-WebSocket-Version is not 13'],
  key: [400, 'Sec-WebSocket-Key is not 16 bytes in base64'],
  protocols: [400, 'Sec-WebSocket-Protocol is not a list of different tokens'],
  extensions: [400, 'Sec-WebSocket-Extensions is malformed'],
  status: [502, 'the server did not switch protocols'],
  accept: [502, 'Sec-WebSocket-Accept does not belong to the key'],
  protocol: [502, 'the server chose no sub-protocol of those that were offered'],
  extension: [502, 'the server chose an extension that was not offered, or not so'],
} as const satisfies Record<string, readonly [number, string]>;

/** A key of {@link HANDSHAKE_REASONS}. */
export type HandshakeReason = keyof typeof HANDSHAKE_REASONS;

/**
 * The opening handshake is not one of WebSocket (RFC 6455 section 4), or not what was asked for. The code is
 * `ERR_WS_HANDSHAKE`.
 */
export class WsHandshakeError extends ProtocolError {
  /** What exactly is wrong. */
  readonly reason: HandshakeReason;
  /** The status that is the right answer of a server; of a client's server, if it sent a response, that of it. */
  readonly status: number;
  /** Fields that belong to the answer. */
  readonly fields: readonly HttpField[];

  constructor(reason: HandshakeReason, detail?: string, status?: number, operation: Operation = 'receive') {
    const [usual, text] = HANDSHAKE_REASONS[reason];
    super('ERR_WS_HANDSHAKE', detail === undefined ? text : `${text}: ${detail}`, { operation });
    this.reason = reason;
    this.status = status ?? usual;
    this.fields = FIELDS[reason] ?? [];
  }
}

const FIELDS: Partial<Record<HandshakeReason, readonly HttpField[]>> = {
  method: [['Allow', 'GET']],
  upgrade: [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ],
  version: [['Sec-WebSocket-Version', '13']],
};

/** A value of a peer in a message: short, on one line. */
export function shown(value: string | undefined): string {
  return value === undefined ? 'it is missing' : JSON.stringify(value.slice(0, 60));
}
