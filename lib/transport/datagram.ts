import type { NetworkError } from '../base/errors.ts';
import type { InetAddress } from './address.ts';
import type { Lookup } from './wire.ts';

/** Where a datagram came from; Node's own object, since there is one for each datagram. */
export interface DatagramSource {
  /** IP address as text. */
  readonly address: string;
  readonly port: number;
}

/** One datagram for many: the members of a group, or everybody in a network. */
export interface CastRequest {
  /** Time to live of multicast datagrams: how many routers may pass them on. 0 to 255. */
  readonly ttl: number;
  /** Whether this machine's own members get what is sent from here, too. */
  readonly loop: boolean;
  /** An IP address of the interface for groups, or its name; `undefined` for the system's choice. */
  readonly interface: string | undefined;
  /** IP addresses of groups to join, all of one family. */
  readonly groups: readonly string[];
  /** Whether datagrams may go to broadcast addresses. */
  readonly broadcast: boolean;
}

/** What a datagram socket is made with. */
export interface DatagramRequest {
  /**
   * IP address of this machine, or a host name of it; `undefined` for any address, of the family of the peer or of the
   * groups, or else of IPv4.
   */
  readonly host: string | undefined;
  /** 0: the system picks one. */
  readonly port: number;
  /**
   * The only peer: the system passes on nothing of others, and tells when it is not reachable. Of a host name, the
   * first address is taken to which there is a way at all.
   */
  readonly peer?: { readonly host: string; readonly port: number } | undefined;
  /** Whether several sockets of this machine may have the same address, as members of a group need it. */
  readonly reuseAddress: boolean;
  /** Whether a socket on an IPv6 address takes IPv4 peers, too. */
  readonly dualStack: boolean;
  /** Bytes that the system keeps of what is received and not read yet; 0 leaves it as it is. */
  readonly receiveBuffer: number;
  /** Bytes that the system keeps of what is to be sent; 0 leaves it as it is. */
  readonly sendBuffer: number;
  /** Left out, multicast datagrams go no further than this network and to members here, too. */
  readonly cast?: CastRequest | undefined;
  /** How `host` and `peer.host` become addresses. */
  readonly lookup: Lookup | undefined;
}

/** Told of what happens on a datagram socket; never from inside a call of one of its methods or of `bind`. */
export interface DatagramHandler {
  /** The socket is bound; with a peer, it knows its address. Comes before anything else, unless `failed` does. */
  bound(local: InetAddress, peer: InetAddress | undefined): void;
  /** One datagram, however short. The bytes belong to the handler. */
  received(bytes: Uint8Array, from: DatagramSource): void;
  /** {@link DatagramSocket.unsent} is 0 again after it was not. */
  drained(): void;
  /**
   * One datagram could not be sent (operation `send`), or the peer's system has refused one (`receive`); the socket
   * goes on. A refusal may also come as the answer to the next `send`, which then has not sent anything.
   *
   * @param to Where it was to go, if that is known.
   */
  fault(error: NetworkError, to: InetAddress | undefined): void;
  /** The socket could not be bound and prepared (operation `connect`), or is broken. Nothing follows. */
  failed(error: NetworkError): void;
}

/** A datagram socket that is being bound or is bound. */
export interface DatagramSocket {
  /** Bytes given to `send` that the system has not taken yet; 0 before it is bound and after it is closed. */
  readonly unsent: number;
  /**
   * Sends one datagram, made of one piece or several, or empty; to the peer, if there is one, and otherwise to an IP
   * address. The bytes must not change before `unsent` is 0 again. Never throws: what is wrong with a datagram comes as
   * a fault. Before it is bound and after it is closed nothing happens.
   *
   * @param port 1 to 65535.
   * @param address A socket that takes both families reaches IPv4 peers with and without `::ffff:`. Left out, this
   * machine.
   * @param quiet Whether nobody needs to hear of it if this datagram cannot be sent, which is cheaper.
   */
  send(data: Uint8Array | readonly Uint8Array[], port?: number, address?: string, quiet?: boolean): void;
  /** Ends it at once; what the system has not taken is lost, and the handler is not called any more. */
  close(): void;
}

/** Makes datagram sockets. The library brings {@link udp} and {@link MemoryNetwork}. */
export interface DatagramTransport {
  /** Begins to bind a socket, which says how that ends. */
  bind(request: DatagramRequest, handler: DatagramHandler): DatagramSocket;
}
