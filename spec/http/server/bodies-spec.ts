import { describe, expect, it } from '@jest/globals';
import { concat, finalize, map, mergeMap, of, take, timer } from 'rxjs';
import type { HttpError } from '../../../lib/http/http-error.ts';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { answersIn, get, inHttpWorld, post, request } from './world.ts';

const EXPECT = 'Expect: 100-continue';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const CHUNKED = 'Transfer-Encoding: chunked';
const codeOf = (error: unknown) => (error as { code: string }).code;
const echo = (exchange: HttpExchange) => exchange.respond({ body: exchange.body$ });

describe('bodies of requests', () => {
  it('should come as they are sent, by length or in chunks, with trailers', () => {
    inHttpWorld(({ server, peer, at }) => {
      const seen: string[] = [];
      server({}, (exchange) => {
        exchange.body$.subscribe({
          next: (piece) => seen.push(String(piece)),
          complete: () => {
            seen.push(`end ${exchange.trailers?.get('x-sum')} ${exchange.isComplete}`);
            exchange.respond();
          },
        });
      });
      const one = peer(post('/', 'abcd').slice(0, -2));
      at(10, () => one.send('cd' + request('PUT', '/', [CHUNKED], '2;x=y\r\nef\r\n')));
      at(20, () => one.send('1\r\ng\r\n0\r\nX-Sum: 7\r\n\r\n'));
      return () => {
        expect(seen).toEqual(['ab', 'cd', 'end undefined true', 'ef', 'g', 'end 7 true']);
        expect(answersIn(one.text)).toEqual(['200', '200']);
      };
    });
  });

  it.each([
    ['bytes', 'héllo'],
    ['text', 'héllo'],
    ['json', '{"a":[1]}'],
  ] as const)('should be collected as %s', (kind, body) => {
    inHttpWorld(({ server, peer }) => {
      const seen: unknown[] = [];
      server({}, (exchange) => {
        exchange[kind]().subscribe((value: unknown) => {
          seen.push(value instanceof Uint8Array ? String(value) : value);
          exchange.respond();
        });
      });
      const bytes = Buffer.from(body);
      const one = peer(request('POST', '/', [`Content-Length: ${bytes.length}`]));
      for (const byte of bytes) one.send(Buffer.of(byte));
      peer(post('/', kind === 'json' ? 'null' : ''));
      return () => expect(seen).toEqual(kind === 'json' ? [{ a: [1] }, null] : [body, '']);
    });
  });

  it.each([
    ['announced', post('/', 'x'.repeat(11))],
    ['in chunks', request('POST', '/', [CHUNKED], '6\r\nxxxxxx\r\n5\r\nxxxxx\r\n0\r\n\r\n')],
  ])('should not be collected beyond the limit: %s', (_, text) => {
    inHttpWorld(({ server, peer }) => {
      const errors: unknown[] = [];
      server({}, (exchange) => {
        exchange.text({ limit: 10 }).subscribe({
          next: () => exchange.respond(),
          error: (error: unknown) => {
            const { status } = error as HttpError;
            errors.push(`${codeOf(error)} ${status}`);
            exchange.respond({ status });
          },
        });
      });
      const one = peer(post('/', 'x'.repeat(10)) + text + get('/'));
      return () => {
        expect(errors).toEqual(['ERR_HTTP_TOO_LONG 413']);
        expect(answersIn(one.text)).toEqual(['200', '413', '200']);
      };
    });
  });

  it('should be answered while they come', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, echo);
      const one = peer(request('POST', '/', [CHUNKED], '3\r\nabc\r\n'));
      at(10, () => expect(one.text).toContain('3\r\nabc\r\n'));
      at(20, () => one.send('2\r\nde\r\n0\r\n\r\n'));
      return () => expect(answersIn(one.text)).toEqual(['200 abcde']);
    });
  });

  it('should wait for an answer that waits for its turn', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        if (exchange.path === '/slow') timer(100).subscribe(() => exchange.respond({ body: 'slow' }));
        else echo(exchange);
      });
      const one = peer(get('/slow') + post('/', 'first body') + post('/', 'x'.repeat(200_000)));
      return () =>
        expect(answersIn(one.text)).toEqual(['200 slow', '200 first body', `200 ${'x'.repeat(200_000)}`]);
    });
  });

  it('should wait for a streamed answer that reads them late', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        exchange.respond({
          body: concat(of('you said: '), timer(50).pipe(map(() => 'well, ')), exchange.body$),
        });
      });
      const one = peer(post('/', 'hello') + get('/'));
      return () => expect(answersIn(one.text)).toEqual(['200 you said: well, hello', '200 you said: well,']);
    });
  });

  it('should wait while nobody is subscribed, and lose nothing', () => {
    inHttpWorld(({ server, peer, at }) => {
      const seen: string[] = [];
      server({}, ({ body$ }) => {
        const next = (piece: Uint8Array) => seen.push(String(piece));
        body$.pipe(take(1)).subscribe(next);
        timer(100).subscribe(() => body$.pipe(take(1)).subscribe(next));
        timer(200).subscribe(() => body$.subscribe(next));
      });
      const one = peer(request('POST', '/', [CHUNKED], '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n'));
      at(50, () => one.send('1\r\nd\r\n'));
      at(90, () => expect(seen).toEqual(['a']));
      at(150, () => expect(seen).toEqual(['a', 'b']));
      at(250, () => {
        expect(seen).toEqual(['a', 'b', 'c', 'd']);
        one.reset();
      });
    });
  });

  it('should error for those who read when the client is gone', () => {
    inHttpWorld(({ server, peer, at }) => {
      const errors: unknown[] = [];
      let exchange: HttpExchange | undefined;
      server({}, (each) => {
        exchange = each;
        each.body$.subscribe({ error: (error: unknown) => errors.push(codeOf(error)) });
      });
      const one = peer(post('/', 'abc').slice(0, -1));
      at(10, () => one.reset());
      at(20, () => exchange?.body$.subscribe({ error: (error: unknown) => errors.push(codeOf(error)) }));
      return () => expect(errors).toEqual(['ERR_HTTP_TRUNCATED', 'ERR_HTTP_TRUNCATED']);
    });
  });

  it('should error for those who read on when the answer has been written', () => {
    inHttpWorld(({ server, peer, at }) => {
      const errors: unknown[] = [];
      server({}, (exchange) => {
        exchange.body$.subscribe({ error: (error: unknown) => errors.push(codeOf(error)) });
        exchange.respond({ status: 202 });
      });
      const one = peer(post('/', 'abc').slice(0, -1));
      at(10, () => one.send('c' + get('/')));
      return () => {
        expect(errors).toEqual(['ERR_STATE']);
        expect(answersIn(one.text)).toEqual(['202', '202']);
      };
    });
  });

  it('should end only the connection whose reader throws', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes, faults } = server({}, (exchange) => {
        exchange.body$.subscribe(() => {
          throw new Error('oops');
        });
        if (exchange.path === '/ok') exchange.respond();
      });
      const one = peer(post('/', 'abc') + get('/'));
      const two = peer(get('/ok'));
      return () => {
        expect(answersIn(one.text)).toEqual(['500']);
        expect(answersIn(two.text)).toEqual(['200']);
        expect(closes).toEqual(['handler ERR_HANDLER', 'local']);
        expect(faults).toEqual(['ERR_HANDLER']);
      };
    });
  });
});

