import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { urlDecode, urlDecodedLength, urlEncode, urlEncodedLength } from '../../lib/sys/url.ts';

describe('urlEncode and urlDecode', () => {
  it('should give back every sequence of bytes, and know the lengths', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (data, plus) => {
        const text = urlEncode(data, { plus });
        expect([...urlDecode(text, { plus })]).toEqual([...data]);
        expect(urlEncodedLength(data, { plus })).toBe(text.length);
        expect(urlDecodedLength(text)).toBe(data.length);
      }),
    );
  });

  it('should be understood by the platform', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeURIComponent(urlEncode(text, { plus: false }))).toBe(text);
        expect(new URLSearchParams(`a=${urlEncode(text)}`).get('a')).toBe(text);
        expect(toText(urlDecode(encodeURIComponent(text), { plus: false }))).toBe(text);
        expect(toText(urlDecode(new URLSearchParams({ a: text }).toString().slice(2)))).toBe(text);
      }),
    );
  });

  it('should escape a space and a plus as the option says', () => {
    expect(urlEncode('a b+c')).toBe('a+b%2Bc');
    expect(urlEncode('a b+c', { plus: false })).toBe('a%20b%2Bc');
    expect(toText(urlDecode('a+b%20c', { plus: false }))).toBe('a+b c');
  });

  it('should take characters outside of ASCII for their UTF-8', () => {
    expect(toText(urlDecode('中%E4%B8%AD'))).toBe('中中');
    expect(urlDecodedLength('中%E4%B8%AD')).toBe(6);
  });

  it.each([
    ['%', 0],
    ['a%4', 1],
    ['%zz', 0],
    ['%4g', 0],
    ['%41%', 3],
    ['%%41', 0],
    ['%＃＃', 0],
  ])('should refuse "%s"', (text, position) => {
    expect(() => urlDecode(text)).toThrow(expect.objectContaining({ code: 'ERR_URL_ENCODING', position }));
  });
});
