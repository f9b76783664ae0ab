import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { OptionError } from '../../base/errors.ts';
import { type Pem, type PemBlock, pemBlocks } from './pem.ts';
import { TlsSetupError } from './tls-setup-error.ts';

/** PEM blocks, and where they come from, for messages. */
export interface Source {
  /** Full name of the option. */
  readonly option: string;
  /** Path of the file, or "the text". */
  readonly place: string;
  readonly blocks: readonly PemBlock[];
}

/** What an option with a PEM text holds. */
export function textSource(option: string, pem: Pem): Source {
  return { option, place: 'the text', blocks: pemBlocks(pem) };
}

/**
 * What the file of an option holds; its path is added to `files`.
 *
 * @throws TlsSetupError (`ERR_TLS_FILE`)
 */
export function fileSource(option: string, path: string, files: string[]): Source {
  const place = resolve(path);
  files.push(place);
  return { option, place, blocks: pemBlocks(reading(option, place, () => readFileSync(place))) };
}

/** What is given as a text or as a file, not as both: `name` is the option for the text. */
export function eitherSource(
  given: { readonly pem: Pem | undefined; readonly path: string | undefined },
  name: string,
  files: string[],
): Source | undefined {
  const { pem, path } = given;
  refuseBoth(given, name);
  if (path !== undefined) return fileSource(`${name}File`, path, files);
  return pem === undefined ? undefined : textSource(name, pem);
}

/** @throws OptionError if both a text and a path are given. */
export function refuseBoth(
  given: { readonly pem: unknown; readonly path: string | undefined },
  name: string,
): void {
  if (given.pem === undefined || given.path === undefined) return;
  throw new OptionError(`${name}File`, given.path, `left out where ${name} is given`);
}

/**
 * Runs something that reads a file or folder.
 *
 * @throws TlsSetupError (`ERR_TLS_FILE`)
 */
export function reading<T>(option: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    const why = PLAIN_WORDS[code];
    const message = `cannot read ${path} (${why === undefined ? code : `${code}: ${why}`})`;
    throw new TlsSetupError('ERR_TLS_FILE', option, message, { cause });
  }
}

const PLAIN_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EMFILE: 'too many files are open',
  ELOOP: 'links point to each other',
};

/** What a source holds instead of what it should hold, to end a sentence with. */
export function insteadOf({ option, place, blocks }: Source): string {
  const labels = [...new Set(blocks.map(({ label }) => label))];
  if (labels.length > 0) return `; there is ${labels.slice(0, 3).join(', ')}`;
  return place === 'the text' ? `; if it is a path, it belongs in ${option.replace(/\[\d+\]$/, '')}File` : '';
}
