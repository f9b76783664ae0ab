import { type Observable, asapScheduler } from 'rxjs';
import { NetworkError, OptionError } from '../../base/errors.ts';
import { Agent } from '../../component/agent.ts';
import { componentTable } from '../../component/options.ts';
import {
  type ConnectOptions,
  type DialerOptions,
  TcpConnector,
  checkConnect,
  dialerChecks,
} from '../../component/tcp-connector.ts';
import type { BytesLike } from '../../bytes/bytes-like.ts';
import type { Connection } from '../../connection/connection.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import type { Endpoint } from '../../transport/address.ts';
import type { ConnectHandler, Connecting } from '../../transport/wire.ts';
import { RequestEncoder } from '../encode/request-head.ts';
import type { ClientExchange, HttpUpgraded } from './client-exchange.ts';
import { type HttpAgentOptions, type ResolvedClientSettings, checkAgent } from './client-options.ts';
import { ClientRequest, type HttpRequestInit } from './client-request.ts';
import type { HttpClientResponse } from './client-response.ts';
import { type Destination, Destinations, type Origin } from './origin.ts';
import { OriginPool } from './origin-pool.ts';
import {
  type HttpRequester,
  type HttpShortcutInit,
  type HttpUpgradeInit,
  RequestObservable,
  notRunning,
  shortcut,
  upgradeInit,
} from './requester.ts';
import { SchemeHandshaker } from './scheme-handshaker.ts';

const checkOptions = componentTable<DialerOptions>(dialerChecks);

/** Chunks come as they were read. */
const UNCUT = 2 ** 30;

/**
 * HTTP/1.1 agent: one object, connections to any number of servers, with TLS to those whose URL begins with https. Twin of
 * `CHttpAgent` (guide chapter 4), with a pool: connections are kept alive and used again, the one that was used last first.
 *
 * Requests to one origin share up to `http.maxPerOrigin` connections; more of them wait (`http.maxQueued`,
 * `http.timeouts.queue`). A connection that the server closes while nobody uses it is noticed. If it was closed just when
 * a request was on its way, the request is sent once more on a new connection, provided that it is idempotent and its body
 * no Observable.
 *
 * Responses are parsed strictly (option `http.lenient`), and everything has a limit and a time (`http.limits`,
 * `http.timeouts`): what a server does wrong errors the request and closes the connection with reason `protocol` or
 * `timeout`. Certificates are verified unless option `tls` says otherwise; with `tls: false` there is no https.
 *
 * Everything else is as with a `TcpAgent`, whose `receive$` and `sent$` show the bytes that pass. A connection of
 * `connect()` carries plain bytes (with option `tls`: bytes inside of TLS), until it is given to {@link startHttp}.
 *
 * @example
 * const agent = new HttpAgent();
 * await agent.start();
 * agent
 *   .get('http://localhost:8080/hello')
 *   .pipe(mergeMap((response) => response.text()))
 *   .subscribe((text) => console.log(text));
 */
export class HttpAgent extends Agent<Uint8Array, BytesLike, ConnectOptions> implements HttpRequester {
  /** @internal */
  declare readonly handshaker: SchemeHandshaker;
  /** @internal */
  readonly http: ResolvedClientSettings;
  /** @internal */
  readonly encoder = new RequestEncoder();

  private readonly connector: TcpConnector;
  private readonly withTls: boolean | undefined;
  private readonly destinations = new Destinations();
  private readonly pools = new Map<string, OriginPool>();
  /** Connections that are being dialled, and for whom. */
  private readonly dials = new Map<StreamConnection, OriginPool>();
  /** Connections that carry HTTP. */
  private readonly pooled = new WeakSet<StreamConnection>();
  /** For whom the present call dials. */
  private dialler: OriginPool | undefined = undefined;
  /** Those that have found no room for a connection. */
  private readonly starving = new Set<OriginPool>();

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor({ http, ...options }: HttpAgentOptions = {}) {
    const settings = checkOptions({ ...options, bufferSize: UNCUT });
    const { tls } = settings;
    super(settings, new SchemeHandshaker(tls));
    this.http = checkAgent(http);
    this.connector = new TcpConnector(settings);
    this.withTls = tls === undefined ? undefined : tls !== false;
  }

  /** Connections on which nothing is under way. */
  get idleConnections(): number {
    return this.sumOf(({ idle }) => idle);
  }

  /** Requests that wait for a connection. */
  get waitingRequests(): number {
    return this.sumOf(({ waiting }) => waiting);
  }

