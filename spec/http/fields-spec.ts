import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HttpFields, NO_FIELDS } from '../../lib/http/fields.ts';
import { HttpError } from '../../lib/http/http-error.ts';
import { isFieldValue, isToken } from '../../lib/http/syntax/text.ts';

const fields = HttpFields.from([
  ['Host', 'a'],
  ['SET-cookie', 'a=1'],
  ['X-Empty', ''],
  ['set-Cookie', 'b=2, c'],
  ['Accept', 'text/html'],
  ['accept', '*/*'],
  ['Cookie', 'a=1'],
  ['cookie', 'b=2'],
  ['X', 'é: x'],
]);

describe('HttpFields', () => {
  it('should be found by their names, whatever the case', () => {
    for (const name of ['host', 'Host', 'HOST']) {
      expect(fields.get(name)).toBe('a');
      expect(fields.has(name)).toBe(true);
    }
    expect(fields.get('x-empty')).toBe('');
    expect(fields.get('x')).toBe('é: x');
  });

  it.each(['', 'hos', 'hostt', 'ost', 'x-empt', 'a', ':', 'Host:', 'Host: ', 'é', '__proto__', '\r\n'])(
    'should not be found by something else: %j',
    (name) => {
      expect(fields.get(name)).toBeUndefined();
      expect(fields.has(name)).toBe(false);
      expect(fields.getAll(name)).toEqual([]);
    },
  );

  it('should be joined when they are repeated, but Set-Cookie should not', () => {
    expect(fields.get('accept')).toBe('text/html, */*');
    expect(fields.getAll('Accept')).toEqual(['text/html', '*/*']);
    expect(fields.get('cookie')).toBe('a=1; b=2');
    expect(fields.get('set-cookie')).toBe('a=1');
    expect(fields.getAll('set-cookie')).toEqual(['a=1', 'b=2, c']);
  });

  it('should keep their order and the case of their names', () => {
    expect(fields.size).toBe(9);
    expect([...fields].slice(0, 3)).toEqual([
      ['Host', 'a'],
      ['SET-cookie', 'a=1'],
      ['X-Empty', ''],
    ]);
  });

  it('should be an object by their names in lower case, without a prototype', () => {
    const object = HttpFields.from([['__proto__', 'a'], ['A', '1'], ['a', '2']]).toObject(); // prettier-ignore
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.entries(object)).toEqual([
      ['__proto__', 'a'],
      ['a', '1, 2'],
    ]);
  });

  it('should be able to be none', () => {
    expect([...NO_FIELDS]).toEqual([]);
    expect(NO_FIELDS.get('a')).toBeUndefined();
    expect(NO_FIELDS.toObject()).toEqual({});
  });

  it.each([
    ['a b', 'c'],
    ['', 'c'],
    ['a:', 'c'],
    ['a', 'b\r\nc: d'],
    ['a', 'b\0'],
    ['a', ' b'],
    ['a', 'b\t'],
    ['a', '☃'],
  ])('should not be made of what cannot be sent: %j: %j', (name, value) => {
    expect(() => HttpFields.from([[name, value]])).toThrow(HttpError);
  });

  it('should be what they were made of', () => {
    const name = fc.string({ minLength: 1, unit: 'binary-ascii' }).filter(isToken);
    const value = fc.string({
      unit: fc.integer({ min: 9, max: 0xff }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value.filter(isFieldValue))), (pairs) => {
        const made = HttpFields.from(pairs);
        expect([...made]).toEqual(pairs);
        for (const [wanted] of pairs) {
          const same = pairs.filter(([other]) => other.toLowerCase() === wanted.toLowerCase());
          expect(made.getAll(wanted.toUpperCase())).toEqual(same.map(([, found]) => found));
        }
      }),
    );
  });
});
