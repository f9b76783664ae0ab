import type { BytesLike } from '../bytes/bytes-like.ts';

/**
 * A message that has come as a whole. It can be sent as it is, which keeps it text or binary.
 */
export class WsMessage {
  readonly type: 'text' | 'binary';
  /** The content; of a text its UTF-8, which has been checked. Mostly a view of what was received. */
  readonly data: Buffer;

  constructor(type: 'text' | 'binary', data: Buffer) {
    this.type = type;
    this.data = data;
  }

  /** The content as text. It is made anew each time: nobody pays for it who does not ask. */
  get text(): string {
    return this.data.toString('utf8');
  }
}

/** A control frame of the peer. */
export type WsControl =
  | { readonly type: 'ping' | 'pong'; readonly data: Buffer }
  | {
      readonly type: 'close';
      /** `undefined` if the peer gave none. */
      readonly code: number | undefined;
      readonly reason: string;
    };

/** What comes of frames. */
export type WsEvent = WsMessage | WsControl;

/** A message, or a part of one, that says what it is. */
export interface WsOutgoing {
  readonly type: 'text' | 'binary';
  readonly data: BytesLike;
  /**
   * Whether the message ends with this. Without, it is a fragment, and the next thing to be sent has to be the next part,
   * of the same type; control frames may come in between. Messages in parts are not compressed.
   * @default true
   */
  readonly final?: boolean;
}

/** What can be sent as a message: a string is a text, bytes are binary. */
export type WsSendable = BytesLike | WsOutgoing;

/** A control frame to be sent. */
export type WsControlOutgoing =
  | {
      readonly type: 'ping' | 'pong';
      /** At most 125 bytes. */
      readonly data?: BytesLike;
    }
  | {
      readonly type: 'close';
      /** See `isCloseCode`. */
      readonly code?: number | undefined;
      /** At most 123 bytes of UTF-8. */
      readonly reason?: string;
    };
