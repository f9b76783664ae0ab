import { type Checks, type Resolved, flag, integer, milliseconds, oneOf, table } from '../base/options.ts';
import type { HeaderRules } from './frame-header.ts';
import { RSV1, type WsRole } from './opcode.ts';

/** Options of frames. */
export interface WsFrameOptions {
  /**
   * Longest frame that is received, in bytes. 0 to 2^53 - 1. Nothing is kept of a frame, so that the limit can be high.
   * @default 2^53 - 1
   */
  readonly maxFrameSize?: number;
  /**
   * Reserved bits that a frame may have set, by an extension that the peer agreed on: 0 to 7, RSV1 is 4.
   * @default 0
   */
  readonly rsv?: number;
  /**
   * What is looked at: all of RFC 6455, or only whether frames are masked, as the original does. Limits are always.
   * @default 'rfc'
   */
  readonly rules?: 'rfc' | 'mask';
}

const checkFrameOptions = table<WsFrameOptions>({
  maxFrameSize: integer({ min: 0, max: Number.MAX_SAFE_INTEGER, fallback: Number.MAX_SAFE_INTEGER }),
  rsv: integer({ min: 0, max: 7, fallback: 0 }),
  rules: oneOf<'rfc' | 'mask'>(['rfc', 'mask'], 'rfc'),
});

/**
 * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
 */
export function frameRules(role: WsRole, options?: WsFrameOptions): HeaderRules {
  const { maxFrameSize, rsv, rules } = checkFrameOptions(options);
  return { role: checkRole(role), maxFrameSize, reserved: rsv << 4, strict: rules === 'rfc' };
}

/** Options of messages. */
export interface WsMessageOptions {
  /**
   * Longest message that is received, in bytes, all fragments together, inflated if it was compressed. A longer one is
   * `ERR_WS_TOO_LONG` as soon as the header says so, or as soon as more has been inflated. 0 to 2^30.
   * @default 1048576 (1 MiB)
   */
  readonly maxMessageSize?: number;
  /**
   * Longest frame that is received, in bytes, as it is on the wire. 0 to 2^30; never more than `maxMessageSize`.
   * @default 1073741824 (as long as messages may be)
   */
  readonly maxFrameSize?: number;
  /**
   * Longest frame that is sent, in bytes: longer messages go in several. 0 (off) to 2^30.
   * @default 0
   */
  readonly fragmentSize?: number;
}

/** Options of sessions. */
export interface WsSessionOptions extends WsMessageOptions {
  /**
   * Milliseconds without any byte of the peer after which it is sent a ping; 0 is never. The time stands still while
   * reading is paused.
   * @default 0
   */
  readonly pingInterval?: number;
  /**
   * Milliseconds after such a ping within which something has to come, whatever it is, or the peer is taken for dead. 1
   * and more. The time stands still while reading is paused.
   * @default 10000
   */
  readonly pongTimeout?: number;
  /**
   * Milliseconds that closing may take: from our close frame to that of the peer, and from there to the end of the
   * connection. 1 and more.
   * @default 5000
   */
  readonly closeTimeout?: number;
  /**
   * Whether pings are answered without being asked to. Without, the owner has to answer each, if the RFC is to be kept.
   * @default true
   */
  readonly autoPong?: boolean;
}

/** Options that have been checked: every one is there. */
export type WsMessageSettings = Resolved<WsMessageOptions>;
/** Options that have been checked: every one is there. */
export type WsSessionSettings = Resolved<WsSessionOptions>;

const MOST = 2 ** 30;

const messageChecks: Checks<WsMessageOptions> = {
  maxMessageSize: integer({ min: 0, max: MOST, fallback: 1024 * 1024 }),
  maxFrameSize: integer({ min: 0, max: MOST, fallback: MOST }),
  fragmentSize: integer({ min: 0, max: MOST, fallback: 0 }),
};

const sessionChecks: Checks<WsSessionOptions> = {
  ...messageChecks,
  pingInterval: milliseconds(0),
  pongTimeout: integer({ min: 1, max: 0x7fff_ffff, fallback: 10_000 }),
  closeTimeout: integer({ min: 1, max: 0x7fff_ffff, fallback: 5000 }),
  autoPong: flag(true),
};

const checkMessageOptions = table<WsMessageOptions>(messageChecks);

/** Checks the options of sessions; for the option tables of what has sessions in it. */
export const wsSessionOptions = table<WsSessionOptions>(sessionChecks);

/** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
export function messageSettings(options?: WsMessageOptions): WsMessageSettings {
  return checkMessageOptions(options);
}

/**
 * Checks the options of sessions once, for all sessions of a server.
 *
 * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
 */
export function sessionSettings(options?: WsSessionOptions): WsSessionSettings {
  return wsSessionOptions(options);
}

/** What headers have to be like where messages are received. */
export function rulesOfMessages(
  role: WsRole,
  settings: WsMessageSettings,
  isCompressed: boolean,
): HeaderRules {
  return {
    role: checkRole(role),
    maxFrameSize: Math.min(settings.maxFrameSize, settings.maxMessageSize),
    reserved: isCompressed ? RSV1 : 0,
    strict: true,
  };
}

const checkRoleWord = oneOf<WsRole>(['server', 'client'], 'server');

/** @throws OptionError (`ERR_OPTION`) */
export function checkRole(role: WsRole): WsRole {
  return checkRoleWord(role, 'role');
}
