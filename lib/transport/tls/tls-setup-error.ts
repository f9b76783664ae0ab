import { type ErrorCode, NetworkError } from '../../base/errors.ts';

/** Codes of a {@link TlsSetupError}. */
export type TlsSetupErrorCode = Extract<
  ErrorCode,
  | 'ERR_TLS_CIPHERS'
  | 'ERR_TLS_FILE'
  | 'ERR_TLS_CA_KIND'
  | 'ERR_TLS_CA'
  | 'ERR_TLS_CERT'
  | 'ERR_TLS_KEY'
  | 'ERR_TLS_KEY_PASSWORD'
  | 'ERR_TLS_KEY_MISMATCH'
  | 'ERR_TLS_INCOMPLETE'
>;

/**
 * TLS cannot be set up with what the options say. Thrown before anything is used, so what was there before stays.
 *
 * Message and `cause` never contain a password or a part of a key.
 */
export class TlsSetupError extends NetworkError {
  /** Full name of the option at fault, such as `tls.keyFile`; of the missing one with `ERR_TLS_INCOMPLETE`. */
  readonly option: string;

  constructor(code: TlsSetupErrorCode, option: string, message: string, options: { cause?: unknown } = {}) {
    super(code, `${option}: ${message}`, options);
    this.option = option;
  }
}
