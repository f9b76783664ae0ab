import { describe, expect, it } from '@jest/globals';
import { HttpClock } from '../../lib/http/date.ts';
import { ResponseEncoder, type ResponseHeadInit } from '../../lib/http/encode/response-head.ts';
import { byteLength, encodeResponseHead, writeBody } from '../../lib/http/encode/whole.ts';

/** The lines of a head without `Date`, and what was decided. */
function encode(init: ResponseHeadInit, version: 0 | 1 = 1) {
  const { bytes, framing, length, closes } = encodeResponseHead(init, { date: false, version });
  const text = bytes.toString('latin1');
  expect(text.endsWith('\r\n\r\n')).toBe(true);
  const [line, ...fields] = text.slice(0, -4).split('\r\n');
  return { line, fields, framing, length, closes };
}

describe('ResponseEncoder', () => {
  describe('framing', () => {
    it('should announce a length that is known', () => {
      const head = encode({ status: 200, body: 12345 });
      expect(head).toMatchObject({ fields: ['Content-Length: 12345'], framing: 'length', length: 12345 });
    });

    it('should write lengths of every size', () => {
      for (const body of [0, 9, 10, 99, 100, 2047, 2048, 99_999, 100_000, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
        expect(encode({ status: 200, body }).fields).toEqual([`Content-Length: ${body}`]);
      }
    });

    it('should say that there is no body where there could be one', () => {
      expect(encode({ status: 200 })).toMatchObject({
        fields: ['Content-Length: 0'],
        framing: 'length',
        length: 0,
      });
    });

    it('should write chunks if the length is unknown', () => {
      const head = encode({ status: 200, body: 'chunked' });
      expect(head).toMatchObject({
        fields: ['Transfer-Encoding: chunked'],
        framing: 'chunked',
        closes: false,
      });
    });

    it('should end a body of unknown length with the connection where chunks are not known', () => {
      const closing = { fields: ['Connection: close'], framing: 'close', closes: true };
      expect(encode({ status: 200, body: 'chunked', requestVersion: 0, keepAlive: true })).toMatchObject(
        closing,
      );
      expect(encode({ status: 200, body: 'chunked' }, 0)).toMatchObject(closing);
      expect(encode({ status: 200, body: 'close' })).toMatchObject(closing);
    });

    it('should write no Transfer-Encoding towards HTTP/1.0, though it is among the fields', () => {
      for (const fields of [
        { A: '1', 'transfer-encoding': 'chunked', B: '2' },
        Object.freeze({ A: '1', 'transfer-encoding': 'chunked', B: '2' }),
      ]) {
        const init = { status: 200, fields, requestVersion: 0 } as const;
        expect(encode({ ...init, body: 'chunked' })).toMatchObject({
          fields: ['A: 1', 'B: 2', 'Connection: close'],
          framing: 'close',
        });
        expect(encode({ ...init, body: 7 })).toMatchObject({
          fields: ['A: 1', 'B: 2', 'Content-Length: 7', 'Connection: keep-alive'],
          framing: 'length',
          length: 7,
        });
      }
    });

    it('should take Content-Length of the user for what it is', () => {
      const fields = { 'content-length': '7' };
      for (const body of [7, 'chunked', 'close'] as const) {
        const head = encode({ status: 200, fields, body });
        expect(head).toMatchObject({ framing: 'length', length: 7, closes: body === 'close' });
        expect(head.fields[0]).toBe('content-length: 7');
      }
      expect(() => encode({ status: 200, fields, body: 8 })).toThrow(
        'ERR_HTTP_MESSAGE: Content-Length is 7, but the body has 8 bytes',
      );
      expect(() => encode({ status: 200, fields })).toThrow('Content-Length is 7, but the body has 0 bytes');
    });

    it('should take Transfer-Encoding of the user for what it is', () => {
      for (const body of [7, 'chunked', 'close', undefined] as const) {
        const head = encode({ status: 200, fields: { 'TRANSFER-ENCODING': 'Chunked' }, body });
        expect(head).toMatchObject({ fields: ['TRANSFER-ENCODING: Chunked'], framing: 'chunked', length: 0 });
      }
    });

    it.each([
      ['two lengths', { 'Content-Length': ['5', '5'] }],
      ['two lengths under two names', { 'Content-Length': 5, 'content-length': 5 }],
      ['a list of lengths', { 'Content-Length': '5, 5' }],
      ['a signed length', { 'Content-Length': '+5' }],
      ['a length with blanks', { 'Content-Length': ' 5' }],
      ['an empty length', { 'Content-Length': '' }],
      ['a length in hexadecimal digits', { 'Content-Length': '0x5' }],
      ['a part of a byte', { 'Content-Length': 5.5 }],
      ['a length that is no safe integer', { 'Content-Length': '9007199254740992' }],
      ['length and coding', { 'Content-Length': 5, 'Transfer-Encoding': 'chunked' }],
      ['coding and length', { 'Transfer-Encoding': 'chunked', 'Content-Length': 5 }],
      ['a coding that is not written here', { 'Transfer-Encoding': 'gzip, chunked' }],
      ['chunks twice', { 'Transfer-Encoding': ['chunked', 'chunked'] }],
      ['no coding', { 'Transfer-Encoding': 'identity' }],
    ])('should refuse %s', (_, fields) => {
      expect(() => encode({ status: 200, fields, body: 5 })).toThrow('ERR_HTTP_MESSAGE');
      expect(() => encode({ status: 200, fields: Object.freeze(fields), body: 5 })).toThrow(
        'ERR_HTTP_MESSAGE',
      );
    });
  });

  describe('answers without a body', () => {
    it.each([100, 101, 103, 199, 204])('should have no Content-Length with status %i', (status) => {
      expect(encode({ status })).toMatchObject({ fields: [], framing: 'none' });
      expect(encode({ status, body: 0 })).toMatchObject({ fields: [], framing: 'none' });
      expect(() => encode({ status, fields: { 'Content-Length': 0 } })).toThrow('cannot have Content-Length');
      expect(() => encode({ status, fields: { 'Transfer-Encoding': 'chunked' } })).toThrow(
        'cannot have Transfer-Encoding',
      );
      for (const body of [1, 'chunked', 'close'] as const) {
        expect(() => encode({ status, body })).toThrow(`an answer ${status} has no body`);
      }
    });

    it('should let 304 tell the length of what it is about', () => {
      expect(encode({ status: 304, fields: { 'Content-Length': 77 } })).toMatchObject({
        fields: ['Content-Length: 77'],
        framing: 'none',
        length: 0,
      });
      expect(encode({ status: 304 }).fields).toEqual([]);
      expect(() => encode({ status: 304, body: 5 })).toThrow('an answer 304 has no body, got 5 bytes');
    });

    it('should say that 205 is empty', () => {
      expect(encode({ status: 205 })).toMatchObject({ fields: ['Content-Length: 0'], framing: 'length' });
      expect(() => encode({ status: 205, body: 5 })).toThrow('an answer 205 has no body');
      expect(() => encode({ status: 205, fields: { 'Content-Length': 5 } })).toThrow('the body has 0 bytes');
    });

    it('should answer HEAD with the fields of GET and no body', () => {
      const requestMethod = 'HEAD';
      const none = { framing: 'none', length: 0, closes: false };
      const encodeHead = (init: Omit<ResponseHeadInit, 'status'>) =>
        encode({ status: 200, requestMethod, ...init });
      expect(encodeHead({ body: 5 })).toMatchObject({ fields: ['Content-Length: 5'], ...none });
      expect(encodeHead({ body: 0 })).toMatchObject({ fields: ['Content-Length: 0'], ...none });
      expect(encodeHead({})).toMatchObject({ fields: [], ...none });
      expect(encodeHead({ body: 'chunked' })).toMatchObject({
        fields: ['Transfer-Encoding: chunked'],
        ...none,
      });
      expect(encodeHead({ body: 'chunked', requestVersion: 0 })).toMatchObject({
        fields: ['Connection: keep-alive'],
        ...none,
      });
      for (const body of [undefined, 0, 5] as const) {
        const head = encodeHead({ fields: { 'Content-Length': 5 }, body });
        expect(head).toMatchObject({ fields: ['Content-Length: 5'], ...none });
      }
      expect(() => encodeHead({ fields: { 'Content-Length': 5 }, body: 6 })).toThrow('the body has 6 bytes');
    });

    it('should open a tunnel without a word about body or connection', () => {
      const init = { status: 200, requestMethod: 'CONNECT', keepAlive: false };
      expect(encode(init)).toMatchObject({ fields: [], framing: 'none', closes: false });
      expect(() => encode({ ...init, body: 5 })).toThrow('an answer 200 to CONNECT has no body');
      expect(encode({ ...init, status: 403, body: 5 }).fields).toEqual([
        'Content-Length: 5',
        'Connection: close',
      ]);
    });
  });

  describe('connection', () => {
    const connectionOf = (init: Omit<ResponseHeadInit, 'status'>, version?: 0 | 1) => {
      const { fields, closes } = encode({ status: 200, body: 1, ...init }, version);
      return [fields.filter((line) => /^connection/i.test(line)), closes];
    };

    it('should say close if it ends, and keep-alive only to HTTP/1.0', () => {
      expect(connectionOf({})).toEqual([[], false]);
      expect(connectionOf({ keepAlive: false })).toEqual([['Connection: close'], true]);
      expect(connectionOf({ requestVersion: 0 })).toEqual([['Connection: keep-alive'], false]);
      expect(connectionOf({ requestVersion: 0, keepAlive: false })).toEqual([['Connection: close'], true]);
      expect(connectionOf({}, 0)).toEqual([['Connection: keep-alive'], false]);
    });

    it('should close if the user says so', () => {
      for (const value of ['close', 'CLOSE', 'upgrade , close', 'keep-alive,close']) {
        expect(connectionOf({ fields: { connection: value } })).toEqual([[`connection: ${value}`], true]);
      }
    });

    it('should add what the user did not say', () => {
      const fields = { Connection: 'X-Hop' };
      expect(connectionOf({ fields })).toEqual([['Connection: X-Hop'], false]);
      expect(connectionOf({ fields, keepAlive: false })).toEqual([
        ['Connection: X-Hop', 'Connection: close'],
        true,
      ]);
      expect(connectionOf({ fields, requestVersion: 0 })).toEqual([
        ['Connection: X-Hop', 'Connection: keep-alive'],
        false,
      ]);
    });

    it('should say nothing about it with 1xx', () => {
      const head = encode({ status: 101, fields: { Connection: 'upgrade' }, keepAlive: false });
      expect(head).toMatchObject({ fields: ['Connection: upgrade'], closes: false });
    });
  });

  describe('Date', () => {
    let now = 784_111_777_000;
    const clock = new HttpClock(() => now);
    const encoder = new ResponseEncoder({ date: clock });
    const memory = Buffer.alloc(400);
    const text = (init: ResponseHeadInit) => memory.toString('latin1', 0, encoder.encode(memory, 0, init));

    it('should be the present time, behind all else', () => {
      expect(text({ status: 404, keepAlive: false })).toBe(
        'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n' +
          'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n',
      );
      now += 1500;
      expect(text({ status: 404 })).toContain('Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n\r\n');
      now -= 2500;
      expect(text({ status: 404 })).toContain('Date: Sun, 06 Nov 1994 08:49:36 GMT\r\n\r\n');
    });

    it('should be what the user says, and not be with 1xx', () => {
      expect(text({ status: 204, fields: { date: 'today' } })).toBe(
        'HTTP/1.1 204 No Content\r\ndate: today\r\n\r\n',
      );
      expect(text({ status: 100 })).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    });
  });

  describe('fields', () => {
    it('should be written alike, whatever form they have', () => {
      const expected = ['A: 1', 'b: x', 'b: y', 'Content-Length: 0'];
      const pairs = [
        ['A', 1],
        ['b', 'x'],
        ['b', 'y'],
      ] as const;
      const frozenPairs = Object.freeze(pairs.map((pair) => Object.freeze(pair)));
      for (const fields of [
        { A: '1', b: ['x', 'y'] },
        { A: 1, b: ['x', 'y'], c: [] },
        Object.freeze({ A: 1, b: Object.freeze(['x', 'y']) }),
        Object.assign(Object.create(null) as object, { A: '1', b: ['x', 'y'] }) as Record<string, string>,
        pairs,
        frozenPairs,
        (function* () {
          yield* pairs;
        })(),
      ]) {
        expect(encode({ status: 200, fields }).fields).toEqual(expected);
      }
    });

    it('should be read again if they can change, though they are frozen', () => {
      let value = 1;
      const withGetter = Object.freeze(
        Object.defineProperty({}, 'A', { get: () => value, enumerable: true }),
      );
      const withArray = Object.freeze({ A: ['1'] });
      const map = Object.freeze(new Map([['A', '1']]));
      for (const fields of [withGetter, withArray, map] as Record<string, string>[]) {
        expect(encode({ status: 204, fields }).fields).toEqual(['A: 1']);
      }
      value = 2;
      withArray.A.push('2');
      map.set('B', '2');
      expect(encode({ status: 204, fields: withGetter as Record<string, string> }).fields).toEqual(['A: 2']);
      expect(encode({ status: 204, fields: withArray }).fields).toEqual(['A: 1', 'A: 2']);
      expect(encode({ status: 204, fields: map }).fields).toEqual(['A: 1', 'B: 2']);
    });

    it('should be written in every status and version from one frozen object', () => {
      const fields = Object.freeze({ A: '1' });
      for (let round = 0; round < 2; round++) {
        for (let status = 200; status < 300; status++) {
          const { line, fields: lines } = encode({ status, fields, reason: round === 0 ? undefined : 'x' });
          expect(line).toMatch(new RegExp(`^HTTP/1.1 ${status} ${round === 0 ? '' : 'x$'}`));
          expect(lines[0]).toBe('A: 1');
        }
      }
      expect(encode({ status: 200, fields }, 0).line).toBe('HTTP/1.0 200 OK');
    });

    it('should keep apart more names than are remembered', () => {
      const fields = Array.from({ length: 3000 }, (_, index) => [`X-${index}`, index] as const);
      const lines = fields.map(([name, value]) => `${name}: ${value}`);
      expect(encode({ status: 204, fields }).fields).toEqual(lines);
      expect(encode({ status: 204, fields: Object.freeze(fields) }).fields).toEqual(lines);
    });

    it('should be as long as they like', () => {
      const value = 'v'.repeat(100_000);
      expect(encode({ status: 204, fields: { A: value } }).fields).toEqual([`A: ${value}`]);
      expect(encode({ status: 204, fields: { [value]: 'a' } }).fields).toEqual([`${value}: a`]);
    });

    it('should have values of Latin-1, short and long', () => {
      for (const value of ['', '\t é ÿ \x80', '\xa0'.repeat(200)]) {
        expect(encode({ status: 204, fields: { A: value } }).fields).toEqual([`A: ${value}`]);
      }
    });

    it('should not send other messages while they are listed', () => {
      const encoder = new ResponseEncoder({ date: false });
      const memory = Buffer.alloc(1000);
      const fields = (function* () {
        yield ['A', encoder.encode(memory, 0, { status: 200 })] as const;
      })();
      expect(() => encoder.encode(memory, 0, { status: 200, fields })).toThrow('ERR_STATE');
      expect(encoder.encode(memory, 0, { status: 204 })).toBe('HTTP/1.1 204 No Content\r\n\r\n'.length);
    });
  });

  it('should answer -1 exactly if there is no room', () => {
    const frozen = Object.freeze({ A: 'b' });
    const inits: ResponseHeadInit[] = [
      { status: 200, fields: { A: 'b'.repeat(50), B: 1 }, body: 5000, keepAlive: false },
      { status: 200, fields: frozen, body: 5 },
      { status: 200, fields: frozen, reason: 'Fine', body: 'chunked' },
      { status: 200, fields: { 'Transfer-Encoding': 'chunked' }, requestVersion: 0, body: 5 },
    ];
    const encoder = new ResponseEncoder({ date: new HttpClock(() => 0) });
    for (const init of inits) {
      const large = Buffer.alloc(500);
      const end = encoder.encode(large, 7, init);
      for (let size = 0; size < end; size++) expect(encoder.encode(Buffer.alloc(size), 7, init)).toBe(-1);
      const exact = Buffer.alloc(end, '.');
      expect(encoder.encode(exact, 7, init)).toBe(end);
      expect(exact.toString('latin1', 0, 7)).toBe('.......');
      expect(exact.subarray(7)).toEqual(large.subarray(7, end));
    }
  });

  it('should write head and body as one piece', () => {
    const encoder = new ResponseEncoder({ date: false });
    for (const body of [
      '',
      'hello',
      'grüße',
      '€'.repeat(30),
      'x'.repeat(100),
      new Uint8Array([1, 2]).buffer,
    ]) {
      const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
      expect(byteLength(body)).toBe(bytes.length);
      const memory = Buffer.alloc(400);
      const end = encoder.encode(memory, 0, { status: 200, body: byteLength(body) });
      expect(writeBody(memory, end, body)).toBe(end + bytes.length);
      expect(memory.subarray(end, end + bytes.length)).toEqual(bytes);
      const exact = Buffer.alloc(end + bytes.length);
      expect(writeBody(exact, end, body)).toBe(exact.length);
      if (bytes.length > 0) expect(writeBody(exact.subarray(1), end, body)).toBe(-1);
    }
  });

  it('should refuse a status, a body or a version that is none', () => {
    for (const status of [99, 1000, 200.5, NaN, '200' as unknown as number]) {
      expect(() => encode({ status })).toThrow('status must be an integer from 100 to 999');
    }
    for (const body of [-1, 1.5, NaN, Infinity, 'length' as 'chunked']) {
      expect(() => encode({ status: 200, body })).toThrow('body must be');
    }
    expect(() => encode({ status: 200 }, 2 as 1)).toThrow(
      'version must be 0 (HTTP/1.0) or 1 (HTTP/1.1), got 2',
    );
  });
});
