import { STATUS_CODES } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { isCompressible, mimeType } from '../../lib/http/mime.ts';
import { forbidsBody, reasonPhrase, REASON_PHRASES } from '../../lib/http/status.ts';

describe('reason phrases', () => {
  it('should be what others say, too, except where RFC 9110 has a new name', () => {
    const renamed: Record<number, string> = { 413: 'Content Too Large', 422: 'Unprocessable Content' };
    for (const code of Object.keys(REASON_PHRASES).map(Number)) {
      expect([code, reasonPhrase(code)]).toEqual([code, renamed[code] ?? STATUS_CODES[code]]);
    }
  });

  it('should be empty for what is not registered', () => {
    expect([299, 306, 418, 599, 799].map(reasonPhrase)).toEqual(['', '', '', '', '']);
  });
});

describe('forbidsBody', () => {
  it.each([
    [100, true],
    [199, true],
    [200, false],
    [204, true],
    [205, false],
    [304, true],
    [404, false],
  ])('should know of %i', (status, forbids) => {
    expect(forbidsBody(status)).toBe(forbids);
  });
});

describe('mimeType', () => {
  it.each([
    ['/a/index.html', 'text/html; charset=utf-8'],
    ['STYLE.CSS', 'text/css; charset=utf-8'],
    ['app.min.js', 'text/javascript; charset=utf-8'],
    ['data.json', 'application/json'],
    ['a.b/photo.jpeg', 'image/jpeg'],
    ['font.woff2', 'font/woff2'],
    ['archive.tar.gz', 'application/gzip'],
    ['C:\\site\\a.txt', 'text/plain; charset=utf-8'],
    ['noextension', 'application/octet-stream'],
    ['a.html/b', 'application/octet-stream'],
    ['.html', 'application/octet-stream'],
    ['/x/.js', 'application/octet-stream'],
    ['a.', 'application/octet-stream'],
    ['a.unknown', 'application/octet-stream'],
    ['a.constructor', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('should know %s', (path, type) => {
    expect(mimeType(path)).toBe(type);
  });
});

describe('isCompressible', () => {
  it.each([
    ['text/html; charset=utf-8', true],
    ['TEXT/PLAIN', true],
    ['application/json', true],
    ['application/problem+json', true],
    ['image/svg+xml', true],
    ['application/wasm', true],
    ['text/event-stream', false],
    ['image/png', false],
    ['font/woff2', false],
    ['application/zip', false],
    ['application/octet-stream', false],
    ['', false],
  ])('should know %s', (type, smaller) => {
    expect(isCompressible(type)).toBe(smaller);
  });
});
