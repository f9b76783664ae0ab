import { parseHttpDate } from './date.ts';
import type { FieldLookup } from './field-lookup.ts';

/** What identifies the present version of a resource. */
export interface Validators {
  /** Its entity tag, quotes and all: `"v1"`, or `W/"v1"` if other bytes may have the same. */
  readonly etag?: string | undefined;
  /** When it was changed, in milliseconds since 1970. Only whole seconds are compared. */
  readonly lastModified?: number | undefined;
  /**
   * Whether there is such a resource at all.
   * @default true
   */
  readonly exists?: boolean | undefined;
}

/** What a conditional request comes to: do it, answer 304, or answer 412. */
export type Precondition = 'met' | 'not-modified' | 'failed';

const ETAG = /(W\/)?"[\x21\x23-\x7e\x80-\xff]*"/y;
const SEPARATOR = /[ \t]*(?:,[ \t]*)+|[ \t]*$/y;

/**
 * Whether two entity tags are the same and neither is weak (RFC 9110 section 8.8.3.2): the same bytes.
 *
 * @example
 * isStrongMatch('"a"', '"a"'); // true
 * isStrongMatch('W/"a"', 'W/"a"'); // false
 */
export function isStrongMatch(one: string, other: string): boolean {
  return one === other && !one.startsWith('W/');
}

/** Whether two entity tags are the same, weak or not: as good as the same bytes. */
export function isWeakMatch(one: string, other: string): boolean {
  return opaque(one) === opaque(other);
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}

/**
 * Evaluates `If-Match`, `If-Unmodified-Since`, `If-None-Match` and `If-Modified-Since` in the order of RFC 9110 section
 * 13.2.2. Dates that are none are as good as not there; so is all of this with CONNECT, OPTIONS and TRACE. It is to be
 * asked only if the answer would be 2xx without it. `If-Range` is for {@link isRangeCurrent}.
 *
 * @param now Milliseconds since 1970; it decides about the century of obsolete dates.
 * @example
 * evaluatePreconditions('GET', new Map([['if-none-match', '"v1"']]), { etag: '"v1"' }, Date.now()); // 'not-modified'
 */
export function evaluatePreconditions(
  method: string,
  fields: FieldLookup,
  validators: Validators,
  now: number,
): Precondition {
  if (method === 'CONNECT' || method === 'OPTIONS' || method === 'TRACE') return 'met';
  return isStale(fields, validators, now) ? 'failed' : unchanged(method, fields, validators, now);
}

/** Whether the client wants to work on a version that is not the present one. */
function isStale(fields: FieldLookup, validators: Validators, now: number): boolean {
  const match = fields.get('if-match');
  if (match !== undefined) return !matches(match, validators, isStrongMatch);
  const time = secondsOf(validators.lastModified);
  const since = dateIn(fields, 'if-unmodified-since', now);
  return since !== undefined && time !== undefined && time > since;
}

function unchanged(method: string, fields: FieldLookup, validators: Validators, now: number): Precondition {
  const reads = method === 'GET' || method === 'HEAD';
  const noneMatch = fields.get('if-none-match');
  if (noneMatch !== undefined) {
    if (!matches(noneMatch, validators, isWeakMatch)) return 'met';
    return reads ? 'not-modified' : 'failed';
  }
  if (!reads) return 'met';
  const time = secondsOf(validators.lastModified);
  const since = dateIn(fields, 'if-modified-since', now);
  return since !== undefined && time !== undefined && time <= since ? 'not-modified' : 'met';
}

/**
 * Whether a request for a range is about the present version: `If-Range` is missing, or names it exactly. If not, the
 * answer is the whole (RFC 9110 section 13.1.5).
 *
 * A date counts as exact, so a resource that may change twice within a second needs an entity tag.
 */
export function isRangeCurrent(fields: FieldLookup, validators: Validators, now: number): boolean {
  const condition = fields.get('if-range');
  if (condition === undefined) return true;
  if (/^(?:W\/)?"/.test(condition)) {
    return validators.etag !== undefined && isStrongMatch(condition, validators.etag);
  }
  const time = secondsOf(validators.lastModified);
  return time !== undefined && time === dateIn(fields, 'if-range', now);
}

/** Whether a list of entity tags has the present one. What comes behind something malformed does not count. */
function matches(
  list: string,
  { etag, exists = true }: Validators,
  same: (one: string, other: string) => boolean,
): boolean {
  if (list.trim() === '*') return exists;
  if (etag === undefined || !exists) return false;
  // An empty element is legal, so a list may begin with a separator.
  let at = endOfMatch(SEPARATOR, list, 0) ?? 0;
  while (at < list.length) {
    const end = endOfMatch(ETAG, list, at);
    if (end === undefined) return false;
    if (same(list.slice(at, end), etag)) return true;
    const next = endOfMatch(SEPARATOR, list, end);
    if (next === undefined) return false;
    at = next;
  }
  return false;
}

function endOfMatch(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function dateIn(fields: FieldLookup, name: string, now: number): number | undefined {
  const value = fields.get(name);
  return value === undefined ? undefined : parseHttpDate(value, now);
}

function secondsOf(time: number | undefined): number | undefined {
  return time === undefined ? undefined : Math.floor(time / 1000) * 1000;
}
