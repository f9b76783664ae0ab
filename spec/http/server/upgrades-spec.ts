import { describe, expect, it } from '@jest/globals';
import { delay, map, mergeMap, of, timer } from 'rxjs';
import type { Connection } from '../../../lib/connection/connection.ts';
import { sendTo } from '../../../lib/connection/send-to.ts';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { answersIn, get, inHttpWorld, post, request } from './world.ts';

const SOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: x',
  'Sec-WebSocket-Version: 13',
];
const FIELDS = { Connection: 'Upgrade', Upgrade: 'websocket' };
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const upgrade = get('/socket', ...SOCKET);
const connect = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n';

/** Sends back what it receives, in brackets. */
function echo(connection: Connection): void {
  connection.receive$
    .pipe(
      map((chunk) => `<${String(chunk)}>`),
      sendTo(connection),
    )
    .subscribe();
}

const switchNow = (exchange: HttpExchange) => echo(exchange.upgrade({ fields: FIELDS }));

describe.each([
  ['at once', 0],
  ['later', 50],
])('an upgrade, decided %s', (_, delay) => {
  const decide = (exchange: HttpExchange, work: (exchange: HttpExchange) => void) => {
    if (delay === 0) work(exchange);
    else timer(delay).subscribe(() => work(exchange));
  };

  it('should hand on what came behind the request, and the connection with its id and events', () => {
    inHttpWorld(({ server, peer, at }) => {
      const {
        server: http,
        closes,
        faults,
      } = server({}, (exchange) => {
        expect(exchange.wantsUpgrade).toBe('websocket');
        decide(exchange, switchNow);
      });
      let received = '';
      http.receive$.subscribe(({ connection, data }) => {
        expect(connection.id).toBe(1);
        received += String(data);
      });
      const one = peer(`${upgrade}rest`);
      at(100, () => one.send('more'));
      at(20_000, () => one.send('!'));
      at(20_010, () => one.finish());
      return () => {
        expect(one.text).toBe(`${SWITCH}<rest><more><!>`);
        expect(received).toBe(`${upgrade}restmore!`);
        expect(closes).toEqual(['peer']);
        expect(faults).toEqual([]);
      };
    });
  });

  it('should count the bytes once', () => {
    inHttpWorld(({ server, peer }) => {
      const { closed } = server({}, (exchange) => decide(exchange, switchNow));
      const one = peer(`${upgrade}rest`);
      one.finish();
      return () => {
        expect(closed[0]).toMatchObject({
          reason: 'peer',
          bytesIn: upgrade.length + 4,
          bytesOut: SWITCH.length + 6,
        });
      };
    });
  });

  it('should come with nothing when nothing came behind', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, (exchange) => decide(exchange, switchNow));
      const one = peer(upgrade);
      at(40, () => expect(one.text).toBe(delay === 0 ? SWITCH : ''));
      at(100, () => one.send('a'));
      at(110, () => one.finish());
      return () => expect(one.text).toBe(`${SWITCH}<a>`);
    });
  });

  it('should keep what comes until somebody reads', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, (exchange) => {
        decide(exchange, () => {
          const connection = exchange.upgrade({ fields: FIELDS });
          timer(200).subscribe(() => echo(connection));
        });
      });
      const one = peer(`${upgrade}re`, 'st');
      at(300, () => one.finish());
      return () => expect(one.text.replaceAll('><', '')).toBe(`${SWITCH}<rest>`);
    });
  });

  it('should follow the answers in front', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, (exchange) => {
        if (exchange.wantsUpgrade === undefined) exchange.respond({ body: exchange.path });
        else decide(exchange, switchNow);
      });
      const one = peer(`${get('/a')}${get('/b')}${upgrade}x`);
      at(100, () => one.finish());
      return () => {
        expect(one.text.endsWith(`${SWITCH}<x>`)).toBe(true);
        expect(answersIn(one.text.slice(0, one.text.indexOf(SWITCH)))).toEqual(['200 /a', '200 /b']);
      };
    });
  });

  it('should go on with HTTP when it is refused', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({}, (exchange) => {
        decide(exchange, () => exchange.respond({ status: exchange.wantsUpgrade === undefined ? 200 : 403 }));
      });
      const one = peer(upgrade + get('/') + upgrade);
      return () => {
        expect(answersIn(one.text)).toEqual(['403', '200', '403']);
        expect(closes).toEqual(['local']);
      };
    });
  });

  it('should work as the last request of a connection', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({ http: { maxRequests: 1 } }, (exchange) => decide(exchange, switchNow));
      const one = peer(`${upgrade}a`);
      at(10, () => one.send('b'));
      at(100, () => one.send('c'));
      at(110, () => one.finish());
      return () => expect(one.text.replaceAll('><', '')).toBe(`${SWITCH}<abc>`);
    });
  });

  it('should open a tunnel', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { closes } = server({}, (exchange) => {
        expect([exchange.wantsUpgrade, exchange.target]).toEqual(['tunnel', 'a.test:443']);
        decide(exchange, () => echo(exchange.upgrade()));
      });
      const one = peer(`${connect}early`);
      at(100, () => one.send('late'));
      at(10_000, () => one.finish());
      return () => {
        expect(one.text).toBe('HTTP/1.1 200 OK\r\n\r\n<early><late>');
        expect(closes).toEqual(['peer']);
      };
    });
  });

  it('should end the connection when a tunnel is refused', () => {
    inHttpWorld(({ server, peer }) => {
      const { closes } = server({}, (exchange) => decide(exchange, () => exchange.respond({ status: 403 })));
      const one = peer(`${connect}${get('/')}`);
      return () => {
        expect(one.text).toBe('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        expect(closes).toEqual(['local']);
        expect(one.endedAt).toBe(delay);
      };
    });
  });

  it('should survive in an effect', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server();
      http
        .serve((request$) =>
          request$.pipe(
            mergeMap((exchange) =>
              timer(delay).pipe(
                mergeMap(() => {
                  if (exchange.wantsUpgrade === undefined) return of(exchange.reply({ body: 'http' }));
                  const connection = exchange.upgrade({ fields: FIELDS });
                  return connection.receive$.pipe(sendTo(connection));
                }),
              ),
            ),
          ),
        )
        .subscribe();
      const one = peer(`${get('/')}${upgrade}a`);
      at(500, () => one.send('b'));
      at(600, () => one.finish());
      return () => {
        expect(one.text.endsWith(`${SWITCH}ab`)).toBe(true);
        expect(closes).toEqual(['peer']);
      };
    });
  });
});

