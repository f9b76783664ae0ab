import type { Observable } from 'rxjs';
import { NetworkError, type Operation } from '../base/errors.ts';
import { flag, oneOf, text } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Closed } from '../connection/closed.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import { type InetAddress, formatAddress } from '../transport/address.ts';
import type { DatagramRequest } from '../transport/datagram.ts';
import { inetAddress } from '../transport/inet.ts';
import { anyAddressLike, castAddressOf } from './cast-address.ts';
import { DatagramEndpoint } from './datagram-endpoint.ts';
import type { EndpointEnd, Remains } from './endpoint-life.ts';
import { type DatagramEndpointOptions, endpointTable } from './endpoint-options.ts';
import { EndpointSource } from './endpoint-source.ts';

/** Options of a {@link UdpCast}. */
export interface UdpCastOptions extends DatagramEndpointOptions {
  /**
   * Whether it is the member of a group, or speaks to every machine in a network. Twin of `EnCastMode`.
   * @default 'multicast'
   */
  readonly mode?: 'multicast' | 'broadcast';
  /**
   * IP address of the group, IPv4 or IPv6, which `multicast` needs, or the IPv4 address for `broadcast`.
   * @default '255.255.255.255' for `broadcast`
   */
  readonly castAddress?: string | undefined;
  /**
   * Whether several sockets of this machine may be bound to the same port, as members of the same group need it.
   * @default true
   */
  readonly reuseAddress?: boolean;
}

const checkOptions = endpointTable<UdpCastOptions>({
  mode: oneOf<'multicast' | 'broadcast'>(['multicast', 'broadcast'], 'multicast'),
  castAddress: text(),
  reuseAddress: flag(true),
});

/** A group is about to be joined; twin of `OnPrepareConnect`. */
export interface PrepareCast {
  /** Id that the `close$` of this membership will have. */
  readonly id: number;
  /** The group, or the broadcast address. */
  readonly castAddress: InetAddress;
  /** Makes the start fail with `ERR_REFUSED`. */
  refuse(reason?: string): void;
}

/**
 * UDP cast: the member of one multicast group, or of everybody in a network. Twin of `CUdpCast`.
 *
 * Events come in this order: `prepareConnect$`, `connect$`, any number of `receive$` and `sent$`, `close$`. There is
 * nobody to connect to, so `connect$` says that the group was joined. The socket is bound to its port on every address
 * of this machine; `interface` says in which network the group is.
 *
 * `receive$` emits what anybody sends to the port, each datagram with its sender; nothing that is in one ends the
 * membership. What comes while `flow` asks for a pause waits in `receiveQueue`, and what does not fit there is thrown
 * away and counted.
 *
 * @example
 * const member = new UdpCast({ castAddress: '239.255.0.1', port: 5555, loop: true });
 * member.receive$.subscribe(({ data, remote }) => console.log(remote.host, data.length));
 * await member.start();
 * member.send('hello');
 */
export class UdpCast extends DatagramEndpoint {
  /** A group is about to be joined, and may be refused. */
  readonly prepareConnect$: Observable<PrepareCast>;
  /** The group was joined; the value is the address that is bound. Twin of `OnConnect` and `OnHandShake`. */
  readonly connect$: Observable<InetAddress>;
  /**
   * The end of every membership that `prepareConnect$` has told of, exactly once: reason `stop`, `connect` when it
   * never came about, or `error` when the socket broke. Twin of `OnClose`.
   */
  readonly close$: Observable<Closed>;

