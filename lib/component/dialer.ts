import type { Observable } from 'rxjs';
import { NetworkError, OptionError } from '../base/errors.ts';
import { type Checks, anything, callback, check, integer, table, text } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { StreamConnection } from '../connection/stream-connection.ts';
import { type EndpointLike, formatAddress, parseEndpoint } from '../transport/address.ts';
import { TlsConnector } from '../transport/tls/tls-connector.ts';
import type { TlsClientOptions } from '../transport/tls/tls-options.ts';
import type { Lookup, Wire } from '../transport/wire.ts';
import { Component, ComponentSource } from './component.ts';
import type { PrepareConnect } from './events.ts';
import { type ComponentOptions, type ComponentSettings, ipAddress, port, socketOptions } from './options.ts';

/** Options of every component that connects. */
export interface DialerOptions<In = Uint8Array, Out = BytesLike> extends ComponentOptions<In, Out> {
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

/** Checks of what {@link DialerOptions} adds. */
export const dialerChecks: Checks<Omit<DialerOptions, keyof ComponentOptions>> = {
  attemptDelay: integer({ min: 10, max: 60_000, fallback: 250 }),
  lookup: callback<Lookup>(),
  tls: check<TlsClientOptions | boolean | undefined>(
    undefined,
    'true, false or an object of options',
    (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null),
  ),
};

/** Options of one connect. */
export interface ConnectOptions {
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
  /** First value of `connection.extra`, there before any event. */
  readonly extra?: unknown;
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

/**
 * Options of a component that has one connection at a time, as they are.
 *
 * @throws OptionError (`ERR_OPTION`) when they say how many it may have.
 */
export function oneConnection<Options extends object>(options: Options): Options {
  const { maxConnections } = options as { maxConnections?: unknown };
  if (maxConnections !== undefined) {
    throw new OptionError('maxConnections', maxConnections, 'left out: there is one connection at a time');
  }
  return options;
}

/** What {@link Dialer} works with. */
type DialerSettings = ComponentSettings & Required<Pick<DialerOptions, 'attemptDelay' | 'lookup' | 'tls'>>;

/** What agents and clients have in common: connections that this side begins. */
export abstract class Dialer<In = Uint8Array, Out = BytesLike> extends Component<In, Out> {
  /** A connection is about to be dialled, and may be refused. */
  readonly prepareConnect$: Observable<PrepareConnect<In, Out>>;
  /**
   * A connection is established. One that fails to be has a `close$` with reason `connect` instead. With TLS it can be
   * sent to only after its `handshake$`.
   */
  readonly connect$: Observable<Connection<In, Out>>;

  /** @internal */
  declare readonly security: TlsConnector | undefined;

  private readonly dialing: DialerSettings;
  private readonly prepares = new ComponentSource<PrepareConnect<In, Out>>(this);
  private readonly connects = new ComponentSource<Connection<In, Out>>(this);

  protected constructor(settings: DialerSettings) {
    super(settings, TlsConnector.of(settings.tls));
    this.dialing = settings;
    this.prepareConnect$ = this.prepares;
    this.connect$ = this.connects;
    this.sources.push(this.prepares, this.connects);
  }

  /**
   * @internal Begins to dial. The connection is announced from now on: exactly one close will follow.
   * @throws NetworkError `ERR_OPTION`, `ERR_CONNECTION_LIMIT`
   */
  protected dial(endpoint: EndpointLike, options?: ConnectOptions): StreamConnection {
    const target = parseEndpoint(endpoint);
    const { localAddress, localPort, serverName, extra } = checkConnect(options);
    const { attemptDelay, lookup, transport, maxConnections, scheduler } = this.dialing;
    if (this.all.size >= maxConnections) {
      const text = `there are ${maxConnections} connections already (option maxConnections)`;
      throw new NetworkError('ERR_CONNECTION_LIMIT', text, { operation: 'connect' });
    }
    const connection = new StreamConnection(this, this.nextId(), undefined, target);
    connection.extra = extra;
    this.add(connection);
    this.prepares.publish({
      connection: this.faceOf(connection),
      refuse: (reason = `connecting to ${formatAddress(target)} was refused`) => {
        connection.abandon('connect', new NetworkError('ERR_REFUSED', reason, { operation: 'connect' }));
      },
    });
    if (connection.wasForced) return connection;
    const attempt = transport.connect(
      {
        endpoint: target,
        localAddress,
        localPort,
        attemptDelay,
        lookup,
        scheduler,
        ...socketOptions(this.dialing),
      },
      {
        connected: (wire) => this.connected(connection, wire, serverName),
        failed: (error) => connection.connectFailed(error),
      },
    );
    connection.connecting(attempt);
    return connection;
  }

  private connected(connection: StreamConnection, wire: Wire, serverName: string | undefined): void {
    if (connection.wasForced) {
      wire.destroy();
      return;
    }
    const { security } = this;
    const isReady = security === undefined || security.manual;
    if (isReady) {
      connection.open(wire);
      this.opened(connection);
    } else {
      connection.secure(wire, { serverName });
    }
    this.connects.publish(this.faceOf(connection));
    if (security === undefined) this.shakeHands(connection);
  }

  /** @internal */
  override handshakeDone(connection: StreamConnection): void {
    if (this.security?.manual !== true) this.opened(connection);
    super.handshakeDone(connection);
  }

  /** @internal A connection can be used; its events follow. */
  protected opened(_connection: StreamConnection): void {}
}
