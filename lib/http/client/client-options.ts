import { type Resolved, check, integer, milliseconds, nested, oneOf, table } from '../../base/options.ts';
import type { TcpAgentOptions } from '../../component/tcp-agent.ts';
import type { TcpClientOptions } from '../../component/tcp-client.ts';
import { type HttpLimits, HttpParserSettings, type LenientFlags } from '../limits.ts';
import { isFieldValue } from '../syntax/text.ts';

/** How long one request may take, in milliseconds; 0 turns a timeout off. 1 to 2147483647. */
export interface ResponseTimeouts {
  /**
   * Until the head of the final response has come, counted while the server has taken everything that we have to send.
   * @default 60000
   */
  readonly response?: number;
  /**
   * From one piece of the body to the next, while we are the ones who wait.
   * @default 60000
   */
  readonly body?: number;
  /**
   * From the subscription to the end of the body, whatever happens in between.
   * @default 0
   */
  readonly total?: number;
}

/** {@link ResponseTimeouts}, and those that are the same for all requests. */
export interface ClientTimeouts extends ResponseTimeouts {
  /**
   * How long a request waits for its turn, the establishing of a connection included.
   * @default 30000
   */
  readonly queue?: number;
  /**
   * How long a connection is kept that nobody uses, if the server does not say how long it keeps it (`Keep-Alive:
   * timeout=…`: then it is a second less than that). Usual servers close after 5 seconds. 0 leaves it to the server.
   * @default 4000 for an agent, 0 for a client
   */
  readonly idle?: number;
  /**
   * How long it is kept at most, whatever the server says.
   * @default 60000
   */
  readonly maxIdle?: number;
  /**
   * How long the body of a response is kept waiting that nobody reads; then it is given up.
   * @default 10000
   */
  readonly unread?: number;
  /**
   * How long a request with `expectContinue` waits for the server's permission before it sends the body without it.
   * @default 1000
   */
  readonly expect?: number;
}

/** What is special to HTTP clients of all kinds; under `http`. */
export interface HttpClientSettings {
  /** How much a server may send. */
  readonly limits?: HttpLimits;
  /** What is taken although it is forbidden. */
  readonly lenient?: LenientFlags;
  /** @default see {@link ClientTimeouts} */
  readonly timeouts?: ClientTimeouts;
  /**
   * Requests that wait for a connection; of an agent, for each origin. One more errors with `ERR_HTTP_QUEUE`. 0 to
   * 2^20.
   * @default 10000
   */
  readonly maxQueued?: number;
  /**
   * Requests that may be on their way on one connection at the same time. More than 1 turns pipelining on, for
   * idempotent requests whose body is not a stream, on connections that have proved to stay alive. 1 to 256.
   * @default 1
   */
  readonly pipelining?: number;
  /**
   * Bytes of a body that nobody wants, which are read and thrown away so that the connection can be used again; with
   * more to come it is closed. 0 to 2^40.
   * @default 65536
   */
  readonly drainLimit?: number;
  /**
   * Value of `Accept-Encoding` for requests that do not say themselves which codings they take; see `decompressed`.
   * @default none: the field is not sent
   */
  readonly acceptEncoding?: string | undefined;
}

/** What is special to an HTTP agent. */
export interface HttpAgentSettings extends HttpClientSettings {
  /**
   * Connections to the same origin at the same time. Option `maxConnections` of the component limits all together.
   * 1 to 65535.
   * @default 64
   */
  readonly maxPerOrigin?: number;
}

/** What is special to an {@link HttpClient}. */
export interface HttpSingleSettings extends HttpClientSettings {
  /**
   * `manual`: the connection carries plain bytes until `startHttp()`; twin of `SetHttpAutoStart(FALSE)`.
   * @default 'auto'
   */
  readonly start?: 'auto' | 'manual';
}

/** Options of an {@link HttpAgent}. */
export interface HttpAgentOptions extends Omit<TcpAgentOptions, 'codec' | 'halfOpen'> {
  /** @default see {@link HttpAgentSettings} */
  readonly http?: HttpAgentSettings;
}

/** Options of an {@link HttpClient}. */
export interface HttpClientOptions extends Omit<TcpClientOptions, 'codec' | 'halfOpen'> {
  /** @default see {@link HttpSingleSettings} */
  readonly http?: HttpSingleSettings;
}

/** {@link HttpClientSettings} after the check. */
export interface ResolvedClientSettings {
  readonly parser: HttpParserSettings;
  readonly timeouts: Resolved<ClientTimeouts>;
  readonly maxQueued: number;
  readonly pipelining: number;
  readonly drainLimit: number;
  readonly acceptEncoding: string | undefined;
  readonly maxPerOrigin: number;
  readonly start: 'auto' | 'manual';
}

const responseTimeouts = {
  response: milliseconds(60_000),
  body: milliseconds(60_000),
  total: milliseconds(0),
};

/** Those of one request: what is not given is as for the component. */
export const checkResponseTimeouts = table<ResponseTimeouts>(responseTimeouts);

const timeoutChecks = (idle: number) =>
  table<ClientTimeouts>({
    ...responseTimeouts,
    queue: milliseconds(30_000),
    idle: milliseconds(idle),
    maxIdle: milliseconds(60_000),
    unread: milliseconds(10_000),
    expect: milliseconds(1_000),
  });

const passed = Object.assign((value: unknown) => value, { fallback: undefined }) as never;

const common = {
  limits: passed, // these two are checked by HttpParserSettings
  lenient: passed,
  maxQueued: integer({ min: 0, max: 2 ** 20, fallback: 10_000 }),
  pipelining: integer({ min: 1, max: 256, fallback: 1 }),
  drainLimit: integer({ min: 0, max: 2 ** 40, fallback: 64 * 1024 }),
  acceptEncoding: check<string | undefined>(
    undefined,
    'the value of a field',
    (value) => typeof value === 'string' && value !== '' && isFieldValue(value),
  ),
};

const agentSettings = table<HttpAgentSettings>({
  ...common,
  timeouts: nested(timeoutChecks(4_000)),
  maxPerOrigin: integer({ min: 1, max: 65_535, fallback: 64 }),
});

const clientSettings = table<HttpSingleSettings>({
  ...common,
  timeouts: nested(timeoutChecks(0)),
  start: oneOf<'auto' | 'manual'>(['auto', 'manual'], 'auto'),
});

/**
 * Checks what is special to an HTTP agent.
 *
 * @throws OptionError (`ERR_OPTION`)
 */
export function checkAgent(given: HttpAgentSettings | undefined): ResolvedClientSettings {
  return { ...resolved(agentSettings(given, 'http.')), start: 'auto' };
}

/**
 * Checks what is special to an HTTP client.
 *
 * @throws OptionError (`ERR_OPTION`)
 */
export function checkHttpClient(given: HttpSingleSettings | undefined): ResolvedClientSettings {
  return { ...resolved(clientSettings(given, 'http.')), maxPerOrigin: 1 };
}

function resolved<Settings extends HttpClientSettings>(settings: Resolved<Settings>) {
  const { limits, lenient, ...rest } = settings as Settings;
  const parser = new HttpParserSettings({
    ...(limits === undefined ? {} : { limits }),
    ...(lenient === undefined ? {} : { lenient }),
  });
  return { ...rest, parser } as unknown as ResolvedClientSettings;
}
