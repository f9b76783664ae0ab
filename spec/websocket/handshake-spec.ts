import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { encodeRequestHead } from '../../lib/http/encode/whole.ts';
import { HttpFields } from '../../lib/http/fields.ts';
import type { RequestHead } from '../../lib/http/head.ts';
import { ResponseHead } from '../../lib/http/head.ts';
import { HttpParser } from '../../lib/http/parser.ts';
import { deflateSettings } from '../../lib/websocket/deflate/deflate-options.ts';
import { acceptFor, isKey, newKey } from '../../lib/websocket/handshake/accept-key.ts';
import { WsClientHandshake } from '../../lib/websocket/handshake/client-handshake.ts';
import { WsHandshakeError } from '../../lib/websocket/handshake/handshake-error.ts';
import {
  answerUpgrade,
  chooseProtocol,
  readUpgrade,
} from '../../lib/websocket/handshake/server-handshake.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** The head of a request as the parser makes it. */
function requestHead(bytes: Uint8Array): RequestHead {
  let head: RequestHead | undefined;
  const ignore = () => undefined;
  new HttpParser('request').push(bytes, {
    messageBegin: ignore,
    head: (found) => {
      head = found;
      return 'upgrade';
    },
    body: ignore,
    chunkHeader: ignore,
    chunkComplete: ignore,
    trailers: ignore,
    messageComplete: ignore,
    upgraded: ignore,
  });
  return head!;
}

const USUAL: Record<string, string | undefined> = {
  Host: 'example.org',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13',
};

function request(fields: Record<string, string | undefined> = {}, line = 'GET /ws HTTP/1.1'): RequestHead {
  const all = Object.entries({ ...USUAL, ...fields }).flatMap(([name, value]) =>
    value === undefined ? [] : value.split('\n').map((one) => `${name}: ${one}\r\n`),
  );
  return requestHead(utf8(`${line}\r\n${all.join('')}\r\n`));
}

describe('Sec-WebSocket-Key', () => {
  it('should be answered as RFC 6455 says', () => {
    const { handshake } = JSON.parse(
      readFileSync(new URL('../vectors/rfc/rfc6455.json', import.meta.url), 'utf8'),
    ) as { handshake: { key: string; accept: string } };
    expect(acceptFor(handshake.key)).toBe(handshake.accept);
  });

  it('should be new each time', () => {
    expect(newKey()).not.toBe(newKey());
    expect(isKey(newKey())).toBe(true);
  });
});

