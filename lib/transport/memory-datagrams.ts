import type { SchedulerLike } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { type InetAddress, formatAddress, isIP } from './address.ts';
import type { DatagramHandler, DatagramRequest, DatagramSocket } from './datagram.ts';
import { inetAddress } from './inet.ts';
import type { DatagramCarrier } from './memory-carrier.ts';
import { MemoryDatagramSocket, copyOf } from './memory-datagram-socket.ts';
import { BROADCAST, destinationOf, inetOf, isGroup, isKnownHost, isWildcard } from './memory-hosts.ts';

/** The ports that are nobody's own (RFC 6335 section 6). */
const FIRST_PORT = 49_152;
const LAST_PORT = 65_535;

/** Datagrams between the sockets of a network inside the process: who has which address, and who gets what. */
export class MemoryDatagrams {
  private readonly scheduler: SchedulerLike;
  private readonly carrier: DatagramCarrier;
  private readonly ports = new Map<number, MemoryDatagramSocket[]>();
  private picked = 0;

  constructor(scheduler: SchedulerLike, carrier: DatagramCarrier) {
    this.scheduler = scheduler;
    this.carrier = carrier;
  }

  bind(request: DatagramRequest, handler: DatagramHandler): DatagramSocket {
    const peer = request.peer && peerOf(request.peer);
    const local = inetOf(hostOf(request), request.port === 0 ? this.pickPort() : request.port);
    const socket = new MemoryDatagramSocket(request, handler, local, peer, {
      scheduler: this.scheduler,
      send: (sender, bytes, to) => this.send(sender, bytes, to),
      closed: (closed) => this.release(closed),
    });
    const error = faultOf(request, local) ?? this.conflict(socket);
    if (error === undefined) this.ports.set(local.port, [...(this.ports.get(local.port) ?? []), socket]);
    socket.start(error);
    return socket;
  }

  private pickPort(): number {
    const many = LAST_PORT - FIRST_PORT + 1;
    let port = 0;
    for (let tries = 0; tries < many; tries++) {
      port = FIRST_PORT + (this.picked++ % many);
      if (!this.ports.has(port)) break;
    }
    return port;
  }

  private conflict(socket: MemoryDatagramSocket): NetworkError | undefined {
    const { local } = socket;
    const others = this.ports.get(local.port) ?? [];
    const isFree = others.every(
      (other) =>
        (socket.sharesAddress && other.sharesAddress) ||
        !(other.has(local.host) || socket.has(other.local.host)),
    );
    return isFree ? undefined : failure('EADDRINUSE', `${formatAddress(local)} is in use`);
  }

  private release(socket: MemoryDatagramSocket): void {
    const { port } = socket.local;
    const others = this.ports.get(port)?.filter((other) => other !== socket) ?? [];
    if (others.length > 0) this.ports.set(port, others);
    else this.ports.delete(port);
  }

  private send(sender: MemoryDatagramSocket, bytes: Uint8Array, to: InetAddress): void {
    if (isGroup(to.host)) {
      this.spread(sender, bytes, to, (socket) => socket.isMember(to.host) && reaches(sender, socket));
    } else if (to.host === BROADCAST) {
      this.spread(sender, bytes, to, (socket) => socket.takesIPv4);
    } else {
      this.sendToOne(sender, bytes, to);
    }
  }

  private spread(
    sender: MemoryDatagramSocket,
    bytes: Uint8Array,
    to: InetAddress,
    isMeant: (socket: MemoryDatagramSocket) => boolean,
  ): void {
    for (const receiver of this.ports.get(to.port) ?? []) {
      if (!isMeant(receiver) || !receiver.listensTo(sender)) continue;
      this.carrier.carry(copyOf(bytes), sender, receiver, (arrived) =>
        receiver.deliver(arrived, sender, to.host),
      );
    }
  }

  private sendToOne(sender: MemoryDatagramSocket, bytes: Uint8Array, to: InetAddress): void {
    this.carrier.carry(bytes, sender, this.receiverOf(sender, to), (arrived) => {
      // Whoever is there when it arrives gets it.
      const present = this.receiverOf(sender, to);
      if (present !== undefined) present.deliver(arrived, sender, to.host);
      else sender.wasRefused();
    });
  }

  /** The socket whose address fits best; of several that are alike, the one that was bound last. */
  private receiverOf(
    sender: MemoryDatagramSocket,
    { host, port }: InetAddress,
  ): MemoryDatagramSocket | undefined {
    let best: MemoryDatagramSocket | undefined;
    let bestRank = 0;
    for (const socket of this.ports.get(port) ?? []) {
      if (!socket.has(host) || !socket.listensTo(sender)) continue;
      const rank = socket.peer !== undefined ? 3 : isWildcard(socket.local.host) ? 1 : 2;
      if (rank < bestRank) continue;
      best = socket;
      bestRank = rank;
    }
    return best;
  }
}

function reaches(sender: MemoryDatagramSocket, member: MemoryDatagramSocket): boolean {
  return member === sender ? sender.loop : sender.ttl > 0;
}

/** The host that a socket is bound to; all addresses being at hand, a connected one has that of its peer. */
function hostOf({ host, peer, cast }: DatagramRequest): string {
  const any = anyLike(peer?.host ?? cast?.groups[0] ?? cast?.interface);
  if (peer === undefined || isGroup(peer.host) || peer.host === BROADCAST) return host ?? any;
  return host === undefined || host === any ? peerOf(peer).host : host;
}

/** Any address of the family of another. */
function anyLike(host: string | undefined): string {
  return host?.includes(':') === true ? '::' : '0.0.0.0';
}

function peerOf({ host, port }: { readonly host: string; readonly port: number }): InetAddress {
  return inetOf(isWildcard(host) ? destinationOf(host) : host, port);
}

function faultOf({ host, peer, cast }: DatagramRequest, local: InetAddress): NetworkError | undefined {
  for (const name of [host, peer?.host]) {
    if (name !== undefined && !isKnownHost(name)) return failure('ENOTFOUND', `${name} is unknown`);
  }
  if (peer !== undefined && inetOf(peer.host, peer.port).family !== local.family)
    return strangers(local.host, peer.host);
  for (const group of cast?.groups ?? []) {
    if (isIP(group) === 0 || !isGroup(group)) return failure('EINVAL', `${group} is no multicast group`);
    if (inetAddress(group, 0).family !== local.family) return strangers(local.host, group);
  }
  return undefined;
}

function strangers(host: string, other: string): NetworkError {
  return failure('ERR_ADDRESS_FAMILY', `${host}, ${other} have no address family in common`);
}

function failure(code: string, text: string): NetworkError {
  return new NetworkError(code, text, { operation: 'connect' });
}
