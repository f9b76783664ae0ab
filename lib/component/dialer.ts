import type { Observable } from 'rxjs';
import { NetworkError, OptionError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import type { StreamConnection } from '../connection/stream-connection.ts';
import { type Endpoint, type EndpointLike, formatAddress, parseEndpoint } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import type { ConnectHandler, Connecting, Wire } from '../transport/wire.ts';
import { Component, ComponentSource } from './component.ts';
import type { PrepareConnect } from './events.ts';
import type { ComponentSettings } from './options.ts';

/** What can be said about one connect, whatever it goes over. */
export interface ConnectExtra {
  /** First value of `connection.extra`, there before any event. */
  readonly extra?: unknown;
}

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

/** What agents and clients have in common: connections that this side begins. */
export abstract class Dialer<
  In = Uint8Array,
  Out = BytesLike,
  How extends ConnectExtra = ConnectExtra,
> extends Component<In, Out> {
  /** A connection is about to be dialled, and may be refused. */
  readonly prepareConnect$: Observable<PrepareConnect<In, Out>>;
  /**
   * A connection is established. One that fails to be has a `close$` with reason `connect` instead. With TLS or
   * reliable UDP it can be sent to only after its `handshake$`.
   */
  readonly connect$: Observable<Connection<In, Out>>;

  private readonly prepares = new ComponentSource<PrepareConnect<In, Out>>(this);
  private readonly connects = new ComponentSource<Connection<In, Out>>(this);

  protected constructor(settings: ComponentSettings, handshaker?: Handshaker) {
    super(settings, handshaker);
    this.prepareConnect$ = this.prepares;
    this.connect$ = this.connects;
    this.sources.push(this.prepares, this.connects);
  }

  /**
   * @internal
   * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
   */
  protected abstract checkConnect(options: How | undefined): How;

  /** @internal Begins to make a wire. */
  protected abstract connectTo(target: Endpoint, how: How, handler: ConnectHandler): Connecting;

  /**
   * @internal Begins to dial. The connection is announced from now on: exactly one close will follow.
   * @throws NetworkError `ERR_OPTION`, `ERR_CONNECTION_LIMIT`
   */
  protected dial(endpoint: EndpointLike, options?: How): StreamConnection {
    const target = parseEndpoint(endpoint);
    const how = this.checkConnect(options);
    const { maxConnections } = this.settings;
    if (this.all.size >= maxConnections) {
      const text = `there are ${maxConnections} connections already (option maxConnections)`;
      throw new NetworkError('ERR_CONNECTION_LIMIT', text, { operation: 'connect' });
    }
    const connection = this.newConnection(undefined, target);
    connection.extra = how.extra;
    this.prepares.publish({
      connection: this.faceOf(connection),
      refuse: (reason = `connecting to ${formatAddress(target)} was refused`) => {
        connection.abandon('connect', new NetworkError('ERR_REFUSED', reason, { operation: 'connect' }));
      },
    });
    if (connection.wasForced) return connection;
    const attempt = this.connectTo(target, how, {
      connected: (wire) => this.connected(connection, wire, how),
      failed: (error) => connection.connectFailed(error),
    });
    connection.connecting(attempt);
    return connection;
  }

  private connected(connection: StreamConnection, wire: Wire, how: How): void {
    if (connection.wasForced) {
      wire.destroy();
      return;
    }
    const { handshaker } = this;
    const isReady = handshaker === undefined || handshaker.manual;
    if (isReady) {
      connection.open(wire);
      this.opened(connection);
    } else {
      connection.shakeHands(wire, how as { serverName?: string | undefined });
    }
    this.connects.publish(this.faceOf(connection));
    if (handshaker === undefined) this.shakeHands(connection);
  }

  /** @internal */
  override handshakeDone(connection: StreamConnection): void {
    if (this.handshaker?.manual !== true) this.opened(connection);
    super.handshakeDone(connection);
  }

  /** @internal A connection can be used; its events follow. */
  protected opened(_connection: StreamConnection): void {}
}
