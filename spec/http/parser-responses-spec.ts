import { describe, expect, it } from '@jest/globals';
import { type Feeding, parseAnyhow } from './recorder.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

function parsed(text: string, feeding: Omit<Feeding, 'kind'> = {}) {
  return parseAnyhow(Buffer.from(text, 'latin1'), { kind: 'response', ...feeding });
}

/** What happened, without what heads say. */
function course(text: string, feeding?: Omit<Feeding, 'kind'>) {
  return parsed(text, feeding)
    .filter(([what]) => what !== 'messageBegin' && what !== 'end')
    .map(([what, detail]) => (what === 'head' ? (detail as { status: number }).status : detail === undefined ? what : [what, detail])); // prettier-ignore
}

describe('a response', () => {
  it('should be told of in order', () => {
    expect(parsed(`${OK}Content-Length: 5\r\n\r\nhello`)).toEqual([
      ['messageBegin'],
      [
        'head',
        {
          status: 200,
          reason: 'OK',
          minorVersion: 1,
          fields: [['Content-Length', '5']],
          contentLength: 5,
          chunked: false,
          keepAlive: true,
          upgrade: undefined,
        },
      ],
      ['body', 'hello'],
      ['messageComplete'],
      ['end', { residue: 0, isIdle: true, isDone: false }],
    ]);
  });

  it.each([
    ['HTTP/1.1 404 Not Found', 404, 'Not Found'],
    ['HTTP/1.1 204 ', 204, ''],
    ['HTTP/1.1 204', 204, ''],
    ['HTTP/1.1 204  two\t', 204, ' two\t'],
    ['HTTP/1.1 999 \xe9', 999, 'é'],
  ])('should be able to begin with %j', (line, status, reason) => {
    expect(parsed(`${line}\r\nContent-Length: 0\r\n\r\n`)[1]).toMatchObject(['head', { status, reason }]);
  });

  it('should end with the connection if it does not say where it ends', () => {
    expect(course(`${OK}\r\nhello`, { ends: true })).toEqual([200, ['body', 'hello'], 'messageComplete']);
    expect(course(`${OK}\r\n`, { ends: true })).toEqual([200, 'messageComplete']);
    expect(parsed(`${OK}\r\nhello`)[1]).toMatchObject(['head', { keepAlive: false }]);
    expect(parsed(`${OK}Connection: keep-alive\r\n\r\n`)[1]).toMatchObject(['head', { keepAlive: false }]);
    expect(course(`${OK}Transfer-Encoding: gzip\r\n\r\nhello`, { ends: true, options: { lenient: { otherTransferCodings: true } } })).toEqual([200, ['body', 'hello'], 'messageComplete']); // prettier-ignore
  });

  it.each(['H', OK, `${OK}Content-Length: 5\r\n\r\nhell`, `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`])(
    'should not end within %j',
    (text) => {
      expect(course(text, { ends: true }).at(-1)).toEqual(['error', 'truncated']);
    },
  );

  it('should be able to end between messages', () => {
    expect(parsed('', { ends: true })).toEqual([['end', { residue: 0, isIdle: true, isDone: true }]]);
    expect(course(`${OK}Content-Length: 0\r\n\r\n\r\n`, { ends: true })).toEqual([200, 'messageComplete']);
  });

  it('should have no body if its request or its status says so', () => {
    const lengthy = 'Content-Length: 5\r\n\r\n';
    expect(course(OK + lengthy + OK + lengthy, { expect: ['HEAD', 'GET'] })).toEqual([
      200,
      'messageComplete',
      200,
    ]);
    for (const status of [100, 103, 199, 204, 304])
      expect(course(`HTTP/1.1 ${status} x\r\n${lengthy}${OK}${lengthy}`)).toEqual([
        status,
        'messageComplete',
        200,
      ]);
    expect(course(`HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n`)).toEqual([304, 'messageComplete']);
  });

  it('should say how long the body would be that is left out', () => {
    const [, head] = parsed(`${OK}Content-Length: 99999999999999\r\n\r\n`, { expect: ['HEAD'] });
    expect(head).toMatchObject(['head', { contentLength: 99999999999999, keepAlive: true }]);
  });

  it('should answer the request that is next, and 1xx should not', () => {
    const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n\r\n${OK}Content-Length: 5\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`;
    expect(course(text, { expect: ['HEAD', 'GET'] })).toEqual([
      100, 'messageComplete', 103, 'messageComplete', 200, 'messageComplete', 200, ['body', 'hi'], 'messageComplete',
    ]); // prettier-ignore
  });

  it('should be refused if its body is too long, whether it says so or not', () => {
    const options = { limits: { maxBody: 5 } };
    expect(course(`${OK}\r\nhello`, { options, ends: true })).toEqual([
      200,
      ['body', 'hello'],
      'messageComplete',
    ]);
    expect(course(`${OK}\r\nhello!`, { options })).toEqual([
      200,
      ['body', 'hello'],
      ['error', 'body-length'],
    ]);
    expect(course(`${OK}Content-Length: 6\r\n\r\n`, { options })).toEqual([['error', 'body-length']]);
    expect(course(`${OK}Content-Length: 6\r\n\r\n`, { options, expect: ['HEAD'] })).toEqual([
      200,
      'messageComplete',
    ]);
  });
});
