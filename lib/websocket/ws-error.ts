import { type Operation, ProtocolError } from '../base/errors.ts';

/** Codes of a {@link WsError}, each with what it means. They are stable. */
export const WS_ERROR_CODES = {
  ERR_WS_RESERVED_BITS: 'a frame has reserved bits set that nobody agreed on',
  ERR_WS_OPCODE: 'a frame has a reserved opcode',
  ERR_WS_MASK: 'a frame of a client is not masked, or one of a server is',
  ERR_WS_LENGTH: 'the length of a frame is not written as it has to be',
  ERR_WS_CONTROL: 'a control frame is fragmented or longer than 125 bytes',
  ERR_WS_FRAGMENT: 'a fragment without a begin, or a message within another',
  ERR_WS_CLOSE: 'a malformed close frame, or a close code that must not be sent',
  ERR_WS_UTF8: 'a text is not UTF-8',
  ERR_WS_TOO_LONG: 'a frame or a message is longer than its limit',
  ERR_WS_DEFLATE: 'a compressed message cannot be inflated',
  ERR_WS_TRUNCATED: 'the connection ended within a message',
  ERR_WS_SEND: 'what shall be sent is not a frame or a message',
  ERR_WS_HANDSHAKE: 'the opening handshake is not one of WebSocket, or not what was asked for',
} as const;

/** A code of {@link WS_ERROR_CODES}. */
export type WsErrorCode = keyof typeof WS_ERROR_CODES;

/**
 * What exactly is wrong: for each reason the code that it belongs to, the close code that the peer is told, and what it
 * means. Reasons may become more; codes stay. 1006 is never told.
 */
export const WS_ERROR_REASONS = {
  'reserved-bits': ['ERR_WS_RESERVED_BITS', 1002, 'reserved bits are set'],
  opcode: ['ERR_WS_OPCODE', 1002, 'a reserved opcode'],
  'not-masked': ['ERR_WS_MASK', 1002, 'a frame of a client is not masked'],
  masked: ['ERR_WS_MASK', 1002, 'a frame of a server is masked'],
  'length-form': ['ERR_WS_LENGTH', 1002, 'a length is not written in the shortest form'],
  'length-overflow': ['ERR_WS_LENGTH', 1002, 'a length of more than 63 bits'],
  'control-length': ['ERR_WS_CONTROL', 1002, 'a control frame of more than 125 bytes'],
  'control-fragment': ['ERR_WS_CONTROL', 1002, 'a fragmented control frame'],
  continuation: ['ERR_WS_FRAGMENT', 1002, 'a continuation of no message'],
  interleaved: ['ERR_WS_FRAGMENT', 1002, 'a message begins within another'],
  'close-length': ['ERR_WS_CLOSE', 1002, 'a close frame of one byte'],
  'close-code': ['ERR_WS_CLOSE', 1002, 'a close code that must not be sent'],
  'close-reason': ['ERR_WS_UTF8', 1007, 'the reason for closing is not UTF-8'],
  utf8: ['ERR_WS_UTF8', 1007, 'a text is not UTF-8'],
  'frame-length': ['ERR_WS_TOO_LONG', 1009, 'a frame is too long'],
  'message-length': ['ERR_WS_TOO_LONG', 1009, 'a message is too long'],
  'inflated-length': ['ERR_WS_TOO_LONG', 1009, 'an inflated message is too long'],
  inflate: ['ERR_WS_DEFLATE', 1007, 'a compressed message cannot be inflated'],
  truncated: ['ERR_WS_TRUNCATED', 1006, 'the connection ended within a message'],
  send: ['ERR_WS_SEND', 1011, 'this cannot be sent'],
} as const satisfies Record<string, readonly [WsErrorCode, number, string]>;

/** A reason of {@link WS_ERROR_REASONS}. */
export type WsErrorReason = keyof typeof WS_ERROR_REASONS;

/** Details of a {@link WsError}. */
export interface WsErrorOptions {
  /**
   * What was being done.
   * @default 'receive'
   */
  readonly operation?: Operation;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * What a peer sends is not WebSocket (RFC 6455, RFC 7692), or more than the limits allow; or what shall be sent is not.
 * Match on `code`, or on `reason` where it has to be finer; messages are for people and may change.
 */
export class WsError extends ProtocolError {
  /** What exactly is wrong: a key of {@link WS_ERROR_REASONS}. */
  readonly reason: WsErrorReason;
  /** What the peer is told in a close frame. */
  readonly closeCode: number;

  /** @param detail What was seen and what is allowed, such as "70000 bytes, 65536 are allowed". */
  constructor(reason: WsErrorReason, detail?: string, options: WsErrorOptions = {}) {
    const [code, closeCode, text] = WS_ERROR_REASONS[reason];
    super(code, detail === undefined ? text : `${text}: ${detail}`, { operation: 'receive', ...options });
    this.reason = reason;
    this.closeCode = closeCode;
  }
}

/** Something that cannot be sent. */
export function unsendable(detail: string): WsError {
  return new WsError('send', detail, { operation: 'send' });
}
