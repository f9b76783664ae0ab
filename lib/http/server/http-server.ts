import { Observable } from 'rxjs';
import { NetworkError } from '../../base/errors.ts';
import { ComponentSource } from '../../component/component.ts';
import { TcpServer } from '../../component/tcp-server.ts';
import type { Connection } from '../../connection/connection.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import { HttpClock } from '../date.ts';
import { ResponseEncoder } from '../encode/response-head.ts';
import { type HttpEffect, EffectLine } from './effect-line.ts';
import type { HttpExchange } from './http-exchange.ts';
import { type HttpHost, HttpServerConnection } from './http-server-connection.ts';
import { type HttpServerOptions, type ResolvedHttpSettings, checkHttp } from './server-options.ts';

/** Chunks come as they were read: HTTP gives back what it has read too far. What does not fit must not just be missing. */
const UNCUT = 2 ** 30;

/**
 * HTTP/1.1 server, and with option `tls` the HTTPS server. Twin of `CHttpServer` (guide chapter 4).
 *
 * Each request is an {@link HttpExchange}: read its `body$`, and answer it with `respond()`, now or later; the answers of
 * a connection leave in the order of its requests. What is ambiguous in a request is refused (option `http.lenient`), and
 * everything has a limit and a time (`http.limits`, `http.timeouts`): the client gets the status that fits, and the
 * connection closes with reason `protocol` or `timeout`. A request that nobody answers, because nobody is subscribed, gets
 * a 503; if an observer throws, it gets a 500, and the connection closes with reason `handler`.
 *
 * Everything else is as with a `TcpServer`, whose `receive$` and `sent$` show the bytes that pass.
 *
 * @example
 * const server = new HttpServer({ port: 8080 });
 * server.request$.subscribe((exchange) => exchange.respond({ body: `you asked for ${exchange.path}\n` }));
 * await server.start();
 */
export class HttpServer extends TcpServer {
  /** @internal */
  readonly http: ResolvedHttpSettings;
  /** @internal */
  readonly encoder: ResponseEncoder;
  /**
   * The requests of all connections, as soon as their heads have come. Hot. While nobody is subscribed, and no
   * {@link serve} either, requests are answered with 503.
   */
  readonly request$: Observable<HttpExchange>;

  private readonly requests: RequestSource;
  private readonly speaking = new Map<StreamConnection, HttpServerConnection>();
  private effect: HttpEffect | undefined;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor({ http, ...options }: HttpServerOptions = {}) {
    super({ ...options, bufferSize: UNCUT, overflow: 'close' });
    this.http = checkHttp(http);
    const { scheduler } = this;
    const date = this.http.date ? new HttpClock(() => scheduler.now()) : false;
    this.encoder = new ResponseEncoder({ date });
    this.requests = new RequestSource(this);
    this.request$ = this.requests;
    this.sources.push(this.requests);
  }

  /**
   * Answers requests by an effect, as long as somebody is subscribed: it is given the requests of each connection by
   * themselves, and may answer them in any order. An error in it ends that connection alone, with close reason `handler`:
   * the first of its requests without an answer gets a 500. (An {@link HttpError}, such as that of a body that is malformed
   * or too long, gives its own status, and reason `protocol`.) An effect that completes by itself ends the connection too,
   * after the answers; a request that it has left without one gets a 503. While there is an effect, {@link request$} is
   * silent.
   *
   * Emits nothing and never completes. Unsubscribing takes no more requests to the effect; those that it has taken are
   * still answered.
   *
   * @throws NetworkError `ERR_STATE` (as an error of the Observable) if there is another effect.
   * @example
   * server.serve(mergeMap((request) => lookup(request.path).pipe(map((body) => request.reply({ body }))))).subscribe();
   */
  serve(effect: HttpEffect): Observable<never> {
    return new Observable((subscriber) => {
      if (this.effect !== undefined) {
        subscriber.error(new NetworkError('ERR_STATE', 'another effect answers the requests'));
        return undefined;
      }
      this.effect = effect;
      return () => {
        this.effect = undefined;
        for (const connection of this.speaking.values()) {
          const { line } = connection;
          connection.line = undefined;
          line?.retire();
        }
      };
    });
  }

  /**
   * Begins HTTP on a connection, with option `http.start: 'manual'`; twin of `StartHttp`. What comes from now on are
   * requests.
   *
   * @throws NetworkError `ERR_STATE` without that option, if it has begun already, or the connection is not open.
   */
  startHttp(connection: Connection): void {
    const found = this.all.get(connection.id);
    const isReady =
      this.http.start === 'manual' &&
      found === connection &&
      found.state === 'open' &&
      !this.speaking.has(found);
    if (!isReady) throw new NetworkError('ERR_STATE', 'HTTP cannot be started on this connection now');
    this.speak(found);
  }

  /** @internal */
  handle(exchange: HttpExchange, on: HttpServerConnection): boolean {
    const { effect, requests } = this;
    if (effect !== undefined) {
      (on.line ?? new EffectLine(on, effect)).take(exchange);
      return true;
    }
    if (!requests.observed) return false;
    requests.publish(exchange);
    return true;
  }

  /** @internal */
  protected override shakeHands(connection: StreamConnection): void {
    super.shakeHands(connection);
    if (this.http.start === 'auto' && connection.state === 'open') this.speak(connection);
  }

  /** @internal */
  override ended(connection: StreamConnection): void {
    this.speaking.delete(connection);
    super.ended(connection);
  }

  private speak(connection: StreamConnection): void {
    this.speaking.set(connection, new HttpServerConnection(this satisfies HttpHost, connection));
  }
}

/** Requests of a server: an observer that throws makes a 500. */
class RequestSource extends ComponentSource<HttpExchange> {
  override observerThrew(error: unknown, exchange: HttpExchange | undefined): void {
    if (exchange === undefined) super.observerThrew(error, exchange);
    else exchange.failed(error);
  }
}
