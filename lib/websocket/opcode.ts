/** Which end of a WebSocket: clients mask what they send, servers do not (RFC 6455 section 5.1). */
export type WsRole = 'server' | 'client';

/** What frames are for (RFC 6455 section 5.2). 3 to 7 and 11 to 15 are reserved; from 8 on they are control frames. */
export const OPCODES = {
  /** The next part of a message. */
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** The first byte of a frame that is the last of its message. */
export const FIN = 0x80;

/** The first reserved bit: the message is compressed (RFC 7692 section 6). */
export const RSV1 = 0x40;

/** All reserved bits. */
export const RSV = 0x70;

/** Where the opcode is. */
export const OPCODE = 0x0f;

/** Control frames from here on. */
export const FIRST_CONTROL = 8;

/** Most bytes of a control frame (RFC 6455 section 5.5). */
export const MAX_CONTROL = 125;
