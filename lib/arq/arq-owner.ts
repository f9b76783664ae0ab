import type { NetworkError } from '../base/errors.ts';

/** Who a session works for. Nothing here may throw. */
export interface ArqOwner {
  /**
   * A datagram to be sent. It is valid only during the call, since the memory is used again. The session must not be
   * given the answer before the call returns.
   */
  datagram(bytes: Uint8Array): void;
  /** Both sides know each other: messages can be sent. Comes once, before any message. */
  ready(): void;
  /** A message of the peer, whole and in its turn. It belongs to the owner. */
  message(bytes: Uint8Array): void;
  /** A datagram that nobody can read was thrown away. */
  dropped?(datagram: Uint8Array): void;
  /** The session is over. Comes once; nothing comes after it. */
  failed(error: NetworkError): void;
}

/** `new` → `handshake` → `ready` → `over`; every state can be followed by `over`. */
export type ArqState = 'new' | 'handshake' | 'ready' | 'over';
