import { domainToASCII } from 'node:url';
import { OptionError } from '../../base/errors.ts';

/** Options of {@link ServerNames}. */
export interface ServerNamesOptions {
  /**
   * Whether a name also answers for all names below it that nothing else answers for, at any depth.
   * @default true
   */
  readonly matchSubdomains?: boolean;
}

/** Longest name in TLS; one of DNS has at most 253 characters. */
const LONGEST = 255;

const EXPECTED = "a host name with a dot in it, such as 'example.org' or '*.example.org', and no IP address";

/**
 * What answers to which server name (SNI): the twin of `BindSSLServerName` and of the original's default callback.
 *
 * A pattern is a host name, `example.org`, or one with a star for exactly one label at its beginning:
 * `*.example.org`. A host name has a dot in it and is no IP address. Names and patterns are compared as DNS does:
 * whatever the case, with or without a dot at the end, in Unicode or in its ASCII form.
 *
 * A name gets the first that there is of
 *
 * 1. the value of its very name,
 * 2. the value of a star in place of its first label,
 * 3. with `matchSubdomains`, the value of the name without its first label, then without the first two, and so on.
 *
 * @typeParam T The values: anything but `undefined`.
 *
 * @example
 * const names = new ServerNames<string>();
 * names.set('example.org', 'one');
 * names.set('*.example.org', 'many');
 * names.find('EXAMPLE.org.'); // 'one'
 * names.find('www.example.org'); // 'many'
 * names.find('a.www.example.org'); // 'one'
 * names.find('example.com'); // undefined
 */
export class ServerNames<T> implements Iterable<[pattern: string, value: T]> {
  private readonly matchSubdomains: boolean;
  private readonly values = new Map<string, T>();

  constructor({ matchSubdomains = true }: ServerNamesOptions = {}) {
    this.matchSubdomains = matchSubdomains;
  }

  /** How many patterns there are. */
  get size(): number {
    return this.values.size;
  }

  /** The patterns in their ASCII form, in the order in which they were first set. */
  patterns(): IterableIterator<string> {
    return this.values.keys();
  }

  /** The patterns, as {@link patterns}, with their values. */
  [Symbol.iterator](): IterableIterator<[pattern: string, value: T]> {
    return this.values.entries();
  }

  /**
   * Gives a pattern a value, in place of the one that it had.
   *
   * @param option Name of the option that the pattern comes from, for the error.
   * @throws OptionError (`ERR_OPTION`) when it is no pattern.
   */
  set(pattern: string, value: T, option = 'pattern'): void {
    const key = normalise(pattern);
    if (key === undefined || !isPattern(key)) throw new OptionError(option, pattern, EXPECTED);
    this.values.set(key, value);
  }

  /** The value of a pattern itself; `undefined` if it has none. */
  get(pattern: string): T | undefined {
    const key = normalise(pattern);
    return key === undefined ? undefined : this.values.get(key);
  }

  /** Removes a pattern. Answers whether there was one. */
  delete(pattern: string): boolean {
    const key = normalise(pattern);
    return key !== undefined && this.values.delete(key);
  }

  /** The value that answers to a name, whatever a peer says it is; `undefined` if none does. */
  find(name: string): T | undefined {
    const key = normalise(name);
    // Nobody is called by the name of a pattern, nor is there a label of no length.
    if (key === undefined || key.includes('*') || key.startsWith('.') || key.includes('..')) return undefined;
    const exact = this.values.get(key);
    if (exact !== undefined) return exact;
    let dot = key.indexOf('.');
    if (dot < 0) return undefined;
    const wild = this.values.get(`*${key.slice(dot)}`);
    if (wild !== undefined || !this.matchSubdomains) return wild;
    for (; dot >= 0; dot = key.indexOf('.', dot + 1)) {
      const value = this.values.get(key.slice(dot + 1));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/** The form in which names are compared; `undefined` if it is not even like one. */
function normalise(name: unknown): string | undefined {
  if (typeof name !== 'string' || name.length > LONGEST) return undefined;
  const ascii = isAscii(name) ? name.toLowerCase() : toAscii(name);
  return ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** Nothing if the name has what a URL would have around it, which the conversion takes off. */
function toAscii(name: string): string {
  return /[^a-z0-9.*_\u0080-\uffff-]/i.test(name) ? '' : domainToASCII(name);
}

/** Letters, digits and `_`, with `-` between them; 1 to 63 in all. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Whether a name in its normal form is a host name with a dot, or one that has a star for its first label. */
function isPattern(name: string): boolean {
  const labels = name.split('.');
  const last = labels.at(-1)!;
  const hosts = labels[0] === '*' ? labels.slice(1) : labels;
  // With a number at the end it is an IPv4 address, however it is written; no top-level domain is a number.
  return labels.length > 1 && hosts.every((label) => LABEL.test(label)) && !/^(\d+|0x[0-9a-f]*)$/.test(last);
}
