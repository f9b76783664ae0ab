import { type Checks, check, flag, integer, nested, table } from '../base/options.ts';
import { isToken } from './syntax/text.ts';

/** How much a peer may send. All of it is counted per message, however it is cut into chunks. */
export interface HttpLimits {
  /**
   * Bytes of the request line or status line, its end not counted. A longer request line is refused with 414.
   * 64 to 2^20.
   * @default 8192
   */
  readonly maxStartLine?: number;
  /**
   * Bytes of start line and fields together, all line ends counted. More is refused with 431. 64 to 2^24.
   * @default 16384
   */
  readonly maxHead?: number;
  /**
   * Fields in front of the body; and the same number again behind it. More are refused with 431. 1 to 65535.
   * @default 100
   */
  readonly maxFields?: number;
  /**
   * Bytes of the fields behind a chunked body, line ends counted. More are refused with 431. 2 to 2^24.
   * @default 8192
   */
  readonly maxTrailers?: number;
  /**
   * Bytes of the extensions of all chunks of one message. More are refused with 413. 0 to 2^24.
   * @default 16384
   */
  readonly maxChunkExtensions?: number;
  /**
   * Bytes of the body. One that is announced to be longer is refused with 413 before any of it is taken. 0 to 2^53 - 1.
   * @default 1099511627776 (2^40)
   */
  readonly maxBody?: number;
  /**
   * Empty lines in front of a message, which old clients send. 0 to 100.
   * @default 1
   */
  readonly maxBlankLines?: number;
}

/**
 * What is taken although RFC 9112 forbids it, one by one, all off. Each has let somebody smuggle a request past
 * somebody else: turn on what a peer needs that you know, and nothing else.
 */
export interface LenientFlags {
  /**
   * Requests of HTTP/1.1 without Host.
   * @default false
   */
  readonly missingHost?: boolean;
  /**
   * A Host that is no authority, or empty.
   * @default false
   */
  readonly anyHost?: boolean;
  /**
   * Request-targets with any visible byte in them, with `#`, with bytes above 0x7f, and with a `%` that begins nothing.
   * @default false
   */
  readonly anyTarget?: boolean;
  /**
   * Lines that end with LF alone.
   * @default false
   */
  readonly bareLf?: boolean;
  /**
   * Folded fields: a line that begins with white space goes on with the value before it. The fold becomes spaces.
   * @default false
   */
  readonly foldedFields?: boolean;
  /**
   * White space between field name and colon.
   * @default false
   */
  readonly spaceBeforeColon?: boolean;
  /**
   * Control characters besides NUL, CR and LF in field values.
   * @default false
   */
  readonly controlsInValues?: boolean;
  /**
   * Content-Length more than once, or as a list, if it is the same number each time.
   * @default false
   */
  readonly repeatedContentLength?: boolean;
  /**
   * Content-Length besides Transfer-Encoding, which then prevails; the connection is not kept alive.
   * @default false
   */
  readonly contentLengthBesideChunked?: boolean;
  /**
   * Transfer codings besides chunked: what they made of the body is left to whoever takes it. In a request chunked still
   * has to be the last; a response without it ends with the connection.
   * @default false
   */
  readonly otherTransferCodings?: boolean;
  /**
   * White space around the extensions of a chunk, and behind its size. (HP-Socket sends a space in front of extensions.)
   * @default false
   */
  readonly spacesInChunkLines?: boolean;
  /**
   * Further messages behind one that was to be the last.
   * @default false
   */
  readonly messagesAfterClose?: boolean;
  /**
   * Anything behind a message that was to be the last; it is thrown away.
   * @default false
   */
  readonly dataAfterClose?: boolean;
}

/** Options of a parser of HTTP/1.1. */
export interface HttpParserOptions {
  /** How much a peer may send. */
  readonly limits?: HttpLimits;
  /** What is taken although it is forbidden. */
  readonly lenient?: LenientFlags;
  /**
   * The methods that requests may have, or `any` for every token. Others are refused with 501.
   * @default those of the IANA registry, LINK, UNLINK, PURGE and the like
   */
  readonly methods?: readonly string[] | 'any';
}

/**
 * Methods that are known: the registry of IANA (RFC 9110 section 16.1.1), and a few that servers and caches use. PRI is
 * not among them: it belongs to HTTP/2.
 */
export const METHODS: readonly string[] = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'],
  ...['ACL', 'BASELINE-CONTROL', 'BIND', 'CHECKIN', 'CHECKOUT', 'COPY', 'LABEL', 'LINK', 'LOCK', 'MERGE'],
  ...['MKACTIVITY', 'MKCALENDAR', 'MKCOL', 'MKREDIRECTREF', 'MKWORKSPACE', 'MOVE', 'ORDERPATCH', 'PROPFIND'],
  ...['PROPPATCH', 'REBIND', 'REPORT', 'SEARCH', 'UNBIND', 'UNCHECKOUT', 'UNLINK', 'UNLOCK', 'UPDATE'],
  ...['UPDATEREDIRECTREF', 'VERSION-CONTROL', 'M-SEARCH', 'NOTIFY', 'SUBSCRIBE', 'UNSUBSCRIBE'],
  ...['PURGE', 'SOURCE'],
];

const lenientFlags: Checks<LenientFlags> = {
  missingHost: flag(false),
  anyHost: flag(false),
  anyTarget: flag(false),
  bareLf: flag(false),
  foldedFields: flag(false),
  spaceBeforeColon: flag(false),
  controlsInValues: flag(false),
  repeatedContentLength: flag(false),
  contentLengthBesideChunked: flag(false),
  otherTransferCodings: flag(false),
  spacesInChunkLines: flag(false),
  messagesAfterClose: flag(false),
  dataAfterClose: flag(false),
};

const limits: Checks<HttpLimits> = {
  maxStartLine: integer({ min: 64, max: 2 ** 20, fallback: 8192 }),
  maxHead: integer({ min: 64, max: 2 ** 24, fallback: 16384 }),
  maxFields: integer({ min: 1, max: 65535, fallback: 100 }),
  maxTrailers: integer({ min: 2, max: 2 ** 24, fallback: 8192 }),
  maxChunkExtensions: integer({ min: 0, max: 2 ** 24, fallback: 16384 }),
  maxBody: integer({ min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 2 ** 40 }),
  maxBlankLines: integer({ min: 0, max: 100, fallback: 1 }),
};

const isMethods = (value: unknown) =>
  value === 'any' ||
  (Array.isArray(value) &&
    value.every((name) => typeof name === 'string' && isToken(name) && name !== 'PRI'));

/** Checks {@link HttpParserOptions}; for the option tables of what has a parser in it. */
export const httpParserOptions = table<HttpParserOptions>({
  limits: nested(table(limits)),
  lenient: nested(table(lenientFlags)),
  methods: check<readonly string[] | 'any'>(METHODS, "'any' or an array of methods (PRI is none)", isMethods),
});

/**
 * Options of a parser, checked. Make one for all parsers of a server: it is quicker than to check them each time.
 *
 * @throws OptionError (`ERR_OPTION`)
 */
export class HttpParserSettings {
  readonly limits: Required<HttpLimits>;
  readonly lenient: Required<LenientFlags>;
  /** The methods that are known; `undefined` if all are. */
  readonly methods: ReadonlySet<string> | undefined;

  constructor(options?: HttpParserOptions) {
    const { limits, lenient, methods } = httpParserOptions(options);
    this.limits = limits as Required<HttpLimits>;
    this.lenient = lenient as Required<LenientFlags>;
    this.methods = methods === 'any' ? undefined : new Set(methods);
  }
}