describe('an upgrade', () => {
  it('should answer a client that has ended its side, as long as an effect works on it, or halfOpen says so', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server();
      const slowly = (connection: Connection) =>
        connection.receive$.pipe(delay(100), sendTo(connection, { end: true, gate: connection.flow }));
      http.serve(mergeMap((exchange) => slowly(exchange.upgrade()))).subscribe();
      const one = peer(`${connect}early`);
      at(10, () => one.send('late'));
      at(20, () => one.finish());
      return () => {
        expect(one.text).toMatch(/earlylate$/);
        expect(closes).toEqual(['peer']);
        expect(one.endedAt).toBe(110);
      };
    });
    inHttpWorld(({ server, peer, at }) => {
      const { closes } = server({ halfOpen: true }, (exchange) => {
        if (exchange.wantsUpgrade === undefined) exchange.respond();
        else {
          const connection = exchange.upgrade();
          connection.receive$.subscribe({
            complete: () =>
              timer(50).subscribe(() => {
                connection.send('bye');
                connection.end();
              }),
          });
        }
      });
      const one = peer(connect);
      const plain = peer(get('/'));
      at(20, () => one.finish());
      at(30, () => plain.finish());
      return () => {
        expect(one.text).toMatch(/bye$/);
        expect([one.endedAt, plain.endedAt]).toEqual([70, 30]);
        expect(closes).toEqual(['peer', 'peer']);
      };
    });
  });

  it('should be refused where it makes no sense', () => {
    inHttpWorld(({ server, peer }) => {
      const codes: string[] = [];
      const attempt = (exchange: HttpExchange, status?: number) => {
        try {
          exchange.upgrade({ fields: FIELDS, ...(status === undefined ? {} : { status }) });
        } catch (error) {
          codes.push((error as { code: string }).code);
        }
        exchange.respond();
      };
      server({}, (exchange) => attempt(exchange, exchange.path === '/status' ? 200 : undefined));
      const one = peer(get('/'));
      const two = peer(post('/', 'body', ...SOCKET));
      const three = peer(get('/status', ...SOCKET));
      const four = peer(request('GET', '/', SOCKET).replace('1.1', '1.0'));
      return () => {
        expect(codes).toEqual(['ERR_STATE', 'ERR_STATE', 'ERR_HTTP_MESSAGE', 'ERR_STATE']);
        expect([one, two, three, four].map(({ text }) => answersIn(text))).toEqual([
          ['200'],
          ['200'],
          ['200'],
          ['200'],
        ]);
      };
    });
  });

  it('should be asked for while answers in front are missing, and have to wait', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, (exchange) => {
        if (exchange.wantsUpgrade === undefined)
          timer(50).subscribe(() => exchange.respond({ body: 'slow' }));
        else {
          expect(() => exchange.upgrade({ fields: FIELDS })).toThrow('ERR_STATE');
          timer(100).subscribe(() => switchNow(exchange));
        }
      });
      const one = peer(`${get('/')}${upgrade}x`);
      at(200, () => one.finish());
      return () => expect(one.text.endsWith(`slow${SWITCH}<x>`)).toBe(true);
    });
  });

  it('should end with an error of the effect that works on it', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http, closes } = server();
      http
        .serve((request$) =>
          request$.pipe(
            mergeMap((exchange) =>
              exchange.upgrade({ fields: FIELDS }).receive$.pipe(
                map(() => {
                  throw new Error('oops');
                }),
              ),
            ),
          ),
        )
        .subscribe();
      const one = peer(upgrade);
      at(50, () => one.send('x'));
      return () => expect(closes).toEqual(['handler ERR_HANDLER']);
    });
  });
});

describe("option http.start 'manual'", () => {
  it('should leave connections plain until startHttp', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: http } = server({ http: { start: 'manual' } }, (exchange) =>
        exchange.respond({ body: 'http' }),
      );
      http.accept$.subscribe((connection) => {
        const subscription = connection.receive$.subscribe((chunk) => {
          connection.send(`plain ${String(chunk)};`);
          if (String(chunk) !== 'go') return;
          subscription.unsubscribe();
          http.startHttp(connection);
          expect(() => http.startHttp(connection)).toThrow('ERR_STATE');
        });
      });
      const one = peer('hello');
      at(10, () => one.send('go'));
      at(20, () => one.send(get('/')));
      return () => {
        expect(one.text.startsWith('plain hello;plain go;HTTP/1.1 200 OK')).toBe(true);
      };
    });
  });

  it('should refuse to start where it makes no sense', () => {
    inHttpWorld(({ server, peer, at }) => {
      const { server: auto } = server({}, (exchange) => exchange.respond());
      const one = peer(get('/'));
      at(10, () => {
        const [connection] = auto.connections.values();
        expect(() => auto.startHttp(connection!)).toThrow('ERR_STATE');
        one.finish();
      });
    });
  });
});
