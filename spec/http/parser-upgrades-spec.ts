import { describe, expect, it } from '@jest/globals';
import { HttpParser } from '../../lib/http/parser.ts';
import { type Feeding, Recorder, parseAnyhow } from './recorder.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';
const UPGRADE = 'Connection: x, Upgrade\r\nUpgrade: WebSocket\r\n';

function course(text: string, feeding: Feeding) {
  return parseAnyhow(Buffer.from(text, 'latin1'), feeding)
    .filter(([what]) => what !== 'messageBegin' && what !== 'end')
    .map(([what, detail]) => (what === 'head' ? (detail as { upgrade: unknown }).upgrade : detail === undefined ? what : [what, detail])); // prettier-ignore
}

describe('a request that asks for an upgrade', () => {
  const kind = 'request';

  it.each([
    [UPGRADE, 'websocket'],
    ['Upgrade: websocket\r\nConnection: upgrade\r\n', 'websocket'],
    ['Connection: upgrade\r\nUpgrade: h2c\r\n', 'other'],
    ['Connection: upgrade\r\nUpgrade: websocket, h2c\r\n', 'other'],
    ['Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n', 'other'],
  ])('should be the last of HTTP: %j', (fields, upgrade) => {
    expect(course(`${GET}${fields}\r\nrest\0`, { kind })).toEqual([
      upgrade,
      'messageComplete',
      ['upgraded', 'rest\0'],
    ]);
    expect(course(`${GET}${fields}\r\n`, { kind })).toEqual([upgrade, 'messageComplete', ['upgraded', '']]);
  });

  it.each(['Connection: upgrade\r\n', 'Upgrade: websocket\r\n', 'Connection: x\r\nUpgrade: websocket\r\n'])(
    'should say so twice: %j',
    (fields) => {
      expect(course(`${GET}${fields}\r\n`, { kind })).toEqual([undefined, 'messageComplete']);
    },
  );

  it('should not be one of HTTP/1.0', () => {
    expect(course(`GET / HTTP/1.0\r\n${UPGRADE}\r\n`, { kind })).toEqual([undefined, 'messageComplete']);
  });

  it('should bring its body first', () => {
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n${UPGRADE}\r\n`;
    expect(course(`${head}bodyrest`, { kind })).toEqual([
      'websocket',
      ['body', 'body'],
      'messageComplete',
      ['upgraded', 'rest'],
    ]);
  });

  it('should be CONNECT too', () => {
    const head = 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n';
    expect(course(`${head}rest`, { kind })).toEqual(['tunnel', 'messageComplete', ['upgraded', 'rest']]);
  });

  it('should be one as any other if it is told to stay', () => {
    expect(course(`${GET}${UPGRADE}\r\n${GET}\r\n`, { kind, decisions: ['stay'] })).toEqual([
      'websocket',
      'messageComplete',
      undefined,
      'messageComplete',
    ]);
  });
});

describe('a sink', () => {
  it('should be able to make an upgrade of any request', () => {
    const text = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nrest';
    expect(course(text, { kind: 'request', decisions: ['upgrade'] })).toEqual([
      undefined,
      'messageComplete',
      ['upgraded', 'rest'],
    ]);
  });

  it('should be able to say that there is no body', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    expect(course(text, { kind: 'response', decisions: ['skip-body'] })).toEqual([
      undefined,
      'messageComplete',
      undefined,
      'messageComplete',
    ]);
  });
});

describe('a response that is an upgrade', () => {
  const kind = 'response';

  it('should be 101, whatever its fields say', () => {
    const line = 'HTTP/1.1 101 x\r\n';
    expect(course(`${line}${UPGRADE}\r\nrest`, { kind })).toEqual([
      'websocket',
      'messageComplete',
      ['upgraded', 'rest'],
    ]);
    expect(course(`${line}Content-Length: 4\r\n\r\nrest`, { kind })).toEqual([
      'other',
      'messageComplete',
      ['upgraded', 'rest'],
    ]);
  });

  it('should be 2xx to CONNECT, whatever its fields say', () => {
    const fields = 'Content-Length: 4\r\n\r\n';
    expect(course(`HTTP/1.1 200 x\r\n${fields}rest`, { kind, expect: ['CONNECT'] })).toEqual([
      'tunnel',
      'messageComplete',
      ['upgraded', 'rest'],
    ]);
    expect(
      course(`HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nrest`, { kind, expect: ['CONNECT'] }),
    ).toEqual(['tunnel', 'messageComplete', ['upgraded', 'rest']]);
    expect(course(`HTTP/1.1 407 x\r\n${fields}body`, { kind, expect: ['CONNECT'] })).toEqual([
      undefined,
      ['body', 'body'],
      'messageComplete',
    ]);
  });

  it('should not be 200 with Upgrade', () => {
    expect(course(`HTTP/1.1 200 x\r\n${UPGRADE}Content-Length: 0\r\n\r\n`, { kind })).toEqual([
      undefined,
      'messageComplete',
    ]);
  });
});

describe('a parser after an upgrade', () => {
  it('should take nothing more', () => {
    const parser = new HttpParser('request');
    const recorder = new Recorder();
    parser.push(Buffer.from(`${GET}${UPGRADE}\r\n`), recorder);
    expect(parser.isDone).toBe(true);
    const { length } = recorder.happenings;
    parser.push(Buffer.from(GET), recorder);
    parser.end(recorder);
    expect(recorder.happenings).toHaveLength(length);
  });
});
