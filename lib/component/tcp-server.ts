import type { Observable } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { callback, check, flag, integer, text } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { StreamConnection } from '../connection/stream-connection.ts';
import { handlerError, stoppedMeanwhile } from '../connection/errors.ts';
import { TlsAcceptor, type TlsCertificates } from '../transport/tls/tls-acceptor.ts';
import type { TlsServerOptions } from '../transport/tls/tls-options.ts';
import { type Address, type Endpoint, formatAddress, parseEndpoint } from '../transport/address.ts';
import type { ListenHandler, Listening, Wire } from '../transport/wire.ts';
import { Component, ComponentSource } from './component.ts';
import type { PrepareListen, StopReport } from './events.ts';
import { type ComponentOptions, componentTable, port, socketOptions } from './options.ts';

/** Options of a {@link TcpServer}. */
export interface TcpServerOptions<In = Uint8Array, Out = BytesLike> extends ComponentOptions<In, Out> {
  /**
   * Address to bind: an IP address, or a host name of this machine. `::` accepts IPv4 peers too, unless `dualStack`
   * is off.
   * @default '0.0.0.0'
   */
  readonly host?: string | undefined;
  /**
   * Port to bind. 0 to 65535; 0 lets the system pick one, see {@link TcpServer.address}.
   * @default 0
   */
  readonly port?: number;
  /** Path of a Unix domain socket, instead of host and port. */
  readonly path?: string | undefined;
  /**
   * Length of the queue of connections that the system has established and we have not accepted; twin of
   * `SocketListenQueue`. The system may cut it. 1 to 65535.
   * @default 4096
   */
  readonly backlog?: number;
  /**
   * Whether a server on an IPv6 address accepts IPv4 peers too.
   * @default true
   */
  readonly dualStack?: boolean;
  /**
   * Whether several processes may listen on the same port and share its connections (`SO_REUSEPORT`). Needs Node
   * 22.12 (`ERR_UNSUPPORTED`). The address itself may always be used again after a restart (`SO_REUSEADDR`).
   * @default false
   */
  readonly reusePort?: boolean;
  /**
   * Protects the connections with TLS: the server is the SSL server, in all receive models.
   * @default none: plain TCP
   */
  readonly tls?: TlsServerOptions | undefined;
  /** Decides by its address whether a peer is let in. One that is not is closed without any event but `dropped$`. */
  readonly admit?: ((remote: Address) => boolean) | undefined;
}

const checkOptions = componentTable<TcpServerOptions>({
  host: text(),
  port,
  path: text(),
  backlog: integer({ min: 1, max: 65_535, fallback: 4096 }),
  dualStack: flag(true),
  reusePort: flag(false),
  tls: check<TlsServerOptions | undefined>(
    undefined,
    'an object of options',
    (value) => typeof value === 'object' && value !== null,
  ),
  admit: callback<(remote: Address) => boolean>(),
});

/** A start in progress. */
interface Starting {
  readonly started: (address: Address) => void;
  readonly failed: (error: NetworkError) => void;
}

/**
 * TCP server: one object, many connections. Twin of `CTcpServer` in the PUSH model (guide chapter 2.1).
 *
 * Events of a connection come in this order: `accept$`, `handshake$`, any number of `receive$` and `sent$`, `close$`.
 * `start()` and `stop()` may be called from inside any event.
 *
 * @example
 * const server = new TcpServer({ port: 5555 });
 * server.receive$.subscribe(({ connection, data }) => connection.send(data));
 * server.close$.subscribe(({ id, reason }) => console.log(id, reason));
 * await server.start();
 */
export class TcpServer<In = Uint8Array, Out = BytesLike> extends Component<In, Out> {
  /** The server is about to listen, and may be refused to. */
  readonly prepareListen$: Observable<PrepareListen>;
  /**
   * A peer has connected. It is among the connections, and can be sent to; with TLS only after its `handshake$`,
   * which an observer who wants to talk at once subscribes to instead.
   */
  readonly accept$: Observable<Connection<In, Out>>;
  /** The server has stopped, after the last `close$`. */
  readonly shutdown$: Observable<StopReport>;

  /** @internal */
  declare readonly security: TlsAcceptor | undefined;

