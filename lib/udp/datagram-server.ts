import { asapScheduler } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { callback, flag, integer, text } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { DatagramConnection, type MessageLimit } from '../connection/datagram-connection.ts';
import { Listener, type ListenerSettings } from '../component/listener.ts';
import type { Address, Endpoint, InetAddress } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import type { ListenHandler, Listening, Lookup, Wire } from '../transport/wire.ts';
import { type DatagramCounts, DatagramTally } from './datagram-counts.ts';
import { SessionSocket } from './session-socket.ts';
import type { SessionWire } from './session-wire.ts';
import type { UdpOptions, UdpSettings } from './udp-options.ts';

/** Options of what listens for datagrams. */
export interface DatagramServerOptions<In = Uint8Array, Out = BytesLike> extends UdpOptions<In, Out> {
  /**
   * Address to bind: an IP address, or a host name of this machine. `::` takes IPv4 peers too, unless `dualStack` is
   * off.
   * @default '0.0.0.0'
   */
  readonly host?: string | undefined;
  /**
   * Port to bind. 0 to 65535; 0 lets the system pick one, see `address`.
   * @default 0
   */
  readonly port?: number;
  /**
   * Whether a server on an IPv6 address takes IPv4 peers too.
   * @default true
   */
  readonly dualStack?: boolean;
  /**
   * Whether several sockets may have this address at the same time (`SO_REUSEADDR`, which for UDP means sharing).
   * @default false
   */
  readonly reuseAddress?: boolean;
  /** Decides by its address whether a peer is let in. One that is not gets the close notice, and no event but `dropped$`. */
  readonly admit?: ((remote: Address) => boolean) | undefined;
  /**
   * How `host` becomes an address.
   * @default the system's resolver
   */
  readonly lookup?: Lookup | undefined;
}

/** Checks of what {@link DatagramServerOptions} adds. */
export const serverChecks = {
  host: text(),
  port: integer({ min: 0, max: 65_535, fallback: 0 }),
  dualStack: flag(true),
  reuseAddress: flag(false),
  admit: callback<(remote: Address) => boolean>(),
  lookup: callback<Lookup>(),
};

/** What a server works with. */
export interface DatagramServerSettings extends UdpSettings, ListenerSettings {
  readonly host: string | undefined;
  readonly port: number;
  readonly dualStack: boolean;
  readonly reuseAddress: boolean;
  readonly lookup: Lookup | undefined;
}

/** What all servers over datagrams have in common: one socket, and a session for each peer that sends something. */
export abstract class DatagramServer<In = Uint8Array, Out = BytesLike> extends Listener<In, Out> {
  /** What has gone through the socket since the server was made. */
  readonly counts: DatagramCounts;

  /** @internal */
  declare readonly settings: DatagramServerSettings;

  private readonly tally = new DatagramTally();
  private readonly limit: MessageLimit;

  protected constructor(settings: DatagramServerSettings, limit: MessageLimit, handshaker?: Handshaker) {
    super(settings, { host: settings.host ?? '0.0.0.0', port: settings.port }, handshaker);
    this.limit = limit;
    this.counts = this.tally;
  }

  protected override makeConnection(id: number, wire: Wire | undefined): DatagramConnection {
    return new DatagramConnection(this, id, wire, undefined, this.limit);
  }

  protected override listen({ host, port = 0 }: Endpoint, handler: ListenHandler): Listening {
    const { settings, tally } = this;
    const { dualStack, reuseAddress, receiveBuffer, sendBuffer, lookup, maxConnections } = settings;
    let isBound = false;
    const request = { host, port, dualStack, reuseAddress, receiveBuffer, sendBuffer, lookup };
    const socket: SessionSocket = new SessionSocket(settings, request, {
      counts: tally,
      probes: false,
      bound: (local) => {
        isBound = true;
        handler.listening(local);
      },
      newcomer: (remote, key, bytes) => {
        if (socket.size < maxConnections) {
          const wire = begin(socket, handler, remote, key);
          if (wire?.isAttached === false) tally.drop('refused', bytes);
          return wire;
        }
        socket.turnAway(remote);
        tally.drop('max-connections', bytes);
        handler.turnedAway(remote);
        return undefined;
      },
      dropped: (reason, remote, bytes) => this.drop({ reason, remote, connection: undefined, bytes }),
      fault: (error) => handler.fault(error),
      failed: (error) => {
        if (!isBound) {
          handler.failed(asListening(error));
          return;
        }
        handler.fault(error);
        // Nobody will come any more. First the connections end, which say why.
        asapScheduler.schedule(() => {
          if (this.state === 'started') void this.stop();
        });
      },
    });
    return { close: () => socket.close() };
  }
}

/** The error of a bind: to a transport it is a part of connecting, to a server one of accepting. */
function asListening({ code, message, cause }: NetworkError): NetworkError {
  const text = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
  return new NetworkError(code, text, { operation: 'accept', ...(cause === undefined ? {} : { cause }) });
}

function begin(
  socket: SessionSocket,
  handler: ListenHandler,
  remote: InetAddress,
  key: string,
): SessionWire | undefined {
  const wire = socket.open(remote, key);
  if (wire === undefined) return undefined;
  handler.accepted(wire);
  wire.begin();
  return wire;
}
