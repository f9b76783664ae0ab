import { callback, check, flag, integer, text } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { type Address, type Endpoint, parseEndpoint } from '../transport/address.ts';
import { TlsAcceptor, type TlsCertificates } from '../transport/tls/tls-acceptor.ts';
import type { TlsServerOptions } from '../transport/tls/tls-options.ts';
import type { ListenHandler, Listening } from '../transport/wire.ts';
import { Listener } from './listener.ts';
import { type TcpOptions, componentTable, port, socketOptions, tcpChecks } from './options.ts';

/** Options of a {@link TcpServer}. */
export interface TcpServerOptions<In = Uint8Array, Out = BytesLike> extends TcpOptions<In, Out> {
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
  ...tcpChecks,
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
export class TcpServer<In = Uint8Array, Out = BytesLike> extends Listener<In, Out> {
  /** @internal */
  declare readonly handshaker: TlsAcceptor | undefined;

  private readonly options: ReturnType<typeof checkOptions>;
  private unwatch: (() => void) | undefined;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: TcpServerOptions<In, Out> = {}) {
    const settings = checkOptions(options);
    const { host, path } = settings;
    const endpoint = parseEndpoint(
      path === undefined
        ? { host: host ?? '0.0.0.0', port: settings.port }
        : { path, host: host as undefined },
      'options',
    );
    super(settings, endpoint, TlsAcceptor.of(settings.tls));
    this.options = settings;
  }

  /** The certificates, to be changed while the server runs; `undefined` without TLS. */
  get tls(): TlsCertificates | undefined {
    return this.handshaker;
  }

  protected override listen(endpoint: Endpoint, handler: ListenHandler): Listening {
    const { backlog, dualStack, reusePort, maxConnections, transport } = this.options;
    const request = {
      endpoint,
      backlog,
      dualStack,
      reusePort,
      maxConnections,
      ...socketOptions(this.options),
    };
    return transport.listen(request, handler);
  }

  protected override began(): void {
    this.unwatch = this.handshaker?.watchFiles(this.scheduler, (error) => this.fault(undefined, error));
  }

  protected override release(): void {
    this.unwatch?.();
    this.unwatch = undefined;
    super.release();
  }
}
