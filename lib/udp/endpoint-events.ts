import type { NetworkError } from '../base/errors.ts';
import type { InetAddress } from '../transport/address.ts';

/** One datagram that was received, and who sent it; twin of the arguments of `OnReceive`. */
export interface Datagram {
  /** Its bytes; none for an empty datagram. */
  readonly data: Uint8Array;
  /** Who sent it. Nothing vouches for that: anybody can write any address on a datagram. */
  readonly remote: InetAddress;
}

/** One datagram that the operating system has taken for sending; twin of `OnSend`. */
export interface DatagramSent {
  /** Valid only while this is being delivered. */
  readonly data: Uint8Array;
  /** Where it is going. */
  readonly remote: InetAddress;
}

/** Something went wrong; twin of `OnError`. Faults are values: the endpoint goes on. */
export interface DatagramFault {
  readonly error: NetworkError;
  /** Who the datagram came from or was for, if the fault concerns one and its address is known. */
  readonly remote: InetAddress | undefined;
}

/**
 * Why a datagram was thrown away.
 *
 * - `oversized`: received, longer than `maxDatagramSize`. A fault (`ERR_FRAME_LENGTH`) tells the same.
 * - `queue-full`: received while paused, and the receive queue had no room; which one goes, `receiveQueue.shed` says.
 * - `unobserved`: received while nobody was subscribed to `receive$`.
 * - `stopped`: received and not delivered, or accepted for sending and not handed over, before the endpoint stopped.
 * - `overflow`: to be sent, beyond `maxPending`.
 * - `unresolved`: to be sent to a host name that has no address we can reach; a fault says why.
 */
export type EndpointDropReason =
  'oversized' | 'queue-full' | 'unobserved' | 'stopped' | 'overflow' | 'unresolved';

/** A datagram was thrown away. */
export interface DatagramDropped {
  readonly reason: EndpointDropReason;
  /** Who it came from or was for; `undefined` for a host name without address. */
  readonly remote: InetAddress | undefined;
  /** Bytes of the datagram. */
  readonly bytes: number;
}
