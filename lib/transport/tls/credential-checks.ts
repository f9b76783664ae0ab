import { isUint8Array } from 'node:util/types';
import { OptionError } from '../../base/errors.ts';
import { type Check, type Checks, check } from '../../base/options.ts';
import type { TlsCredentials } from './credentials.ts';
import type { Pem } from './pem.ts';

const PEM = 'a PEM text or its bytes';

/** Checks of {@link TlsCredentials}. Their errors show neither a key nor a password. */
export const credentialChecks: Checks<TlsCredentials> = {
  cert: check<Pem | undefined>(undefined, PEM, isPem),
  certFile: path(),
  key: secret<Pem>(PEM, isPem),
  keyFile: path(),
  keyPassword: secret<string>('a text that is not empty', isText),
  ca: check<Pem | readonly Pem[] | undefined>(undefined, `${PEM}, or a list of such`, isPems),
  caFile: path(),
};

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isPem(value: unknown): boolean {
  return isText(value) || isUint8Array(value);
}

function isPems(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every(isPem) : isPem(value);
}

/** A path. A PEM text in its place is told apart, lest a key shows up in the message that there is no such file. */
function path(): Check<string | undefined> {
  const test = (value: unknown, name: string): string => {
    if (typeof value !== 'string' || value === '') throw new OptionError(name, value, 'a path');
    if (!value.includes('-----BEGIN ')) return value;
    throw new OptionError(name, 'a PEM text', `a path (a PEM text belongs in ${name.replace(/File$/, '')})`);
  };
  return Object.assign(test, { fallback: undefined });
}

/** A value of which errors tell the kind only. */
function secret<T>(expected: string, accepts: (value: unknown) => boolean): Check<T | undefined> {
  const test = (value: unknown, name: string): T => {
    if (accepts(value)) return value as T;
    throw new OptionError(name, kindOf(value), expected);
  };
  return Object.assign(test, { fallback: undefined });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
