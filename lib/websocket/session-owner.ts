import type { NetworkError } from '../base/errors.ts';
import type { WsMessage } from './message.ts';
import type { WsOutput } from './output.ts';

/** `open` → `closing` (one side has said that it closes, or did something wrong) → `closed`. */
export type WsState = 'open' | 'closing' | 'closed';

/** How a session ended. */
export interface WsClosed {
  /** The code of the peer's close frame; 1005 if that had none, 1006 if there was no close frame. */
  readonly code: number;
  /** The reason in it. */
  readonly reason: string;
  /** Whether both sides have sent a close frame, as they should. */
  readonly clean: boolean;
  /** The code of our close frame; 1005 if it had none; `undefined` if none was sent. */
  readonly sent: number | undefined;
  /** What went wrong, if something did: a fault of the peer, no answer in time, a broken connection. */
  readonly error: NetworkError | undefined;
}

/** Who a session works for. Nothing here may throw. */
export interface WsOwner {
  /** Where the session puts what is to be sent, in order. */
  readonly output: WsOutput;
  /** Whether what was sent before still waits for the peer to read. Pongs wait then, too, for `drained`. */
  readonly isBehind: boolean;
  /** The session has put something to the output that nobody asked for: a pong, a ping, a close frame. */
  written(): void;
  /** A message of the peer. It belongs to the owner. */
  message(message: WsMessage): void;
  /** The peer has sent a ping; it is answered already, unless that is up to the owner. */
  ping?(data: Buffer): void;
  /** The peer has sent a pong, asked or not. */
  pong?(data: Buffer): void;
  /** The peer has sent its close frame; no message comes any more. `code` is 1005 if it had none. */
  closing?(code: number, reason: string): void;
  /**
   * Nothing will be sent any more: the connection is to be ended behind what is in the output, and to be read on until the
   * peer has ended it, too. (Who closes with bytes unread may lose what the peer has not read yet.)
   */
  end(): void;
  /** It took too long: the connection is to be cut off. */
  destroy(): void;
  /** The session is over. Comes once; nothing comes after it. */
  closed(closed: WsClosed): void;
}
