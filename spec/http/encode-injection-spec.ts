import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NetworkError } from '../../lib/base/errors.ts';
import { BodyWriter } from '../../lib/http/encode/body-writer.ts';
import { encodeRequestHead, encodeResponseHead } from '../../lib/http/encode/whole.ts';
import { readChunks, readMessage } from './read-message.ts';

/** Places where a text of the user goes into a message; each writes a message with the text there. */
const PLACES: Record<string, (text: string) => unknown> = {
  method: (text) => encodeRequestHead({ method: text, target: '/', host: 'h' }),
  target: (text) => encodeRequestHead({ method: 'GET', target: `/${text}`, host: 'h' }),
  'absolute target': (text) => encodeRequestHead({ method: 'GET', target: `http://h/${text}` }),
  'target of CONNECT': (text) => encodeRequestHead({ method: 'CONNECT', target: `${text}:443` }),
  host: (text) => encodeRequestHead({ method: 'GET', target: '/', host: text }),
  'field name': (text) => response({ [text]: 'a' }),
  'field name in pairs': (text) => response([[text, 'a']]),
  'frozen field name': (text) => response(Object.freeze({ [text]: 'a' })),
  'field value': (text) => response({ A: text }),
  'long field value': (text) => response({ A: text + 'a'.repeat(200) }),
  'one of the values': (text) => response({ A: ['a', text] }),
  'frozen field value': (text) => response(Object.freeze({ A: text })),
  'frozen pairs': (text) => response(Object.freeze([Object.freeze(['A', text] as const)])),
  'value of Connection': (text) => response({ Connection: text }),
  'value of Date': (text) => response({ Date: text }),
  'value of Host': (text) => response({ Host: text }),
  'value of Content-Length': (text) => response({ 'Content-Length': text }),
  'value of Transfer-Encoding': (text) => response({ 'Transfer-Encoding': text }),
  'field of a request': (text) =>
    encodeRequestHead({ method: 'GET', target: '/', host: 'h', fields: { A: text } }),
  'reason phrase': (text) => encodeResponseHead({ status: 200, reason: text }, { date: false }),
  'chunk extension': (text) => chunked().write('a', () => {}, text),
  'quoted chunk extension': (text) => chunked().write('a', () => {}, `a="${text}"`),
  'trailer name': (text) => chunked().end(() => {}, { [text]: 'a' }),
  'trailer value': (text) => chunked().end(() => {}, [['A', text]]),
};

function response(fields: Parameters<typeof encodeResponseHead>[0]['fields']): unknown {
  return encodeResponseHead({ status: 200, fields, body: 0 }, { date: false });
}

function chunked(): BodyWriter {
  return new BodyWriter('chunked', 0);
}

/** CR, LF and NUL, other controls, and what becomes one of these if it is cut to a byte. */
const DANGEROUS = [
  '\r',
  '\n',
  '\0',
  '\r\n',
  '\r\nA: b',
  '\r\n\r\n',
  '\x01',
  '\x0b',
  '\x0c',
  '\x1b',
  '\x7f',
  '\u010d\u010a',
  '\u0a0d',
  '\u2028',
  '\ud83d\ude00',
];

