import { describe, expect, it } from '@jest/globals';
import { NEVER, map, mergeMap, take, timer } from 'rxjs';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { answersIn, get, inHttpWorld, post } from './world.ts';

const slowly = (exchange: HttpExchange) =>
  timer(100).subscribe(() => exchange.respond({ body: exchange.path }));

describe('stopping an HTTP server', () => {
  it('should close idle connections at once, and answer what has come', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server({}, slowly);
      const reports: unknown[] = [];
      http.shutdown$.subscribe((report) => reports.push(report));
      const idle = peer();
      const between = peer(get('/x'));
      const busy = peer();
      at(190, () => busy.send(get('/a') + get('/b')));
      at(200, () => void http.stop());
      at(210, () => busy.send(get('/late')));
      return () => {
        expect([idle.endedAt, between.endedAt]).toEqual([200, 200]);
        expect(answersIn(busy.text)).toEqual(['200 /a', '200 /b']);
        expect(busy.text.match(/Connection: close/g)).toHaveLength(1);
        expect(busy.text).toMatch(/Connection: close\r\n\r\n\/b$/);
        expect(busy.endedAt).toBe(290);
        expect(closes).toEqual(['local', 'local', 'local']);
        expect(reports).toEqual([{ closed: 3, forced: 0, dropped: 0 }]);
      };
    });
  });

  it('should wait for a request that has begun', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http } = server({}, (exchange) => {
        exchange.text().subscribe((body) => exchange.respond({ body }));
      });
      const inHead = peer(post('/', 'body').slice(0, 10));
      const inBody = peer(post('/', 'body').slice(0, -1));
      at(10, () => void http.stop());
      at(20, () => {
        inHead.send(post('/', 'body').slice(10) + get('/'));
        inBody.send('y');
      });
      return () => {
        expect([answersIn(inHead.text), answersIn(inBody.text)]).toEqual([['200 body'], ['200 body']]);
        expect([inHead.endedAt, inBody.endedAt]).toEqual([20, 20]);
        expect(inHead.text).toContain('Connection: close');
      };
    });
  });

  it('should wait for the rest of a body that is thrown away', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http } = server({}, (exchange) => exchange.respond());
      const one = peer(post('/', 'body').slice(0, -1));
      at(10, () => void http.stop());
      at(20, () => one.send('y'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200']);
        expect(one.endedAt).toBe(20);
      };
    });
  });

  it('should finish streamed answers', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server({}, (exchange) => {
        exchange.respond({
          body: timer(0, 20).pipe(
            take(5),
            map((count) => `${count}`),
          ),
        });
      });
      const one = peer(get('/'));
      at(30, () => void http.stop());
      return () => {
        expect(answersIn(one.text)).toEqual(['200 01234']);
        expect(closes).toEqual(['local']);
        expect(one.endedAt).toBe(80);
      };
    });
  });

  it('should cut off at the deadline', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server({}, () => NEVER);
      const one = peer(get('/'));
      at(10, () => void http.stop({ deadline: 50 }));
      return () => {
        expect(one.endedAt).toBe(60);
        expect(closes).toEqual(['stop']);
      };
    });
  });

  it('should leave the server ready for another start', () => {
    inHttpWorld(
      ({ server, peer, at }) => {
        const { server: http, closes } = server({}, slowly);
        const one = peer(get('/one'));
        at(10, () => {
          void http.stop();
          http.shutdown$.subscribe(() => void http.start());
        });
        at(200, () => {
          const two = peer(get('/two'));
          at(400, () => expect(answersIn(two.text)).toEqual(['200 /two']));
        });
        at(10_000, () => void http.stop());
        return () => {
          expect(answersIn(one.text)).toEqual(['200 /one']);
          expect(closes).toEqual(['local', 'local']);
        };
      },
      { duration: 11_000 },
    );
  });

  it('should stop effects too', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server();
      http
        .serve(mergeMap((exchange) => timer(100).pipe(map(() => exchange.reply({ body: exchange.path })))))
        .subscribe();
      const one = peer(get('/a') + get('/b'));
      at(10, () => void http.stop());
      return () => {
        expect(answersIn(one.text)).toEqual(['200 /a', '200 /b']);
        expect(closes).toEqual(['local']);
      };
    });
  });

  it('should leave upgraded connections to those who have them', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server({}, (exchange) => {
        const connection = exchange.upgrade({ fields: { Connection: 'Upgrade', Upgrade: 'x' } });
        connection.receive$.subscribe((chunk) => connection.send(chunk));
        if (exchange.path === '/asks') {
          connection.quiesce$.subscribe(() => {
            connection.send('bye');
            connection.disconnect();
          });
        }
      });
      const asks = peer(get('/asks', 'Connection: upgrade', 'Upgrade: x'));
      const plain = peer(get('/', 'Connection: upgrade', 'Upgrade: x'));
      at(10, () => void http.stop());
      return () => {
        expect(asks.text).toMatch(/bye$/);
        expect([asks.endedAt, plain.endedAt]).toEqual([10, 10]);
        expect(closes.sort()).toEqual(['local', 'stop']);
      };
    });
  });
});
