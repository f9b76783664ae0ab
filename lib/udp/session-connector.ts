import { Subscription, asapScheduler } from 'rxjs';
import { NetworkError, systemError } from '../base/errors.ts';
import { type Endpoint, type InetAddress, formatAddress } from '../transport/address.ts';
import type { DatagramRequest } from '../transport/datagram.ts';
import { inetAddress } from '../transport/inet.ts';
import { resolve } from '../transport/resolve.ts';
import type { ConnectHandler, Connecting, DatagramDropReason, Lookup } from '../transport/wire.ts';
import { canonicalHost } from './canonical-host.ts';
import type { DatagramTally } from './datagram-counts.ts';
import { SessionSocket } from './session-socket.ts';
import type { UdpSettings } from './udp-options.ts';

/** Who is told of what concerns no connection. */
export interface ConnectorOwner {
  readonly tally: DatagramTally;
  dropped(reason: DatagramDropReason, remote: InetAddress, bytes: number): void;
  fault(error: NetworkError): void;
}

/** What the sockets of this side are made with. */
export interface ConnectorSettings extends UdpSettings {
  readonly lookup: Lookup | undefined;
}

type Family = InetAddress['family'];

/** A socket that is shared, and what waits until it is bound. */
interface Shared {
  readonly socket: SessionSocket;
  bound: boolean;
  waiting: Set<{ ready(socket: SessionSocket): void; failed(error: NetworkError): void }>;
}

/** Where a socket is bound. */
export interface Bind {
  readonly host: string | undefined;
  readonly port: number;
}

/** Begins a session from this side over a socket of its own, which belongs to its peer alone. */
export function connectOwn(
  settings: ConnectorSettings,
  bind: Bind,
  target: Endpoint,
  owner: ConnectorOwner,
  handler: ConnectHandler,
): Connecting {
  if (!isPeer(target)) return refuse(target, handler);
  const peer = { host: target.host ?? '127.0.0.1', port: target.port };
  let isBound = false;
  const request = { ...requestOf(settings, bind), peer };
  const socket: SessionSocket = new SessionSocket(settings, request, {
    counts: owner.tally,
    probes: true,
    bound: (_, remote) => {
      isBound = true;
      begin(socket, remote ?? inetAddress(peer.host, peer.port), handler);
      socket.close(); // with its only session
    },
    newcomer: () => undefined,
    dropped: (reason, remote, bytes) => owner.dropped(reason, remote, bytes),
    fault: (error) => owner.fault(error),
    // Once there is a session, it says itself how it ends.
    failed: (error) => isBound || handler.failed(error),
  });
  return { abort: () => socket.close() };
}

/** Begins sessions from this side, all over one socket, or two if there are peers of IPv4 and of IPv6. */
export class SharedSocket {
  private readonly settings: ConnectorSettings & Bind;
  private readonly owner: ConnectorOwner;
  private readonly sockets = new Map<Family, Shared>();

  constructor(settings: ConnectorSettings & Bind, owner: ConnectorOwner) {
    this.settings = settings;
    this.owner = owner;
  }

  /** Where the sockets are bound. */
  get addresses(): readonly InetAddress[] {
    return [...this.sockets.values()].filter(({ bound }) => bound).map(({ socket }) => socket.local);
  }

  connect(target: Endpoint, handler: ConnectHandler): Connecting {
    if (!isPeer(target)) return refuse(target, handler);
    const work = new Subscription();
    const { host = '127.0.0.1', port } = target;
    const failed = (error: unknown) => {
      if (!work.closed) handler.failed(systemError(error, 'connect'));
    };
    resolve(host, this.settings.lookup, work, failed, (found) => {
      const { host: own } = this.settings;
      const [first] = found.filter(({ family }) => own === undefined || own.includes(':') === (family === 6));
      if (first === undefined) {
        const text = `${host} has no address of the family of ${own ?? ''}`;
        failed(new NetworkError('ERR_ADDRESS_FAMILY', text, { operation: 'connect' }));
        return;
      }
      const remote = inetAddress(canonicalHost(first.address), port);
      work.add(this.whenBound(remote.family, (socket) => begin(socket, remote, handler), failed));
    });
    return { abort: () => work.unsubscribe() };
  }

  /** Takes no more sessions; the sockets end with the last ones. */
  close(): void {
    const sockets = [...this.sockets.values()];
    this.sockets.clear();
    for (const { socket } of sockets) socket.close();
  }

  /** Calls when the socket of a family can be used; answers with what calls that off. */
  private whenBound(
    family: Family,
    ready: (socket: SessionSocket) => void,
    failed: (error: NetworkError) => void,
  ): () => void {
    const shared = this.sockets.get(family) ?? this.open(family);
    if (shared.bound) {
      ready(shared.socket);
      return () => undefined;
    }
    const waiting = { ready, failed };
    shared.waiting.add(waiting);
    return () => shared.waiting.delete(waiting);
  }

  private open(family: Family): Shared {
    const { settings, owner, sockets } = this;
    const { host = family === 'IPv6' ? '::' : '0.0.0.0', port } = settings;
    const socket: SessionSocket = new SessionSocket(settings, requestOf(settings, { host, port }), {
      counts: owner.tally,
      probes: true,
      bound: () => {
        shared.bound = true;
        for (const { ready } of take()) ready(socket);
      },
      newcomer: (remote, _, bytes) => {
        socket.drop('unknown-peer', remote, bytes);
        return undefined;
      },
      dropped: (reason, remote, bytes) => owner.dropped(reason, remote, bytes),
      fault: (error) => owner.fault(error),
      failed: (error) => {
        if (sockets.get(family) === shared) sockets.delete(family);
        const left = take();
        if (shared.bound) owner.fault(error);
        for (const { failed } of left) failed(error);
      },
    });
    const shared: Shared = { socket, bound: false, waiting: new Set() };
    const take = () => {
      const all = [...shared.waiting];
      shared.waiting.clear();
      return all;
    };
    sockets.set(family, shared);
    return shared;
  }
}

/** Begins a session: hello first, then what else is to be said. */
function begin(socket: SessionSocket, remote: InetAddress, handler: ConnectHandler): void {
  const wire = socket.open(remote);
  if (wire === undefined) {
    const text = `there is a connection with ${formatAddress(remote)} already`;
    handler.failed(new NetworkError('ERR_STATE', text, { operation: 'connect' }));
    return;
  }
  wire.begin();
  handler.connected(wire);
}

function requestOf({ receiveBuffer, sendBuffer, lookup }: ConnectorSettings, bind: Bind): DatagramRequest {
  return { ...bind, dualStack: false, reuseAddress: false, receiveBuffer, sendBuffer, lookup };
}

/** Whether datagrams can be sent there at all. */
function isPeer(target: Endpoint): target is Exclude<Endpoint, { path: string }> {
  return target.path === undefined && target.port !== 0;
}

function refuse(target: Endpoint, handler: ConnectHandler): Connecting {
  const code = target.path === undefined ? 'EADDRNOTAVAIL' : 'ERR_ADDRESS_FAMILY';
  const text = `${formatAddress(target)} is no address for datagrams`;
  const error = new NetworkError(code, text, { operation: 'connect' });
  const telling = asapScheduler.schedule(() => handler.failed(error));
  return { abort: () => telling.unsubscribe() };
}
