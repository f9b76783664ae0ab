/**
 * What was being done when something failed; the reactive twin of HP-Socket's `EnSocketOperation`
 * (guide chapter 2: `SO_ACCEPT`, `SO_CONNECT`, `SO_SEND`, `SO_RECEIVE`, `SO_CLOSE`).
 */
export type Operation = 'accept' | 'connect' | 'send' | 'receive' | 'close';

/**
 * Codes of the errors that this library makes itself, each with what it means.
 *
 * A failure reported by the operating system keeps the system's own code (`ECONNREFUSED`, `EADDRINUSE`,
 * `ENOTFOUND`, …). Match on `code`; messages are for people and may change.
 */
export const ERROR_CODES = {
  ERR_OPTION: 'an option has an unknown name or an illegal value; the message names option, value and range',
  ERR_STATE: 'the component is in a state in which the call makes no sense, such as started twice',
  ERR_CLOSED: 'the connection is closed or closing, so nothing can be sent any more',
  ERR_NOT_OPEN: 'the connection is not established yet, or its handshake is under way',
  ERR_SEND_OVERFLOW: 'the bytes waiting to be sent would exceed `maxPending`',
  ERR_TIMEOUT: 'a timeout expired; `timeout` says which, `option` names the option that sets it',
  ERR_HANDLER: 'a handler threw or its Observable failed; `cause` is what it threw',
  ERR_CONNECTION_LIMIT: 'the component already has `maxConnections` connections',
  ERR_REFUSED: 'an observer of `prepareListen$` or `prepareConnect$` refused',
  ERR_ADDRESS_FAMILY: 'local and remote address belong to different families',
  ERR_UNTRACKED: 'with strict flow: a value reached a flow-aware operator outside an emission of a gate',
  ERR_FRAME_LENGTH: 'a message is empty or longer than the codec, or a datagram, allows',
  ERR_FRAME_DATA: 'a message is not what the codec speaks: a wrong flag, a missing delimiter, malformed JSON',
  ERR_FRAME_TRUNCATED: 'the stream ended within a message',
  ERR_PEER_RESTARTED: 'the peer has begun anew: it does not know this session of reliable UDP any more',
  ERR_ABORTED: 'the caller gave up waiting, by its AbortSignal or by stopping the component',
  ERR_UNSUPPORTED: 'this version of Node or this kind of socket cannot do what an option asks for',
  ERR_TLS_CIPHERS: 'OpenSSL accepts none of the ciphers of `tls.ciphers`',
  ERR_TLS_FILE: 'a file or folder with certificates or a key is missing or cannot be read',
  ERR_TLS_CA_KIND: '`tls.caFile` is neither a file nor a folder',
  ERR_TLS_CA: 'what should hold certificates of authorities holds none, or a damaged one',
  ERR_TLS_CERT: 'what should hold a certificate holds none, or one that cannot be parsed',
  ERR_TLS_KEY: 'what should hold a private key holds none, or one that cannot be parsed',
  ERR_TLS_KEY_PASSWORD: 'the private key is encrypted, and `tls.keyPassword` is missing or wrong',
  ERR_TLS_KEY_MISMATCH: 'private key and certificate do not belong together',
  ERR_TLS_INCOMPLETE: 'a certificate is given without a private key, or the reverse',
  ERR_TLS_PLAIN: 'the peer does not speak TLS',
  ERR_TLS_HANDSHAKE: 'the TLS handshake failed, or the peer left in its midst',
  ERR_TLS_PEER_CERTIFICATE:
    "the peer's certificate is not trusted: `reason` says expired, self-signed, unknown CA, …",
  ERR_TLS_HOST: "the peer's certificate is for another host",
  ERR_TLS_NO_CERTIFICATE: 'the client sent no certificate, but has to',
  ERR_TLS_ALERT: 'the peer refused; `alert` is the name of its alert in RFC 8446',
  ERR_TLS_SERVER_NAME: 'the server name that the client asked for is refused',
} as const;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a {@link NetworkError} is made with besides code and text. */
export interface NetworkErrorOptions {
  /** What was being done. */
  readonly operation?: Operation;
  /** The error underneath, kept whole. */
  readonly cause?: unknown;
}

/**
 * Base of every error that this library hands out.
 *
 * `code` is stable: one of {@link ERROR_CODES}, or the system's own code when the operating system failed
 * (then `cause` is the original error).
 */
export class NetworkError extends Error {
  readonly code: string;
  readonly operation: Operation | undefined;

  constructor(code: ErrorCode | (string & {}), message: string, options: NetworkErrorOptions = {}) {
    super(`${code}: ${message}`, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.operation = options.operation;
  }
}

/** An option with an unknown name or an illegal value. Thrown when the component or operator is made. */
export class OptionError extends NetworkError {
  /** Full name of the option, such as `timeouts.connect`. */
  readonly option: string;
  /** The value that was given. */
  readonly value: unknown;

  constructor(option: string, value: unknown, expected: string) {
    super('ERR_OPTION', `${option} must be ${expected}, got ${show(value)}`);
    this.option = option;
    this.value = value;
  }
}

/**
 * What goes over the wire is not what a codec speaks. Received, it closes the connection with reason `protocol`; to
 * be sent, it is refused and nothing else happens.
 */
export class ProtocolError extends NetworkError {}

/**
 * Timeouts of a connection, each set by the option of the same name under `timeouts`; besides, `frame`, which is set
 * by `frameTimeout` of a codec, `detect`, which is set by the option of this name of UDP components, and `request`, which
 * stands for all timeouts of HTTP.
 */
export type TimeoutName =
  | 'connect'
  | 'handshake'
  | 'firstByte'
  | 'readIdle'
  | 'writeStall'
  | 'drain'
  | 'frame'
  | 'detect'
  | 'request';

/** A timeout expired. */
export class NetworkTimeoutError extends NetworkError {
  /** Which timeout. */
  readonly timeout: TimeoutName;
  /** The option that sets it. */
  readonly option: string;

  constructor(
    timeout: TimeoutName,
    milliseconds: number,
    what: string,
    option = OTHER_OPTIONS[timeout] ?? `timeouts.${timeout}`,
  ) {
    super('ERR_TIMEOUT', `${what} within ${milliseconds} ms (option ${option})`, {
      operation: TIMEOUT_OPERATIONS[timeout],
    });
    this.timeout = timeout;
    this.option = option;
  }
}

const OTHER_OPTIONS: Partial<Record<TimeoutName, string>> = { frame: 'frameTimeout', detect: 'detect' };

const TIMEOUT_OPERATIONS: Record<TimeoutName, Operation> = {
  connect: 'connect',
  handshake: 'receive',
  firstByte: 'receive',
  readIdle: 'receive',
  writeStall: 'send',
  drain: 'close',
  frame: 'receive',
  detect: 'close',
  request: 'receive',
};

/**
 * Wraps an error of the operating system; the code stays the system's own. An error of this library passes
 * through unchanged.
 *
 * Errors of Node's core can come from another realm, so nothing here asks for `instanceof Error`.
 */
export function systemError(cause: unknown, operation: Operation): NetworkError {
  if (cause instanceof NetworkError) return cause;
  const { code, message, syscall } = (cause ?? {}) as {
    code?: unknown;
    message?: unknown;
    syscall?: unknown;
  };
  const text = typeof message === 'string' ? message : String(cause);
  return new NetworkError(typeof code === 'string' ? code : 'EUNKNOWN', text, {
    operation: syscall === 'write' ? 'send' : syscall === 'read' ? 'receive' : operation,
    cause,
  });
}

/** A value as an error message shows it: short, one line, never throwing. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}
