import { type KeyObject, createPrivateKey } from 'node:crypto';
import { type Source, insteadOf } from './credential-source.ts';
import { type PemBlock, isEncrypted, isPrivateKey, isWhole } from './pem.ts';
import { TlsSetupError } from './tls-setup-error.ts';

/** A private key as OpenSSL can use it. */
export interface LoadedKey {
  readonly key: KeyObject;
  readonly pem: string;
  /** Whether the PEM has to be decrypted with the password. */
  readonly encrypted: boolean;
}

/**
 * The first private key of a source.
 *
 * @param prefix what goes before `keyPassword` in messages
 * @throws TlsSetupError (`ERR_TLS_KEY`, `ERR_TLS_KEY_PASSWORD`)
 */
export function loadKey(source: Source, password: string | undefined, prefix: string): LoadedKey {
  const block = source.blocks.find(isPrivateKey);
  if (block === undefined) {
    const message = `${source.place} holds no private key${insteadOf(source)}`;
    throw new TlsSetupError('ERR_TLS_KEY', source.option, message);
  }
  const encrypted = isEncrypted(block);
  if (encrypted && password === undefined && isWhole(block)) {
    const message = `the key in ${source.place} is encrypted and needs ${prefix}keyPassword`;
    throw new TlsSetupError('ERR_TLS_KEY_PASSWORD', `${prefix}keyPassword`, message);
  }
  const passphrase = encrypted && password !== undefined ? { passphrase: password } : {};
  try {
    return { key: createPrivateKey({ key: block.text, ...passphrase }), pem: block.text, encrypted };
  } catch (cause) {
    throw keyError(source, block, cause, prefix);
  }
}

function keyError(source: Source, block: PemBlock, cause: unknown, prefix: string): TlsSetupError {
  const { option, place } = source;
  if (!isEncrypted(block) || !isWhole(block)) {
    const message = `the ${block.label} in ${place} cannot be parsed`;
    return new TlsSetupError('ERR_TLS_KEY', option, message, { cause });
  }
  if ((cause as { code?: unknown }).code === 'ERR_OSSL_EVP_UNSUPPORTED') {
    const message = `the key in ${place} is encrypted in a way that this OpenSSL does not support`;
    return new TlsSetupError('ERR_TLS_KEY', option, message, { cause });
  }
  const message = `the key in ${place} cannot be decrypted with this password`;
  return new TlsSetupError('ERR_TLS_KEY_PASSWORD', `${prefix}keyPassword`, message, { cause });
}
