import { NetworkError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { flushAtTurnEnd } from '../send/flusher.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import { lengthOf } from '../send/units.ts';
import { type InetAddress, isIP } from '../transport/address.ts';
import type { DatagramSocket } from '../transport/datagram.ts';
import { inetAddress } from '../transport/inet.ts';
import type { Candidate } from '../transport/race.ts';
import { HostLines } from './host-lines.ts';
import { DATAGRAM_OVERHEAD, type EndpointSettings } from './endpoint-options.ts';

/** Bytes of one datagram: one piece, or several. */
export type DatagramBytes = Uint8Array | readonly Uint8Array[];

/** Told of what happens to datagrams that are to be sent. */
export interface OutletOwner {
  /** Whether {@link sent} wants to know. */
  readonly observesSent: boolean;
  /** A datagram is handed to the system. */
  handedOver(bytes: number): void;
  /** The system has taken a datagram. */
  sent(data: Uint8Array, remote: InetAddress): void;
  /** A datagram was accepted before, or is refused now, and will never be sent. */
  lost(reason: 'overflow' | 'unresolved', remote: InetAddress | undefined, bytes: number): void;
  fault(error: NetworkError, remote: InetAddress | undefined): void;
  /** A send is refused. */
  refuse(error: NetworkError): 'refused';
  /** Nothing is pending any more. */
  allSent(): void;
}

/** A datagram that waits. */
export interface WaitingDatagram {
  readonly data: DatagramBytes;
  readonly bytes: number;
  readonly host: string;
  readonly port: number;
}

const NONE: readonly never[] = [];

/** Bytes, and datagrams, that the system may have without having taken them, before further ones wait here. */
const MOST_UNSENT = 64 * 1024;
const MOST_DATAGRAMS = 1024;

/**
 * What is to be sent by a bound socket. A datagram for an IP address goes to the system at once, unless that is behind;
 * one for a host name waits for its address. Datagrams for the same host stay in order.
 */
export class EndpointOutlet {
  private readonly owner: OutletOwner;
  private readonly settings: EndpointSettings;
  private readonly names: HostLines<WaitingDatagram>;
  /** For IP addresses, while the system is behind. */
  private readonly queue = new Fifo<WaitingDatagram>();
  private socket: DatagramSocket | undefined;
  private family: 4 | 6 = 4;
  private mapsIPv4 = false;
  /** Datagrams in {@link queue} and {@link names}, and bytes in them. */
  private waiting = 0;
  private waitingBytes = 0;
  /** Datagrams handed over since the system was last seen to have nothing to do. */
  private handedOver = 0;
  /** Handed over while somebody observed, and not reported yet. */
  private readonly unreported = new Fifo<WaitingDatagram>();
  private unreportedBytes = 0;
  private armed = false;

  constructor(owner: OutletOwner, settings: EndpointSettings) {
    this.owner = owner;
    this.settings = settings;
    this.names = new HostLines<WaitingDatagram>(settings.lookup, {
      found: (items, addresses) => this.resolved(items, addresses),
      notFound: (items, error) => this.unresolved(items, error),
    });
  }

  /** The socket is bound. `dualStack`: it can reach IPv4 peers though it is an IPv6 one. */
  open(socket: DatagramSocket, local: InetAddress, dualStack: boolean): void {
    this.socket = socket;
    this.family = local.family === 'IPv6' ? 6 : 4;
    this.mapsIPv4 = dualStack && local.host === '::';
  }

  /** Bytes accepted and not yet taken by the system. */
  get pending(): number {
    return this.waitingBytes + (this.socket?.unsent ?? 0);
  }

  /** Whether everything accepted has been taken. */
  get isIdle(): boolean {
    return this.waiting === 0 && (this.socket === undefined || this.socket.unsent === 0);
  }

  /** Accepts one datagram for an IP address or the name of a host; only between {@link open} and {@link close}. */
  send(data: DatagramBytes, host: string, port: number): SendResult {
    const bytes = lengthOf(data);
    const family = isIP(host);
    if (family !== 0 && !this.reaches(family)) return this.owner.refuse(this.unreachable(host));
    const { highPending, maxPending } = this.settings;
    const unsent = this.socket?.unsent ?? 0; // asked once: it costs a call into the system's own code
    if (family !== 0 && this.waiting === 0 && unsent === 0 && bytes <= highPending) {
      this.handedOver = 0;
      this.write(data, bytes, host, port);
      return 'ok';
    }
    const excess = this.weight + bytes - maxPending;
    const dropped = excess > 0 ? this.makeRoom(excess) : NONE;
    const datagram = { data, bytes, host, port };
    if (dropped === undefined) return this.overflow(datagram);
    if (family === 0) this.wait(datagram);
    else this.route(datagram);
    const result = this.weight > highPending ? 'congested' : 'ok';
    for (const old of dropped) this.owner.lost('overflow', addressOf(old), old.bytes);
    return result;
  }

  /** The system has taken everything. */
  drained(): void {
    while (this.queue.length > 0 && this.mayWrite()) {
      const next = this.queue.shift();
      this.leave(next);
      this.writeOut(next);
    }
    this.report();
    this.tellIdle();
  }

  /**
   * Nothing is sent any more.
   *
   * @returns What waited, and bytes of what was handed over that the system has not taken.
   */
  close(): { readonly waiting: readonly WaitingDatagram[]; readonly inFlight: number } {
    const inFlight = this.socket?.unsent ?? 0;
    this.socket = undefined;
    const waiting = [...this.queue.clear(), ...this.names.clear()];
    this.unreported.clear();
    this.unreportedBytes = 0;
    this.waiting = 0;
    this.waitingBytes = 0;
    this.handedOver = 0;
    return { waiting, inFlight };
  }

  /** Tells of what the system has taken. */
  flush(): void {
    this.armed = false;
    this.report();
  }

  /** What counts against the limits. */
  private get weight(): number {
    return this.pending + this.waiting * DATAGRAM_OVERHEAD;
  }

  private route(datagram: WaitingDatagram): void {
    if (this.queue.length === 0 && this.mayWrite()) {
      this.writeOut(datagram);
    } else {
      this.waiting++;
      this.waitingBytes += datagram.bytes;
      this.queue.push(datagram);
    }
  }

  private wait(datagram: WaitingDatagram): void {
    this.waiting++;
    this.waitingBytes += datagram.bytes;
    this.names.push(datagram.host, datagram);
  }

  private leave({ bytes }: WaitingDatagram): void {
    this.waiting--;
    this.waitingBytes -= bytes;
  }

  private mayWrite(): boolean {
    const { unsent } = this.socket as DatagramSocket;
    if (unsent === 0) this.handedOver = 0;
    return unsent < MOST_UNSENT && this.handedOver < MOST_DATAGRAMS;
  }

  private writeOut({ data, bytes, host, port }: WaitingDatagram): void {
    this.write(data, bytes, host, port);
  }

  private write(data: DatagramBytes, bytes: number, host: string, port: number): void {
    this.handedOver++;
    this.owner.handedOver(bytes);
    if (this.owner.observesSent) {
      this.unreported.push({ data, bytes, host, port });
      this.unreportedBytes += bytes;
      this.arm(); // before the network has a chance to deliver it
    }
    this.socket?.send(data, port, host);
  }

  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    flushAtTurnEnd(this);
  }

  private report(): void {
    const { unreported, owner } = this;
    while (unreported.length > 0 && this.hasTaken(unreported.at(0))) {
      const { data, bytes, host, port } = unreported.shift();
      this.unreportedBytes -= bytes;
      owner.sent(data instanceof Uint8Array ? data : Buffer.concat(data), inetAddress(host, port));
    }
  }

  /** Whether the system has taken the first of those that were not reported. */
  private hasTaken({ bytes }: WaitingDatagram): boolean {
    return this.socket !== undefined && this.unreportedBytes - bytes >= this.socket.unsent;
  }

  private tellIdle(): void {
    if (this.isIdle) this.owner.allSent();
  }

  // ---- limits ------------------------------------------------------------------------------------------------

  /** Takes out as many of the oldest as it needs, if the policy allows that and it helps. */
  private makeRoom(excess: number): readonly WaitingDatagram[] | undefined {
    if (this.settings.overflow !== 'drop-old') return undefined;
    if (excess > this.waitingBytes + this.waiting * DATAGRAM_OVERHEAD) return undefined;
    const gone: WaitingDatagram[] = [];
    for (let left = excess; left > 0;) {
      const oldest = this.queue.length > 0 ? this.queue.shift() : this.names.shift();
      if (oldest === undefined) break;
      this.leave(oldest);
      left -= oldest.bytes + DATAGRAM_OVERHEAD;
      gone.push(oldest);
    }
    return gone;
  }

  private overflow(datagram: WaitingDatagram): 'refused' {
    const { owner, pending } = this;
    const { bytes } = datagram;
    const { maxPending, overflow } = this.settings;
    const error = new NetworkError(
      'ERR_SEND_OVERFLOW',
      `${bytes} bytes on top of ${pending} pending would exceed maxPending, which is ${maxPending}`,
      { operation: 'send' },
    );
    owner.refuse(error);
    if (overflow === 'error') owner.fault(error, addressOf(datagram));
    else owner.lost('overflow', addressOf(datagram), bytes);
    return 'refused';
  }

  // ---- addresses ---------------------------------------------------------------------------------------------

  private reaches(family: number): boolean {
    return family === this.family || (family === 4 && this.mapsIPv4);
  }

  private unreachable(host: string): NetworkError {
    const text = `${host} has no address of the family of this socket, which is IPv${this.family}`;
    return new NetworkError('ERR_ADDRESS_FAMILY', text, { operation: 'send' });
  }

  private resolved(items: readonly WaitingDatagram[], addresses: readonly Candidate[]): void {
    const best =
      addresses.find(({ family }) => family === this.family) ??
      addresses.find(({ family }) => this.reaches(family));
    if (best === undefined) {
      this.unresolved(items, this.unreachable(items[0]?.host ?? ''));
      return;
    }
    for (const datagram of items) {
      this.leave(datagram);
      this.route({ ...datagram, host: best.address });
    }
    this.tellIdle();
  }

  private unresolved(items: readonly WaitingDatagram[], error: NetworkError): void {
    for (const datagram of items) this.leave(datagram);
    if (items.length === 0) return;
    this.owner.fault(error, undefined);
    for (const { bytes } of items) this.owner.lost('unresolved', undefined, bytes);
    this.tellIdle();
  }
}

/** Where a datagram goes, unless that is a host name. */
export function addressOf({ host, port }: WaitingDatagram): InetAddress | undefined {
  return isIP(host) === 0 ? undefined : inetAddress(host, port);
}