  private readonly options: ReturnType<typeof checkOptions>;
  private readonly cast: string;
  private readonly prepares = new EndpointSource<PrepareCast>(this);
  private readonly connects = new EndpointSource<InetAddress>(this);
  private readonly closes = new EndpointSource<Closed>(this);
  private lastId = 0;
  private announced: (Pick<Closed, 'id' | 'bytesIn' | 'bytesOut'> & { readonly since: number }) | undefined;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: UdpCastOptions) {
    const settings = checkOptions(options);
    super(settings, 'connect');
    this.options = settings;
    this.cast = castAddressOf(settings) ?? '';
    this.prepareConnect$ = this.prepares;
    this.connect$ = this.connects;
    this.close$ = this.closes;
    this.sources.push(this.prepares, this.connects, this.closes);
  }

  /** Id of the present membership, or of the last one: a new one for each start, from 1. 0 before the first. */
  get id(): number {
    return this.lastId;
  }

  /** Where {@link send} sends to. With option `port: 0` its port is 0 while the component is not started. */
  get castAddress(): InetAddress {
    const { cast, address, options } = this;
    return inetAddress(cast, address?.port ?? options.port);
  }

  /**
   * Joins the group, or begins to listen to everybody. The events tell the same as the promise, so it need not be looked
   * at. While a stop is under way, the start waits for its end.
   *
   * @returns The address that was bound. Rejects with the error of its `close$` when that comes first, `ERR_STATE` when
   * it is running already, `ERR_ABORTED` when it was stopped meanwhile.
   */
  override start(): Promise<InetAddress> {
    const result = super.start();
    result.catch(() => undefined);
    return result;
  }

  /**
   * Sends one datagram, made of all pieces, to the group or to everybody.
   *
   * The bytes are not copied: they must not change until they have been sent.
   *
   * @param data No piece, or empty ones, make an empty datagram.
   * @returns `refused` when nothing was accepted; `lastError` says why: `ERR_STATE`, `ERR_FRAME_LENGTH` beyond
   * `maxDatagramSize`, `ERR_SEND_OVERFLOW` beyond `maxPending`.
   * @throws OptionError (`ERR_OPTION`) when `data` is neither bytes nor text.
   */
  send(...data: BytesLike[]): SendResult {
    return this.transmit(data, this.cast, this.address?.port ?? 0);
  }

  protected override prepare(): NetworkError | undefined {
    const id = ++this.lastId;
    const { delivered, sent } = this.counts;
    this.announced = { id, bytesIn: delivered.bytes, bytesOut: sent.bytes, since: this.scheduler.now() };
    const { castAddress } = this;
    let refusal: NetworkError | undefined;
    this.prepares.publish({
      id,
      castAddress,
      refuse: (reason = `joining ${formatAddress(castAddress)} was refused`) => {
        refusal = new NetworkError('ERR_REFUSED', reason, { operation: 'connect' });
      },
    });
    return refusal;
  }

  protected override begun(address: InetAddress): void {
    this.connects.publish(address);
  }

  protected override release(end: EndpointEnd): Remains {
    const remains = super.release(end);
    const closed = this.closedBy(end, remains);
    const tell = () => {
      remains.tell();
      if (closed !== undefined) this.closes.publish(closed);
    };
    return { ...remains, tell };
  }

  protected override get request(): DatagramRequest {
    const { cast, options } = this;
    const { mode, port, ttl, loop, reuseAddress, receiveBuffer, sendBuffer, lookup } = options;
    const broadcast = mode === 'broadcast';
    return {
      host: anyAddressLike(cast),
      port,
      reuseAddress,
      dualStack: false,
      receiveBuffer,
      sendBuffer,
      lookup,
      cast: { ttl, loop, interface: options.interface, groups: broadcast ? [] : [cast], broadcast },
    };
  }

  private closedBy({ reason, error }: EndpointEnd, { unsent, inFlight }: Remains): Closed | undefined {
    const { announced } = this;
    this.announced = undefined;
    if (announced === undefined) return undefined;
    const { delivered, sent } = this.counts;
    return {
      id: announced.id,
      reason,
      operation: OPERATIONS[reason] ?? error?.operation ?? 'close',
      error,
      bytesIn: delivered.bytes - announced.bytesIn,
      bytesOut: sent.bytes - announced.bytesOut - inFlight,
      unsent,
      age: this.scheduler.now() - announced.since,
    };
  }
}

const OPERATIONS: Partial<Record<EndpointEnd['reason'], Operation>> = { connect: 'connect', stop: 'close' };
