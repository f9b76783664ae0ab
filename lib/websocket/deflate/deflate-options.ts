import { type Resolved, flag, integer, table } from '../../base/options.ts';

/**
 * Options of permessage-deflate (RFC 7692), the same for servers and clients: names that begin with a role are about the
 * messages which that one sends.
 */
export interface WsDeflateOptions {
  /**
   * Whether the server compresses each message by itself. A client that sets it asks for it; a server that sets it says so.
   * Otherwise memory for the last messages is kept for each connection, up to twice the window.
   * @default true
   */
  readonly serverNoContextTakeover?: boolean;
  /**
   * Whether the client compresses each message by itself. A server that sets it asks for it.
   * @default true
   */
  readonly clientNoContextTakeover?: boolean;
  /**
   * How far back the server's compressor may look: 2 to the power of this, in bytes. 8 to 15. A client that sets it to
   * less than 15 asks for it.
   * @default 15
   */
  readonly serverMaxWindowBits?: number;
  /**
   * How far back the client's compressor may look. 8 to 15. A server that sets it to less than 15 asks for it where the
   * client allows.
   * @default 15
   */
  readonly clientMaxWindowBits?: number;
  /**
   * Shorter messages are sent as they are: compressing costs more than it saves. In bytes, 0 to 2^30.
   * @default 1024
   */
  readonly threshold?: number;
  /**
   * Effort of compression: 1 (quick) to 9 (small).
   * @default 1
   */
  readonly level?: number;
  /**
   * Memory that zlib takes while it compresses a message, at most: 1 to 9, doubling with each. Short messages take less.
   * @default 8
   */
  readonly memLevel?: number;
}

/** Options that have been checked: every one is there. */
export type WsDeflateSettings = Resolved<WsDeflateOptions>;

/** Checks the options of permessage-deflate; for the option tables of what has them in it. */
export const wsDeflateOptions = table<WsDeflateOptions>({
  serverNoContextTakeover: flag(true),
  clientNoContextTakeover: flag(true),
  serverMaxWindowBits: integer({ min: 8, max: 15, fallback: 15 }),
  clientMaxWindowBits: integer({ min: 8, max: 15, fallback: 15 }),
  threshold: integer({ min: 0, max: 2 ** 30, fallback: 1024 }),
  level: integer({ min: 1, max: 9, fallback: 1 }),
  memLevel: integer({ min: 1, max: 9, fallback: 8 }),
});

/** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
export function deflateSettings(options?: WsDeflateOptions): WsDeflateSettings {
  return wsDeflateOptions(options);
}
