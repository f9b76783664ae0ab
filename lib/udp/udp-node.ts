import type { Observable } from 'rxjs';
import { NetworkError, OptionError } from '../base/errors.ts';
import { flag, oneOf, text } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { PrepareListen, StopReport } from '../component/events.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import {
  type EndpointLike,
  type InetAddress,
  formatAddress,
  isIP,
  parseEndpoint,
} from '../transport/address.ts';
import type { DatagramRequest } from '../transport/datagram.ts';
import { inetAddress } from '../transport/inet.ts';
import { type CastMode, anyAddressLike, castAddressOf } from './cast-address.ts';
import { DatagramEndpoint } from './datagram-endpoint.ts';
import type { EndpointEnd, Remains } from './endpoint-life.ts';
import { type DatagramEndpointOptions, endpointTable } from './endpoint-options.ts';
import { EndpointSource } from './endpoint-source.ts';

/** Options of a {@link UdpNode}. */
export interface UdpNodeOptions extends DatagramEndpointOptions {
  /**
   * Address to bind: an IP address, or a host name of this machine. A socket that is bound to one address gets no
   * datagrams for a group on most systems, so leave it out in the cast modes and say which `interface` instead.
   * @default '0.0.0.0', or '::' where the cast address is an IPv6 one
   */
  readonly host?: string | undefined;
  /**
   * Whom {@link UdpNode.sendCast} reaches: nobody, a group that the node joins, or every machine in a network. Twin of
   * `EnCastMode`.
   * @default 'unicast'
   */
  readonly mode?: CastMode;
  /**
   * IP address of the group, which `multicast` needs, or the IPv4 address for `broadcast`.
   * @default '255.255.255.255' for `broadcast`
   */
  readonly castAddress?: string | undefined;
  /**
   * Whether several sockets of this machine may be bound to the same port. Members of a group need it, each gets every
   * datagram for the group; one that is for this machine alone goes to one of them, so that an address of one's own is
   * better kept. The original's default is to share in every mode.
   * @default false for `unicast`, true for `multicast` and `broadcast`
   */
  readonly reuseAddress?: boolean | undefined;
  /**
   * Whether a node on the address `::` talks to IPv4 peers too. Their addresses begin with `::ffff:` there.
   * @default true
   */
  readonly dualStack?: boolean;
}

const checkOptions = endpointTable<UdpNodeOptions>({
  host: text(),
  mode: oneOf<CastMode>(['unicast', 'multicast', 'broadcast'], 'unicast'),
  castAddress: text(),
  reuseAddress: Object.assign(flag(false), { fallback: undefined }),
  dualStack: flag(true),
});

/**
 * UDP node: datagrams from and to any peer, without sessions, heartbeats and notices. Twin of `CUdpNode` (HP-Socket
 * 5.7.1); with a cast mode it also speaks to a group or to everybody.
 *
 * Events come in this order: `prepareListen$`, any number of `receive$` and `sent$`, `shutdown$`. `start()` and
 * `stop()` may be called from inside any event. What goes wrong with one datagram is told by `faults$`, and the node
 * goes on: one that is too long, a peer that is not there, an observer that throws.
 *
 * Nobody can hold back who sends datagrams. What comes while `flow` asks for a pause waits in `receiveQueue`, and what
 * does not fit there is thrown away and counted.
 *
 * @example
 * const node = new UdpNode({ port: 5555 });
 * node.receive$.subscribe(({ data, remote }) => node.send(remote, data));
 * await node.start();
 * node.send('127.0.0.1:5555', 'hello');
 */
export class UdpNode extends DatagramEndpoint {
  /** The node is about to be bound, and may be refused to; twin of `OnPrepareListen`. */
  readonly prepareListen$: Observable<PrepareListen>;
  /** The node has stopped, or its socket is broken; twin of `OnShutdown`. A start that failed has none. */
  readonly shutdown$: Observable<StopReport>;

