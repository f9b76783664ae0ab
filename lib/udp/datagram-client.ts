import { anything, callback, table } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { Client, target } from '../component/client.ts';
import type { ConnectExtra } from '../component/dialer.ts';
import { ipAddress, port } from '../component/options.ts';
import { DatagramConnection, type MessageLimit } from '../connection/datagram-connection.ts';
import type { Endpoint, EndpointLike } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import type { ConnectHandler, Connecting, Lookup, Wire } from '../transport/wire.ts';
import { type DatagramCounts, DatagramTally } from './datagram-counts.ts';
import { type ConnectorOwner, type ConnectorSettings, connectOwn } from './session-connector.ts';
import type { UdpOptions } from './udp-options.ts';

/** What can be said about one connect over datagrams. */
export interface DatagramConnectOptions extends ConnectExtra {
  /** IP address of this machine to send from. */
  readonly localAddress?: string | undefined;
  /**
   * Port to send from; 0 lets the system pick one. 0 to 65535.
   * @default 0
   */
  readonly localPort?: number;
}

/** Options of what has one peer. */
export interface DatagramClientOptions<In = Uint8Array, Out = BytesLike>
  extends Omit<UdpOptions<In, Out>, 'maxConnections'>, DatagramConnectOptions {
  /** Who the peer is; may be given to `start()` instead. */
  readonly to?: EndpointLike | undefined;
  /**
   * How host names become addresses.
   * @default the system's resolver
   */
  readonly lookup?: Lookup | undefined;
}

const connectChecks = { localAddress: ipAddress, localPort: port, extra: anything() };

/** Checks of what {@link DatagramClientOptions} adds. */
export const clientChecks = { ...connectChecks, to: target, lookup: callback<Lookup>() };

/** What a client works with. */
export interface DatagramClientSettings extends ConnectorSettings, DatagramConnectOptions {
  readonly to: EndpointLike | undefined;
  readonly extra: unknown;
}

const checkConnect = table<DatagramConnectOptions>(connectChecks);

/** What all clients over datagrams have in common: a socket that is connected to its only peer. */
export abstract class DatagramClient<In = Uint8Array, Out = BytesLike> extends Client<
  In,
  Out,
  DatagramConnectOptions
> {
  /** What has gone through the sockets since the client was made. */
  readonly counts: DatagramCounts;

  private readonly connecting: ConnectorSettings;
  private readonly limit: MessageLimit;
  private readonly owner: ConnectorOwner;

  protected constructor(settings: DatagramClientSettings, limit: MessageLimit, handshaker?: Handshaker) {
    const { localAddress, localPort = 0 } = settings;
    super(settings, { localAddress, localPort }, handshaker);
    const tally = new DatagramTally();
    this.connecting = settings;
    this.counts = tally;
    this.limit = limit;
    this.owner = {
      tally,
      dropped: (reason, remote, bytes) => this.drop({ reason, remote, connection: undefined, bytes }),
      fault: (error) => this.fault(undefined, error),
    };
  }

  protected override makeConnection(id: number, wire: Wire | undefined, peer?: Endpoint): DatagramConnection {
    return new DatagramConnection(this, id, wire, peer, this.limit);
  }

  protected override checkConnect(options: DatagramConnectOptions | undefined): DatagramConnectOptions {
    return checkConnect(options);
  }

  protected override connectTo(
    peer: Endpoint,
    { localAddress, localPort = 0 }: DatagramConnectOptions,
    handler: ConnectHandler,
  ): Connecting {
    const bind = { host: localAddress, port: localPort };
    return connectOwn(this.connecting, bind, peer, this.owner, handler);
  }
}
