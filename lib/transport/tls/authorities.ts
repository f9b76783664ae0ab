import type { X509Certificate } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { certificatesOf } from './certificates.ts';
import { type Source, fileSource, reading, refuseBoth, textSource } from './credential-source.ts';
import { type Pem, isCertificate } from './pem.ts';
import { TlsSetupError } from './tls-setup-error.ts';

/** Where certificates of authorities are: in texts, or in a file or folder. */
interface Given {
  readonly pem: Pem | readonly Pem[] | undefined;
  readonly path: string | undefined;
}

/**
 * Certificates of authorities as PEM, each once; `undefined` if the options are left out. Paths read are added to
 * `files`.
 *
 * @throws TlsSetupError (`ERR_TLS_FILE`, `ERR_TLS_CA_KIND`, `ERR_TLS_CA`)
 */
export function loadAuthorities(given: Given, name: string, files: string[]): string[] | undefined {
  const { pem, path } = given;
  refuseBoth(given, name);
  if (path !== undefined) return unique(fromPath(`${name}File`, resolve(path), files));
  if (pem === undefined) return undefined;
  if (!Array.isArray(pem)) return unique(certificatesOf(textSource(name, pem as Pem), 'ERR_TLS_CA'));
  const sources = (pem as readonly Pem[]).map((one, i) => textSource(`${name}[${i}]`, one));
  return unique(sources.flatMap((source) => certificatesOf(source, 'ERR_TLS_CA')));
}

/** Folders as systems have them hold the same certificate several times, under different names. */
function unique(certificates: readonly X509Certificate[]): string[] {
  return [...new Set(certificates.map(String))];
}

function fromPath(option: string, path: string, files: string[]): X509Certificate[] {
  const status = reading(option, path, () => statSync(path));
  if (status.isDirectory()) return fromFolder(option, path, files);
  if (status.isFile()) return certificatesOf(fileSource(option, path, files), 'ERR_TLS_CA');
  throw new TlsSetupError('ERR_TLS_CA_KIND', option, `${path} is neither a file nor a folder`);
}

function fromFolder(option: string, folder: string, files: string[]): X509Certificate[] {
  files.push(folder);
  const names = reading(option, folder, () => readdirSync(folder)).sort();
  const found = names
    .map((name) => join(folder, name))
    .filter((path) => isFile(option, path))
    .map((path): Source => fileSource(option, path, files))
    .filter(({ blocks }) => blocks.some(isCertificate));
  if (found.length > 0) return found.flatMap((source) => certificatesOf(source, 'ERR_TLS_CA'));
  throw new TlsSetupError('ERR_TLS_CA', option, `no file in the folder ${folder} holds a certificate`);
}

/** Whether there is a file, perhaps behind a link; a link that leads nowhere is not. */
function isFile(option: string, path: string): boolean {
  const status = reading(option, path, () => statSync(path, { throwIfNoEntry: false }));
  return status?.isFile() === true;
}
