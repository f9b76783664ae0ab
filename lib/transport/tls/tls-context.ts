import { constants } from 'node:crypto';
import { type SecureContext, type SecureContextOptions, createSecureContext } from 'node:tls';
import { OptionError } from '../../base/errors.ts';
import { type Checks, type Resolved, check, oneOf } from '../../base/options.ts';
import {
  type LoadedCredentials,
  type TlsCredentials,
  credentialChecks,
  loadCredentials,
} from './credentials.ts';
import { TlsSetupError } from './tls-setup-error.ts';

/** Versions of TLS. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What shapes a TLS context of either side. */
export interface TlsContextOptions extends TlsCredentials {
  /**
   * Oldest version that is spoken. OpenSSL refuses those before 1.2 unless `ciphers` says `@SECLEVEL=0` too.
   * @default 'TLSv1.2'
   */
  readonly minVersion?: TlsVersion;
  /**
   * Newest version that is spoken.
   * @default 'TLSv1.3'
   */
  readonly maxVersion?: TlsVersion;
  /**
   * Cipher suites as OpenSSL's list format has them, names of TLS 1.3 suites included; twin of `SetSSLCipherList`.
   * @default Node's list
   */
  readonly ciphers?: string | undefined;
  /**
   * Protocols for ALPN (RFC 7301), the preferred one first; 1 to 255 bytes each. A server that has a list refuses
   * clients that offer none of it, but not those that do not use ALPN.
   * @default none
   */
  readonly alpn?: readonly string[] | undefined;
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

/** Checks of {@link TlsContextOptions}. */
export const contextChecks: Checks<TlsContextOptions> = {
  ...credentialChecks,
  minVersion: oneOf<TlsVersion>(VERSIONS, 'TLSv1.2'),
  maxVersion: oneOf<TlsVersion>(VERSIONS, 'TLSv1.3'),
  ciphers: check<string | undefined>(
    undefined,
    'a list of ciphers',
    (value) => typeof value === 'string' && value !== '',
  ),
  alpn: check<readonly string[] | undefined>(undefined, 'a list of protocol names of 1 to 255 bytes', isAlpn),
};

function isAlpn(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((name) => typeof name === 'string' && name !== '' && Buffer.byteLength(name) < 256)
  );
}

/** Options of a context, checked and loaded. */
export interface LoadedContext {
  readonly options: SecureContextOptions;
  readonly secureContext: SecureContext;
  readonly credentials: LoadedCredentials;
  readonly alpn: readonly string[] | undefined;
}

/**
 * Loads and checks everything of a context, so that nothing can fail once connections use it.
 *
 * @throws TlsSetupError
 */
export function loadContext(given: Resolved<TlsContextOptions>, prefix: string): LoadedContext {
  const credentials = loadCredentials(given, prefix);
  const { minVersion, maxVersion, ciphers, alpn } = given;
  const { cert, key, passphrase, ca } = credentials;
  const options: SecureContextOptions = {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ca === undefined ? {} : { ca }),
    minVersion,
    maxVersion,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(ciphers === undefined ? {} : { ciphers }),
  };
  if (VERSIONS.indexOf(minVersion) > VERSIONS.indexOf(maxVersion))
    throw new OptionError(`${prefix}minVersion`, minVersion, `at most maxVersion, which is ${maxVersion}`);
  try {
    return { options, secureContext: createSecureContext(options), credentials, alpn };
  } catch (cause) {
    throw setupError(cause, prefix);
  }
}

function setupError(cause: unknown, prefix: string): TlsSetupError {
  const { code, message } = cause as { code?: string; message: string };
  const aboutCiphers = /CIPHER/i.test(`${code ?? ''} ${message}`);
  if (aboutCiphers) {
    return new TlsSetupError('ERR_TLS_CIPHERS', `${prefix}ciphers`, 'OpenSSL knows none of these ciphers', {
      cause,
    });
  }
  return new TlsSetupError('ERR_TLS_CERT', `${prefix}cert`, message, { cause });
}