describe('Expect: 100-continue', () => {
  const expecting = (body: string, path = '/') =>
    request('POST', path, [`Content-Length: ${body.length}`, EXPECT]);

  it('should be answered with 100 when the body is wanted', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, (exchange) =>
        timer(20).subscribe(() => exchange.text().subscribe((body) => exchange.respond({ body }))),
      );
      const one = peer(expecting('hello'));
      at(10, () => expect(one.text).toBe(''));
      at(30, () => {
        expect(one.text).toBe(CONTINUE);
        one.send(`hello${get('/')}`);
      });
      return () => {
        expect(answersIn(one.text)).toEqual(['100', '200 hello', '200']);
        expect(one.text).not.toContain('close');
      };
    });
  });

  it('should be answered with 100 before a streamed answer made of the body', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, echo);
      const one = peer(expecting('hello'));
      at(10, () => one.send('hello'));
      return () => expect(answersIn(one.text)).toEqual(['100', '200 hello']);
    });
  });

  it('should be answered with the final answer instead', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({}, (exchange) => exchange.respond({ status: 401 }));
      const one = peer(expecting('hello'));
      return () => {
        expect(one.text).toBe('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        expect(closes).toEqual(['local']);
      };
    });
  });

  it('should be answered when its turn comes', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, (exchange) => {
        if (exchange.path === '/slow') timer(50).subscribe(() => exchange.respond({ body: 'slow' }));
        else exchange.text().subscribe((body) => exchange.respond({ body }));
      });
      const one = peer(get('/slow') + expecting('hello'));
      at(40, () => expect(one.text).toBe(''));
      at(60, () => one.send('hello'));
      return () => expect(answersIn(one.text)).toEqual(['200 slow', '100', '200 hello']);
    });
  });

  it('should need no 100 when the body is there already', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => {
        if (exchange.path === '/slow') timer(50).subscribe(() => exchange.respond({ body: 'slow' }));
        else exchange.text().subscribe((body) => exchange.respond({ body }));
      });
      const one = peer(`${get('/slow')}${expecting('hello')}hello`);
      return () => expect(answersIn(one.text)).toEqual(['200 slow', '200 hello']);
    });
  });

  it('should be answered by hand', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, (exchange) => {
        exchange.inform(100);
        exchange.text().subscribe((body) => exchange.respond({ body }));
      });
      const one = peer(expecting('hello'));
      at(10, () => one.send('hello'));
      return () => expect(answersIn(one.text)).toEqual(['100', '200 hello']);
    });
  });

  it('should not be heard from HTTP/1.0, nor without a body', () => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) => exchange.text().subscribe((body) => exchange.respond({ body })));
      const one = peer(`POST / HTTP/1.0\r\nContent-Length: 2\r\n${EXPECT}\r\n\r\nhi`);
      const two = peer(request('GET', '/', [EXPECT]));
      return () => expect([answersIn(one.text), answersIn(two.text)]).toEqual([['200 hi'], ['200']]);
    });
  });
});

