import { describe, expect, it } from '@jest/globals';
import { RequestEncoder, type RequestHeadInit } from '../../lib/http/encode/request-head.ts';
import { encodeRequestHead } from '../../lib/http/encode/whole.ts';

/** The lines of a head, and what was decided. */
function encode(init: Partial<RequestHeadInit>) {
  const whole = { method: 'GET', target: '/', host: 'h', ...init };
  const { bytes, framing, length, closes } = encodeRequestHead(whole);
  const text = bytes.toString('latin1');
  expect(text.endsWith('\r\n\r\n')).toBe(true);
  const [line, ...fields] = text.slice(0, -4).split('\r\n');
  return { line, fields, framing, length, closes };
}

describe('RequestEncoder', () => {
  it('should write line, Host, fields, framing and connection in this order', () => {
    const head = encode({ method: 'POST', target: '/a?b=%20c', fields: { A: 1 }, body: 5, keepAlive: false });
    expect(head).toEqual({
      line: 'POST /a?b=%20c HTTP/1.1',
      fields: ['Host: h', 'A: 1', 'Content-Length: 5', 'Connection: close'],
      framing: 'length',
      length: 5,
      closes: true,
    });
  });

  describe('framing', () => {
    it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'FOO'])(
      'should say nothing without a body: %s',
      (method) => {
        for (const body of [undefined, 0] as const) {
          expect(encode({ method, body })).toMatchObject({ fields: ['Host: h'], framing: 'none', length: 0 });
        }
      },
    );

    it.each(['POST', 'PUT', 'PATCH'])(
      'should say that there is no body where one is expected: %s',
      (method) => {
        for (const body of [undefined, 0] as const) {
          expect(encode({ method, body })).toMatchObject({
            fields: ['Host: h', 'Content-Length: 0'],
            framing: 'length',
          });
        }
      },
    );

    it('should write chunks if the length is unknown', () => {
      const head = encode({ method: 'PUT', body: 'chunked' });
      expect(head).toMatchObject({ fields: ['Host: h', 'Transfer-Encoding: chunked'], framing: 'chunked' });
    });

    it('should take the fields of the user for what they are', () => {
      expect(encode({ fields: { 'content-length': 5 }, body: 'chunked' })).toMatchObject({
        fields: ['Host: h', 'content-length: 5'],
        framing: 'length',
        length: 5,
      });
      expect(encode({ fields: { 'transfer-encoding': 'chunked' }, body: 5 })).toMatchObject({
        fields: ['Host: h', 'transfer-encoding: chunked'],
        framing: 'chunked',
      });
      expect(() => encode({ fields: { 'content-length': 5 }, body: 6 })).toThrow('the body has 6 bytes');
    });

    it('should refuse what HTTP/1.0 cannot do', () => {
      const init = { method: 'POST', version: 0 } as const;
      expect(() => encode({ ...init, body: 'chunked' })).toThrow('needs the length');
      expect(() => encode({ ...init, fields: { 'Transfer-Encoding': 'chunked' } })).toThrow(
        'needs the length',
      );
      expect(encode({ ...init, fields: { 'Content-Length': 5 }, body: 'chunked' }).framing).toBe('length');
      expect(() => encode({ body: 'close' as 'chunked' })).toThrow('cannot end with the connection');
    });

    it.each(['TRACE', 'CONNECT'])('should refuse a body of %s', (method) => {
      const init = { method, target: method === 'CONNECT' ? 'h:1' : '/' };
      expect(() => encode({ ...init, body: 5 })).toThrow(`a request ${method} has no body, got 5 bytes`);
      expect(() => encode({ ...init, body: 'chunked' })).toThrow('has no body');
      expect(() => encode({ ...init, fields: { 'Content-Length': 0 } })).toThrow(
        'cannot have Content-Length',
      );
      expect(() => encode({ ...init, fields: { 'Transfer-Encoding': 'chunked' } })).toThrow(
        'Transfer-Encoding',
      );
    });
  });

  describe('Host', () => {
    it('should be what the user says, where the user says it', () => {
      for (const fields of [
        { A: '1', hOST: 'x:1', B: '2' },
        Object.freeze({ A: '1', hOST: 'x:1', B: '2' }),
      ]) {
        expect(encode({ fields, body: 5 }).fields).toEqual([
          'A: 1',
          'hOST: x:1',
          'B: 2',
          'Content-Length: 5',
        ]);
        expect(encode({ fields, host: undefined }).fields).toEqual(['A: 1', 'hOST: x:1', 'B: 2']);
      }
    });

    it('should be what the target says, if it names a host', () => {
      expect(encode({ method: 'CONNECT', target: 'a.test:443' }).fields).toEqual(['Host: a.test:443']);
      expect(encode({ target: 'http://a.test:8080/x?y', host: undefined }).fields).toEqual([
        'Host: a.test:8080',
      ]);
    });

    it.each(['', 'h', 'h:80', '127.0.0.1:1', '[::1]:65535', 'a_b.test', 'h%20h'])('can be %j', (host) => {
      expect(encode({ host }).fields).toEqual([`Host: ${host}`]);
      expect(encode({ fields: { Host: host } }).fields).toEqual([`Host: ${host}`]);
    });

    it.each(['u@h', 'h/', 'h:x', '::1', 'a,b', 'h h', 'h\r\nA: b', 'h:65536', 'é'])(
      'cannot be %j',
      (host) => {
        expect(() => encode({ host })).toThrow('ERR_HTTP_MESSAGE');
        expect(() => encode({ fields: { Host: host } })).toThrow('ERR_HTTP_MESSAGE');
      },
    );

    it('should be there, and only once', () => {
      expect(() => encode({ host: undefined })).toThrow('a request of HTTP/1.1 needs host');
      expect(() => encode({ fields: { Host: ['a', 'a'] } })).toThrow('Host is given more than once');
      expect(encode({ host: undefined, version: 0 })).toMatchObject({ line: 'GET / HTTP/1.0', fields: [] });
    });
  });

  describe('connection', () => {
    it('should be mentioned only if it is not what the version says', () => {
      expect(encode({})).toMatchObject({ fields: ['Host: h'], closes: false });
      expect(encode({ keepAlive: false })).toMatchObject({
        fields: ['Host: h', 'Connection: close'],
        closes: true,
      });
      expect(encode({ version: 0 })).toMatchObject({ fields: ['Host: h'], closes: true });
      expect(encode({ version: 0, keepAlive: true })).toMatchObject({
        fields: ['Host: h', 'Connection: keep-alive'],
        closes: false,
      });
      expect(encode({ fields: { connection: 'close' } })).toMatchObject({ closes: true });
    });
  });

  describe('target', () => {
    it.each([
      ['GET', '/'],
      ['GET', '/a/../b;c=d,e?f=g&h[]=i|j^'],
      ['GET', '/?q={"a":1}'.replaceAll('"', '%22')],
      ['GET', 'http://h/'],
      ['OPTIONS', '*'],
      ['OPTIONS', '/'],
      ['CONNECT', 'h:443'],
      ['CONNECT', '[::1]:443'],
    ])('can be, for %s, %s', (method, target) => {
      expect(encode({ method, target }).line).toBe(`${method} ${target} HTTP/1.1`);
    });

    it.each([
      ['GET', ''],
      ['GET', 'a'],
      ['GET', '*'],
      ['GET', 'h:443'],
      ['GET', '/#a'],
      ['GET', '/a b'],
      ['GET', '/%2'],
      ['GET', '/é'],
      ['GET', '/"'],
      ['CONNECT', '/'],
      ['CONNECT', 'h'],
      ['CONNECT', 'http://h/'],
    ])('cannot be, for %s, %j', (method, target) => {
      expect(() => encode({ method, target })).toThrow('ERR_HTTP_MESSAGE: the target ');
    });
  });

  it('should answer -1 exactly if there is no room', () => {
    const encoder = new RequestEncoder();
    for (const fields of [undefined, { A: '1' }, { Host: 'x' }, Object.freeze({ A: '1' })]) {
      const init = { method: 'POST', target: '/path', host: 'example.test', fields, body: 5 };
      const memory = Buffer.alloc(300);
      const end = encoder.encode(memory, 3, init);
      for (let size = 0; size < end; size++) expect(encoder.encode(Buffer.alloc(size), 3, init)).toBe(-1);
      // The line of a Host that is not wanted needs a moment's room.
      const exact = Buffer.alloc(fields !== undefined && 'Host' in fields ? end + 20 : end);
      expect(encoder.encode(exact, 3, init)).toBe(end);
      expect(exact.subarray(3, end)).toEqual(memory.subarray(3, end));
    }
  });

  it('should refuse what is no text or no version', () => {
    expect(() => encode({ target: undefined as unknown as string })).toThrow('the target must be a text');
    expect(() => encode({ method: 5 as unknown as string })).toThrow('the method must be a text');
    expect(() => encode({ version: 2 as 1 })).toThrow('version must be 0 (HTTP/1.0) or 1 (HTTP/1.1), got 2');
  });
});
