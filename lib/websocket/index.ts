/**
 * hpsocket-rx/websocket: WebSocket (RFC 6455) and permessage-deflate (RFC 7692), from frames to sessions.
 *
 * @packageDocumentation
 */
export { CLOSE_CODES, isCloseCode } from './close-code.ts';
export {
  type WsCodecOptions,
  type WsCodecOutgoing,
  wsCodec,
  type WsFrameCodecOptions,
  wsFrameCodec,
} from './codec.ts';
export type { WsDeflateOptions } from './deflate/deflate-options.ts';
export type { DeflateAgreement } from './deflate/negotiation.ts';
export { WsFrameDecoder } from './frame-decoder.ts';
export { WsFrameEncoder, type WsFrameInit } from './frame-encoder.ts';
export type { WsFrameEvent, WsFrameHeader, WsFrameState } from './frame-event.ts';
export { WsHandshakeError, type HandshakeReason } from './handshake/handshake-error.ts';
export type { MaskKeys } from './mask-keys.ts';
export {
  type WsControl,
  type WsControlOutgoing,
  type WsEvent,
  WsMessage,
  type WsOutgoing,
  type WsSendable,
} from './message.ts';
export { OPCODES, type WsRole } from './opcode.ts';
export { joinFrames, type JoinFramesOptions } from './operators/join-frames.ts';
export { wsFrames } from './operators/ws-frames.ts';
export { wsMessages } from './operators/ws-messages.ts';
export type { WsFrameOptions, WsMessageOptions, WsSessionOptions } from './options.ts';
export type { WsClosed, WsState } from './session-owner.ts';
export { WS_ERROR_CODES, WsError, type WsErrorCode, type WsErrorReason } from './ws-error.ts';
