import { describe, expect, it } from '@jest/globals';
import type { LenientFlags } from '../../lib/http/limits.ts';
import { parseAnyhow, reasonOf } from './recorder.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** The heads of what is taken; an error is one too. */
function headsOf(text: string, lenient: LenientFlags = {}) {
  const happenings = parseAnyhow(latin1(text), { kind: 'request', options: { lenient } });
  if (reasonOf(happenings) !== undefined) return [happenings.at(-1)];
  return happenings.filter(([what]) => what === 'head').map(([, head]) => head);
}

const request = (start: string, ...fields: string[]) =>
  `${[start, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;

describe('a request', () => {
  it('should be told of in order', () => {
    const text = request('POST /a?b HTTP/1.1', 'Content-Length: 5') + 'hello';
    expect(parseAnyhow(latin1(text + request('GET / HTTP/1.1')), { kind: 'request' })).toEqual([
      ['messageBegin'],
      [
        'head',
        {
          method: 'POST',
          target: '/a?b',
          targetForm: 'origin',
          minorVersion: 1,
          fields: [
            ['Host', 'a'],
            ['Content-Length', '5'],
          ],
          contentLength: 5,
          chunked: false,
          keepAlive: true,
          upgrade: undefined,
          expectContinue: false,
        },
      ],
      ['body', 'hello'],
      ['messageComplete'],
      ['messageBegin'],
      ['head', expect.objectContaining({ method: 'GET', contentLength: undefined })],
      ['messageComplete'],
      ['end', { residue: 0, isIdle: true, isDone: false }],
    ]);
  });

  it('should be told of chunk by chunk', () => {
    const body = '5;a=b\r\nhello\r\n001\r\n!\r\n0;c="d;\\""\r\nA: 1\r\nb:2\t \r\n\r\n';
    const text = request('POST / HTTP/1.1', 'Transfer-Encoding: Chunked') + body;
    expect(parseAnyhow(latin1(text), { kind: 'request' }).slice(2)).toEqual([
      ['chunkHeader', 5, 'a=b'],
      ['body', 'hello'],
      ['chunkComplete'],
      ['chunkHeader', 1, ''],
      ['body', '!'],
      ['chunkComplete'],
      ['chunkHeader', 0, 'c="d;\\""'],
      [
        'trailers',
        [
          ['A', '1'],
          ['b', '2'],
        ],
      ],
      ['chunkComplete'],
      ['messageComplete'],
      ['end', { residue: 0, isIdle: true, isDone: false }],
    ]);
  });

  it.each([
    ['GET', '/', 'origin'],
    ['GET', '//a/b', 'origin'],
    ['GET', "/a-b_c~d.e!$&'()*+,;=:@%41[]|^", 'origin'],
    ['GET', '/?a[]=1&b={x|y}`\\^/?', 'origin'],
    ['GET', 'http://a', 'absolute'],
    ['GET', 'HTTP://A:80/b', 'absolute'],
    ['GET', 'http://a?b', 'absolute'],
    ['OPTIONS', '*', 'asterisk'],
    ['OPTIONS', '/', 'origin'],
    ['CONNECT', 'a:443', 'authority'],
    ['CONNECT', '[::1]:1', 'authority'],
    ['M-SEARCH', '/', 'origin'],
    ['QUERY', '/', 'origin'],
  ])('should be able to have the method %s and the target %s', (method, target, targetForm) => {
    expect(headsOf(request(`${method} ${target} HTTP/1.1`))).toMatchObject([{ method, target, targetForm }]);
  });

  it.each([
    ...[
      'a',
      'A.b',
      'a.',
      'xn--a',
      'a_b',
      '0.0.0.0=5000',
      '1.2.3.4',
      'a:',
      'a:80',
      'a:0',
      'a:65535',
      'a:00080',
      'a%20b',
    ],
    ...['[::]', '[::1]:80', '[1:2:3:4:5:6:7:8]', '[1::8]', '[2001:db8::ff:1.2.3.4]', '[1:2:3:4:5:6:1.2.3.4]'],
  ])('should be able to have the host %s', (host) => {
    expect(headsOf(`GET / HTTP/1.1\r\nhost:\t ${host} \t\r\n\r\n`)).toMatchObject([
      { fields: [['host', host]] },
    ]);
  });

  it('should need no Host in HTTP/1.0', () => {
    expect(headsOf('GET / HTTP/1.0\r\n\r\n')).toMatchObject([
      { minorVersion: 0, keepAlive: false, fields: [] },
    ]);
  });

  it('should be able to follow one empty line', () => {
    expect(headsOf(`\r\n${request('GET / HTTP/1.1')}\r\n${request('PUT / HTTP/1.1')}`)).toHaveLength(2);
  });

  it('should keep names and values as they are, without the white space around values', () => {
    expect(
      headsOf(request('GET / HTTP/1.1', 'X-a:', 'x-A: \t ', '!#$%&\'*+-.^_`|~: é\tÿ "\x80" \t')),
    ).toMatchObject([
      {
        fields: [
          ['Host', 'a'],
          ['X-a', ''],
          ['x-A', ''],
          ["!#$%&'*+-.^_`|~", 'é\tÿ "\x80"'],
        ],
      },
    ]);
  });

  it.each([
    ['HTTP/1.1', [], true],
    ['HTTP/1.1', ['Connection: close'], false],
    ['HTTP/1.1', ['Connection: a, CLOSE ,b'], false],
    ['HTTP/1.1', ['Connection: a', 'Connection: close'], false],
    ['HTTP/1.1', ['Connection: keep-alive, close'], false],
    ['HTTP/1.1', ['Connection: closed, xclose, "close"'], true],
    ['HTTP/1.1', ['Connection: "a, close'], false],
    ['HTTP/1.1', ['Connection: keep-alive'], true],
    ['HTTP/1.0', [], false],
    ['HTTP/1.0', ['Connection: Keep-Alive'], true],
    ['HTTP/1.0', ['Connection: x,keep-alive'], true],
    ['HTTP/1.0', ['Connection: keep-alive, close'], false],
    ['HTTP/1.0', ['Proxy-Connection: keep-alive'], false],
  ])('should keep the connection alive or not: %s %j', (version, fields, keepAlive) => {
    expect(headsOf(request(`GET / ${version}`, ...fields))).toMatchObject([{ keepAlive }]);
  });

  it.each([
    ['HTTP/1.1', ['Expect: 100-Continue', 'Content-Length: 1'], true],
    ['HTTP/1.1', ['Expect: 100-continue', 'Transfer-Encoding: chunked'], true],
    ['HTTP/1.1', ['Expect: 100-continue', 'Content-Length: 0'], false],
    ['HTTP/1.1', ['Expect: 100-continue'], false],
    ['HTTP/1.0', ['Expect: 100-continue', 'Content-Length: 1'], false],
    ['HTTP/1.0', ['Expect: something', 'Content-Length: 1'], false],
  ])('should wait for 100 or not: %s %j', (version, fields, expectContinue) => {
    expect(headsOf(request(`POST / ${version}`, ...fields))).toMatchObject([{ expectContinue }]);
  });

  it('should be able to have a Content-Length with zeros in front', () => {
    expect(headsOf(`${request('POST / HTTP/1.1', 'Content-Length: 0000000000000000002')}ab`)).toMatchObject([
      { contentLength: 2 },
    ]);
  });
});

