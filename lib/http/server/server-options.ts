import { type Resolved, flag, integer, milliseconds, nested, oneOf, table } from '../../base/options.ts';
import type { TcpServerOptions } from '../../component/tcp-server.ts';
import { type HttpParserOptions, HttpParserSettings } from '../limits.ts';

/** How long requests may take, in milliseconds; 0 turns a timeout off. 1 to 2147483647. */
export interface RequestTimeouts {
  /**
   * From the first byte of a request to the end of its head. The answer to one that takes longer is 408. None of these
   * times counts while we are the ones who do not read.
   * @default 10000
   */
  readonly head?: number;
  /**
   * From one piece of the body to the next, while we are the ones who wait.
   * @default 30000
   */
  readonly body?: number;
  /**
   * From the first byte of a request to the end of its body, however fast the pieces come.
   * @default 300000
   */
  readonly request?: number;
  /**
   * From one request to the next on the same connection, and from its beginning to the first.
   * @default 5000
   */
  readonly keepAlive?: number;
  /**
   * How long the client may take nothing of a response while there is more of it; a connection that stands still longer
   * is cut off. Looked at as often as the shortest of these timeouts is long, so it may be that much later.
   * @default 30000
   */
  readonly write?: number;
}

/** What is special to an HTTP server; under `http`. */
export interface HttpServerSettings extends HttpParserOptions {
  /** @default see {@link RequestTimeouts} */
  readonly timeouts?: RequestTimeouts;
  /**
   * Bytes a second that a body has to come with on average, while we read it. It is looked at from ten seconds after its
   * beginning on; a slower one is answered with 408. 0 turns it off. 0 to 2^30.
   * @default 240
   */
  readonly minBodyRate?: number;
  /**
   * Requests of one connection that are being answered at the same time (pipelining); the next ones wait unread, and so
   * they do while more than `highPending` bytes of answers wait for the client. 1 to 65535.
   * @default 64
   */
  readonly maxPipelined?: number;
  /**
   * Requests of one connection, the last of which is answered with `Connection: close`. 1 to 2^31 - 1.
   * @default 2147483647
   */
  readonly maxRequests?: number;
  /**
   * Bytes of a body that nobody has read when its request is answered, which are read and thrown away so that the
   * connection can go on; with more to come it is closed. 0 to 2^40.
   * @default 65536
   */
  readonly drainLimit?: number;
  /**
   * Whether responses say when they were made (`Date`).
   * @default true
   */
  readonly date?: boolean;
  /**
   * Whether requests with method TRACE reach `request$`. They are answered with 405 otherwise.
   * @default false
   */
  readonly trace?: boolean;
  /**
   * `manual`: connections carry plain bytes until `startHttp()`; twin of `SetHttpAutoStart(FALSE)`.
   * @default 'auto'
   */
  readonly start?: 'auto' | 'manual';
}

/** Options of an {@link HttpServer}. */
export interface HttpServerOptions extends Omit<TcpServerOptions, 'codec' | 'bufferSize' | 'overflow'> {
  /** @default see {@link HttpServerSettings} */
  readonly http?: HttpServerSettings;
}

const checkTimeouts = table<RequestTimeouts>({
  head: milliseconds(10_000),
  body: milliseconds(30_000),
  request: milliseconds(300_000),
  keepAlive: milliseconds(5_000),
  write: milliseconds(30_000),
});

const passed = <T>(fallback: T) => Object.assign((value: unknown) => value as T, { fallback });

const checkSettings = table<HttpServerSettings>({
  limits: passed(undefined), // these three are checked by HttpParserSettings
  lenient: passed(undefined),
  methods: passed(undefined),
  timeouts: nested(checkTimeouts),
  minBodyRate: integer({ min: 0, max: 2 ** 30, fallback: 240 }),
  maxPipelined: integer({ min: 1, max: 65_535, fallback: 64 }),
  maxRequests: integer({ min: 1, max: 2 ** 31 - 1, fallback: 2 ** 31 - 1 }),
  drainLimit: integer({ min: 0, max: 2 ** 40, fallback: 64 * 1024 }),
  date: flag(true),
  trace: flag(false),
  start: oneOf<'auto' | 'manual'>(['auto', 'manual'], 'auto'),
});

/** {@link HttpServerSettings} after the check. */
export interface ResolvedHttpSettings {
  readonly parser: HttpParserSettings;
  readonly timeouts: Resolved<RequestTimeouts>;
  readonly minBodyRate: number;
  readonly maxPipelined: number;
  readonly maxRequests: number;
  readonly drainLimit: number;
  readonly date: boolean;
  readonly trace: boolean;
  readonly start: 'auto' | 'manual';
}

/**
 * Checks what is special to an HTTP server.
 *
 * @throws OptionError (`ERR_OPTION`)
 */
export function checkHttp(given: HttpServerSettings | undefined): ResolvedHttpSettings {
  const { timeouts, minBodyRate, maxPipelined, maxRequests, drainLimit, date, trace, start } = checkSettings(
    given,
    'http.',
  );
  const { limits, lenient, methods } = given ?? {};
  const parser = new HttpParserSettings({
    ...(limits === undefined ? {} : { limits }),
    ...(lenient === undefined ? {} : { lenient }),
    ...(methods === undefined ? {} : { methods }),
  });
  return {
    parser,
    timeouts: timeouts as Resolved<RequestTimeouts>,
    minBodyRate,
    maxPipelined,
    maxRequests,
    drainLimit,
    date,
    trace,
    start,
  };
}
