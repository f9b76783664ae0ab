import { describe, expect, it } from '@jest/globals';
import { Subject, concat, of, timer, map } from 'rxjs';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { answersIn, get, inHttpWorld, post, request, response } from './world.ts';

const byPath = (exchange: HttpExchange) => exchange.respond({ body: exchange.path });

describe('answers of an HTTP server', () => {
  it('should be given to a request', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes, faults } = server({}, byPath);
      const one = peer(get('/hello'));
      return () => {
        expect(one.text).toBe(response('200 OK', '/hello'));
        expect(closes).toEqual(['local']); // kept alive long enough
        expect(faults).toEqual([]);
      };
    });
  });

  it('should leave in the order of the requests, whatever the order they are given in', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => timer(100 - Number(exchange.path.slice(1))).subscribe(() => byPath(exchange)));
      const one = peer([5, 20, 10, 40, 1].map((n) => get(`/${n}`)).join(''));
      return () => expect(answersIn(one.text)).toEqual(['200 /5', '200 /20', '200 /10', '200 /40', '200 /1']);
    });
  });

  it('should be delivered to a client that has ended its side', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({}, (exchange) => timer(50).subscribe(() => byPath(exchange)));
      const one = peer(get('/a') + get('/b'));
      one.finish();
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /a', '200 /b']);
        expect(closes).toEqual(['peer']);
        expect(one.endedAt).toBeLessThan(1000);
      };
    });
  });

  it('should end with the one that says so', () => {
    inHttpWorld(({ server, peer }) => {
      const handled: string[] = [];
      server({}, (exchange) => {
        handled.push(exchange.path);
        timer(exchange.path === '/1' ? 50 : 10).subscribe(() => {
          exchange.respond({ body: exchange.path, keepAlive: exchange.path !== '/1' });
        });
      });
      const one = peer(get('/0') + get('/1') + get('/2') + get('/3'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /0', '200 /1']);
        expect(one.text).toMatch(/Connection: close\r\n\r\n\/1$/);
        expect(handled).toEqual(['/0', '/1', '/2', '/3']);
      };
    });
  });

  it('should refuse to be given twice, and say so when the connection is gone', () => {
    inHttpWorld(({ server, peer, at }) => {
      const results: unknown[] = [];
      let late: HttpExchange | undefined;
      server({}, (exchange) => {
        if (exchange.path === '/late') late = exchange;
        else {
          results.push(exchange.isAnswered, exchange.respond(), exchange.isAnswered);
          expect(() => exchange.respond()).toThrow('ERR_STATE');
          expect(() => exchange.inform(103)).toThrow('ERR_STATE');
          expect(() => exchange.upgrade()).toThrow('ERR_STATE');
        }
      });
      const one = peer(get('/'), get('/late'));
      at(100, () => one.reset());
      at(200, () => results.push(late?.respond(), late?.connection.lastError?.code));
      return () => expect(results).toEqual([false, 'ok', true, 'refused', 'ERR_CLOSED']);
    });
  });

  it('should be given from inside other events', () => {
    inHttpWorld(({ server, peer }) => {
      const { server: http } = server();
      const waiting: HttpExchange[] = [];
      http.request$.subscribe((exchange) => {
        if (exchange.path === '/last') for (const each of waiting) byPath(each);
        else waiting.push(exchange);
        if (exchange.path === '/last') byPath(exchange);
      });
      const one = peer(get('/a') + get('/b') + get('/last'));
      return () => expect(answersIn(one.text)).toEqual(['200 /a', '200 /b', '200 /last']);
    });
  });

  it('should be 503 when nobody observes', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server();
      const one = peer(get('/') + get('/'));
      return () => {
        expect(one.text).toBe(
          response('503 Service Unavailable', '', 'Connection: close').replace(
            /(Connection: close\r\n)(Content-Length: 0\r\n)/,
            '$2$1',
          ),
        );
        expect(closes).toEqual(['local']);
      };
    });
  });

  it('should be 500 when the observer throws, and end the connection', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes, faults } = server({}, (exchange) => {
        if (exchange.path === '/bad') throw new Error('oops');
        byPath(exchange);
      });
      const one = peer(get('/good') + get('/bad') + get('/good'));
      const two = peer(get('/other'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /good', '500']);
        expect(answersIn(two.text)).toEqual(['200 /other']);
        expect(closes).toEqual(['handler ERR_HANDLER', 'local']);
        expect(faults).toEqual(['ERR_HANDLER']);
      };
    });
  });

  it('should be possible in another way after an illegal one', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        expect(() => exchange.respond({ fields: { 'X-A': 'a\r\nb' } })).toThrow('ERR_HTTP_MESSAGE');
        expect(() => exchange.respond({ status: 204, body: 'x' })).toThrow('ERR_HTTP_MESSAGE');
        expect(() => exchange.respond({ status: 99 })).toThrow('ERR_HTTP_MESSAGE');
        exchange.respond({ body: 'fine' });
      });
      const one = peer(get() + get());
      return () => expect(answersIn(one.text)).toEqual(['200 fine', '200 fine']);
    });
  });

  it.each([0, 1])('should go on behind %i answers that wait for a slow one', (kind) => {
    inHttpWorld(({ server, peer }) => {
      const slow = new Subject<string>();
      server({ http: { maxPipelined: 20_000 } }, (exchange) => {
        if (exchange.path === '/slow') exchange.respond({ body: slow });
        else exchange.respond(kind === 0 ? { body: 'x' } : { body: of('x') });
      });
      const one = peer(get('/slow') + get('/x').repeat(15_000));
      timer(1000).subscribe(() => {
        slow.next('slow');
        slow.complete();
      });
      return () => expect(answersIn(one.text)).toEqual(['200 slow', ...Array<string>(15_000).fill('200 x')]);
    });
  });
});

