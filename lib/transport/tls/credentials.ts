import type { X509Certificate } from 'node:crypto';
import { loadAuthorities } from './authorities.ts';
import { certificatesOf } from './certificates.ts';
import { type Source, eitherSource } from './credential-source.ts';
import type { Pem } from './pem.ts';
import { type LoadedKey, loadKey } from './private-key.ts';
import { TlsSetupError } from './tls-setup-error.ts';

export { credentialChecks } from './credential-checks.ts';
export type { Pem } from './pem.ts';

/**
 * Who we are and whom we trust; the twin of what `SetupSSLContext` and `SetupSSLContextByMemory` take.
 *
 * Everything can come from a file or from memory, but not from both. Files are read at once, when the component is
 * made; relative paths start at the current folder of the process.
 *
 * @example
 * new TcpServer({ port: 5555, tls: { certFile: 'server.pem', keyFile: 'server-key.pem', keyPassword: '123456' } });
 */
export interface TlsCredentials {
  /** Our certificate as PEM, and those of the authorities between it and the root: our own first. */
  readonly cert?: Pem | undefined;
  /** Path of a file with what `cert` would hold. */
  readonly certFile?: string | undefined;
  /** Private key of our certificate as PEM; the first one in the text is used. */
  readonly key?: Pem | undefined;
  /** Path of a file with what `key` would hold. */
  readonly keyFile?: string | undefined;
  /** Password of the private key, if that is encrypted. A key in the clear needs none. */
  readonly keyPassword?: string | undefined;
  /**
   * Certificates of the authorities that we trust, as PEM. Comments between them do no harm.
   * @default those that Node brings
   */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /**
   * Path of a file with what `ca` would hold; or of a folder, of which every file that holds certificates is used and
   * the others are skipped. Folders within it are not looked into, and a file that cannot be read is an error.
   */
  readonly caFile?: string | undefined;
}

/** Credentials, read and checked, as `createSecureContext` of Node takes them. */
export interface LoadedCredentials {
  /** Our certificate and those after it in the chain, as PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** Password of `key`; only there if the key is encrypted. */
  readonly passphrase?: string;
  /** Authorities that we trust, one PEM each. */
  readonly ca?: string[];
  /** Absolute path of every file and folder that was read; all of them together say when to load anew. */
  readonly files: readonly string[];
}

/**
 * Reads and checks credentials, so that nothing about them can fail later. Whether a certificate has expired or who has
 * signed it is not looked at: that is up to the peer.
 *
 * @param given options that have passed {@link credentialChecks}
 * @param prefix what goes before the names of options in messages, such as `tls.`
 * @throws OptionError if something is given both as a text and as a file
 * @throws TlsSetupError
 * @example
 * const { files, ...material } = loadCredentials({ certFile: 'server.pem', keyFile: 'server-key.pem' }, 'tls.');
 * createSecureContext(material);
 */
export function loadCredentials(given: TlsCredentials, prefix: string): LoadedCredentials {
  const files: string[] = [];
  const cert = eitherSource({ pem: given.cert, path: given.certFile }, `${prefix}cert`, files);
  const key = eitherSource({ pem: given.key, path: given.keyFile }, `${prefix}key`, files);
  const identity = loadIdentity({ cert, key, password: given.keyPassword }, prefix);
  const ca = loadAuthorities({ pem: given.ca, path: given.caFile }, `${prefix}ca`, files);
  return { ...identity, ...(ca === undefined ? {} : { ca }), files: [...new Set(files)] };
}

interface Identity {
  readonly cert: Source | undefined;
  readonly key: Source | undefined;
  readonly password: string | undefined;
}

function loadIdentity({ cert, key, password }: Identity, prefix: string): Omit<LoadedCredentials, 'files'> {
  if (cert === undefined && key === undefined) return {};
  if (key === undefined) throw incomplete(cert as Source, 'private key', 'key', prefix);
  if (cert === undefined) throw incomplete(key, 'certificate', 'cert', prefix);
  const chain = certificatesOf(cert, 'ERR_TLS_CERT');
  const loaded = loadKey(key, password, prefix);
  refuseMismatch(chain, loaded, cert, key);
  return {
    cert: chain.join(''),
    key: loaded.pem,
    ...(loaded.encrypted && password !== undefined ? { passphrase: password } : {}),
  };
}

/** The missing option is of the same kind as the one that is there: a file next to a file, a text next to a text. */
function incomplete(given: Source, what: string, missing: 'cert' | 'key', prefix: string): TlsSetupError {
  const option = `${prefix}${missing}${given.option.endsWith('File') ? 'File' : ''}`;
  return new TlsSetupError('ERR_TLS_INCOMPLETE', option, `${given.option} needs a ${what} too`);
}

function refuseMismatch(
  chain: readonly X509Certificate[],
  { key }: LoadedKey,
  cert: Source,
  from: Source,
): void {
  const owner = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (owner === 0) return;
  const said = `the key in ${from.place} does not belong to the certificate in ${cert.place} (${cert.option})`;
  const hint = owner < 0 ? '' : `, but to certificate ${owner + 1} there, which must come first`;
  throw new TlsSetupError('ERR_TLS_KEY_MISMATCH', from.option, said + hint);
}
