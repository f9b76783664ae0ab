import type { NetworkError } from '../base/errors.ts';
import type { InetAddress } from './address.ts';
import type { Lookup } from './wire.ts';

/** Where a datagram came from; Node's own object, since there is one for each datagram. */
export interface DatagramSource {
  /** IP address as text. */
  readonly address: string;
  readonly port: number;
}

/** Several datagrams for one: members of a group, or everybody in a network. */
export interface CastRequest {
  /** Time to live of multicast datagrams: how many routers may pass them on. 0 to 255. */
  readonly ttl: number;
  /** Whether this machine's own members get what is sent from here, too. */
  readonly loop: boolean;
  /** IP address of the interface for groups, or `undefined` for the system's choice. */
  readonly interface: string | undefined;
  /** Groups to join. */
  readonly groups: readonly string[];
  /** Whether datagrams may go to broadcast addresses. */
  readonly broadcast: boolean;
}

/** What a datagram socket is made with. */
export interface DatagramRequest {
  /** IP address of this machine, or a host name of it; `undefined` for any address of the peer's family. */
  readonly host: string | undefined;
  /** 0: the system picks one. */
  readonly port: number;
  /** The only peer: the system passes on nothing of others, and tells when it is not reachable. */
  readonly peer?: { readonly host: string; readonly port: number } | undefined;
  /** Whether several sockets of this machine may have the same address, as members of a group need it. */
  readonly reuseAddress: boolean;
  /** Whether a socket on an IPv6 address takes IPv4 peers, too. */
  readonly dualStack: boolean;
  /** Bytes that the system keeps of what is received and not read yet; 0 leaves it as it is. */
  readonly receiveBuffer: number;
  /** Bytes that the system keeps of what is to be sent; 0 leaves it as it is. */
  readonly sendBuffer: number;
  readonly cast?: CastRequest | undefined;
  /** How `host` and `peer.host` become addresses. */
  readonly lookup: Lookup | undefined;
}

/** Told of what happens on a datagram socket; never from inside a call of one of its methods or of `bind`. */
export interface DatagramHandler {
  /** The socket is bound; with a peer, it knows its address. Comes before anything else but `failed`. */
  bound(local: InetAddress, peer: InetAddress | undefined): void;
  /** One datagram, however short. The bytes belong to the handler. */
  received(bytes: Uint8Array, from: DatagramSource): void;
  /** {@link DatagramSocket.unsent} is 0 again. */
  drained(): void;
  /** One datagram could not be sent, or was refused by the peer's system; the socket goes on. */
  fault(error: NetworkError, to: InetAddress | undefined): void;
  /** The socket could not be bound, or is broken. Nothing follows. */
  failed(error: NetworkError): void;
}

/** A datagram socket that is being bound or is bound. */
export interface DatagramSocket {
  /** Bytes given to `send` that the system has not taken yet. */
  readonly unsent: number;
  /**
   * Sends one datagram, made of one piece or several; to the peer, if there is one, and otherwise to an IP address.
   * The bytes must not change before `unsent` is 0 again.
   */
  send(data: Uint8Array | readonly Uint8Array[], port?: number, address?: string): void;
  /** Ends it at once; what the system has not taken is lost, and the handler is not called any more. */
  close(): void;
}

/** Makes datagram sockets. The library brings {@link udp} and {@link MemoryNetwork}. */
export interface DatagramTransport {
  bind(request: DatagramRequest, handler: DatagramHandler): DatagramSocket;
}