  private readonly options: ReturnType<typeof checkOptions>;
  private readonly host: string;
  private readonly cast: string | undefined;
  private readonly prepares = new EndpointSource<PrepareListen>(this);
  private readonly shutdowns = new EndpointSource<StopReport>(this);

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: UdpNodeOptions = {}) {
    const settings = checkOptions(options);
    super(settings, 'accept');
    this.options = settings;
    this.cast = castAddressOf(settings);
    this.host = settings.host ?? anyAddressLike(this.cast);
    const family = isIP(this.host);
    if (this.cast !== undefined && family !== 0 && family !== isIP(this.cast)) {
      throw new OptionError('castAddress', this.cast, `an IPv${family} address, as host is`);
    }
    this.prepareListen$ = this.prepares;
    this.shutdown$ = this.shutdowns;
    this.sources.push(this.prepares, this.shutdowns);
  }

  /** Where {@link sendCast} sends to; `undefined` while the node is not started, and in mode `unicast`. */
  get castAddress(): InetAddress | undefined {
    const { cast, address } = this;
    if (cast === undefined || address === undefined) return undefined;
    return inetAddress(cast, address.port);
  }

  /**
   * Sends one datagram, made of all pieces. For an IP address it goes out at once. A host name is looked up first, each
   * time: what is sent to one host name stays in order, `ok` means accepted, and a failure is told by `faults$`.
   *
   * The bytes are not copied: they must not change until they have been sent.
   *
   * @param remote An address such as `datagram.remote`, or `'host:port'`.
   * @param data No piece, or empty ones, make an empty datagram.
   * @returns `refused` when nothing was accepted; `lastError` says why: `ERR_STATE`, `ERR_FRAME_LENGTH` beyond
   * `maxDatagramSize`, `ERR_SEND_OVERFLOW` beyond `maxPending`, `ERR_ADDRESS_FAMILY`.
   * @throws OptionError (`ERR_OPTION`) when `remote` is no address with a port, or `data` neither bytes nor text.
   */
  send(remote: EndpointLike, ...data: BytesLike[]): SendResult {
    const { host = '127.0.0.1', port } = parseEndpoint(remote, 'remote');
    if (port === undefined || port === 0)
      throw new OptionError('remote', remote, 'a host with a port from 1 to 65535');
    return this.transmit(data, host, port);
  }

  /**
   * Sends one datagram, made of all pieces, to the group or to everybody. Twin of `SendCast`.
   *
   * @returns As {@link send}; in mode `unicast` it is `refused` with `ERR_STATE`.
   */
  sendCast(...data: BytesLike[]): SendResult {
    const { cast, address } = this;
    if (cast !== undefined) return this.transmit(data, cast, address?.port ?? 0);
    const text = "there is no cast address in mode 'unicast'";
    return this.refuse(new NetworkError('ERR_STATE', text, { operation: 'send' }));
  }

  protected override prepare(): NetworkError | undefined {
    let refusal: NetworkError | undefined;
    const endpoint = { host: this.host, port: this.options.port };
    this.prepares.publish({
      endpoint,
      refuse: (reason = `listening on ${formatAddress(endpoint)} was refused`) => {
        refusal = new NetworkError('ERR_REFUSED', reason, { operation: 'accept' });
      },
    });
    return refusal;
  }

  protected override begun(): void {}

  protected override release(end: EndpointEnd): Remains {
    const remains = super.release(end);
    const tell = () => {
      remains.tell();
      if (end.reason !== 'connect') this.shutdowns.publish({ closed: 0, forced: 0, dropped: remains.unsent });
    };
    return { ...remains, tell };
  }

  protected override get request(): DatagramRequest {
    const { host, cast, options } = this;
    const { mode, port, ttl, loop, receiveBuffer, sendBuffer, dualStack, lookup } = options;
    const groups = mode === 'multicast' && cast !== undefined ? [cast] : [];
    return {
      host,
      port,
      reuseAddress: options.reuseAddress ?? cast !== undefined,
      dualStack,
      receiveBuffer,
      sendBuffer,
      lookup,
      cast:
        cast === undefined
          ? undefined
          : { ttl, loop, interface: options.interface, groups, broadcast: mode === 'broadcast' },
    };
  }
}