  private readonly options: ReturnType<typeof checkOptions>;
  private readonly endpoint: Endpoint;
  private readonly prepares = new ComponentSource<PrepareListen>(this);
  private readonly accepts = new ComponentSource<Connection<In, Out>>(this);
  private readonly shutdowns = new ComponentSource<StopReport>(this);
  private listening: Listening | undefined;
  private unwatch: (() => void) | undefined;
  private starting: Starting | undefined;
  private bound: Address | undefined;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: TcpServerOptions<In, Out> = {}) {
    const settings = checkOptions(options);
    super(settings, TlsAcceptor.of(settings.tls));
    this.options = settings;
    const { host, path } = settings;
    this.endpoint = parseEndpoint(
      path === undefined
        ? { host: host ?? '0.0.0.0', port: settings.port }
        : { path, host: host as undefined },
      'options',
    );
    this.prepareListen$ = this.prepares;
    this.accept$ = this.accepts;
    this.shutdown$ = this.shutdowns;
    this.sources.push(this.prepares, this.accepts, this.shutdowns);
  }

  /** The certificates, to be changed while the server runs; `undefined` without TLS. */
  get tls(): TlsCertificates | undefined {
    return this.security;
  }

  /** Where the server listens; `undefined` while it does not. */
  get address(): Address | undefined {
    return this.bound;
  }

  /**
   * Begins to listen. While a stop is under way, the start waits for its end.
   *
   * @returns The address that was bound. Rejects with `ERR_STATE` when the server is running already, `ERR_REFUSED`
   * when an observer of `prepareListen$` refused, `ERR_ABORTED` when it was stopped meanwhile, or the error of the
   * system (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `ENOTFOUND`, …).
   */
  start(): Promise<Address> {
    return new Promise((resolve, reject) => this.startWith({ started: resolve, failed: reject }));
  }

  /** @internal {@link start} without a promise. */
  startWith(starting: Starting): void {
    const stopped = this.afterStop();
    if (stopped !== undefined) {
      stopped.then(() => this.startWith(starting), starting.failed);
      return;
    }
    const reason = this.cannotStart('accept');
    if (reason !== undefined) {
      starting.failed(reason);
      return;
    }
    this.starting = starting;
    this.begin();
    const refusal = this.isStill(starting) ? this.prepare() : undefined;
    if (!this.isStill(starting)) return; // stopped by an observer
    if (refusal !== undefined) {
      this.startFailed(refusal);
      return;
    }
    const { backlog, dualStack, reusePort, maxConnections, transport } = this.options;
    const { endpoint } = this;
    const request = {
      endpoint,
      backlog,
      dualStack,
      reusePort,
      maxConnections,
      ...socketOptions(this.options),
    };
    this.listening = transport.listen(request, this.listener);
  }

  protected override release(): void {
    this.listening?.close();
    this.listening = undefined;
    this.unwatch?.();
    this.unwatch = undefined;
    this.bound = undefined;
    this.starting?.failed(stoppedMeanwhile());
    this.starting = undefined;
  }

  protected override stopped(report: StopReport): void {
    this.leave();
    this.shutdowns.publish(report);
  }

  private readonly listener: ListenHandler = {
    listening: (address) => {
      this.bound = address;
      this.unwatch = this.security?.watchFiles(this.scheduler, (error) => this.fault(undefined, error));
      this.enter('started');
      this.starting?.started(address);
      this.starting = undefined;
    },
    accepted: (wire) => this.accept(wire),
    turnedAway: (remote) => this.drop({ reason: 'max-connections', remote, connection: undefined, bytes: 0 }),
    fault: (error) => this.fault(undefined, error),
    failed: (error) => this.startFailed(error),
  };

  private prepare(): NetworkError | undefined {
    let refusal: NetworkError | undefined;
    this.prepares.publish({
      endpoint: this.endpoint,
      refuse: (reason = `listening on ${formatAddress(this.endpoint)} was refused`) => {
        refusal = new NetworkError('ERR_REFUSED', reason, { operation: 'accept' });
      },
    });
    return refusal;
  }

  private startFailed(error: NetworkError): void {
    const { starting } = this;
    this.starting = undefined;
    this.listening = undefined;
    this.fault(undefined, error);
    this.leave();
    starting?.failed(error);
  }

  private accept(wire: Wire): void {
    if (this.state !== 'started' || !this.admits(wire) || !this.isStarted()) {
      wire.destroy();
      return;
    }
    const connection = new StreamConnection(this, this.nextId(), wire);
    this.add(connection);
    const { security } = this;
    if (security === undefined || security.manual) connection.open(wire);
    else connection.secure(wire);
    this.accepts.publish(this.faceOf(connection));
    if (security === undefined) this.shakeHands(connection);
  }

  private isStill(starting: Starting): boolean {
    return this.starting === starting;
  }

  /** Asked again, after somebody else's code has run. */
  private isStarted(): boolean {
    return this.state === 'started';
  }

  private admits(wire: Wire): boolean {
    const { admit } = this.options;
    if (admit === undefined) return true;
    const { remote } = wire;
    try {
      if (admit(remote)) return true;
    } catch (error) {
      this.fault(undefined, handlerError(error));
    }
    this.drop({ reason: 'refused', remote, connection: undefined, bytes: 0 });
    return false;
  }
}
