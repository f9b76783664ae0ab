import type { Observable } from 'rxjs';
import { OptionError } from '../../base/errors.ts';
import type { Resolved } from '../../base/options.ts';
import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import type { RequestHeadInit } from '../encode/request-head.ts';
import { byteLength } from '../encode/whole.ts';
import type { FieldsInit } from '../encode/write-fields.ts';
import type { ResponseHead } from '../head.ts';
import { type ResponseTimeouts, checkResponseTimeouts } from './client-options.ts';
import type { Destination, Origin } from './origin.ts';
import { withDefaultField, withField } from './request-fields.ts';

/** A local file as a body: it is read as the server takes it, so that any size is fine. */
export interface FileBody {
  /** Path of the file. */
  readonly file: string;
}

/** What can be sent as a body. */
export type RequestBody = BytesLike | Observable<BytesLike> | FileBody;

/** What is asked for. */
export interface HttpRequestInit {
  /** Where to: an absolute URL with http or https. What is behind `#` is not sent. */
  readonly url?: string | URL | undefined;
  /** Instead of {@link url}: scheme, host and port; of a client it is known. */
  readonly origin?: string | undefined;
  /**
   * Instead of {@link url}: the request-target, sent as it is.
   * @default '/'
   */
  readonly target?: string | undefined;
  /**
   * Methods are case-sensitive. CONNECT is for `tunnel()`.
   * @default 'GET'
   */
  readonly method?: string | undefined;
  /** Fields, in order. Host, Content-Length, Transfer-Encoding and Connection are added where they have to be. */
  readonly fields?: FieldsInit | undefined;
  /**
   * The body: bytes or text (UTF-8); a local file; or an Observable of bytes and text, sent as it comes, in chunks unless
   * the fields say how long it is. An Observable is subscribed to when it is the request's turn, and left when the response
   * has come to its end before it has. What it emits inside of an emission of a connection holds a lease there until the
   * server's system has taken it; so a proxy is bounded. When it errors, the request errors with that, and its connection
   * is reset, so that the server does not take the rest for a whole.
   * @default none
   */
  readonly body?: RequestBody | undefined;
  /** Fields behind a body that is sent in chunks; asked for when it has ended. */
  readonly trailers?: (() => FieldsInit) | undefined;
  /** @default as for the component */
  readonly timeouts?: ResponseTimeouts | undefined;
  /**
   * Whether to ask for permission before the body is sent (`Expect: 100-continue`).
   * @default false
   */
  readonly expectContinue?: boolean | undefined;
  /**
   * Whether the connection may be used again; `false` tells the server to close it.
   * @default true
   */
  readonly keepAlive?: boolean | undefined;
  /** Told of informational responses (100, 102, 103, …), which are skipped otherwise. */
  readonly onInformational?: ((head: ResponseHead) => void) | undefined;
}

const NAMES: ReadonlySet<string> = new Set([
  ...['url', 'origin', 'target', 'method', 'fields', 'body', 'trailers', 'timeouts', 'expectContinue'],
  ...['keepAlive', 'onInformational', 'protocol'],
]);

/** Methods that mean the same however often they are sent (RFC 9110 section 9.2.2, and the registry of IANA). */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'],
]);

/** What requests of a component have in common. */
export interface RequestDefaults {
  readonly timeouts: Resolved<ResponseTimeouts>;
  readonly acceptEncoding: string | undefined;
}

/** A request, checked as far as can be done before it is sent; the head of it as the encoder takes it. */
export class ClientRequest implements RequestHeadInit {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly fields: FieldsInit | undefined;
  /** Bytes of the body, as far as is known. */
  readonly body: number | 'chunked' | undefined;
  readonly keepAlive: boolean;

  readonly origin: Origin;
  readonly init: HttpRequestInit;
  readonly contents: RequestBody | undefined;
  readonly timeouts: Resolved<ResponseTimeouts>;
  readonly expects: boolean;
  /** Whether it is to change the protocol. */
  readonly upgrades: boolean;
  readonly isIdempotent: boolean;

