import { NetworkError, type NetworkErrorOptions, systemError } from '../../base/errors.ts';

/** Details of a {@link TlsError}. */
interface TlsErrorOptions extends NetworkErrorOptions {
  readonly reason?: string | undefined;
  readonly alert?: string | undefined;
}

/** TLS failed on a connection: its handshake, the peer's certificate, or a record. The close reason is `tls`. */
export class TlsError extends NetworkError {
  /** OpenSSL's or Node's code, such as `CERT_HAS_EXPIRED`; `undefined` if there is none. */
  readonly reason: string | undefined;
  /** The alert that the peer has sent, by its name in RFC 8446 section 6, such as `unknown_ca`. */
  readonly alert: string | undefined;

  constructor(code: string, message: string, { reason, alert, ...options }: TlsErrorOptions = {}) {
    super(code, message, { operation: 'receive', ...options });
    this.reason = reason;
    this.alert = alert;
  }
}

/** What is known of a peer whose handshake has failed. */
interface Refused {
  /** Why its certificate is refused, if it is. */
  readonly authorizationError?: unknown;
}

/** An error of Node's TLS as one of this library; one that has nothing to do with TLS stays what it is. */
export function tlsFailure(cause: unknown, { authorizationError }: Refused = {}): NetworkError {
  if (cause instanceof NetworkError) return cause;
  const { code: given, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  const reason = textOf(authorizationError) ?? textOf(given);
  const text = typeof message === 'string' ? message : String(cause);
  if (reason === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new TlsError('ERR_TLS_HOST', text, { reason, cause });
  }
  if (authorizationError !== null && authorizationError !== undefined) return certificateError(reason, cause);
  const alert = alertOf(reason);
  if (alert !== undefined) {
    const said = `the peer refused with alert ${alert}`;
    return new TlsError('ERR_TLS_ALERT', said, { reason, alert, cause });
  }
  if (reason !== undefined && NO_CERTIFICATE.has(reason)) {
    return new TlsError('ERR_TLS_NO_CERTIFICATE', 'the peer sent no certificate', { reason, cause });
  }
  if (reason !== undefined && NOT_TLS.has(reason)) {
    return new TlsError('ERR_TLS_PLAIN', 'the peer does not speak TLS', { reason, cause });
  }
  if (reason?.startsWith('ERR_SSL_') === true || reason?.startsWith('ERR_TLS_') === true) {
    return new TlsError('ERR_TLS_HANDSHAKE', lastPart(text), { reason, cause });
  }
  return systemError(cause, 'receive');
}

/** The peer's certificate is refused. */
export function certificateError(reason: string | undefined, cause?: unknown): TlsError {
  const why = reason === undefined ? '' : `: ${reason}`;
  return new TlsError('ERR_TLS_PEER_CERTIFICATE', `the peer's certificate is refused${why}`, {
    reason,
    cause,
  });
}

/** The connection ended while the handshake was under way. */
export function interrupted(cause?: unknown): TlsError {
  return new TlsError('ERR_TLS_HANDSHAKE', 'the peer ended the connection during the handshake', { cause });
}

/** Node reports an end during the handshake as a reset. */
export function isHangUp(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return code === 'ECONNRESET' && syscall === undefined;
}

const NO_CERTIFICATE = new Set(['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE']);

const NOT_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
]);

/** Names of alerts (RFC 8446 section 6, RFC 5246 section 7.2), as they end OpenSSL's codes. */
const ALERTS = new Set([
  'unexpected_message',
  'bad_record_mac',
  'decryption_failed',
  'record_overflow',
  'decompression_failure',
  'handshake_failure',
  'no_certificate',
  'bad_certificate',
  'unsupported_certificate',
  'certificate_revoked',
  'certificate_expired',
  'certificate_unknown',
  'illegal_parameter',
  'unknown_ca',
  'access_denied',
  'decode_error',
  'decrypt_error',
  'export_restriction',
  'protocol_version',
  'insufficient_security',
  'internal_error',
  'inappropriate_fallback',
  'user_cancelled',
  'no_renegotiation',
  'missing_extension',
  'unsupported_extension',
  'certificate_unobtainable',
  'unrecognized_name',
  'bad_certificate_status_response',
  'bad_certificate_hash_value',
  'unknown_psk_identity',
  'certificate_required',
  'no_application_protocol',
]);

function alertOf(code: string | undefined): string | undefined {
  const name = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13|SSL\/TLS)_(?:ALERT_)?(.+)$/
    .exec(code ?? '')?.[1]
    ?.toLowerCase();
  return name !== undefined && ALERTS.has(name) ? name : undefined;
}

/** OpenSSL's texts are lists divided by colons; the reason is the part before the file name, or the last one. */
function lastPart(text: string): string {
  return /^[0-9A-F]+:error:[^:]*:[^:]*:[^:]*:([^:]+)/.exec(text)?.[1] ?? text;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const code = (value as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
