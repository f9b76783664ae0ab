import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { BodyWriter } from '../../lib/http/encode/body-writer.ts';
import type { RequestHeadInit } from '../../lib/http/encode/request-head.ts';
import type { ResponseHeadInit } from '../../lib/http/encode/response-head.ts';
import { encodeRequestHead, encodeResponseHead } from '../../lib/http/encode/whole.ts';

interface RecordedCall {
  readonly call: string;
  readonly wire: string;
  readonly wireHex?: string;
}

interface RecordedResponse {
  readonly name: string;
  readonly wireHex: string;
}

const requests = read('http-requests.json') as Record<string, RecordedCall[]>;
const { responses } = read('http-responses.json') as { responses: RecordedResponse[] };

function read(name: string): unknown {
  const path = new URL(`../vectors/hp-socket/${name}`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as unknown;
}

/** A part of a body as it is given to the writer: bytes, and extensions of the chunk. */
type Part = readonly [text: string, extensions?: string];

/** Where we write other bytes than HP-Socket, and why. Each turns what was recorded into what we write. */
type Difference = (wire: string) => string;

/** What goes without saying in HTTP/1.1 is not said. */
const impliedKeepAlive: Difference = (wire) => wire.replace('Connection: keep-alive\r\n', '');
/** 204, 304 and the answer to CONNECT have no content, so a length would be a lie or forbidden (RFC 9110 section 8.6). */
const noLength: Difference = (wire) => wire.replace('Content-Length: 0\r\n', '');
/** The answer to HEAD has no body; the next answer would be looked for behind it. */
const noBody: Difference = (wire) => wire.slice(0, wire.indexOf('\r\n\r\n') + 4);
/** RFC 9110 calls it so. */
const found: Difference = (wire) => wire.replace('302 Move temporarily', '302 Found');
/** There is no phrase for a status that nobody knows. */
const noPhrase: Difference = (wire) => wire.replace(' ***\r\n', ' \r\n');
/** Names are compared without regard to case, so the fields are there once; and `close` is not contradicted. */
const once: Difference = (wire) => wire.replace('Content-Length: 5\r\nConnection: keep-alive\r\n', '');
/** As above, in a request. */
const onceInRequest: Difference = (wire) => wire.replace('Content-Length: 5\r\n', '');
/** `Host` goes first (RFC 9110 section 7.2). */
const hostFirst: Difference = (wire) => {
  const [line = ''] = wire.split('\r\n', 1);
  const host = /Host: .*\r\n/.exec(wire)?.[0] ?? '';
  return `${line}\r\n${host}${wire.slice(line.length + 2).replace(host, '')}`;
};
/** HTTP/1.1 demands `Host`, with CONNECT too (RFC 9112 section 3.2). */
const hostWithConnect: Difference = (wire) =>
  wire.replace(/^CONNECT (\S+) HTTP\/1.1\r\n/, (line, target: string) => `${line}Host: ${target}\r\n`);
/** A method that has a body usually says so if there is none (RFC 9110 section 8.6). */
const emptyLength: Difference = (wire) => wire.replace(/\r\n\r\n$/, '\r\nContent-Length: 0\r\n\r\n');
/** No fragment is ever sent (RFC 9110 section 7.1): it is left to the caller to cut it off. */
const noFragment: Difference = (wire) => wire.replace(/#\S*/, '');

function plain(head: RequestHeadInit, parts: readonly Part[] = []): [RequestHeadInit, readonly Part[]] {
  return [head, parts];
}

const text = { 'Content-Type': 'application/json' };
const hello: Part[] = [['hello']];

/** For each recorded call what is to be written the same way, and where the bytes differ. */
const REQUESTS: Record<string, [[RequestHeadInit, readonly Part[]], ...Difference[]]> = {
  'SendGet(/a)': [plain({ method: 'GET', target: '/a' })],
  'SendGet(a) path without slash': [plain({ method: 'GET', target: '/a' })],
  "SendGet('') empty path": [plain({ method: 'GET', target: '/' })],
  'SendGet(/a?x=1&y=%20#f)': [plain({ method: 'GET', target: '/a?x=1&y=%20' }), noFragment],
  'SendGet(/h, X-One, Host)': [
    plain({ method: 'GET', target: '/h', fields: { 'X-One': 1, Host: 'example.test' } }),
  ],
  'SendPost(/p, no headers, hello)': [plain({ method: 'POST', target: '/p', body: 5 }, hello), hostFirst],
  'SendPost(/p, Content-Type, empty body)': [
    plain({ method: 'POST', target: '/p', fields: text }),
    hostFirst,
    emptyLength,
  ],
  'SendPut(/u, Content-Type, hello)': [
    plain({ method: 'PUT', target: '/u', fields: text, body: 5 }, hello),
    hostFirst,
  ],
  'SendPatch(/u, no headers, hello)': [plain({ method: 'PATCH', target: '/u', body: 5 }, hello), hostFirst],
  'SendDelete(/d)': [plain({ method: 'DELETE', target: '/d' })],
  'SendHead(/e)': [plain({ method: 'HEAD', target: '/e' })],
  'SendTrace(/t)': [plain({ method: 'TRACE', target: '/t' })],
  'SendOptions(*)': [plain({ method: 'OPTIONS', target: '/*' })],
  'SendOptions(/o)': [plain({ method: 'OPTIONS', target: '/o' })],
  'SendRequest(get lower case, /r)': [plain({ method: 'GET', target: '/r' })],
  'SendRequest(FOO unknown, /r)': [plain({ method: 'FOO', target: '/r' })],
  'SendRequest(POST, /r, own content-length header lower case)': [
    plain({ method: 'POST', target: '/r', fields: { 'content-length': 5 }, body: 5 }, hello),
    onceInRequest,
    hostFirst,
  ],
  'SendRequest(GET with body)': [plain({ method: 'GET', target: '/r', body: 5 }, hello), hostFirst],
  'SendPost chunked + SendChunkData x3': [
    plain({ method: 'POST', target: '/c', fields: { 'Transfer-Encoding': 'chunked' } }, [
      ['hello'],
      ['0123456789abcdef', ' ;k=v'],
    ]),
    hostFirst,
  ],
  'SendLocalFile(POST,/f)': [
    plain({ method: 'POST', target: '/f', body: 13 }, [['file-content\n']]),
    hostFirst,
  ],
  'SendConnect(h.test:443)': [plain({ method: 'CONNECT', target: 'h.test:443' }), hostWithConnect],
};

/** For each recorded answer what is to be written the same way, and where the bytes differ. */
const RESPONSES: Record<string, [ResponseHeadInit & { version?: 0 }, readonly Part[], ...Difference[]]> = {
  'no headers, body': [{ status: 200, body: 5 }, hello, impliedKeepAlive],
  'no body': [{ status: 200 }, [], impliedKeepAlive],
  '204': [{ status: 204 }, [], impliedKeepAlive, noLength],
  '304': [{ status: 304 }, [], impliedKeepAlive, noLength],
  '404': [{ status: 404 }, [], impliedKeepAlive],
  '302 with Location': [{ status: 302, fields: { Location: '/plain' } }, [], impliedKeepAlive, found],
  'own description': [{ status: 299, reason: 'Custom Desc', body: 5 }, hello, impliedKeepAlive],
  'empty description': [{ status: 200, reason: '', body: 5 }, hello, impliedKeepAlive],
  'unknown status, no description': [{ status: 799 }, [], impliedKeepAlive, noPhrase],
  'repeated and empty-valued headers': [
    { status: 200, fields: { 'X-A': ['1', '2'], 'x-b': '' }, body: 5 },
    hello,
    impliedKeepAlive,
  ],
  'own content-length and connection headers in lower case': [
    { status: 200, fields: { 'content-length': 5, connection: 'close' }, body: 5 },
    hello,
    once,
  ],
  'three Set-Cookie': [
    {
      status: 200,
      fields: [
        ['Set-Cookie', 'sid=abc123; path=/; max-age=3600; httponly'],
        ['Set-Cookie', 'lang=zh; path=/sub/; expires=Wed, 09 Jun 2038 10:18:14 GMT; samesite=lax'],
        ['Set-Cookie', 'sess=only'],
      ],
      body: 5,
    },
    hello,
    impliedKeepAlive,
  ],
  chunked: [
    { status: 200, fields: { 'Transfer-Encoding': 'chunked' } },
    [['hello'], ['0123456789abcdef', ' ;k=v'], ['X', ' ;q="z"']],
    impliedKeepAlive,
  ],
  'local file': [{ status: 200, body: 13 }, [['file-content\n']], impliedKeepAlive],
  'missing local file': [{ status: 404 }, [], impliedKeepAlive],
  'HTTP/1.0 request: connection close': [
    { status: 200, body: 5, requestVersion: 0, keepAlive: false },
    hello,
  ],
  'HTTP/1.0 keep-alive request': [{ status: 200, body: 5, requestVersion: 0, keepAlive: true }, hello],
  'HTTP/1.1 Connection: close request (server calls Release)': [
    { status: 200, body: 5, keepAlive: false },
    hello,
  ],
  'HTTP/1.1 Connection: close request (server does not call Release)': [
    { status: 200, body: 5, keepAlive: false },
    hello,
  ],
  'Release after the answer (delay 3000 ms)': [
    { status: 200, fields: { Connection: 'close' }, body: 5 },
    hello,
  ],
  'Release after the answer (delay 500 ms)': [
    { status: 200, fields: { Connection: 'close' }, body: 5 },
    hello,
  ],
  'SendResponse then Disconnect(not forced)': [{ status: 200, body: 5 }, hello, impliedKeepAlive],
  HEAD: [{ status: 200, body: 5, requestMethod: 'HEAD' }, hello, impliedKeepAlive, noBody],
  'POST echo': [{ status: 200, body: 5 }, hello, impliedKeepAlive],
  'POST chunked echo': [{ status: 200, body: 8 }, [['helloabc']], impliedKeepAlive],
  'Expect: 100-continue': [{ status: 200, body: 5 }, hello, impliedKeepAlive],
  'CONNECT (handler answers 200 Connection Established), then bytes': [
    { status: 200, reason: 'Connection Established', requestMethod: 'CONNECT' },
    [],
    impliedKeepAlive,
    noLength,
  ],
  'server set to HTTP/1.0': [{ status: 200, body: 5, version: 0 }, hello],
};

/** Nothing is written there, or what is written there is above already. */
const NO_ANSWER_OF_ITS_OWN = ['OnMessageComplete returns HPR_ERROR', 'two pipelined requests'];

describe('bytes of HP-Socket', () => {
  it.each(requests['client']!.map(({ call, wireHex }) => [call, wireHex!] as const))(
    'should be written for the request %s',
    (call, wireHex) => {
      const [[init, parts], ...differences] = REQUESTS[call]!;
      const head = encodeRequestHead({ host: '127.0.0.1:27101', ...init });
      expect(withBody(head, parts)).toBe(apply(differences, wireHex));
    },
  );

  it.each(
    responses
      .filter(({ name }) => !NO_ANSWER_OF_ITS_OWN.includes(name))
      .map((one) => [one.name, one.wireHex] as const),
  )('should be written for the response: %s', (name, wireHex) => {
    const [{ version = 1, ...init }, parts, ...differences] = RESPONSES[name]!;
    const head = encodeResponseHead(init, { date: false, version });
    expect(withBody(head, parts)).toBe(apply(differences, wireHex));
  });

  it.each([
    ['agent', 'SendGet(/a)', { method: 'GET', target: '/a', host: '127.0.0.1:27102' }],
    ['agent', 'SendPost(/p,hello)', { method: 'POST', target: '/p', host: '127.0.0.1:27102', body: 5 }],
    ['agent', 'SendRequest(PUT,/q,empty)', { method: 'PUT', target: '/q', host: '127.0.0.1:27102' }],
    ['agent', 'SendConnect(h:1)', { method: 'CONNECT', target: 'h:1' }],
    ['sync', 'OpenUrl GET http://127.0.0.1:27106/x?y=1', get('/x?y=1', '127.0.0.1:27106')],
    ['sync', 'OpenUrl GET http://127.0.0.1:27106', get('/', '127.0.0.1:27106')],
    ['hostForms', '/a', get('/a', 'localhost:27104')],
  ] as const)('should be written by %s for %s', (from, call, init) => {
    const { wireHex, wire } = requests[from]!.find((one) => one.call.endsWith(call))!;
    const recorded = wireHex ?? Buffer.from(wire, 'latin1').toString('hex');
    const body: Part[] = 'body' in init ? hello : [];
    const empty = init.method === 'PUT' ? [emptyLength] : [];
    const expected = apply([hostWithConnect, hostFirst, ...empty], recorded);
    expect(withBody(encodeRequestHead(init), body)).toBe(expected);
  });

  it('should be written for HTTP/1.0', () => {
    const head = encodeRequestHead({ method: 'GET', target: '/a', host: '127.0.0.1:27103', version: 0 });
    expect(head.bytes.toString('hex')).toBe(requests['http10']![0]!.wireHex);
    expect(head.closes).toBe(true);
  });

  it('should be written for several Cookie fields in one, where the caller makes it', () => {
    const head = encodeRequestHead({
      method: 'GET',
      target: '/dir/b',
      host: '127.0.0.1:27105',
      fields: { Cookie: 'k2=v2; sid=abc' },
    });
    expect(head.bytes.toString('hex')).toBe(requests['cookies']![1]!.wireHex);
  });
});

function get(target: string, host: string): RequestHeadInit {
  return { method: 'GET', target, host };
}

function withBody(head: ReturnType<typeof encodeRequestHead>, parts: readonly Part[]): string {
  const pieces: Uint8Array[] = [head.bytes];
  const body = new BodyWriter(head.framing, head.length);
  for (const [part, extensions] of parts) body.write(part, (piece) => pieces.push(piece), extensions);
  body.end((piece) => pieces.push(piece));
  return Buffer.concat(pieces).toString('latin1');
}

function apply(differences: readonly Difference[], wireHex: string): string {
  return differences.reduce((wire, differ) => differ(wire), textOf(wireHex));
}

function textOf(wireHex: string): string {
  return Buffer.from(wireHex, 'hex').toString('latin1');
}
