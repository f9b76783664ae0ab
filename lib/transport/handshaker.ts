import type { NetworkError } from '../base/errors.ts';
import type { Wire } from './wire.ts';

/** What a handshake has to know besides the wire. */
export interface HandshakePeer {
  /** Bytes that were received before and belong to the handshake. */
  readonly early?: Uint8Array | undefined;
  /** For a TLS client: the name to ask for, if it is not that of the host. */
  readonly serverName?: string | undefined;
  /** For a client: the host that was dialled. */
  readonly host?: string | undefined;
  /** For a client: the port that was dialled. */
  readonly port?: number | undefined;
}

/** Told how a handshake ends: exactly once, never from inside {@link Handshaker.shakeHands}, and not after an abort. */
export interface HandshakeHandler {
  /** The wire is to be used instead of the one below from now on; it is paused. */
  done(wire: Wire): void;
  /** The peer shakes no hands and need not; the wire is the one that was given, paused. */
  plain(wire: Wire): void;
  /** The wire below has been ended. Without an error the peer left without a word. */
  failed(error: NetworkError | undefined): void;
  /** Whether {@link keylog} is wanted. */
  readonly wantsKeys: boolean;
  /** A line for a key log file (NSS format), as long as the connection lives. */
  keylog(line: Uint8Array): void;
}

/** A handshake under way. */
export interface Handshaking {
  /** Gives up and ends the wire below; with RST if `rst`. The handler is not called any more. */
  abort(rst?: boolean): void;
}

/** One side of what two peers agree on before a wire can be used: TLS with its certificates, or reliable UDP. */
export interface Handshaker {
  /** Whether handshakes begin only when they are asked for. */
  readonly manual: boolean;
  shakeHands(wire: Wire, peer: HandshakePeer, handler: HandshakeHandler): Handshaking;
}
