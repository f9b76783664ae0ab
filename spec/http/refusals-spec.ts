import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '../../lib/base/errors.ts';
import {
  HTTP_ERROR_CODES,
  HTTP_ERROR_REASONS,
  HttpError,
  type HttpErrorReason,
} from '../../lib/http/http-error.ts';
import { HttpParser } from '../../lib/http/parser.ts';
import { Recorder, parseAnyhow, reasonOf } from './recorder.ts';

type Refusal = readonly [input: string, reason: HttpErrorReason];

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const post = (fields: string) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
const hosted = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const aimed = (target: string, method = 'GET') => `${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const version = (text: string) => `GET / ${text}\r\nHost: a\r\n\r\n`;

const REQUEST_LINES: Refusal[] = [
  ['\r\n\r\nGET / HTTP/1.1', 'blank-lines'],
  ['\rGET / HTTP/1.1', 'bare-cr'],
  ['\nGET / HTTP/1.1', 'bare-lf'],
  [' GET / HTTP/1.1', 'method-token'],
  ['G\0T / HTTP/1.1', 'method-token'],
  ['GET\t/ HTTP/1.1', 'method-token'],
  ['\x16\x03\x01\x02\x00', 'method-token'],
  ['G@T / HTTP/1.1', 'method-token'],
  ['GÉT / HTTP/1.1', 'method-token'],
  ['GET\r\n', 'method-token'],
  ['get / HTTP/1.1', 'method-unknown'],
  ['GETT / HTTP/1.1', 'method-unknown'],
  ['A'.repeat(65), 'method-length'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2-preface'],
  ['GET  / HTTP/1.1', 'request-line'],
  ['GET \r\n', 'request-line'],
  ['GET /\r\n', 'request-line'],
  ['GET /\n', 'request-line'],
  ['GET /  HTTP/1.1', 'request-line'],
  ['GET / b HTTP/1.1', 'request-line'],
  ['GET / http/1.1', 'request-line'],
  ['GET / HTTQ/1.1', 'request-line'],
];

const TARGETS: Refusal[] = [
  [aimed('/a\tb'), 'target-character'],
  [aimed('/a\0b'), 'target-character'],
  [aimed('/a\x7fb'), 'target-character'],
  [aimed('/a\x80b'), 'target-character'],
  [aimed('/a"b'), 'target-character'],
  [aimed('/a<b'), 'target-character'],
  [aimed('/a#b'), 'target-character'],
  [aimed('/a\\b'), 'target-character'],
  [aimed('/a{b'), 'target-character'],
  [aimed('/a?b#c'), 'target-character'],
  [aimed('/a%'), 'target-escape'],
  [aimed('/a%4'), 'target-escape'],
  [aimed('/a%4g'), 'target-escape'],
  [aimed('/a%%41'), 'target-escape'],
  [aimed('/?a=%zz'), 'target-escape'],
  [aimed('a'), 'target-form'],
  [aimed('a/b'), 'target-form'],
  [aimed('a:80'), 'target-form'],
  [aimed('?a'), 'target-form'],
  [aimed('http:/a'), 'target-form'],
  [aimed('http://'), 'target-form'],
  [aimed('1http://a'), 'target-form'],
  [aimed('*'), 'target-form'],
  [aimed('*', 'POST'), 'target-form'],
  [aimed('*/', 'OPTIONS'), 'target-form'],
  [aimed('http:///a'), 'target-authority'],
  [aimed('http://u@a/'), 'target-authority'],
  [aimed('http://a:b/'), 'target-authority'],
  [aimed('/', 'CONNECT'), 'target-authority'],
  [aimed('a', 'CONNECT'), 'target-authority'],
  [aimed('a:', 'CONNECT'), 'target-authority'],
  [aimed('a:0', 'CONNECT'), 'target-authority'],
  [aimed('a:000', 'CONNECT'), 'target-authority'],
  [aimed('a:65536', 'CONNECT'), 'target-authority'],
  [aimed(':443', 'CONNECT'), 'target-authority'],
  [aimed('http://a:80', 'CONNECT'), 'target-authority'],
  [aimed('u@a:80', 'CONNECT'), 'target-authority'],
];

const VERSIONS: Refusal[] = [
  [version('HTTP/1'), 'version-malformed'],
  [version('HTTP/1.'), 'version-malformed'],
  [version('HTTP/.1'), 'version-malformed'],
  [version('HTTP/1,1'), 'version-malformed'],
  [version('HTTP/1.1 '), 'version-malformed'],
  [version('HTTP/1.10'), 'version-malformed'],
  [version('HTTP/11.1'), 'version-malformed'],
  [version('HTTP/01.1'), 'version-malformed'],
  [version('HTTP/x.1'), 'version-malformed'],
  ['GET / HTTP/1.1\n', 'bare-lf'],
  ['GET / HTTP/1.1\rHost: a', 'bare-cr'],
  ['GET / HTTP/1.2', 'version-unsupported'],
  ['GET / HTTP/0.9', 'version-unsupported'],
  ['GET / HTTP/2.0', 'version-unsupported'],
  ['GET / HTTP/3.1', 'version-unsupported'],
];

const FIELDS: Refusal[] = [
  [`${GET}: b`, 'field-name'],
  [`${GET}a\r\n`, 'field-name'],
  [`${GET}a\n`, 'field-name'],
  [`${GET}a(b: c`, 'field-name'],
  [`${GET}a\0b: c`, 'field-name'],
  [`${GET}é: c`, 'field-name'],
  [`${GET}a : b`, 'field-name-space'],
  [`${GET}a\t: b`, 'field-name-space'],
  [`${GET}a b: c`, 'field-name-space'],
  ['GET / HTTP/1.1\r\n Host: a', 'field-fold'],
  [`${GET} b`, 'field-fold'],
  [`${GET}a: b\r\n\tc`, 'field-fold'],
  [`${GET}a: b\0`, 'field-value'],
  [`${GET}a: b\x01`, 'field-value'],
  [`${GET}a: \x0bb`, 'field-value'],
  [`${GET}a: b\x1b`, 'field-value'],
  [`${GET}a: long enough for words \x7f and more`, 'field-value'],
  [`${GET}a: long enough for words \x1f and more`, 'field-value'],
  [`${GET}a: b\rc`, 'bare-cr'],
  [`${GET}a: b\r\r\n`, 'bare-cr'],
  [`${GET}a: b\n`, 'bare-lf'],
  [`${GET}\n`, 'bare-lf'],
  [`${GET}\r\r`, 'bare-cr'],
];

const HOSTS: Refusal[] = [
  ['GET / HTTP/1.1\r\n\r\n', 'host-missing'],
  ['GET / HTTP/1.1\r\nHosts: a\r\n\r\n', 'host-missing'],
  [`${GET}host: a\r\n`, 'host-repeated'],
  [`${GET}HOST: b\r\n`, 'host-repeated'],
  ...[
    ...[
      '',
      ':80',
      'a b',
      'a,b',
      'a, b',
      'a/b',
      'a?b',
      'u@a',
      'http://a',
      'a:b',
      'a:80:80',
      'a:65536',
      'a:-1',
    ],
    ...[
      'a:99999999999',
      'a%',
      'a%2',
      'a%zz',
      'é',
      '::1',
      '[]',
      '[::1',
      '[::1]a',
      '[1.2.3.4]',
      '[:::]',
      '[::1::]',
    ],
    ...['[1:2:3:4:5:6:7]', '[1:2:3:4:5:6:7:8:9]', '[1:2:3:4:5:6:7::8]', '[::12345]', '[::g]', '[::1.2.3]'],
    ...['[::1.2.3.256]', '[::1.2.3.04]', '[1.2.3.4::]', '[fe80::1%25eth0]', '[v1.a]'],
  ].map((host): Refusal => [hosted(host), 'host-malformed']),
];

const LENGTHS: Refusal[] = [
  ...['', '+5', '-5', '5a', '0x5', '5 5', '5;', '0o5', '1_0', '5.0', '"5"', '5,', ',5', '5,a'].map(
    (value): Refusal => [post(`Content-Length: ${value}`), 'content-length-malformed'],
  ),
  [post('Content-Length: 5\r\nContent-Length: 5'), 'content-length-repeated'],
  [post('Content-Length: 5\r\ncontent-length: 6'), 'content-length-repeated'],
  [post('Content-Length: 5, 5'), 'content-length-repeated'],
  [post('Content-Length: 5,6'), 'content-length-repeated'],
  [post('Content-Length: 9007199254740992'), 'content-length-overflow'],
  [post('Content-Length: 99999999999999999999'), 'content-length-overflow'],
  [post(`Content-Length: ${'0'.repeat(20)}`), 'content-length-overflow'],
  [post(`Content-Length: ${2 ** 40 + 1}`), 'body-length'],
  [post('Content-Length: 5\r\nTransfer-Encoding: chunked'), 'content-length-conflict'],
  [post('Transfer-Encoding: chunked\r\nContent-Length: 0'), 'content-length-conflict'],
  ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\n', 'content-in-connect'],
  ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n', 'content-in-connect'],
];

const CODINGS: Refusal[] = [
  ...['', ',', 'chunked,', ',chunked', 'chun ked', 'chunked;a=b', '"chunked"'].map((value): Refusal => [
    post(`Transfer-Encoding: ${value}`),
    'transfer-encoding-malformed',
  ]),
  ...[
    'gzip',
    'identity',
    'xchunked',
    'chunkedchunked',
    'chunked, gzip',
    'chunked\r\nTransfer-Encoding: identity',
  ].map((value): Refusal => [post(`Transfer-Encoding: ${value}`), 'transfer-encoding-not-chunked']),
  ...['chunked, chunked', 'chunked\r\nTransfer-Encoding: chunked', 'chunked, CHUNKED'].map(
    (value): Refusal => [post(`Transfer-Encoding: ${value}`), 'transfer-encoding-repeated'],
  ),
  ...['gzip, chunked', 'gzip\r\nTransfer-Encoding: chunked', 'identity, chunked', 'x;q=1, chunked'].map(
    (value): Refusal => [post(`Transfer-Encoding: ${value}`), 'transfer-encoding-unknown'],
  ),
  ['POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'transfer-encoding-version'],
  [post('Expect: 100-continue, x'), 'expectation'],
  [post('Expect: 200-ok'), 'expectation'],
];

const CHUNKS: Refusal[] = [
  ...['\r\n', ';a\r\n', '+5\r\n', '-5\r\n', ' 5\r\n', 'x\r\n'].map((line): Refusal => [line, 'chunk-size']),
  ...['0x5\r\n', '5 \r\n', '5 ;a\r\n', '5_0\r\n', '5,\r\n', '5\0'].map((line): Refusal => [
    line,
    'chunk-size',
  ]),
  ['20000000000000\r\n', 'chunk-size-overflow'],
  ['FFFFFFFFFFFFFFFF\r\n', 'chunk-size-overflow'],
  ['0'.repeat(17), 'chunk-size-overflow'],
  ['10000000001\r\n', 'body-length'],
  ['5\n', 'bare-lf'],
  ['5\rhello', 'bare-cr'],
  ['5;a\n', 'bare-lf'],
  ['5;a\rb', 'bare-cr'],
  ...[
    ';\r',
    ';;',
    ';=',
    '; a',
    ';a b',
    ';a=\r',
    ';a=;',
    ';a==',
    ';a="\r',
    ';a="b"c',
    ';a="\0',
    ';a=b"',
    ';a="\\\r',
  ].map((extension): Refusal => [`5${extension}`, 'chunk-extension']),
  ['5\r\nhelloX', 'chunk-end'],
  ['5\r\nhello\n', 'chunk-end'],
  ['5\r\nhello\rX', 'chunk-end'],
  ['5\r\nhello0\r\n', 'chunk-end'],
  ['0\r\n\rX', 'bare-cr'],
  ['0\r\n\n', 'bare-lf'],
  ['0\r\n a: b', 'field-fold'],
  ['0\r\na: \0', 'field-value'],
  ...[
    'Content-Length: 1',
    'transfer-encoding: chunked',
    'HOST: a',
    'Connection: close',
    'Upgrade: x',
    'TE: x',
  ].map((field): Refusal => [`0\r\n${field}\r\n`, 'trailer-forbidden']),
].map(([input, reason]) => [CHUNKED + input, reason] as Refusal);

const BETWEEN: Refusal[] = [
  [aimed('http://b/'), 'host-mismatch'],
  [aimed('http://a:81/'), 'host-mismatch'],
  [aimed('https://a:80/'), 'host-mismatch'],
  [`${GET}Connection: close\r\n\r\nGET`, 'data-after-close'],
  ['GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n', 'data-after-close'],
];

const STATUS_LINES: Refusal[] = [
  ['HTP/1.1 200 OK', 'status-line'],
  ['http/1.1 200 OK', 'status-line'],
  [' HTTP/1.1 200 OK', 'status-line'],
  ['HTTP/1.x 200 OK', 'version-malformed'],
  ['HTTP/2.0 200 OK', 'version-unsupported'],
  ['HTTP/1.2 200 OK', 'version-unsupported'],
  ['HTTP/1.1200 OK', 'status-code'],
  ['HTTP/1.1  200 OK', 'status-code'],
  ['HTTP/1.1\t200 OK', 'status-code'],
  ['HTTP/1.1 20 OK', 'status-code'],
  ['HTTP/1.1 2000 OK', 'status-code'],
  ['HTTP/1.1 099 OK', 'status-code'],
  ['HTTP/1.1 +20 OK', 'status-code'],
  ['HTTP/1.1 200\tOK', 'status-code'],
  ['HTTP/1.1 200OK', 'status-code'],
  ['HTTP/1.1 200 O\0', 'reason-phrase'],
  ['HTTP/1.1 200 O\x7f', 'reason-phrase'],
  ['HTTP/1.1 200 OK\n', 'bare-lf'],
  ['HTTP/1.1 200 OK\rX', 'bare-cr'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 'content-length-conflict'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'content-length-repeated'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 'transfer-encoding-not-chunked'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 'transfer-encoding-unknown'],
  ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'transfer-encoding-version'],
  ['HTTP/1.1 204 OK\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK', 'data-after-close'],
];

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe.each([
  ['request lines', REQUEST_LINES],
  ['targets', TARGETS],
  ['versions', VERSIONS],
  ['fields', FIELDS],
  ['hosts', HOSTS],
  ['content lengths', LENGTHS],
  ['transfer codings and expectations', CODINGS],
  ['chunks', CHUNKS],
  ['what disagrees', BETWEEN],
])('a parser of requests: %s', (_what, refusals) => {
  it.each(refusals)('should refuse %j: %s', (input, reason) => {
    expect(reasonOf(parseAnyhow(latin1(input), { kind: 'request' }))).toBe(reason);
  });

  it.each(refusals)('should hand on what is in front of %j', (input) => {
    const good = parseAnyhow(latin1(`${GET}\r\n`), { kind: 'request' }).slice(0, -1);
    const happenings = parseAnyhow(latin1(`${GET}\r\n${input}`), { kind: 'request' });
    expect(happenings.slice(0, good.length)).toEqual(good);
    expect(reasonOf(happenings)).toBeDefined();
  });
});

describe('a parser of responses', () => {
  it.each(STATUS_LINES)('should refuse %j: %s', (input, reason) => {
    expect(reasonOf(parseAnyhow(latin1(input), { kind: 'response' }))).toBe(reason);
  });
});

describe('HttpError', () => {
  function caught(kind: 'request' | 'response', text: string): HttpError {
    try {
      new HttpParser(kind).push(latin1(text), new Recorder());
    } catch (error) {
      return error as HttpError;
    }
    throw new Error('nothing was refused');
  }

  it('should say what is wrong in words, in a code and in a status', () => {
    const error = caught('request', `GET /${'a'.repeat(9000)}`);
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({
      name: 'HttpError',
      code: 'ERR_HTTP_TOO_LONG',
      reason: 'request-line-length',
      status: 414,
      operation: 'receive',
      message: 'ERR_HTTP_TOO_LONG: the request line is too long: 9005 bytes and more, 8192 are allowed',
    });
  });

  it('should make a gateway answer 502 for a response', () => {
    expect(caught('response', 'HTTP/2.0 200 OK')).toMatchObject({ code: 'ERR_HTTP_VERSION', status: 502 });
  });

  it('should have reasons for all codes, with statuses of errors', () => {
    const reasons = Object.values(HTTP_ERROR_REASONS);
    expect(new Set(reasons.map(([code]) => code))).toEqual(new Set(Object.keys(HTTP_ERROR_CODES)));
    expect(new Set(reasons.map(([, status]) => status))).toEqual(
      new Set([400, 413, 414, 417, 431, 501, 505]),
    );
  });

  it('should end the parser', () => {
    const parser = new HttpParser('request');
    const recorder = new Recorder();
    expect(() => parser.push(latin1('GET@'), recorder)).toThrow(HttpError);
    expect(parser.isDone).toBe(true);
    const { length } = recorder.happenings;
    parser.push(latin1(`${GET}\r\n`), recorder);
    parser.end(recorder);
    expect(recorder.happenings).toHaveLength(length);
  });
});