  /**
   * A request, and the response to it. Cold: each subscription sends it once.
   *
   * Emits the response when its head has come, and completes. Unsubscribing before that takes the request back, for which
   * its connection has to be closed if it has been sent; the body of the response is a matter of its own: see
   * {@link HttpClientResponse}.
   *
   * Errors with `ERR_HTTP_MESSAGE` if the request is illegal (nothing has been sent then), `ERR_HTTP_BODY_LENGTH`,
   * `ERR_HTTP_QUEUE`, `ERR_TIMEOUT`, `ERR_STATE` if the agent does not run, the error of the connection if it could not be
   * established (see `TcpAgent.connect`) or has failed, `ERR_CLOSED` if it closed before there was a response, an
   * `HttpError` if the response is not HTTP, and with what the body errors with.
   *
   * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
   * @example
   * const response = await firstValueFrom(agent.request({ url, method: 'POST', body: 'hello' }));
   * console.log(response.status, await firstValueFrom(response.text()));
   */
  request(init: HttpRequestInit): Observable<HttpClientResponse> {
    return new RequestObservable(this, this.resolve(init, false));
  }

  /**
   * Asks for a change of protocol, and hands out the connection when the server has agreed to it (101). It is no longer one
   * of HTTP: what came behind the response is received from it, with the same id and the same events.
   *
   * Errors as {@link request} does, and with an {@link HttpUpgradeError}, in which there is the response, if the server has
   * answered otherwise.
   *
   * @throws OptionError (`ERR_OPTION`)
   * @example
   * agent.upgrade({ url: 'http://localhost:8080/chat', protocol: 'echo' }).subscribe(({ connection }) => {
   *   connection.receive$.subscribe((bytes) => connection.send(bytes));
   * });
   */
  upgrade(init: HttpUpgradeInit): Observable<HttpUpgraded> {
    return new RequestObservable(this, this.resolve(upgradeInit(init), true));
  }

  /**
   * Asks a proxy for a tunnel (CONNECT), and hands out the connection when there is one; as {@link upgrade} otherwise.
   * `startTls()` of the connection, with option `tls: { handshake: 'manual' }` or without one, begins TLS with the server
   * behind it; {@link startHttp} gives it to the pool.
   *
   * @param proxy Origin of the proxy.
   * @param authority Host and port to be connected to.
   * @throws OptionError (`ERR_OPTION`)
   */
  tunnel(proxy: string, authority: string, init?: HttpShortcutInit): Observable<HttpUpgraded> {
    const request = { ...init, origin: proxy, target: authority, method: 'CONNECT' };
    return new RequestObservable(this, this.resolve(request, true));
  }