  /** @throws OptionError (`ERR_OPTION`) */
  constructor(
    init: HttpRequestInit,
    { origin, target }: Destination,
    defaults: RequestDefaults,
    upgrades = false,
  ) {
    for (const name in init)
      if (!NAMES.has(name)) throw new OptionError(name, undefined, 'left out: no such option');
    const { method = 'GET', body, timeouts, expectContinue = false } = init;
    if (method === 'CONNECT' && !upgrades)
      throw new OptionError('method', method, 'another one: see tunnel()');
    this.method = method;
    this.target = target;
    this.host = origin.authority;
    this.body = sizeOf(body);
    this.keepAlive = init.keepAlive ?? true;
    this.origin = origin;
    this.init = init;
    this.contents = body;
    this.timeouts = timeouts === undefined ? defaults.timeouts : merged(timeouts, defaults.timeouts);
    this.expects = expectContinue && body !== undefined && this.body !== 0;
    this.upgrades = upgrades;
    this.isIdempotent = IDEMPOTENT.has(method);
    this.fields = fieldsOf(init.fields, this.expects, defaults.acceptEncoding);
  }

  /** Where it goes, as a URL. */
  get url(): string {
    const { target, origin } = this;
    const root = `${origin.scheme}://${origin.authority}`;
    return target.startsWith('/') ? root + target : target === '*' ? root : target;
  }

  /** Whether it can be sent a second time, if the server has perhaps seen the first. */
  get isRepeatable(): boolean {
    return this.isIdempotent && !isStream(this.contents) && !this.upgrades;
  }

  /** Whether it may follow another one that has not been answered yet, and be followed. */
  get isPipelinable(): boolean {
    return this.isRepeatable && !isFile(this.contents) && !this.expects && this.keepAlive;
  }

  /** The same with a body of so many bytes. */
  withSize(body: number): ClientRequest {
    return this.but({ body });
  }

  /** The same for another server. */
  withOrigin(origin: Origin): ClientRequest {
    return this.but({ origin, host: origin.authority });
  }

  private but(other: Partial<ClientRequest>): ClientRequest {
    return Object.assign(Object.create(ClientRequest.prototype) as ClientRequest, this, other);
  }
}

/** Whether a body is an Observable. */
export function isStream(body: RequestBody | undefined): body is Observable<BytesLike> {
  return typeof body === 'object' && 'subscribe' in body;
}

/** Whether a body is a file. */
export function isFile(body: RequestBody | undefined): body is FileBody {
  return typeof body === 'object' && 'file' in body;
}

function sizeOf(body: RequestBody | undefined): number | 'chunked' | undefined {
  if (body === undefined || typeof body === 'string')
    return body === undefined ? undefined : byteLength(body);
  if (isStream(body)) return 'chunked';
  if (!isFile(body)) return toBytes(body).length;
  if (typeof body.file === 'string' && body.file !== '') return undefined;
  throw new OptionError('body.file', body.file, 'the path of a file');
}

function fieldsOf(
  given: FieldsInit | undefined,
  expects: boolean,
  acceptEncoding: string | undefined,
): FieldsInit | undefined {
  let fields = given;
  if (acceptEncoding !== undefined) fields = withDefaultField(fields, 'Accept-Encoding', acceptEncoding);
  return expects ? withField(fields, 'Expect', '100-continue') : fields;
}

function merged(given: ResponseTimeouts, defaults: Resolved<ResponseTimeouts>): Resolved<ResponseTimeouts> {
  const checked = checkResponseTimeouts(given, 'timeouts.');
  const own = (name: keyof ResponseTimeouts) => (given[name] === undefined ? defaults : checked)[name];
  return { response: own('response'), body: own('body'), total: own('total') };
}
