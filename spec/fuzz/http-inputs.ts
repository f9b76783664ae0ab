import { utf8 } from '../../lib/bytes/bytes-like.ts';
import type { MessageKind } from '../../lib/http/parser.ts';
import type { Random } from '../../lib/testing/random.ts';

/** Pieces of messages that mean something, to be put anywhere. */
export const HTTP_WORDS: readonly Uint8Array[] = [
  ...[
    '\r\n',
    '\r',
    '\n',
    '\r\n\r\n',
    ' ',
    '\t',
    '\t\r\n',
    ':',
    ',',
    ';',
    '=',
    '"',
    '\\',
    '0',
    '5',
    'a',
    '%41',
    '%',
    '?',
    '#',
  ],
  ...['GET ', 'POST ', 'HEAD ', 'CONNECT ', 'OPTIONS ', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'FOO ', 'get '],
  ...['/', '*', 'http://a', 'http://a/', 'http://b:80/', 'a:443', '[::1]:80', '/a|b', '/{', '/é'],
  ...[
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/0.9',
    'HTTP/2.0',
    'HTTP/1.2',
    ' HTTP/1.1\r\n',
    ' 200 OK',
    ' 204',
    ' 101 ',
    ' 304 x',
  ],
  ...[
    'Host: a\r\n',
    'Host: b\r\n',
    'Host:\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'content-length:5,5\r\n',
  ],
  ...['Content-Length: +5\r\n', 'Content-Length: 99999999999999999999\r\n', 'Transfer-Encoding: chunked\r\n'],
  ...[
    'Transfer-Encoding: gzip\r\n',
    'transfer-encoding: gzip, chunked\r\n',
    'Transfer-Encoding: chunked, chunked\r\n',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Connection: upgrade\r\n',
    'Upgrade: websocket\r\n',
    'Upgrade: x\r\n',
  ],
  ...[
    'Expect: 100-continue\r\n',
    'Expect: x\r\n',
    'A: b\r\n',
    'A:\r\n',
    ' folded\r\n',
    'A : b\r\n',
    'A: \x01\r\n',
  ],
  ...[
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    '0\r\nT: 1\r\n\r\n',
    '1;a=b\r\nx\r\n',
    '1;a="\\""\r\nx\r\n',
    'FFFFFFFFFFFFFFFFF\r\n',
    '5 \r\n',
  ],
].map((word) => utf8(word));

/** A message of one kind, valid more often than not. */
export function httpMessage(kind: MessageKind, random: Random): Uint8Array {
  const minor = random.below(6) === 0 ? 0 : 1;
  const start = kind === 'request' ? requestLine(minor, random) : statusLine(minor, random);
  const fields = kind === 'request' && random.below(12) > 0 ? ['Host: a'] : [];
  for (let count = random.below(4); count > 0; count--) fields.push(random.pick(FIELDS));
  const body = random.below(3);
  if (body === 1) fields.push(`Content-Length: ${random.pick([0, 3, 5])}`);
  if (body === 2) fields.push('Transfer-Encoding: chunked');
  const length = Number(fields.at(-1)?.split(': ')[1]);
  const content = body === 0 ? '' : body === 1 ? 'hello'.slice(0, length) : chunks(random);
  return Buffer.from(`${[start, ...fields].join('\r\n')}\r\n\r\n${content}`, 'latin1');
}

const FIELDS = [
  ...[
    'Accept: */*',
    'A: b',
    'A:',
    'x-long: some text that is longer than a few words',
    'X: \x80\xff',
    'Tab:\ta\t ',
  ],
  ...[
    'Connection: keep-alive',
    'Connection: close',
    'Connection: Upgrade',
    'Upgrade: WebSocket',
    'Upgrade: h2c',
  ],
  ...['Connection: a, close ,b', 'Expect: 100-continue', 'Host: a', 'Cookie: a=b; c=d', 'Keep-Alive: 1'],
];

const TARGETS = ['/', '/', '/a/b?c=d', '/?[]|^', '/%41', 'http://a/', 'http://a', '*', 'a:443', '/a:b@c'];

function requestLine(minor: number, random: Random): string {
  const method = random.pick([
    'GET',
    'GET',
    'POST',
    'PUT',
    'HEAD',
    'OPTIONS',
    'CONNECT',
    'DELETE',
    'M-SEARCH',
  ]);
  const target = random.below(8) > 0 ? { OPTIONS: '*', CONNECT: 'a:443' }[method] : undefined;
  return `${method} ${target ?? random.pick(TARGETS)} HTTP/1.${minor}`;
}

function statusLine(minor: number, random: Random): string {
  const rest = random.pick([
    ' 200 OK',
    ' 200 OK',
    ' 404 Not Found',
    ' 204 ',
    ' 304',
    ' 100 Continue',
    ' 101 x',
    ' 500 \xe9',
  ]);
  return `HTTP/1.${minor}${rest}`;
}

function chunks(random: Random): string {
  let text = '';
  for (let count = random.below(3); count > 0; count--) {
    const length = random.between(1, 20);
    text += `${random.pick(['', '0', '00'])}${length.toString(16)}${extension(random)}\r\n${'x'.repeat(length)}\r\n`;
  }
  return `${text}0${extension(random)}\r\n${random.pick(['', '', 'T: 1\r\n', 'Etag: x\r\nB:\r\n'])}\r\n`;
}

function extension(random: Random): string {
  return random.pick(['', '', '', ';a', ';a=b', ';a="b;\\"c"', ';a;b=c']);
}