describe('what the user passes', () => {
  it.each(Object.entries(PLACES))('should not split a message: %s', (_, write) => {
    const around = fc.constantFrom('', 'a', 'abc', 'x'.repeat(40));
    fc.assert(
      fc.property(around, fc.constantFrom(...DANGEROUS), around, (before, danger, behind) => {
        const error = errorOf(() => write(before + danger + behind));
        expect(error).toBeInstanceOf(NetworkError);
        expect(error).toMatchObject({ code: 'ERR_HTTP_MESSAGE', operation: 'send' });
      }),
      { numRuns: 200 },
    );
  });

  it('should be named in the error, with the character', () => {
    expect(() => response({ 'X-Name': 'abc\r\n' })).toThrow(
      'ERR_HTTP_MESSAGE: the value of X-Name has the illegal character CR (U+000D) at position 3',
    );
    expect(() => response({ 'X-Name': `${'a'.repeat(99)}Ā` })).toThrow(
      'ERR_HTTP_MESSAGE: the value of X-Name has the illegal character U+0100 at position 99',
    );
    expect(() => response({ 'X Name': 'a' })).toThrow(
      'ERR_HTTP_MESSAGE: the field name "X Name" has the illegal character blank (U+0020) at position 1',
    );
    expect(() => response({ '': 'a' })).toThrow('ERR_HTTP_MESSAGE: the field name "" is empty');
    expect(() => encodeRequestHead({ method: '', target: '/', host: 'h' })).toThrow('the method is empty');
    expect(() => encodeRequestHead({ method: 'GET', target: '/a b', host: 'h' })).toThrow(
      'ERR_HTTP_MESSAGE: the target has the illegal character blank (U+0020) at position 2',
    );
    expect(() => encodeResponseHead({ status: 200, reason: 'a\n' }, { date: false })).toThrow(
      'ERR_HTTP_MESSAGE: the reason phrase has the illegal character LF (U+000A) at position 1',
    );
  });

  it('should be text or numbers', () => {
    for (const value of [
      undefined,
      null,
      {},
      true,
      NaN,
      Infinity,
      () => 'a',
      Symbol('a'),
      1n,
      [undefined],
      [['a']],
    ]) {
      expect(() => response({ A: value as string })).toThrow(
        'the field "A" must be a text or a finite number',
      );
    }
    expect(() => response([[5 as unknown as string, 'a']])).toThrow('must be a text, got number');
  });

  it('should not change between check and use', () => {
    for (const [place, write] of Object.entries(PLACES)) {
      if (/name|long|absolute|quoted|target/.test(place)) continue; // made a text by the place itself
      let reads = 0;
      const text = { length: 1, toString: () => (reads++ === 0 ? 'a' : '\r\n'), charCodeAt: () => 97 };
      expect(() => write(text as unknown as string)).toThrow('ERR_HTTP_MESSAGE');
    }
    const target = { length: 1, charCodeAt: () => 47, startsWith: () => true } as unknown as string;
    expect(() => encodeRequestHead({ method: 'GET', target, host: 'h' })).toThrow(
      'the target must be a text',
    );
  });

  const special = /^(?:content-length|transfer-encoding|connection|date|host)$/i;
  const tokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz".match(/./g)!;
  const token = fc
    .string({ unit: fc.constantFrom(...tokenCharacters), minLength: 1, maxLength: 70 })
    .filter((name) => !special.test(name) && name !== '__proto__');
  const latin1 = fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code));
  const value = fc
    .string({ unit: fc.oneof(latin1, fc.constant('\t')), maxLength: 120 })
    .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
  const fieldPairs = fc.array(fc.tuple(token, value), { maxLength: 8 });
  const target = fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`));

  it('should be read again by others: responses', () => {
    const run = (
      status: number,
      reason: string,
      pairs: [string, string][],
      freeze: boolean,
      text: string,
    ) => {
      const fields = freeze ? Object.freeze(pairs.map((pair) => Object.freeze(pair))) : pairs;
      const body = status < 200 || status === 204 || status === 205 || status === 304 ? '' : text;
      const head = encodeResponseHead({ status, reason, fields, body: body.length }, { date: false });
      const message = readMessage(head.bytes);
      expect(message.startLine).toBe(`HTTP/1.1 ${status} ${reason}`);
      expect(message.fields.slice(0, pairs.length)).toEqual(pairs);
      const length = head.framing === 'none' ? [] : [['Content-Length', String(body.length)]];
      expect(message.fields.slice(pairs.length)).toEqual(length);
      expect(message.rest).toBe('');
    };
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), value, fieldPairs, fc.boolean(), fc.string(), run),
    );
  });

  it('should be read again by others: chunks and trailers', () => {
    const allowed = fieldPairs.map((pairs) =>
      pairs.map(([name, text]) => [`x-${name}`, text] as [string, string]),
    );
    const extension = fc.constantFrom(undefined, 'a', ';a=b', ' ;k=v', 'a="b\\"c";d');
    const parts = fc.array(fc.tuple(fc.string({ unit: latin1, maxLength: 2000 }), extension), {
      maxLength: 5,
    });
    const run = (pieces: [string, string | undefined][], trailers: [string, string][]) => {
      const written: Uint8Array[] = [];
      const writer = chunked();
      for (const [text, extensions] of pieces) {
        writer.write(Buffer.from(text, 'latin1'), (piece) => written.push(piece), extensions);
      }
      writer.end((piece) => written.push(piece), trailers);
      const read = readChunks(Buffer.concat(written).toString('latin1'));
      expect(read.body).toBe(pieces.map(([text]) => text).join(''));
      expect(read.trailers).toEqual(trailers);
      expect(read.rest).toBe('');
    };
    fc.assert(fc.property(parts, allowed, run), { numRuns: 60 });
  });

  it("should be read again by Node's own parser", async () => {
    const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH');
    const usual = fieldPairs.map((pairs) => pairs.map(([name, text]) => [`x-${name}`, text] as const));
    const body = fc.oneof(fc.constant('chunked' as const), fc.nat(50));
    const run = async (
      method: string,
      path: string,
      pairs: (readonly [string, string])[],
      size: 'chunked' | number,
    ) => {
      const head = encodeRequestHead({ method, target: path, host: 'h.test:80', fields: pairs, body: size });
      const wire: Uint8Array[] = [head.bytes];
      const writer = new BodyWriter(head.framing, head.length);
      if (size !== 0) writer.write('x'.repeat(size === 'chunked' ? 10 : size), (piece) => wire.push(piece));
      writer.end((piece) => wire.push(piece));
      const { request, text } = await nodeReads(Buffer.concat(wire));
      expect([request.method, request.url]).toEqual([method, path]);
      expect(text).toBe('x'.repeat(size === 'chunked' ? 10 : size));
      expect(request.rawHeaders.slice(2, 2 + pairs.length * 2)).toEqual(pairs.flat());
    };
    await fc.assert(fc.asyncProperty(methods, target, usual, body, run), { numRuns: 60 });
  });
});

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Gives bytes to a server of `node:http`, without a port. */
async function nodeReads(wire: Buffer): Promise<{ request: IncomingMessage; text: string }> {
  const server = createServer();
  const wireEnd = new Duplex({ read: () => {}, write: (_chunk, _encoding, done: () => void) => done() });
  const asked = once(server, 'request') as Promise<[IncomingMessage]>;
  const failed = once(server, 'clientError').then(([error]) => Promise.reject(error as Error));
  server.emit('connection', wireEnd);
  wireEnd.push(wire);
  const [request] = await Promise.race([asked, failed]);
  let text = '';
  for await (const chunk of request) text += String(chunk);
  wireEnd.destroy();
  return { request, text };
}
