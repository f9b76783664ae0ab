import {
  type Checks,
  type Resolved,
  anything,
  callback,
  check,
  integer,
  table,
  text,
} from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Endpoint } from '../transport/address.ts';
import type { TlsClientOptions } from '../transport/tls/tls-options.ts';
import type { ConnectHandler, Connecting, Lookup } from '../transport/wire.ts';
import type { ConnectExtra } from './dialer.ts';
import {
  type ComponentOptions,
  type ComponentSettings,
  type TcpOptions,
  ipAddress,
  port,
  socketOptions,
  tcpChecks,
} from './options.ts';

/** Options of every TCP component that connects. */
export interface DialerOptions<In = Uint8Array, Out = BytesLike> extends TcpOptions<In, Out> {
  /**
   * A host name's addresses are tried one after the other, IPv6 and IPv4 in turn; this is how many milliseconds an
   * attempt gets before the next one starts beside it (RFC 8305). The first to succeed wins. 10 to 60000.
   * @default 250
   */
  readonly attemptDelay?: number;
  /**
   * How host names become addresses.
   * @default the system's resolver
   */
  readonly lookup?: Lookup | undefined;
  /**
   * Protects the connections with TLS: this is the SSL agent or client, in all receive models. `true` for defaults:
   * chain and host name are verified, with the authorities that Node knows.
   * @default none: plain TCP
   */
  readonly tls?: TlsClientOptions | boolean | undefined;
}

/** Checks of what {@link DialerOptions} adds to {@link ComponentOptions}. */
export const dialerChecks: Checks<Omit<DialerOptions, keyof ComponentOptions>> = {
  ...tcpChecks,
  attemptDelay: integer({ min: 10, max: 60_000, fallback: 250 }),
  lookup: callback<Lookup>(),
  tls: check<TlsClientOptions | boolean | undefined>(
    undefined,
    'true, false or an object of options',
    (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null),
  ),
};

/** Options of one connect. */
export interface ConnectOptions extends ConnectExtra {
  /** IP address of this machine to connect from. */
  readonly localAddress?: string | undefined;
  /**
   * Port to connect from; 0 lets the system pick one. 0 to 65535.
   * @default 0
   */
  readonly localPort?: number;
  /**
   * With TLS: the name that is asked for (SNI) and verified.
   * @default that of option `tls`, or else the host
   */
  readonly serverName?: string | undefined;
}

/** Checks of {@link ConnectOptions}. */
export const connectChecks: Checks<ConnectOptions> = {
  localAddress: ipAddress,
  localPort: port,
  serverName: text(),
  extra: anything(),
};

/** Checks {@link ConnectOptions} and fills in the defaults. */
export const checkConnect = table<ConnectOptions>(connectChecks);

/** What {@link TcpConnector} works with. */
type TcpDialSettings = ComponentSettings &
  Resolved<Pick<DialerOptions, 'attemptDelay' | 'lookup' | 'transport' | 'noDelay' | 'keepAlive'>>;

/** Connects over TCP, or over what the option `transport` stands for. */
export class TcpConnector {
  private readonly settings: TcpDialSettings;

  constructor(settings: TcpDialSettings) {
    this.settings = settings;
  }

  connect(target: Endpoint, how: ConnectOptions, handler: ConnectHandler): Connecting {
    const { attemptDelay, lookup, transport, scheduler } = this.settings;
    const { localAddress, localPort = 0 } = how;
    const request = {
      endpoint: target,
      localAddress,
      localPort,
      attemptDelay,
      lookup,
      scheduler,
      ...socketOptions(this.settings),
    };
    return transport.connect(request, handler);
  }
}
