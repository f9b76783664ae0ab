import type { SchedulerLike, Subscription } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { type InetAddress, formatAddress, isIP } from './address.ts';
import type { DatagramHandler, DatagramRequest, DatagramSocket } from './datagram.ts';
import { inetAddress } from './inet.ts';
import type { DatagramEnd } from './memory-carrier.ts';
import { BROADCAST, destinationOf, isGroup, isWildcard, withoutMapping } from './memory-hosts.ts';

/** Longest datagram: what IPv4 leaves of 65535 bytes. */
const MOST_BYTES = 65_507;

/** What a socket needs of its network. */
export interface MemoryDatagramOwner {
  readonly scheduler: SchedulerLike;
  /** Brings bytes, which are the network's own, to an address without mapping. */
  send(sender: MemoryDatagramSocket, bytes: Uint8Array, to: InetAddress): void;
  closed(socket: MemoryDatagramSocket): void;
}

/** A datagram socket of a network inside the process. */
export class MemoryDatagramSocket implements DatagramSocket, DatagramEnd {
  /** The network takes everything at once. */
  readonly unsent = 0;
  readonly local: InetAddress;
  readonly peer: InetAddress | undefined;

  private readonly request: DatagramRequest;
  private readonly handler: DatagramHandler;
  private readonly owner: MemoryDatagramOwner;
  /** That of {@link local}, an IPv4 address as such. */
  private readonly host: string;
  private starting: Subscription | undefined;
  private stage: 'binding' | 'bound' | 'closed' = 'binding';

  constructor(
    request: DatagramRequest,
    handler: DatagramHandler,
    local: InetAddress,
    peer: InetAddress | undefined,
    owner: MemoryDatagramOwner,
  ) {
    this.request = request;
    this.handler = handler;
    this.local = local;
    this.host = withoutMapping(local.host);
    this.peer = peer;
    this.owner = owner;
  }

  get isOpen(): boolean {
    return this.stage !== 'closed';
  }

  get receiveBuffer(): number {
    return this.request.receiveBuffer;
  }

  get sharesAddress(): boolean {
    return this.request.reuseAddress;
  }

  get ttl(): number {
    return this.request.cast?.ttl ?? 1;
  }

  get loop(): boolean {
    return this.request.cast?.loop ?? true;
  }

  /** Whether it can talk to IPv4 addresses. */
  get takesIPv4(): boolean {
    return !this.host.includes(':') || (this.host === '::' && this.request.dualStack);
  }

  /** Tells the handler that it is bound, or why it cannot be. */
  start(error: NetworkError | undefined): void {
    if (error !== undefined) this.stage = 'closed';
    this.starting = this.owner.scheduler.schedule(() => {
      if (error !== undefined) {
        this.handler.failed(error);
        return;
      }
      this.stage = 'bound';
      this.handler.bound(this.local, this.peer);
    });
  }

  send(data: Uint8Array | readonly Uint8Array[], port = 0, address?: string): void {
    if (this.stage !== 'bound') return;
    const loopback = this.local.family === 'IPv6' ? '::1' : '127.0.0.1';
    const to = this.peer ?? inetAddress(address ?? loopback, port);
    const destination = inetAddress(destinationOf(to.host), to.port);
    const bytes = copyOf(data);
    const error = this.faultOf(bytes.length, destination);
    if (error === undefined) this.owner.send(this, bytes, destination);
    else this.owner.scheduler.schedule(() => this.tellFault(error, to));
  }

  close(): void {
    if (this.stage === 'closed') return;
    this.stage = 'closed';
    this.starting?.unsubscribe();
    this.owner.closed(this);
  }

  /** Whether an address, without mapping, is its own. */
  has(host: string): boolean {
    if (this.host === host) return true;
    return host.includes(':') ? this.host === '::' : isWildcard(this.host) && this.takesIPv4;
  }

  /** Whether it takes what somebody sends. */
  listensTo(sender: MemoryDatagramSocket): boolean {
    const { peer } = this;
    return peer === undefined || (peer.port === sender.local.port && sender.has(withoutMapping(peer.host)));
  }

  /** Whether it gets what is sent to a group. */
  isMember(group: string): boolean {
    const isBoundFor = isWildcard(this.host) || this.host === group;
    return isBoundFor && this.request.cast?.groups.some((own) => own.toLowerCase() === group) === true;
  }

  /** A datagram has arrived that was sent to an address. */
  deliver(bytes: Uint8Array, sender: MemoryDatagramSocket, to: string): void {
    if (this.stage !== 'bound') return;
    const { peer } = this;
    this.handler.received(bytes, {
      address: peer?.host ?? this.asSeenHere(sender.sourceFor(to)),
      port: sender.local.port,
    });
  }

  /** Nobody was there. Only a socket with one peer learns of it. */
  wasRefused(): void {
    const { peer } = this;
    if (peer === undefined) return;
    const text = `nobody is bound to ${formatAddress(peer)}`;
    this.tellFault(new NetworkError('ECONNREFUSED', text, { operation: 'receive' }), peer);
  }

  /** Where a datagram comes from. Whoever is bound to any address has that at which it is sought. */
  private sourceFor(to: string): string {
    if (!isWildcard(this.host) && !isGroup(this.host)) return this.host;
    if (!isGroup(to) && to !== BROADCAST) return to;
    return to.includes(':') ? '::1' : '127.0.0.1';
  }

  private asSeenHere(source: string): string {
    return this.local.family === 'IPv6' && !source.includes(':') ? `::ffff:${source}` : source;
  }

  private faultOf(length: number, to: InetAddress): NetworkError | undefined {
    const { host, port } = to;
    const { takesIPv4 } = this;
    const fault = (code: string, text: string) => new NetworkError(code, text, { operation: 'send' });
    if (isIP(host) === 0 || port < 1 || port > 65_535)
      return fault('EINVAL', `${formatAddress(to)} is no IP address with a port`);
    if (to.family === 'IPv4' && !takesIPv4)
      return fault('ENETUNREACH', `${host} is not reached from ${this.host}`);
    if (to.family === 'IPv6' && !this.host.includes(':'))
      return fault('EINVAL', `${host} is not of the family of ${this.host}`);
    if (host === BROADCAST && this.request.cast?.broadcast !== true)
      return fault('EACCES', `${host} needs option broadcast`);
    if (length > MOST_BYTES)
      return fault(
        'EMSGSIZE',
        `a datagram of ${length} bytes exceeds ${MOST_BYTES}, the most that UDP carries`,
      );
    return undefined;
  }

  private tellFault(error: NetworkError, to: InetAddress): void {
    if (this.stage === 'bound') this.handler.fault(error, to);
  }
}

/** Bytes of their own, in one piece. */
export function copyOf(data: Uint8Array | readonly Uint8Array[]): Uint8Array {
  const pieces = data instanceof Uint8Array ? [data] : data;
  const copy = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    copy.set(piece, at);
    at += piece.length;
  }
  return copy;
}