describe('a careless client', () => {
  it.each<[keyof LenientFlags, string, object]>([
    ['missingHost', 'GET / HTTP/1.1\r\n\r\n', { fields: [] }],
    ['anyHost', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', { fields: [['Host', 'a, b']] }],
    ['anyHost', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n', { target: 'http://b/' }],
    ['anyTarget', request('GET /a"<é>\\#%?# HTTP/1.1'), { target: '/a"<é>\\#%?#' }],
    ['bareLf', '\nGET / HTTP/1.1\nHost: a\nb: c\r\n\n', { fields: [['Host', 'a'], ['b', 'c']] }], // prettier-ignore
    ['foldedFields', request('GET / HTTP/1.1', 'a: b', ' c', '\t', '  d '), { fields: [['Host', 'a'], ['a', 'b   c  \t    d']] }], // prettier-ignore
    ['spaceBeforeColon', request('GET / HTTP/1.1', 'a \t : b'), { fields: [['Host', 'a'], ['a', 'b']] }], // prettier-ignore
    ['controlsInValues', request('GET / HTTP/1.1', 'a: \x01b\x7f'), { fields: [['Host', 'a'], ['a', '\x01b\x7f']] }], // prettier-ignore
    ['repeatedContentLength', `${request('PUT / HTTP/1.1', 'Content-Length: 1, 1', 'Content-Length: 01')}x`, { contentLength: 1 }], // prettier-ignore
    ['contentLengthBesideChunked', `${request('PUT / HTTP/1.1', 'Content-Length: 1', 'Transfer-Encoding: chunked')}0\r\n\r\n`, { chunked: true, contentLength: undefined, keepAlive: false }], // prettier-ignore
    ['otherTransferCodings', `${request('PUT / HTTP/1.1', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`, { chunked: true }], // prettier-ignore
    ['spacesInChunkLines', `${request('PUT / HTTP/1.1', 'Transfer-Encoding: chunked')}1 \r\nx\r\n0 ; a = b ; c\r\n\r\n`, { chunked: true }], // prettier-ignore
  ])('should be put up with if %s is on', (flag, text, head) => {
    expect(headsOf(text)).toMatchObject([['error', expect.any(String)]]);
    expect(headsOf(text, { [flag]: true })).toMatchObject([head]);
  });

  it.each<[keyof LenientFlags, string]>([
    ['missingHost', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['anyHost', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
    ['anyTarget', request('GET /a\x7f HTTP/1.1')],
    ['bareLf', 'GET / HTTP/1.1\rHost: a\r\r'],
    ['foldedFields', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
    ['foldedFields', request('POST / HTTP/1.1', 'Content-Length: 1', ' 0')],
    ['spaceBeforeColon', request('GET / HTTP/1.1', 'a b: c')],
    ['controlsInValues', request('GET / HTTP/1.1', 'a: \0')],
    ['repeatedContentLength', request('PUT / HTTP/1.1', 'Content-Length: 1, 2')],
    ['otherTransferCodings', request('PUT / HTTP/1.1', 'Transfer-Encoding: gzip')],
    ['otherTransferCodings', request('PUT / HTTP/1.1', 'Transfer-Encoding: chunked, gzip')],
    ['spacesInChunkLines', `${request('PUT / HTTP/1.1', 'Transfer-Encoding: chunked')} 1`],
    ['spacesInChunkLines', `${request('PUT / HTTP/1.1', 'Transfer-Encoding: chunked')}1 a`],
  ])('should find other things refused although %s is on: %j', (flag, text) => {
    expect(headsOf(text, { [flag]: true })).toMatchObject([['error', expect.any(String)]]);
  });

  it('should be able to say something behind its last message, if that is let through', () => {
    const last = request('GET / HTTP/1.1', 'Connection: close');
    expect(headsOf(`${last}\r\n\r\n`)).toHaveLength(1);
    expect(headsOf(last + last, { messagesAfterClose: true })).toHaveLength(2);
    expect(headsOf(`${last}anything\0`, { dataAfterClose: true })).toHaveLength(1);
  });
});