describe('bodies of answers', () => {
  it('should be streamed in chunks, trailers behind them', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        const body = concat(of('one '), timer(10).pipe(map(() => Buffer.from('two'))));
        exchange.respond({ body, fields: { Trailer: 'X-Sum' }, trailers: () => ({ 'X-Sum': 'f00' }) });
      });
      const one = peer(get('/'));
      return () =>
        expect(one.text).toBe(
          'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\nX-Sum: f00\r\n\r\n',
        );
    });
  });

  it.each([
    ['too much', ['12', '345'], '12', 'ERR_HTTP_BODY_LENGTH'],
    ['too little', ['12', '3'], '123', 'ERR_HTTP_BODY_LENGTH'],
    ['an error', ['12', new Error('no more')], '12', 'ERR_HANDLER'],
  ])('should reset the connection after %s', (_, parts, seen, code) => {
    inHttpWorld(({ server, peer }) => {
      const { closes, faults } = server({}, (exchange) => {
        const body = new Subject<string>();
        exchange.respond({ fields: { 'Content-Length': 4 }, body });
        parts.forEach((part, index) => {
          timer(10 * (index + 1)).subscribe(() =>
            typeof part === 'string' ? body.next(part) : body.error(part),
          );
        });
        timer(50).subscribe(() => body.complete());
      });
      const one = peer(get('/') + get('/'));
      return () => {
        expect(one.text).toBe(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${seen}`);
        expect(one.end).toBe('reset');
        expect(closes).toEqual(['forced']);
        expect(faults).toEqual([code]);
      };
    });
  });

  it('should be as long as Content-Length says when they are streamed', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => exchange.respond({ fields: { 'Content-Length': 4 }, body: of('12', '34') }));
      const one = peer(get('/') + get('/'));
      return () => expect(answersIn(one.text)).toEqual(['200 1234', '200 1234']);
    });
  });

  it('should be in chunks when the fields say so, though they are whole', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        const fields = { 'Transfer-Encoding': 'chunked' };
        if (exchange.path === '/later')
          timer(10).subscribe(() => exchange.respond({ fields, body: 'later' }));
        else exchange.respond({ fields, body: exchange.path, trailers: () => ({ 'X-A': 'b' }) });
      });
      const one = peer(get('/a') + get('/later') + get('/b'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /a', '200 later', '200 /b']);
        expect(one.text).toContain('2\r\n/a\r\n0\r\nX-A: b\r\n\r\n');
      };
    });
  });

  it('should not be sent with HEAD, 204, 304 and 205', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        const status = Number(exchange.path.slice(1));
        if (exchange.method === 'HEAD') exchange.respond({ body: status === 1 ? of('streamed') : 'whole' });
        else exchange.respond({ status });
      });
      const one = peer(
        request('HEAD', '/0') + request('HEAD', '/1') + get('/204') + get('/304') + get('/205') + get('/200'),
      );
      return () =>
        expect(one.text).toBe(
          'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' +
            'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
            'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n' +
            'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
        );
    });
  });

  it('should end with the connection towards HTTP/1.0 when their length is not known', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => exchange.respond({ body: concat(of('a'), timer(10).pipe(map(() => 'b'))) }));
      const one = peer('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      return () => {
        expect(one.text).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab');
        expect(one.end).toBe('peer');
        expect(one.endedAt).toBe(10);
      };
    });
  });

  it('should be as large as they like', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => exchange.respond({ body: 'x'.repeat(Number(exchange.path.slice(1))) }));
      const sizes = [16 * 1024, 16 * 1024 + 1, 300_000, 0, 5];
      const one = peer(sizes.map((size) => get(`/${size}`)).join(''));
      return () => expect(answersIn(one.text).map((answer) => answer.slice(4).length)).toEqual(sizes);
    });
  });
});

describe('answers to particular requests', () => {
  it('should be the business of the observer with OPTIONS *, and with TRACE if it is asked for', () => {
    inHttpWorld(({ server, peer }) => {
      const seen: string[] = [];
      server({ http: { trace: true } }, (exchange) => {
        seen.push(`${exchange.method} ${exchange.path}`);
        exchange.respond();
      });
      const one = peer(request('OPTIONS', '*') + request('TRACE', '/t'));
      return () => {
        expect(seen).toEqual(['OPTIONS *', 'TRACE /t']);
        expect(answersIn(one.text)).toEqual(['200', '200']);
      };
    });
  });

  it('should go on after a refused TRACE', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, byPath);
      const one = peer(request('TRACE', '/') + get('/next'));
      return () => {
        expect(answersIn(one.text)).toEqual(['405', '200 /next']);
        expect(one.text).toContain('Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n');
      };
    });
  });

  it('should tell of what comes with 103', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        exchange.inform(103, { Link: '</a.css>' });
        exchange.inform(102);
        timer(10).subscribe(() => exchange.respond({ body: 'x' }));
      });
      const one = peer(get() + 'GET / HTTP/1.0\r\n\r\n');
      return () =>
        expect(one.text).toBe(
          'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n' +
            'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx' +
            'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx',
        );
    });
  });

  it('should refuse to inform with a final status', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        expect(() => exchange.inform(200)).toThrow('ERR_HTTP_MESSAGE');
        expect(() => exchange.inform(101)).toThrow('ERR_HTTP_MESSAGE');
        exchange.respond();
      });
      const one = peer(get());
      return () => expect(answersIn(one.text)).toEqual(['200']);
    });
  });
});

describe('the end of a connection', () => {
  it.each([
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'Connection: close\r\n', 'peer'],
    [
      'HTTP/1.0 keep-alive',
      'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
      'Connection: keep-alive\r\n',
      'kept',
    ],
    ['HTTP/1.1', get(), '', 'kept'],
    ['Connection: close', get('/', 'Connection: close'), 'Connection: close\r\n', 'peer'],
    ['Connection: a, CLOSE', get('/', 'Connection: a, CLOSE'), 'Connection: close\r\n', 'peer'],
  ])('should follow %s', (_, head, line, end) => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => exchange.respond());
      const one = peer(head);
      return () => {
        expect(one.text).toBe(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${line}\r\n`);
        expect(one.end).toBe('peer');
        expect(one.endedAt).toBe(end === 'kept' ? 5000 : 0);
      };
    });
  });

  it('should come after maxRequests', () => {
    inHttpWorld(({ server, peer }) => {
      const seen: string[] = [];
      server({ http: { maxRequests: 3 } }, (exchange) => {
        seen.push(exchange.path);
        exchange.respond({ body: exchange.path });
      });
      const one = peer(get('/1') + get('/2') + get('/3') + get('/4'));
      return () => {
        expect(seen).toEqual(['/1', '/2', '/3']);
        expect(answersIn(one.text)).toEqual(['200 /1', '200 /2', '200 /3']);
        expect(one.text.match(/Connection: close/g)).toHaveLength(1);
        expect(one.text).toMatch(/Connection: close\r\n\r\n\/3$/);
        expect(one.endedAt).toBe(0);
      };
    });
  });

  it('should not wait for more requests than maxPipelined at once', () => {
    inHttpWorld(({ server, peer }) => {
      let open = 0;
      let most = 0;
      server({ http: { maxPipelined: 3 } }, (exchange) => {
        most = Math.max(most, ++open);
        timer(10).subscribe(() => {
          open--;
          byPath(exchange);
        });
      });
      const paths = Array.from({ length: 20 }, (_, n) => `/${n}`);
      const one = peer(paths.map((path) => get(path)).join(''));
      return () => {
        expect(answersIn(one.text)).toEqual(paths.map((path) => `200 ${path}`));
        expect(most).toBe(3);
      };
    });
  });

  it('should read and drop what is left of a short body, and go on', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, byPath);
      const one = peer(post('/a', 'x'.repeat(50_000)) + get('/b'));
      return () => expect(answersIn(one.text)).toEqual(['200 /a', '200 /b']);
    });
  });

  it('should come when a body is longer than what is dropped', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({ http: { drainLimit: 1000 } }, byPath);
      const one = peer(post('/a', 'x'.repeat(1001)) + get('/b'));
      const two = peer(
        request('POST', '/a', ['Transfer-Encoding: chunked'], `3E9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`) +
          get('/b'),
      );
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /a']);
        expect(one.text).toContain('Connection: close');
        expect(answersIn(two.text)).toEqual(['200 /a']);
        expect(closes).toEqual(['local', 'local']);
        expect([one.end, two.end]).toEqual(['peer', 'peer']);
      };
    });
  });
});
