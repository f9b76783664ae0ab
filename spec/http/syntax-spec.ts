import { describe, expect, it } from '@jest/globals';
import { RequestHead } from '../../lib/http/head.ts';
import { NO_FIELDS, HttpFields } from '../../lib/http/fields.ts';
import { isText } from '../../lib/http/parser-words.ts';
import { isAuthority, isSameAuthority } from '../../lib/http/syntax/authority.ts';
import { FIELD_VALUE } from '../../lib/http/syntax/tables.ts';
import { type TargetForm, isTarget } from '../../lib/http/syntax/target.ts';
import { isFieldValue, isReasonPhrase, isToken, listOf } from '../../lib/http/syntax/text.ts';

describe('texts', () => {
  it('should be tokens or not', () => {
    expect(['GET', 'x-a', "!#$%&'*+-.^_`|~09"].filter(isToken)).toHaveLength(3);
    expect(['', 'a b', 'a:', 'a/', '"a"', 'é', '☃', 'a\r', 'a\0', '(', '{'].filter(isToken)).toEqual([]);
  });

  it('should be field values or not', () => {
    expect(['', 'a', 'a\tb c', 'ÿ'].filter(isFieldValue)).toHaveLength(4);
    expect([' a', 'a ', '\ta', 'a\r', 'a\nb', 'a\0', 'a\x7f', '☃', ' '].filter(isFieldValue)).toEqual([]);
  });

  it('should be reason phrases or not', () => {
    expect(['', ' OK ', 'é'].filter(isReasonPhrase)).toHaveLength(3);
    expect(['a\r\n', '☃', '\0'].filter(isReasonPhrase)).toEqual([]);
  });

  it('should be targets or not', () => {
    expect(['/', '/a?b', 'http://a/b', 'x://a'].filter((text) => isTarget(text, 'GET'))).toHaveLength(4);
    expect(['', '*', 'a', '/ ', '/\r\n', '/é', '/☃', '/%', '/#', '/"', '/{', 'http://u@a/'].filter((text) => isTarget(text, 'GET'))).toEqual([]); // prettier-ignore
    expect(isTarget('*', 'OPTIONS')).toBe(true);
    expect(isTarget('a:1', 'CONNECT')).toBe(true);
    expect(isTarget('/', 'CONNECT')).toBe(false);
    expect(isTarget('/?{', 'GET')).toBe(true);
  });

  it('should be authorities or not', () => {
    expect(['a', 'a:1', '[::1]:80', 'a%41'].filter(isAuthority)).toHaveLength(4);
    expect(['', ':1', 'a,b', 'u@a', '☃', '[::1', 'a:b'].filter(isAuthority)).toEqual([]);
  });

  it('should be able to name the same authority in several ways', () => {
    expect(isSameAuthority('A:80', 'a', 80)).toBe(true);
    expect(isSameAuthority('a:', 'a', 80)).toBe(true);
    expect(isSameAuthority('a:080', 'a:', 80)).toBe(true);
    expect(isSameAuthority('a:8080', 'a', 80)).toBe(false);
    expect(isSameAuthority('a:80', 'a', 443)).toBe(false);
    expect(isSameAuthority('[::1]:443', '[::1]', 443)).toBe(true);
    expect(isSameAuthority('a', 'b', 80)).toBe(false);
  });

  it('should be lists', () => {
    expect(listOf('a, b ,,c\t')).toEqual(['a', 'b', 'c']);
    expect(listOf('')).toEqual([]);
    expect(listOf('"a, \\", b", c="d,e" ;f, "g')).toEqual(['"a, \\", b"', 'c="d,e" ;f', '"g']);
  });
});

describe('words of four bytes', () => {
  it('should be text if each of their bytes is', () => {
    for (const others of [0x20202020, 0x7e7e7e7e, 0x41414141, 0x80808080, 0xfefefefe])
      for (let place = 0; place < 32; place += 8)
        for (let byte = 0; byte < 256; byte++) {
          const word = (others & ~(0xff << place)) | (byte << place);
          const isRight = FIELD_VALUE[byte] === 1 && byte !== 0x09 && byte !== 0xff;
          if (isText(word) !== isRight) throw new Error(`${byte} at ${place} among ${others.toString(16)}`);
        }
  });
});

describe('the target of a request', () => {
  const head = (target: string, targetForm: TargetForm, host?: string) => {
    const { path, query, authority } = new RequestHead({
      method: 'GET',
      target,
      targetForm,
      minorVersion: 1,
      fields: host === undefined ? NO_FIELDS : HttpFields.from([['Host', host]]),
      contentLength: undefined,
      chunked: false,
      keepAlive: true,
      upgrade: undefined,
      expectContinue: false,
    });
    return [authority, path, query];
  };

  it('should have parts', () => {
    expect(head('/a/b?c?d', 'origin', 'h:1')).toEqual(['h:1', '/a/b', 'c?d']);
    expect(head('/a?', 'origin')).toEqual(['', '/a', '']);
    expect(head('http://H:80/a?b', 'absolute', 'h')).toEqual(['H:80', '/a', 'b']);
    expect(head('http://h', 'absolute', 'h')).toEqual(['h', '/', undefined]);
    expect(head('http://h?b/c', 'absolute', 'h')).toEqual(['h', '/', 'b/c']);
    expect(head('h:443', 'authority', 'x')).toEqual(['h:443', '', undefined]);
    expect(head('*', 'asterisk', 'h')).toEqual(['h', '*', undefined]);
  });
});
