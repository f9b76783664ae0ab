import type { Observable } from 'rxjs';
import { NetworkError, OptionError } from '../../base/errors.ts';
import { TcpClient } from '../../component/tcp-client.ts';
import { stoppedMeanwhile } from '../../connection/errors.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import { RequestEncoder } from '../encode/request-head.ts';
import { noResponse } from './client-error.ts';
import type { ClientExchange, HttpUpgraded } from './client-exchange.ts';
import { ClientLine } from './client-line.ts';
import { type HttpClientOptions, type ResolvedClientSettings, checkHttpClient } from './client-options.ts';
import { ClientRequest, type HttpRequestInit } from './client-request.ts';
import type { HttpClientResponse } from './client-response.ts';
import { type Destination, Destinations, type Origin, PORTS, type Scheme, makeOrigin } from './origin.ts';
import { RequestQueue } from './request-queue.ts';
import {
  type HttpRequester,
  type HttpShortcutInit,
  type HttpUpgradeInit,
  RequestObservable,
  notRunning,
  shortcut,
  upgradeInit,
} from './requester.ts';
import { withHttp } from './scheme-handshaker.ts';

/** Chunks come as they were read. */
const UNCUT = 2 ** 30;

/**
 * HTTP/1.1 client: one object, one connection at a time, with option `tls` the HTTPS client. Twin of `CHttpClient` (guide
 * chapter 4). Where requests may go to several servers, or connections are to come by themselves, use an `HttpAgent`.
 *
 * Requests go over the connection one after the other, those that are made while it is being established included; with
 * `http.pipelining` several at a time. When it ends, requests that wait error with `ERR_CLOSED`, and the client is stopped.
 *
 * Everything else is as with a `TcpClient`.
 *
 * @example
 * const client = new HttpClient({ to: 'localhost:8080' });
 * await client.start();
 * client
 *   .get('/hello')
 *   .pipe(mergeMap((response) => response.text()))
 *   .subscribe((text) => console.log(text));
 */
export class HttpClient extends TcpClient implements HttpRequester {
  /** @internal */
  readonly http: ResolvedClientSettings;
  /** @internal */
  readonly encoder = new RequestEncoder();

  private readonly scheme: Scheme;
  private readonly queue: RequestQueue;
  private readonly destinations = new Destinations();
  private line: ClientLine | undefined = undefined;
  /** The connection is used for something else now. */
  private hasChanged = false;
  /** Whom it is connected to; known when HTTP begins. */
  private server: Origin;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor({ http, tls, ...options }: HttpClientOptions = {}) {
    super({ ...options, tls: withHttp(tls), bufferSize: UNCUT });
    this.http = checkHttpClient(http);
    this.scheme = tls === undefined || tls === false ? 'http' : 'https';
    this.server = makeOrigin(this.scheme, 'localhost', PORTS[this.scheme]);
    this.queue = new RequestQueue(this);
  }

  /** Requests that wait for their turn. */
  get waitingRequests(): number {
    return this.queue.length;
  }

  /**
   * A request to the server that the client is connected to, and the response; as `HttpAgent.request`.
   *
   * `url` has to be of this server; `target` says it shorter.
   *
   * @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name.
   * @example
   * const response = await firstValueFrom(client.request({ target: '/hello', method: 'POST', body: 'hello' }));
   */
  request(init: HttpRequestInit): Observable<HttpClientResponse> {
    return new RequestObservable(this, this.resolve(init, false));
  }

  /**
   * Asks for a change of protocol; as `HttpAgent.upgrade`.
   *
   * @throws OptionError (`ERR_OPTION`)
   */
  upgrade(init: HttpUpgradeInit): Observable<HttpUpgraded> {
    return new RequestObservable(this, this.resolve(upgradeInit(init), true));
  }

  /**
   * Asks the server for a tunnel (CONNECT); as `HttpAgent.tunnel`.
   *
   * @param authority Host and port to be connected to.
   * @throws OptionError (`ERR_OPTION`)
   */
  tunnel(authority: string, init?: HttpShortcutInit): Observable<HttpUpgraded> {
    return new RequestObservable(this, this.resolve({ ...init, target: authority, method: 'CONNECT' }, true));
  }