describe('an effect', () => {
  it('should answer the requests of each connection, in any order', () => {
    inHttpWorld(({ server, peer }) => {
      const { server: http } = server();
      const seen: number[] = [];
      http
        .serve((request$) =>
          request$.pipe(
            map((exchange) => {
              seen.push(exchange.connection.id);
              return exchange.reply({ body: exchange.path });
            }),
          ),
        )
        .subscribe();
      const one = peer(get('/a') + get('/b'));
      const two = peer(get('/c'));
      return () => {
        expect([answersIn(one.text), answersIn(two.text)]).toEqual([['200 /a', '200 /b'], ['200 /c']]);
        expect(seen).toEqual([1, 1, 2]);
      };
    });
  });

  it.each(['at once', 'later'])('should end only its connection when it fails: %s', (when) => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes, faults } = server();
      http
        .serve((request$) => {
          if (when === 'at once') throw new Error('oops');
          return request$.pipe(
            map((exchange) => {
              if (exchange.path === '/bad') throw new Error('oops');
              return exchange.reply({ body: exchange.path });
            }),
          );
        })
        .subscribe();
      const one = peer(when === 'at once' ? get('/bad') + get('/c') : get('/a') + get('/bad') + get('/c'));
      at(100, () => {
        expect(answersIn(one.text)).toEqual(when === 'at once' ? ['500'] : ['200 /a', '500']);
        expect(closes).toEqual(['handler ERR_HANDLER']);
        expect(faults).toEqual(['ERR_HANDLER']);
      });
      at(200, () => {
        const two = peer(get('/d'));
        at(300, () => expect(answersIn(two.text)).toEqual(when === 'at once' ? ['500'] : ['200 /d']));
      });
    });
  });

  it('should pass on what is wrong with a body', () => {
    inHttpWorld(({ server, peer }) => {
      const { server: http, closes, faults } = server();
      http
        .serve((request$) =>
          request$.pipe(
            mergeMap((exchange) => exchange.text({ limit: 4 }).pipe(map((body) => exchange.reply({ body })))),
          ),
        )
        .subscribe();
      const one = peer(post('/', 'four') + post('/', 'fives'));
      const two = peer(request('POST', '/', [CHUNKED], 'zz\r\n'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200 four', '413']);
        expect(answersIn(two.text)).toEqual(['400']);
        expect(closes.sort()).toEqual(['protocol ERR_HTTP_CHUNK', 'protocol ERR_HTTP_TOO_LONG']);
        expect(faults).toHaveLength(2);
      };
    });
  });

  it('should end the connection when it completes, and leave nobody without an answer', () => {
    inHttpWorld(({ server, peer }) => {
      const { server: http, closes } = server();
      http
        .serve((request$) =>
          request$.pipe(
            take(2),
            map((exchange) => exchange.reply({ body: exchange.path })),
          ),
        )
        .subscribe();
      const one = peer(get('/a') + get('/b') + get('/c'));
      const two = peer(get('/only'));
      http
        .serve(() => of())
        .subscribe({ error: (error: unknown) => expect(codeOf(error)).toBe('ERR_STATE') });
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /a', '200 /b']);
        expect(answersIn(two.text)).toEqual(['200 /only']);
        expect(closes).toEqual(['local', 'local']);
      };
    });
    inHttpWorld(({ server, peer }) => {
      const { server: http, closes, faults } = server();
      http.serve(() => of()).subscribe();
      const one = peer(get('/a') + get('/b'));
      return () => expect([answersIn(one.text), closes, faults]).toEqual([['503'], ['local'], []]);
    });
  });

  it('should still answer what it has taken when it is unsubscribed from, and nothing else', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server();
      const serving = http
        .serve((request$) =>
          request$.pipe(
            mergeMap((exchange) => timer(100).pipe(map(() => exchange.reply({ body: exchange.path })))),
          ),
        )
        .subscribe();
      const one = peer(get('/a') + get('/b'));
      at(50, () => serving.unsubscribe());
      at(60, () => {
        http.request$.subscribe((exchange) => exchange.respond({ body: 'other' }));
        one.send(get('/c'));
      });
      at(200, () => one.send(get('/d')));
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /a', '200 /b', '200 other', '200 other']);
        expect(closes).toEqual(['local']);
      };
    });
  });

  it('should be stopped when its connection ends', () => {
    inHttpWorld(
      ({ server, peer, at }) => {
        const { server: http } = server();
        let ended = 0;
        http
          .serve((request$) =>
            request$.pipe(
              mergeMap((exchange) => timer(500, 10).pipe(map(() => exchange.reply()))),
              finalize(() => ended++),
            ),
          )
          .subscribe();
        const one = peer();
        one.send(get('/'));
        at(100, () => one.reset());
        at(200, () => expect(ended).toBe(1));
      },
      { duration: 1000 },
    );
  });
});

describe('errors of a body that nobody handles', () => {
  it.each([
    ['JSON that is none', post('/', '{'), '400'],
    ['a body that is too long', post('/', '"a text that is too long"'), '413'],
    ['a handler that throws', post('/', '{}'), '500'],
  ])('should be answered, and end nothing else: %s', (_, sent, status) => {
    inHttpWorld(({ server, peer }) => {
      server({}, (exchange) =>
        exchange.json({ limit: 10 }).subscribe((value) => {
          if (exchange.path === '/') throw new Error('broken');
          exchange.respond({ body: JSON.stringify(value) });
        }),
      );
      const bad = peer(sent);
      const good = peer(post('/good', '[1]'));
      return () => {
        expect(answersIn(bad.text)).toEqual([status]);
        expect(good.text).toMatch(/\[1\]$/);
      };
    });
  });
});