  /** GET; see {@link request}. */
  get(url: string | URL, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('GET', { url }, init));
  }

  /** HEAD; see {@link request}. */
  head(url: string | URL, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('HEAD', { url }, init));
  }

  /** POST; see {@link request}. */
  post(
    url: string | URL,
    body?: HttpRequestInit['body'],
    init?: HttpShortcutInit,
  ): Observable<HttpClientResponse> {
    return this.request(shortcut('POST', { url }, init, body));
  }

  /** PUT; see {@link request}. */
  put(
    url: string | URL,
    body?: HttpRequestInit['body'],
    init?: HttpShortcutInit,
  ): Observable<HttpClientResponse> {
    return this.request(shortcut('PUT', { url }, init, body));
  }

  /** PATCH; see {@link request}. */
  patch(
    url: string | URL,
    body?: HttpRequestInit['body'],
    init?: HttpShortcutInit,
  ): Observable<HttpClientResponse> {
    return this.request(shortcut('PATCH', { url }, init, body));
  }

  /** DELETE; see {@link request}. */
  delete(url: string | URL, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('DELETE', { url }, init));
  }

  /** OPTIONS; see {@link request}. */
  options(url: string | URL, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('OPTIONS', { url }, init));
  }

  /** TRACE; see {@link request}. */
  trace(url: string | URL, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('TRACE', { url }, init));
  }

  /**
   * Gives a connection of `connect()` or {@link tunnel} to the pool of an origin: requests to it may go over this
   * connection from now on. Twin of `StartHttp`.
   *
   * @throws NetworkError `ERR_STATE` if it is none of this agent, not open, or in use by a pool already; `ERR_OPTION`
   * @example
   * const connection = await agent.connect('/run/app.sock');
   * agent.startHttp(connection, 'http://app');
   */
  startHttp(connection: Connection, origin: string): void {
    const found = this.all.get(connection.id);
    const destination = this.destinations.ofOrigin(origin);
    if (found !== connection || found.state !== 'open' || this.pooled.has(found))
      throw new NetworkError('ERR_STATE', 'HTTP cannot be started on this connection now');
    this.poolFor(destination).adopt(found);
  }

  // ---- for requests and pools --------------------------------------------------------------------------------------

  /** @internal */
  whyNoRequest(): NetworkError | undefined {
    return this.state === 'started' ? undefined : notRunning('agent', this.state);
  }

  /** @internal */
  take(exchange: ClientExchange): void {
    this.poolFor(exchange.request.origin).take(exchange);
  }

  /** @internal */
  dialFor(pool: OriginPool): StreamConnection | undefined {
    if (this.all.size >= this.settings.maxConnections) {
      this.starving.add(pool);
      this.closeOneFor(pool);
      return undefined;
    }
    const { host, port } = pool.origin;
    this.dialler = pool;
    try {
      const connection = this.open({ host, port });
      this.dials.set(connection, pool);
      return connection;
    } finally {
      this.dialler = undefined;
    }
  }

  /** @internal */
  spoken(connection: StreamConnection, isHttp: boolean): void {
    if (isHttp) this.pooled.add(connection);
    else this.pooled.delete(connection);
  }

  /** @internal */
  poolEmptied(pool: OriginPool): void {
    this.starving.delete(pool);
    if (this.pools.get(pool.origin.key) === pool) this.pools.delete(pool.origin.key);
  }

  // ---- for the component -------------------------------------------------------------------------------------------

  protected override checkConnect(options: ConnectOptions | undefined): ConnectOptions {
    return checkConnect(options);
  }

  protected override connectTo(target: Endpoint, how: ConnectOptions, handler: ConnectHandler): Connecting {
    const { handshaker, dialler, withTls } = this;
    const isPlain =
      dialler === undefined ? withTls !== true || handshaker.waits : dialler.origin.scheme === 'http';
    return this.connector.connect(target, how, {
      connected: (wire) => {
        if (isPlain) handshaker.leavePlain(wire);
        handler.connected(wire);
      },
      failed: (error) => handler.failed(error),
    });
  }

  protected override opened(connection: StreamConnection): void {
    const pool = this.dials.get(connection);
    this.dials.delete(connection);
    pool?.opened(connection);
  }

  /** @internal */
  override ended(connection: StreamConnection): void {
    this.dials.delete(connection);
    super.ended(connection);
  }

  protected override connectionEnded(): void {
    if (this.starving.size === 0) return;
    asapScheduler.schedule(() => {
      const starving = [...this.starving];
      this.starving.clear();
      for (const pool of starving) pool.dialAsNeeded();
    });
  }

  protected override release(): void {
    const error = new NetworkError('ERR_ABORTED', 'the agent was stopped before the request was sent', {
      operation: 'send',
    });
    for (const pool of [...this.pools.values()]) pool.failWaiting(error);
    super.release();
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  private resolve(init: HttpRequestInit, upgrades: boolean): ClientRequest {
    return new ClientRequest(init, this.destinationOf(init), this.http, upgrades);
  }

  private destinationOf({ url, origin, target }: HttpRequestInit): Destination {
    const { destinations } = this;
    if (url !== undefined && (origin !== undefined || target !== undefined))
      throw new OptionError('url', url, 'left out where origin or target is given');
    if (url === undefined && origin === undefined) throw new OptionError('url', url, 'given, or origin');
    const destination =
      url === undefined
        ? { origin: destinations.ofOrigin(origin!), target: target ?? '/' }
        : destinations.ofUrl(url);
    const { scheme, key } = destination.origin;
    if (scheme === 'https' && this.withTls === false)
      throw new OptionError('url', key, 'one with http: option tls is false');
    return destination;
  }

  private poolFor(origin: Origin): OriginPool {
    const { pools } = this;
    let pool = pools.get(origin.key);
    if (pool === undefined) {
      pool = new OriginPool(this, origin);
      pools.set(origin.key, pool);
    }
    return pool;
  }

  /** Makes room for a connection by closing one that nobody uses. */
  private closeOneFor(starving: OriginPool): void {
    for (const pool of this.pools.values()) if (pool !== starving && pool.closeOldest()) return;
  }

  private sumOf(count: (pool: OriginPool) => number): number {
    let sum = 0;
    for (const pool of this.pools.values()) sum += count(pool);
    return sum;
  }
}
