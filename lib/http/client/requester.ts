import { Observable, type Subscriber, type TeardownLogic } from 'rxjs';
import { NetworkError } from '../../base/errors.ts';
import type { DeadlineQueue } from '../../connection/deadline-queue.ts';
import { ClientExchange } from './client-exchange.ts';
import { type HttpRequestInit, ClientRequest, isFile } from './client-request.ts';
import type { HttpClientResponse } from './client-response.ts';
import { openFile } from './pulled-body.ts';
import { pairsOf } from './request-fields.ts';

/** What can be asked: an `HttpAgent` or an `HttpClient`. */
export interface HttpRequester {
  /** See `HttpAgent.request`. */
  request(init: HttpRequestInit): Observable<HttpClientResponse>;
}

/** What is asked for with one of the shortcuts. */
export type HttpShortcutInit = Omit<HttpRequestInit, 'url' | 'origin' | 'target' | 'method'>;

/** What is asked for with a change of protocol in mind. */
export interface HttpUpgradeInit extends HttpRequestInit {
  /**
   * What to change to: adds `Upgrade` and `Connection: Upgrade`. Left out, the fields say it.
   */
  readonly protocol?: string | undefined;
}

/** Who sends requests. */
export interface RequestHost {
  readonly deadlines: DeadlineQueue;
  now(): number;
  /** Why nothing can be sent at present, if nothing can. */
  whyNoRequest(): NetworkError | undefined;
  /** Sends a request, or lets it wait for its turn. */
  take(exchange: ClientExchange): void;
}

/** A request that is sent whenever somebody subscribes. */
export class RequestObservable<T> extends Observable<T> {
  readonly request: ClientRequest;
  readonly host: RequestHost;

  constructor(host: RequestHost, request: ClientRequest) {
    super(subscribeRequest);
    this.host = host;
    this.request = request;
  }
}

/** One function for all requests; RxJS passes the Observable as `this`. */
function subscribeRequest<T>(this: Observable<T>, subscriber: Subscriber<T>): TeardownLogic {
  const { host, request } = this as unknown as RequestObservable<T>;
  const exchange = new ClientExchange(request, subscriber, host.deadlines);
  const reason = host.whyNoRequest();
  if (reason !== undefined) {
    exchange.fail(reason);
    return undefined;
  }
  exchange.startClock(host);
  if (isFile(request.contents)) sendFile(host, exchange, request.contents.file);
  else host.take(exchange);
  return exchange;
}

/** Sends a request whose body is a file, once it is known that there is one, and how long it is. */
function sendFile(host: RequestHost, exchange: ClientExchange, path: string): void {
  openFile(path).then(
    (file) => {
      if (!exchange.isWanted) {
        file.close();
        return;
      }
      exchange.file = file;
      exchange.request = exchange.request.withSize(file.length);
      const reason = host.whyNoRequest();
      if (reason === undefined) host.take(exchange);
      else exchange.fail(reason);
    },
    (error: unknown) => exchange.fail(error),
  );
}

/** The request of a shortcut. */
export function shortcut(
  method: string,
  where: Pick<HttpRequestInit, 'url' | 'target'>,
  init: HttpShortcutInit | undefined,
  body?: HttpRequestInit['body'],
): HttpRequestInit {
  return { ...init, ...where, method, ...(body === undefined ? {} : { body }) };
}

/** What an upgrade sends. */
export function upgradeInit({ protocol, ...init }: HttpUpgradeInit): HttpRequestInit {
  if (protocol === undefined) return init;
  return { ...init, fields: [...pairsOf(init.fields), ['Connection', 'Upgrade'], ['Upgrade', protocol]] };
}

/** Nothing can be sent while a component does not run. */
export function notRunning(what: string, state: string): NetworkError {
  return new NetworkError('ERR_STATE', `the ${what} is ${state}`, { operation: 'send' });
}
