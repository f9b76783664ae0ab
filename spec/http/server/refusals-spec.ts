import { describe, expect, it } from '@jest/globals';
import { timer } from 'rxjs';
import { answersIn, get, inHttpWorld, post, request } from './world.ts';

const CLOSE = 'Content-Length: 0\r\nConnection: close\r\n\r\n';

describe('refusals of an HTTP server', () => {
  it.each([
    ['no request line', 'GET /\r\n\r\n', '400 Bad Request', 'ERR_HTTP_REQUEST_LINE'],
    ['an unknown method', request('BREW', '/'), '501 Not Implemented', 'ERR_HTTP_METHOD'],
    ['a long target', get(`/${'x'.repeat(9000)}`), '414 URI Too Long', 'ERR_HTTP_TOO_LONG'],
    [
      'a long head',
      get('/', `X: ${'x'.repeat(17_000)}`),
      '431 Request Header Fields Too Large',
      'ERR_HTTP_TOO_LONG',
    ],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '505 HTTP Version Not Supported', 'ERR_HTTP_VERSION'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', '400 Bad Request', 'ERR_HTTP_HOST'],
    ['an expectation', get('/', 'Expect: miracles'), '417 Expectation Failed', 'ERR_HTTP_EXPECT'],
    ['two lengths', post('/', 'a', 'Content-Length: 1'), '400 Bad Request', 'ERR_HTTP_CONTENT_LENGTH'],
    [
      'gzip',
      request('POST', '/', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
      '501 Not Implemented',
      'ERR_HTTP_TRANSFER_ENCODING',
    ],
    ['a long body', post('/', 'x'.repeat(1001)), '413 Content Too Large', 'ERR_HTTP_TOO_LONG'],
  ])('should be told to the client behind the answers in front: %s', (_, bad, status, code) => {
    inHttpWorld(({ server, peer }) => {
      const { closed, closes, faults } = server({ http: { limits: { maxBody: 1000 } } }, (exchange) => {
        timer(100).subscribe(() => exchange.respond({ body: exchange.path }));
      });
      const one = peer(get('/good') + get('/better') + bad + get('/never'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /good', '200 /better', status.slice(0, 3)]);
        expect(one.text.endsWith(`HTTP/1.1 ${status}\r\n${CLOSE}`)).toBe(true);
        expect(closes).toEqual([`protocol ${code}`]);
        expect(faults).toEqual([code]);
        expect(closed[0]?.unsent).toBe(0);
        expect(one.end).toBe('peer');
        expect(one.endedAt).toBeLessThan(200);
      };
    });
  });

  it('should be told in the midst of a body', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes, faults } = server({}, (exchange) => {
        exchange.text().subscribe({ next: (body) => exchange.respond({ body }), error: () => undefined });
      });
      const chunked = ['Transfer-Encoding: chunked'];
      const one = peer(post('/', 'a') + request('POST', '/', chunked, '1\r\na\r\nx\r\n'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200 a', '400']);
        expect(closes).toEqual(['protocol ERR_HTTP_CHUNK']);
        expect(faults).toEqual(['ERR_HTTP_CHUNK']);
      };
    });
  });

  it('should leave it to those who read the body what to answer', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({}, (exchange) => {
        exchange.text().subscribe({
          next: (body) => exchange.respond({ body }),
          error: (error: unknown) => exchange.respond({ status: 422, body: (error as Error).message }),
        });
      });
      const one = peer(request('POST', '/', ['Transfer-Encoding: chunked'], '1\r\na\r\nx\r\n'));
      return () => {
        expect(one.text).toMatch(/^HTTP\/1\.1 422 .*Connection: close\r\n\r\nERR_HTTP_CHUNK/s);
        expect(closes).toEqual(['protocol ERR_HTTP_CHUNK']);
      };
    });
  });

  it('should reset a connection whose streamed answer is made of a malformed body', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes, faults } = server({}, (exchange) => exchange.respond({ body: exchange.body$ }));
      const one = peer(request('POST', '/', ['Transfer-Encoding: chunked'], '1\r\na\r\nx\r\n'));
      return () => {
        expect(one.text).not.toContain('0\r\n\r\n');
        expect(one.end).toBe('reset');
        expect(closes).toEqual(['forced']);
        expect(faults).toEqual(['ERR_HTTP_CHUNK']);
      };
    });
  });

  it('should reach a client that has ended its side in the midst of a request', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({}, (exchange) => {
        exchange.body$.subscribe({ complete: () => exchange.respond() });
      });
      const one = peer(get('/') + 'GET / HT');
      one.finish();
      const two = peer(post('/', 'abc').slice(0, -1));
      two.finish();
      return () => {
        expect(answersIn(one.text)).toEqual(['200', '400']);
        expect(answersIn(two.text)).toEqual(['400']);
        expect(closes).toEqual(['protocol ERR_HTTP_TRUNCATED', 'protocol ERR_HTTP_TRUNCATED']);
      };
    });
  });

  it('should reach a client that goes on sending', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({ http: { limits: { maxBody: 1000 } } }, (exchange) => exchange.respond());
      const one = peer(post('/', 'x'.repeat(5_000_000)));
      return () => {
        expect(answersIn(one.text)).toEqual(['413']);
        expect(one.end).toBe('peer');
        expect(closes).toEqual(['protocol ERR_HTTP_TOO_LONG']);
      };
    });
  });

  it('should tell of what is wrong though the client is gone before', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { closes, faults } = server({}, () => undefined);
      const one = peer(`${get('/')}GET /\r\n\r\n`);
      at(10, () => one.reset());
      return () => {
        expect(closes).toEqual(['reset ECONNRESET']);
        expect(faults.sort()).toEqual(['ECONNRESET', 'ERR_HTTP_REQUEST_LINE']);
      };
    });
  });

  it('should not touch what comes behind a request that was to be the last one', () => {
    inHttpWorld(({ server, peer }) => {
      const seen: string[] = [];
      const { closes } = server({}, (exchange) => {
        seen.push(exchange.path);
        exchange.respond();
      });
      const one = peer(get('/a', 'Connection: close') + get('/b') + 'garbage');
      return () => {
        expect(seen).toEqual(['/a']);
        expect(answersIn(one.text)).toEqual(['200']);
        expect(closes).toEqual(['local']);
      };
    });
  });

  it('should not hand out requests behind one whose handler has closed the connection', () => {
    inHttpWorld(({ server, peer }) => {
      const seen: string[] = [];
      server({}, (exchange) => {
        seen.push(exchange.path);
        exchange.connection.disconnect(exchange.path === '/force');
        expect(exchange.respond()).toBe('refused');
      });
      peer(get('/a') + get('/b'));
      peer(get('/force') + get('/d'));
      return () => expect(seen).toEqual(['/a', '/force']);
    });
  });
});
