/** The header of a frame. */
export interface WsFrameHeader {
  readonly type: 'header';
  /** Whether it is the last frame of its message. */
  readonly fin: boolean;
  /** The three reserved bits as a number, 0 to 7: RSV1 is 4. */
  readonly rsv: number;
  /** 0 to 15. */
  readonly opcode: number;
  /** What the body was masked with: four bytes; `undefined` if it was not. */
  readonly mask: Uint8Array | undefined;
  /** Bytes of the body. */
  readonly length: number;
}

/**
 * What happens while frames are being received; one to one, and in the same order, with the events of the original:
 * `OnWSMessageHeader`, `OnWSMessageBody` for each piece as it comes, already unmasked, and `OnWSMessageComplete`. A frame
 * without body has no `body`. Control frames between the fragments of a message are frames like others.
 */
export type WsFrameEvent =
  WsFrameHeader | { readonly type: 'body'; readonly data: Uint8Array } | { readonly type: 'complete' };

/** The frame that is being received; twin of `GetWSMessageState`. */
export interface WsFrameState extends WsFrameHeader {
  /** Bytes of the body that are still to come; 0 during `complete`. */
  readonly remaining: number;
}
