import type { NetworkError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { DeadlineQueue } from '../connection/deadline-queue.ts';
import type { InetAddress } from '../transport/address.ts';
import type {
  DatagramHandler,
  DatagramRequest,
  DatagramSocket,
  DatagramSource,
} from '../transport/datagram.ts';
import { inetAddress } from '../transport/inet.ts';
import type { DatagramDropReason } from '../transport/wire.ts';
import { CLOSE_NOTICE, isCloseNotice } from './close-notice.ts';
import type { DatagramTally } from './datagram-counts.ts';
import { SessionWire } from './session-wire.ts';
import type { UdpSettings } from './udp-options.ts';

/** Who a socket works for. */
export interface SessionOwner {
  /** Counts what goes through. */
  readonly counts: DatagramTally;
  /** Whether this side tells the peers of itself, as clients do; servers only answer. */
  readonly probes: boolean;
  /** The socket can be used; with a peer, that one's address is known. */
  bound(local: InetAddress, peer: InetAddress | undefined): void;
  /**
   * Somebody without a session has sent so many bytes. Answers with a session if there is to be one, and has done
   * all that is to be done if not.
   */
  newcomer(remote: InetAddress, key: string, bytes: number): SessionWire | undefined;
  /** A datagram without a session was thrown away. */
  dropped(reason: DatagramDropReason, remote: InetAddress, bytes: number): void;
  /** Something went wrong that concerns no session. */
  fault(error: NetworkError): void;
  /** The socket could not be bound, or is broken; its sessions have ended. */
  failed(error: NetworkError): void;
}

/** A datagram that the system does not take yet. */
interface Behind {
  readonly wire: SessionWire;
  readonly datagram: Uint8Array;
  /** Whether it has been handed over. */
  handedOver: boolean;
}

const HEARTBEAT = new Uint8Array(0);

/** What is not longer than this is not refused for its length alone. */
const SAFE_LENGTH = 1432;

/** One datagram socket and the sessions over it, found by the address of the peer. */
export class SessionSocket implements DatagramHandler {
  readonly settings: UdpSettings;
  readonly counts: DatagramTally;
  readonly probes: boolean;
  readonly deadlines: DeadlineQueue;
  /** Bytes in the queues of all sessions. */
  queued = 0;

  private readonly owner: SessionOwner;
  private readonly isConnected: boolean;
  private readonly socket: DatagramSocket;
  private readonly epoch: number;
  private readonly sessions = new Map<string, SessionWire>();
  private readonly behind = new Fifo<Behind>();
  private address: InetAddress | undefined;
  /** The session of a socket that is connected to its peer. */
  private only: SessionWire | undefined;
  private closing = false;
  private closed = false;

  constructor(settings: UdpSettings, request: DatagramRequest, owner: SessionOwner) {
    const { scheduler, transport } = settings;
    this.settings = settings;
    this.owner = owner;
    this.counts = owner.counts;
    this.probes = owner.probes;
    this.epoch = scheduler.now();
    this.deadlines = new DeadlineQueue(scheduler, () => this.now());
    this.isConnected = request.peer !== undefined;
    this.socket = transport.bind(request, this);
  }

  get local(): InetAddress {
    return this.address ?? NOWHERE;
  }

  /** Sessions that there are. */
  get size(): number {
    return this.sessions.size;
  }

  now(): number {
    return this.settings.scheduler.now() - this.epoch;
  }

  /** Begins a session; `undefined` if there is one with this peer. */
  open(remote: InetAddress, key = keyOf(remote.host, remote.port)): SessionWire | undefined {
    if (this.sessions.has(key)) return undefined;
    const wire = new SessionWire(this, remote, key);
    this.sessions.set(key, wire);
    if (this.isConnected) this.only = wire;
    return wire;
  }

  /** Throws away what somebody without a session has sent. */
  drop(reason: DatagramDropReason, remote: InetAddress, bytes: number): void {
    this.counts.drop(reason, bytes);
    this.owner.dropped(reason, remote, bytes);
  }

  /** Takes no more sessions, and ends with the last one. */
  close(): void {
    this.closing = true;
    this.closeIfIdle();
  }

  /** Tells somebody who has no session that there is none for him. */
  turnAway({ host, port }: InetAddress): void {
    if (this.settings.closeNotice && this.socket.unsent === 0) this.send(CLOSE_NOTICE, port, host);
  }

  // ---- for sessions --------------------------------------------------------------------------------------------

  transmit(wire: SessionWire, datagram: Uint8Array): void {
    const { socket, behind } = this;
    const handedOver = behind.length === 0;
    if (handedOver) {
      this.sendTo(wire, datagram);
      if (socket.unsent === 0) return;
    }
    wire.waiting += datagram.length;
    behind.push({ wire, datagram, handedOver });
  }

  /** False if it cannot leave now: it would come too late, and what is in front of it says as much. */
  sendHeartbeat(wire: SessionWire): boolean {
    if (this.socket.unsent > 0) return false;
    this.sendTo(wire, HEARTBEAT);
    return true;
  }

  sendCloseNotice(wire: SessionWire): void {
    if (this.settings.closeNotice) this.sendTo(wire, CLOSE_NOTICE);
  }

  sessionOver(wire: SessionWire): void {
    this.deadlines.clear(wire);
    this.sessions.delete(wire.key);
    if (this.only === wire) this.only = undefined;
    this.closeIfIdle();
  }

  // ---- from the transport --------------------------------------------------------------------------------------

  bound(local: InetAddress, peer: InetAddress | undefined): void {
    this.address = local;
    this.owner.bound(local, peer);
  }

  received(datagram: Uint8Array, from: DatagramSource): void {
    this.counts.received.add(datagram.length);
    if (this.isConnected) {
      this.only?.take(datagram);
      return;
    }
    const key = keyOf(from.address, from.port);
    const wire = this.sessions.get(key) ?? this.newcomer(datagram, from, key);
    wire?.take(datagram);
  }

  drained(): void {
    const { behind, socket } = this;
    const taken = new Set<SessionWire>();
    while (behind.length > 0) {
      const next = behind.at(0);
      const { wire, datagram } = next;
      if (!next.handedOver && !wire.isOver) {
        next.handedOver = true;
        this.sendTo(wire, datagram);
        if (socket.unsent > 0) break;
      }
      behind.shift();
      wire.waiting -= datagram.length;
      taken.add(wire);
    }
    for (const wire of taken) if (!wire.isOver) wire.written();
    this.closeIfIdle();
  }

  fault(error: NetworkError, to: InetAddress | undefined): void {
    const wire = this.only ?? (to === undefined ? undefined : this.sessions.get(keyOf(to.host, to.port)));
    if (wire === undefined) this.owner.fault(error);
    else wire.fault(error);
  }

  failed(error: NetworkError): void {
    this.closing = this.closed = true;
    for (const wire of [...this.sessions.values()]) wire.fail(error);
    this.socket.close();
    this.owner.failed(error);
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  private newcomer(datagram: Uint8Array, from: DatagramSource, key: string): SessionWire | undefined {
    const { length } = datagram;
    const { maxDatagramSize, closeNotice } = this.settings;
    const remote = inetAddress(from.address, from.port);
    if (this.closing || (closeNotice && isCloseNotice(datagram))) this.drop('unknown-peer', remote, length);
    else if (length > maxDatagramSize) this.drop('oversized', remote, length);
    else return this.owner.newcomer(remote, key, length);
    return undefined;
  }

  private sendTo(wire: SessionWire, datagram: Uint8Array): void {
    const { host, port } = wire.remote;
    // That nobody listens at the peer's is told to whoever asks first, and that may be a send.
    if (this.isConnected) this.send(datagram);
    else this.send(datagram, port, host, datagram.length <= SAFE_LENGTH && wire.isRoutine());
  }

  private send(datagram: Uint8Array, port?: number, host?: string, quiet?: boolean): void {
    this.counts.sent.add(datagram.length);
    this.socket.send(datagram, port, host, quiet);
  }

  private closeIfIdle(): void {
    // The last notices have to leave; whoever is behind tells when they have.
    if (!this.closing || this.closed || this.sessions.size > 0 || this.socket.unsent > 0) return;
    this.closed = true;
    this.socket.close();
  }
}

const NOWHERE: InetAddress = { family: 'IPv4', host: '0.0.0.0', port: 0 };

function keyOf(host: string, port: number): string {
  return `${port} ${host}`;
}
