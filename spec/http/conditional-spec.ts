import { describe, expect, it } from '@jest/globals';
import {
  evaluatePreconditions,
  isRangeCurrent,
  isStrongMatch,
  isWeakMatch,
  type Validators,
} from '../../lib/http/conditional.ts';

const NOW = Date.UTC(2026, 10, 23);
const CHANGED = 784_111_777_500;
const SAME = 'Sun, 06 Nov 1994 08:49:37 GMT';
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT';
const AFTER = 'Sun, 06 Nov 1994 08:49:38 GMT';
const present: Validators = { etag: '"v1"', lastModified: CHANGED };

function evaluate(fields: Record<string, string>, validators = present, method = 'GET') {
  return evaluatePreconditions(method, lookup(fields), validators, NOW);
}

function lookup(fields: Record<string, string>) {
  return new Map(Object.entries(fields));
}

describe('entity tags', () => {
  // The table of RFC 9110 section 8.8.3.2.
  it.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
  ])('should be compared: %s and %s', (one, other, strong, weak) => {
    expect([isStrongMatch(one, other), isStrongMatch(other, one)]).toEqual([strong, strong]);
    expect([isWeakMatch(one, other), isWeakMatch(other, one)]).toEqual([weak, weak]);
  });
});

describe('preconditions', () => {
  it('should be met if there are none', () => {
    expect(evaluate({})).toBe('met');
  });

  it.each([
    ['"v1"', 'met'],
    ['"v0", "v1"', 'met'],
    [', ,"v0",,"v1" , ', 'met'],
    ['"a,b", "v1"', 'met'],
    ['*', 'met'],
    [' * ', 'met'],
    ['"v0"', 'failed'],
    ['W/"v1"', 'failed'],
    ['', 'failed'],
    ['v1', 'failed'],
    ['"v0" "v1"', 'failed'],
    ['"v0', 'failed'],
    ['"v1"x', 'met'],
    ['*, "v1"', 'failed'],
  ])('should be evaluated: If-Match: %s', (value, result) => {
    expect(evaluate({ 'if-match': value })).toBe(result);
    expect(evaluate({ 'if-match': value }, present, 'PUT')).toBe(result);
  });

  it.each([
    ['"v1"', 'not-modified', 'failed'],
    ['W/"v1"', 'not-modified', 'failed'],
    ['"v0", W/"v1"', 'not-modified', 'failed'],
    ['*', 'not-modified', 'failed'],
    ['"v0"', 'met', 'met'],
    ['nonsense', 'met', 'met'],
  ])('should be evaluated: If-None-Match: %s', (value, read, write) => {
    expect(evaluate({ 'if-none-match': value })).toBe(read);
    expect(evaluate({ 'if-none-match': value }, present, 'HEAD')).toBe(read);
    expect(evaluate({ 'if-none-match': value }, present, 'PUT')).toBe(write);
  });

  it('should know of weak tags of the resource', () => {
    const weak = { etag: 'W/"v1"' };
    expect(evaluate({ 'if-match': 'W/"v1"' }, weak)).toBe('failed');
    expect(evaluate({ 'if-none-match': '"v1"' }, weak)).toBe('not-modified');
  });

  it('should know of resources that are not there', () => {
    const missing = { exists: false };
    expect(evaluate({ 'if-match': '*' }, missing, 'PUT')).toBe('failed');
    expect(evaluate({ 'if-none-match': '*' }, missing, 'PUT')).toBe('met');
    expect(evaluate({ 'if-match': '"v1"' }, { ...present, exists: false }, 'PUT')).toBe('failed');
  });

  it('should compare dates by the second', () => {
    expect(evaluate({ 'if-modified-since': SAME })).toBe('not-modified');
    expect(evaluate({ 'if-modified-since': AFTER })).toBe('not-modified');
    expect(evaluate({ 'if-modified-since': BEFORE })).toBe('met');
    expect(evaluate({ 'if-modified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' })).toBe('not-modified');
    expect(evaluate({ 'if-modified-since': SAME }, present, 'POST')).toBe('met');
    expect(evaluate({ 'if-unmodified-since': SAME })).toBe('met');
    expect(evaluate({ 'if-unmodified-since': AFTER })).toBe('met');
    expect(evaluate({ 'if-unmodified-since': BEFORE })).toBe('failed');
    expect(evaluate({ 'if-unmodified-since': BEFORE }, present, 'DELETE')).toBe('failed');
  });

  it('should ignore dates that are none, and dates where there is none to compare with', () => {
    for (const name of ['if-modified-since', 'if-unmodified-since']) {
      expect(evaluate({ [name]: 'yesterday' })).toBe('met');
      expect(evaluate({ [name]: BEFORE }, { etag: '"v1"' })).toBe('met');
    }
  });

  it('should have an order: tags before dates, refusal before 304', () => {
    expect(evaluate({ 'if-match': '"v1"', 'if-unmodified-since': BEFORE })).toBe('met');
    expect(evaluate({ 'if-match': '"v0"', 'if-none-match': '"v1"' })).toBe('failed');
    expect(evaluate({ 'if-match': '"v1"', 'if-none-match': '"v1"' })).toBe('not-modified');
    expect(evaluate({ 'if-unmodified-since': BEFORE, 'if-none-match': '"v1"' })).toBe('failed');
    expect(evaluate({ 'if-none-match': '"v0"', 'if-modified-since': SAME })).toBe('met');
    expect(evaluate({ 'if-none-match': '"v1"', 'if-modified-since': BEFORE })).toBe('not-modified');
  });

  it.each(['CONNECT', 'OPTIONS', 'TRACE'])('should not matter with %s', (method) => {
    expect(evaluate({ 'if-match': '"v0"', 'if-none-match': '"v1"' }, present, method)).toBe('met');
  });

  // With more than one look at each character these would take minutes.
  it.each(
    [',\t'.repeat(50_000), '"a",'.repeat(50_000), '"'.repeat(100_000), `"a"${' '.repeat(100_000)}x`].map(
      (list) => [list.slice(0, 4), list] as const,
    ),
  )('should be evaluated however long they are: %j', (_, list) => {
    expect(['met', 'not-modified']).toContain(evaluate({ 'if-none-match': list }));
  });
});

describe('If-Range', () => {
  it.each([
    ['"v1"', true],
    ['"v0"', false],
    ['W/"v1"', false],
    [SAME, true],
    [AFTER, false],
    [BEFORE, false],
    ['nonsense', false],
    ['', false],
  ])('%s: %s', (value, isCurrent) => {
    expect(isRangeCurrent(lookup({ 'if-range': value }), present, NOW)).toBe(isCurrent);
  });

  it('should not hold where there is nothing to compare with, and hold if it is not there', () => {
    expect(isRangeCurrent(lookup({ 'if-range': '"v1"' }), {}, NOW)).toBe(false);
    expect(isRangeCurrent(lookup({ 'if-range': SAME }), { etag: '"v1"' }, NOW)).toBe(false);
    expect(isRangeCurrent(lookup({ 'if-range': 'W/"v1"' }), { etag: 'W/"v1"' }, NOW)).toBe(false);
    expect(isRangeCurrent(lookup({}), {}, NOW)).toBe(true);
  });
});