describe('readUpgrade', () => {
  it('should take the request of a browser', () => {
    const upgrade = readUpgrade(
      request({
        Connection: 'keep-alive, Upgrade',
        Upgrade: 'WebSocket',
        Origin: 'https://example.org',
        'Sec-WebSocket-Protocol': 'v2.chat, v1.chat',
        'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      }),
    );
    expect(upgrade).toMatchObject({
      key: KEY,
      protocols: ['v2.chat', 'v1.chat'],
      extensions: [{ name: 'permessage-deflate', parameters: [['client_max_window_bits', undefined]] }],
      origin: 'https://example.org',
    });
  });

  it('should join fields that are repeated', () => {
    const upgrade = readUpgrade(
      request({ 'Sec-WebSocket-Protocol': 'a\nb', 'Sec-WebSocket-Extensions': 'x\ny; z=1' }),
    );
    expect(upgrade.protocols).toEqual(['a', 'b']);
    expect(upgrade.extensions.map(({ name }) => name)).toEqual(['x', 'y']);
    expect(upgrade.origin).toBeUndefined();
  });

  it.each<[string, number, Record<string, string | undefined>, string?]>([
    ['method', 405, {}, 'POST /ws HTTP/1.1'],
    ['http-version', 400, {}, 'GET /ws HTTP/1.0'],
    ['upgrade', 426, { Upgrade: undefined }],
    ['upgrade', 426, { Upgrade: 'h2c' }],
    ['connection', 400, { Connection: 'keep-alive' }],
    ['connection', 400, { Connection: undefined }],
    ['version', 426, { 'Sec-WebSocket-Version': undefined }],
    ['version', 426, { 'Sec-WebSocket-Version': '8' }],
    ['version', 426, { 'Sec-WebSocket-Version': '13\n13' }],
    ['key', 400, { 'Sec-WebSocket-Key': undefined }],
    ['key', 400, { 'Sec-WebSocket-Key': 'short==' }],
    ['key', 400, { 'Sec-WebSocket-Key': `${KEY}\n${KEY}` }],
    ['key', 400, { 'Sec-WebSocket-Key': `${KEY.slice(0, -1)}A` }],
    ['content', 400, { 'Content-Length': '1' }],
    ['content', 400, { 'Transfer-Encoding': 'chunked' }],
    ['protocols', 400, { 'Sec-WebSocket-Protocol': 'a b' }],
    ['protocols', 400, { 'Sec-WebSocket-Protocol': 'a, a' }],
    ['protocols', 400, { 'Sec-WebSocket-Protocol': '' }],
    ['extensions', 400, { 'Sec-WebSocket-Extensions': 'a; =' }],
  ])(
    'should refuse a request for its %s with %d: %j',
    (reason, status, fields, line = 'GET /ws HTTP/1.1') => {
      const read = () => readUpgrade(request(fields, line));
      expect(read).toThrow(WsHandshakeError);
      expect(read).toThrow(expect.objectContaining({ code: 'ERR_WS_HANDSHAKE', reason, status }));
    },
  );

  it.each([
    ['version', { 'Sec-WebSocket-Version': '8' }, ['Sec-WebSocket-Version', '13']],
    ['upgrade', { Upgrade: 'h2c' }, ['Upgrade', 'websocket']],
  ])('should know the fields that belong to the answer: %s', (_, fields, field) => {
    expect(() => readUpgrade(request(fields))).toThrow(
      expect.objectContaining({ fields: expect.arrayContaining([field]) }),
    );
  });
});

describe('answerUpgrade', () => {
  it('should make the fields of the response', () => {
    const made = answerUpgrade(readUpgrade(request()), { fields: [['Set-Cookie', 'a=b']] });
    expect(made).toEqual({
      fields: [
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
        ['Sec-WebSocket-Accept', ACCEPT],
        ['Set-Cookie', 'a=b'],
      ],
      protocol: undefined,
      agreement: undefined,
    });
  });

  it('should choose what the client likes best', () => {
    expect(chooseProtocol(['b', 'a'], ['a', 'b'])).toBe('b');
    expect(chooseProtocol(['B'], ['b'])).toBeUndefined();
    expect(chooseProtocol([], ['b'])).toBeUndefined();
  });

  it('should not choose what the client does not speak', () => {
    const upgrade = readUpgrade(request({ 'Sec-WebSocket-Protocol': 'a' }));
    expect(answerUpgrade(upgrade, { protocol: 'a' }).fields).toContainEqual(['Sec-WebSocket-Protocol', 'a']);
    expect(() => answerUpgrade(upgrade, { protocol: 'b' })).toThrow(
      expect.objectContaining({ reason: 'protocol', operation: 'send' }),
    );
  });

  it('should only compress if both want to', () => {
    const offering = readUpgrade(request({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
    expect(answerUpgrade(offering).agreement).toBeUndefined();
    expect(answerUpgrade(readUpgrade(request()), { deflate: deflateSettings() }).agreement).toBeUndefined();
    const { fields, agreement } = answerUpgrade(offering, { deflate: deflateSettings() });
    expect(agreement).toMatchObject({ serverNoContextTakeover: true });
    expect(fields.at(-1)).toEqual([
      'Sec-WebSocket-Extensions',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ]);
  });
});

describe('WsClientHandshake', () => {
  const init = { host: 'example.org', key: KEY };
  const response = (fields: Record<string, string | undefined> = {}, status = 101) =>
    new ResponseHead({
      status,
      reason: '',
      minorVersion: 1,
      fields: HttpFields.from(
        Object.entries<string | undefined>({
          Upgrade: 'websocket',
          Connection: 'Upgrade',
          'Sec-WebSocket-Accept': ACCEPT,
          ...fields,
        }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
      ),
      contentLength: undefined,
      chunked: false,
      keepAlive: true,
      upgrade: 'websocket',
    });

  it('should make a request that a server takes', () => {
    const handshake = new WsClientHandshake({
      host: 'example.org',
      target: '/chat?room=1',
      protocols: ['a', 'b'],
      deflate: deflateSettings(),
      fields: [['Origin', 'https://example.org']],
    });
    const upgrade = readUpgrade(requestHead(encodeRequestHead(handshake.request).bytes));
    expect(upgrade.head.target).toBe('/chat?room=1');
    expect(upgrade).toMatchObject({ protocols: ['a', 'b'], origin: 'https://example.org' });
    const answer = answerUpgrade(upgrade, { protocol: 'b', deflate: deflateSettings() });
    const { protocol, agreement } = handshake.check(response(Object.fromEntries(answer.fields)));
    expect(protocol).toBe('b');
    expect(agreement).toEqual(answer.agreement);
  });

  it.each<[string, number, Record<string, string | undefined>, number?]>([
    ['status', 403, {}, 403],
    ['status', 200, {}, 200],
    ['upgrade', 502, { Upgrade: 'h2c' }],
    ['upgrade', 502, { Upgrade: undefined }],
    ['connection', 502, { Connection: 'close' }],
    ['accept', 502, { 'Sec-WebSocket-Accept': undefined }],
    ['accept', 502, { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
    ['protocol', 502, { 'Sec-WebSocket-Protocol': 'a' }],
    ['extension', 502, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }],
    ['extensions', 502, { 'Sec-WebSocket-Extensions': '=' }],
  ])('should not accept a response for its %s: %d %j', (reason, status, fields, answered = 101) => {
    const check = () => new WsClientHandshake(init).check(response(fields, answered));
    expect(check).toThrow(expect.objectContaining({ code: 'ERR_WS_HANDSHAKE', reason, status }));
  });

  it.each([undefined, 'c', 'a, b'])(
    'should want one of the sub-protocols that it offered, not %s',
    (chosen) => {
      const handshake = new WsClientHandshake({ ...init, protocols: ['a', 'b'] });
      expect(() => handshake.check(response({ 'Sec-WebSocket-Protocol': chosen }))).toThrow(
        expect.objectContaining({ reason: 'protocol' }),
      );
    },
  );

  it.each(['x-other', 'permessage-deflate, permessage-deflate', 'permessage-deflate; unknown'])(
    'should not accept the extension %s',
    (value) => {
      const handshake = new WsClientHandshake({ ...init, deflate: deflateSettings() });
      expect(() => handshake.check(response({ 'Sec-WebSocket-Extensions': value }))).toThrow(
        expect.objectContaining({ reason: 'extension' }),
      );
    },
  );

  it('should go without compression if the server does not want it', () => {
    const handshake = new WsClientHandshake({ ...init, deflate: deflateSettings() });
    expect(handshake.check(response())).toEqual({ protocol: undefined, agreement: undefined });
  });

  it.each([
    ['a sub-protocol that is no token', { protocols: ['a b'] }],
    ['the same sub-protocol twice', { protocols: ['a', 'a'] }],
    ['a field of its own', { fields: [['sec-websocket-key', KEY]] as const }],
    ['a key that is none', { key: 'abc' }],
  ])('should refuse %s', (_, more) => {
    expect(() => new WsClientHandshake({ ...init, ...more })).toThrow(
      expect.objectContaining({ code: 'ERR_WS_SEND' }),
    );
  });
});
