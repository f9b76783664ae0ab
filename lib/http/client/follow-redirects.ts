import { type MonoTypeOperatorFunction, Observable, type Subscriber } from 'rxjs';
import { callback, integer, table } from '../../base/options.ts';
import { Relay } from '../../flow/relay.ts';
import { clientError } from './client-error.ts';
import { type ClientRequest, type HttpRequestInit, isStream } from './client-request.ts';
import type { HttpClientResponse } from './client-response.ts';
import { withoutFields } from './request-fields.ts';
import type { HttpRequester } from './requester.ts';

/** A redirection that is about to be followed. */
export interface HttpRedirection {
  /** The response that redirects. */
  readonly response: HttpClientResponse;
  /** Where to. */
  readonly url: string;
  /** The method that is used there. */
  readonly method: string;
  /** Which redirection of this request it is, counted from 1. */
  readonly count: number;
}

/** Options of {@link followRedirects}. */
export interface FollowRedirectsOptions {
  /**
   * Redirections of one request that are followed. 0 to 1000.
   * @default 20
   */
  readonly max?: number;
  /** Asked about each redirection; with `false` it is not followed, and the response that redirects is emitted. */
  readonly follow?: ((redirection: HttpRedirection) => boolean) | undefined;
}

const checkOptions = table<FollowRedirectsOptions>({
  max: integer({ min: 0, max: 1000, fallback: 20 }),
  follow: callback<(redirection: HttpRedirection) => boolean>(),
});

/** Statuses that redirect (RFC 9110 section 15.4); the others of 3xx say something else. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Fields that describe a body, and are of no use without one. */
const OF_BODY: ReadonlySet<string> = new Set([
  ...['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location'],
  ...['transfer-encoding', 'trailer', 'expect', 'digest', 'content-digest', 'repr-digest'],
]);

/** Fields that are meant for one origin only. */
const OF_ORIGIN: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'cookie2',
  'host',
  'proxy-authorization',
]);

/**
 * Follows redirections (RFC 9110 section 15.4): instead of a response that redirects, the one that it leads to is emitted.
 *
 * POST becomes GET after 301 and 302, every method but HEAD after 303, and the body and its fields are dropped then. Towards
 * another origin, `Authorization`, `Cookie`, `Proxy-Authorization` and `Host` are dropped. Responses without a usable
 * method to go on, such as those to CONNECT, and redirections without `Location` are emitted as they are.
 *
 * Errors with `ERR_HTTP_REDIRECT` for more than `max` redirections, a `Location` that is no URL of http or https, and where
 * a body would have to be sent again that is an Observable; and as the source and `requester` do. Unsubscribing takes back
 * the request that is under way.
 *
 * @param requester What the source is a request of: redirections go there too. (An `HttpClient` follows those to its own
 *   server.)
 * @throws OptionError (`ERR_OPTION`) at once.
 * @example
 * agent.get('http://localhost:8080/old').pipe(followRedirects(agent)).subscribe(({ url }) => console.log(url));
 */
export function followRedirects(
  requester: HttpRequester,
  options?: FollowRedirectsOptions,
): MonoTypeOperatorFunction<HttpClientResponse> {
  const { max, follow } = checkOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const attend = (responses$: Observable<HttpClientResponse>, count: number): void => {
        let isFollowing = false;
        const next = (response: HttpClientResponse, destination: Subscriber<HttpClientResponse>) => {
          const init = redirected(response);
          if (init === undefined) {
            destination.next(response);
            return;
          }
          const { url = '', method = 'GET' } = init;
          const isWanted = follow?.({ response, url: String(url), method, count }) ?? true;
          if (!isWanted) {
            destination.next(response);
            return;
          }
          response.discard();
          if (count > max) throw tooMany(max, response);
          isFollowing = true;
          attend(requester.request(init), count + 1);
        };
        responses$.subscribe(
          new Relay<HttpClientResponse, HttpClientResponse>(subscriber, next, (destination) => {
            if (!isFollowing) destination.complete();
          }),
        );
      };
      attend(source, 1);
    });
}

/** The request that a response leads to; `undefined` if it leads nowhere else. */
function redirected(response: HttpClientResponse): HttpRequestInit | undefined {
  const { status, request, fields } = response;
  const location = fields.get('location');
  if (!REDIRECTS.has(status) || location === undefined || request.upgrades) return undefined;
  const url = targetOf(location, response);
  const isKept = status === 307 || status === 308 || isMethodKept(status, request.method);
  if (isKept && isStream(request.contents)) {
    response.discard();
    const text = `status ${status} asks for the body once more, and it is an Observable`;
    throw clientError('ERR_HTTP_REDIRECT', text, { operation: 'send' });
  }
  return { ...initOf(request, isKept, url), url: url.href };
}

function isMethodKept(status: number, method: string): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  return status !== 303 && method !== 'POST';
}

function initOf({ init, origin }: ClientRequest, isKept: boolean, url: URL): HttpRequestInit {
  const dropped = new Set(isKept ? [] : OF_BODY);
  if (new URL(origin.key).origin !== url.origin) for (const name of OF_ORIGIN) dropped.add(name);
  const fields = withoutFields(init.fields, dropped);
  const rest = without(init, ['url', 'origin', 'target']);
  if (isKept) return { ...rest, fields };
  return { ...without(rest, ['body', 'trailers', 'expectContinue']), fields, method: 'GET' };
}

function without(init: HttpRequestInit, names: readonly string[]): HttpRequestInit {
  return Object.fromEntries(Object.entries(init).filter(([name]) => !names.includes(name)));
}

function targetOf(location: string, response: HttpClientResponse): URL {
  const url = URL.canParse(location, response.url) ? new URL(location, response.url) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === undefined || !isHttp || url.username !== '' || url.password !== '') {
    response.discard();
    const shown = JSON.stringify(location.slice(0, 60));
    throw clientError(
      'ERR_HTTP_REDIRECT',
      `Location must be a URL of http or https without user, got ${shown}`,
    );
  }
  url.hash = '';
  return url;
}

function tooMany(max: number, { url }: HttpClientResponse): Error {
  return clientError(
    'ERR_HTTP_REDIRECT',
    `more than ${max} redirections (option max), the last one from ${url}`,
  );
}
