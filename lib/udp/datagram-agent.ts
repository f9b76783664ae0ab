import type { BytesLike } from '../bytes/bytes-like.ts';
import { anything, callback, table } from '../base/options.ts';
import { Agent } from '../component/agent.ts';
import type { ConnectExtra } from '../component/dialer.ts';
import { ipAddress, port } from '../component/options.ts';
import { DatagramConnection, type MessageLimit } from '../connection/datagram-connection.ts';
import type { Endpoint, InetAddress } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import type { ConnectHandler, Connecting, Lookup, Wire } from '../transport/wire.ts';
import { type DatagramCounts, DatagramTally } from './datagram-counts.ts';
import { type ConnectorSettings, SharedSocket } from './session-connector.ts';
import type { UdpOptions } from './udp-options.ts';

/** Options of what dials many peers from one socket. */
export interface DatagramAgentOptions<In = Uint8Array, Out = BytesLike> extends UdpOptions<In, Out> {
  /**
   * IP address of this machine to send from; peers of the other family cannot be dialled then.
   * @default any
   */
  readonly host?: string | undefined;
  /**
   * Port to send from. 0 to 65535; 0 lets the system pick one, see `addresses`.
   * @default 0
   */
  readonly port?: number;
  /**
   * How host names become addresses.
   * @default the system's resolver
   */
  readonly lookup?: Lookup | undefined;
}

/** Checks of what {@link DatagramAgentOptions} adds. */
export const agentChecks = { host: ipAddress, port, lookup: callback<Lookup>() };

/** What an agent works with. */
export interface DatagramAgentSettings extends ConnectorSettings {
  readonly host: string | undefined;
  readonly port: number;
}

const checkConnect = table<ConnectExtra>({ extra: anything() });

/** What all agents over datagrams have in common: one socket, and a session for each peer that is dialled. */
export abstract class DatagramAgent<In = Uint8Array, Out = BytesLike> extends Agent<In, Out> {
  /** What has gone through the sockets since the agent was made. */
  readonly counts: DatagramCounts;

  private readonly limit: MessageLimit;
  private readonly shared: SharedSocket;

  protected constructor(settings: DatagramAgentSettings, limit: MessageLimit, handshaker?: Handshaker) {
    super(settings, handshaker);
    const tally = new DatagramTally();
    this.counts = tally;
    this.limit = limit;
    this.shared = new SharedSocket(settings, {
      tally,
      dropped: (reason, remote, bytes) => this.drop({ reason, remote, connection: undefined, bytes }),
      fault: (error) => this.fault(undefined, error),
    });
  }

  /** Where the agent sends from: one address for each family that it has peers of, since the first of them. */
  get addresses(): readonly InetAddress[] {
    return this.shared.addresses;
  }

  protected override makeConnection(
    id: number,
    wire: Wire | undefined,
    target?: Endpoint,
  ): DatagramConnection {
    return new DatagramConnection(this, id, wire, target, this.limit);
  }

  protected override checkConnect(options: ConnectExtra | undefined): ConnectExtra {
    return checkConnect(options);
  }

  protected override connectTo(target: Endpoint, _: ConnectExtra, handler: ConnectHandler): Connecting {
    return this.shared.connect(target, handler);
  }

  protected override release(): void {
    this.shared.close();
    super.release();
  }
}