  /** GET; see {@link request}. */
  get(target: string, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('GET', { target }, init));
  }

  /** HEAD; see {@link request}. */
  head(target: string, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('HEAD', { target }, init));
  }

  /** POST; see {@link request}. */
  post(
    target: string,
    body?: HttpRequestInit['body'],
    init?: HttpShortcutInit,
  ): Observable<HttpClientResponse> {
    return this.request(shortcut('POST', { target }, init, body));
  }

  /** PUT; see {@link request}. */
  put(
    target: string,
    body?: HttpRequestInit['body'],
    init?: HttpShortcutInit,
  ): Observable<HttpClientResponse> {
    return this.request(shortcut('PUT', { target }, init, body));
  }

  /** PATCH; see {@link request}. */
  patch(
    target: string,
    body?: HttpRequestInit['body'],
    init?: HttpShortcutInit,
  ): Observable<HttpClientResponse> {
    return this.request(shortcut('PATCH', { target }, init, body));
  }

  /** DELETE; see {@link request}. */
  delete(target: string, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('DELETE', { target }, init));
  }

  /** OPTIONS; see {@link request}. */
  options(target: string, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('OPTIONS', { target }, init));
  }

  /** TRACE; see {@link request}. */
  trace(target: string, init?: HttpShortcutInit): Observable<HttpClientResponse> {
    return this.request(shortcut('TRACE', { target }, init));
  }

  /**
   * Begins HTTP on the connection, with option `http.start: 'manual'`; twin of `StartHttp`. Requests that were made before
   * are sent now.
   *
   * @throws NetworkError `ERR_STATE` without that option, if it has begun already, or the connection is not open.
   */
  startHttp(): void {
    const [connection] = this.all.values();
    if (this.http.start !== 'manual' || this.line !== undefined || connection?.state !== 'open')
      throw new NetworkError('ERR_STATE', 'HTTP cannot be started on this connection now');
    this.speak(connection);
  }

  // ---- for requests ------------------------------------------------------------------------------------------------

  /** @internal */
  whyNoRequest(): NetworkError | undefined {
    const { state } = this;
    if (state === 'starting') return undefined;
    if (state !== 'started') return notRunning('client', state);
    return this.hasChanged ? notRunning('connection', 'no longer one of HTTP') : undefined;
  }

  /** @internal */
  take(exchange: ClientExchange): void {
    const { line, queue } = this;
    if (queue.length === 0 && line?.isFreeFor(exchange.request.isPipelinable) === true) {
      this.sendOn(line, exchange);
      return;
    }
    exchange.place = this;
    try {
      queue.add(exchange);
    } catch (error) {
      exchange.fail(error);
    }
  }

  /** @internal */
  cancelled(exchange: ClientExchange): void {
    this.queue.delete(exchange);
  }

  /** @internal */
  lineFree(line: ClientLine): void {
    const fits = (exchange: ClientExchange) => line.isFreeFor(exchange.request.isPipelinable);
    for (let next = this.queue.take(fits); next !== undefined; next = this.queue.take(fits))
      this.sendOn(line, next);
  }

  /** @internal */
  lineClosing(line: ClientLine): void {
    if (this.line === line) this.line = undefined;
  }

  /** @internal There is no other connection. */
  retry(): boolean {
    return false;
  }

  /** @internal */
  spoken(_connection: StreamConnection, isHttp: boolean): void {
    this.hasChanged = !isHttp;
  }

  // ---- for the component -------------------------------------------------------------------------------------------

  protected override opened(): void {
    super.opened();
    this.hasChanged = false;
    const [connection] = this.all.values();
    if (this.http.start === 'auto' && connection !== undefined) this.speak(connection);
  }

  protected override release(): void {
    this.queue.failAll(stoppedMeanwhile());
    super.release();
  }

  /** @internal */
  override ended(connection: StreamConnection): void {
    this.queue.failAll(noResponse(connection.finished));
    super.ended(connection);
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  private speak(connection: StreamConnection): void {
    const { remote, remoteHost } = connection;
    const { scheme } = this;
    this.server = makeOrigin(scheme, remoteHost ?? remote.host ?? 'localhost', remote.port ?? PORTS[scheme]);
    const line = new ClientLine(this, this, connection);
    this.line = line;
    this.lineFree(line);
  }

  private sendOn(line: ClientLine, exchange: ClientExchange): void {
    const { request } = exchange;
    const { url, origin } = request.init;
    const isElsewhere = request.origin.key !== this.server.key;
    try {
      if (isElsewhere && (url !== undefined || origin !== undefined))
        throw new OptionError('url', request.origin.key, `of ${this.server.key}`);
      if (isElsewhere) exchange.request = request.withOrigin(this.server);
      line.send(exchange);
    } catch (error) {
      exchange.fail(error);
    }
  }

  private resolve(init: HttpRequestInit, upgrades: boolean): ClientRequest {
    return new ClientRequest(init, this.destinationOf(init), this.http, upgrades);
  }

  private destinationOf({ url, origin, target = '/' }: HttpRequestInit): Destination {
    const { destinations } = this;
    if (url !== undefined) return destinations.ofUrl(url);
    return { origin: origin === undefined ? this.server : destinations.ofOrigin(origin), target };
  }
}
