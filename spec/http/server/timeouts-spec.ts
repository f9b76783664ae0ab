import { describe, expect, it } from '@jest/globals';
import { NEVER, Subject, interval, map, mergeMap, timer } from 'rxjs';
import type { HttpServerSettings } from '../../../lib/http/server/server-options.ts';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { type ServerProbe, answersIn, get, inHttpWorld, post, request } from './world.ts';

const TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const read = (exchange: HttpExchange) => {
  exchange.body$.subscribe({ complete: () => exchange.respond(), error: () => undefined });
};

/** Which option has ended the connections of a server. */
const optionsOf = ({ closed }: ServerProbe) =>
  closed.map(({ error }) => (error as { option?: string } | undefined)?.option);

describe('timeouts of an HTTP server', () => {
  it.each([
    [undefined, 5000],
    [50, 50],
  ])('should end a connection on which no request comes: keepAlive %s', (keepAlive, time) => {
    inHttpWorld(({ server, peer, at }) => {
      const probe = server({ http: { timeouts: keepAlive === undefined ? {} : { keepAlive } } }, read);
      const one = peer();
      const two = peer(get('/'));
      at(20, () => two.send(get('/')));
      return () => {
        expect([one.endedAt, two.endedAt]).toEqual([time, time + 20]);
        expect([one.text, answersIn(two.text)]).toEqual(['', ['200', '200']]);
        expect(probe.closes).toEqual(['local', 'local']);
      };
    });
  });

  it('should count the time to the next request from the end of the last answer', () => {
    inHttpWorld(({ server, peer }) => {
      server({ http: { timeouts: { keepAlive: 100 } } }, (exchange) =>
        timer(1000).subscribe(() => exchange.respond()),
      );
      const one = peer(get('/'));
      return () => expect(one.endedAt).toBe(1100);
    });
  });

  it('should count it from when the client has taken the last answer', () => {
    inHttpWorld(({ server, peer, at }) => {
      const probe = server({ http: { timeouts: { keepAlive: 100 } } }, (exchange) => {
        exchange.respond({ body: 'x'.repeat(500_000) });
      });
      const one = peer();
      at(1, () => one.stopReading());
      at(2, () => one.send(get('/')));
      at(5000, () => one.goOnReading());
      return () => {
        expect(one.received).toBeGreaterThan(500_000);
        expect(one.endedAt).toBeGreaterThanOrEqual(5000);
        expect(one.endedAt).toBeLessThanOrEqual(5200);
        expect(probe.closes).toEqual(['local']);
      };
    });
  });

  it.each([
    ['head', { head: 70 }, 'GET / HTTP/1.1\r\nHost: a\r\n', 70],
    ['request', { head: 0, request: 90 }, 'GET / HTTP/1.1\r\nHost: a\r\n', 90],
    ['request', { head: 100, request: 90 }, 'GET / HTTP/1.1\r\nHost: a\r\n', 90],
    ['body', { body: 60 }, post('/', 'abc').slice(0, -1), 60],
    ['request', { request: 80 }, post('/', 'abc').slice(0, -1), 80],
  ] as const)('should answer 408 to a slow client: %s', (name, timeouts, text, time) => {
    inHttpWorld(({ server, peer }) => {
      const probe = server({ http: { timeouts } }, read);
      const one = peer(get('/'), text);
      return () => {
        expect(one.text.endsWith(TIMEOUT)).toBe(true);
        expect(answersIn(one.text)).toEqual(['200', '408']);
        expect(one.endedAt).toBe(time);
        expect(probe.closes).toEqual(['timeout ERR_TIMEOUT']);
        expect(probe.faults).toEqual(['ERR_TIMEOUT']);
        expect(optionsOf(probe)).toEqual([`http.timeouts.${name}`]);
      };
    });
  });

  it('should answer 408 through an effect that reads the body', () => {
    inHttpWorld(({ server, peer }) => {
      const probe = server({ http: { timeouts: { body: 60 } } });
      probe.server
        .serve(mergeMap((exchange) => exchange.text().pipe(map((body) => exchange.reply({ body })))))
        .subscribe();
      const one = peer(post('/', 'abc').slice(0, -1));
      return () => {
        expect(one.text).toBe(TIMEOUT);
        expect(probe.closes).toEqual(['timeout ERR_TIMEOUT']);
        expect(probe.faults).toEqual(['ERR_TIMEOUT']);
      };
    });
  });

  it.each([
    ['head', 'GET / HTTP/1.1\r\nX: '],
    ['request', request('POST', '/', ['Content-Length: 1000'])],
  ])('should not be put off by single bytes: %s', (name, text) => {
    inHttpWorld(({ server, peer }) => {
      const probe = server({ http: { timeouts: { head: 1000, body: 500, request: 2000 } } }, read);
      const one = peer(text);
      const drip = interval(100).subscribe(() => one.send('x'));
      timer(3000).subscribe(() => drip.unsubscribe());
      return () => {
        expect(one.text).toBe(TIMEOUT);
        expect(optionsOf(probe)).toEqual([`http.timeouts.${name}`]);
        expect(one.heardAt).toBe(name === 'head' ? 1000 : 2000);
      };
    });
  });

  it.each([
    [101, undefined],
    [99, 'http.minBodyRate'],
  ])('should end bodies that come too slowly: %i bytes a second', (rate, option) => {
    inHttpWorld(({ server, peer, at }) => {
      const probe = server({ http: { minBodyRate: 100 } }, read);
      const length = 20 * rate;
      const one = peer('POST / HTTP/1.1\r\nHost: a\r\n');
      at(8000, () => one.send(`Content-Length: ${length}\r\n\r\n`));
      for (let second = 0; second < 20; second++) at(8000 + second * 1000, () => one.send('x'.repeat(rate)));
      return () => {
        expect(answersIn(one.text)).toEqual([option === undefined ? '200' : '408']);
        expect(optionsOf(probe)).toEqual([option]);
      };
    });
  });

  it('should stand still while nobody reads the body', () => {
    inHttpWorld(({ server, peer, at }) => {
      const timeouts = { body: 100, request: 200, head: 100 };
      const probe = server({ http: { timeouts, minBodyRate: 1000 } }, (exchange) => {
        timer(60_000).subscribe(() => read(exchange));
      });
      const one = peer(post('/', 'abc').slice(0, -1));
      at(60_050, () => one.send(`c${get('/')}`));
      return () => {
        expect(answersIn(one.text)).toEqual(['200', '200']);
        expect(probe.closes).toEqual(['local']);
      };
    });
  });

  it('should stand still while what the body is made of is not taken', () => {
    inHttpWorld(({ server, peer, at }) => {
      const probe = server(
        { flow: { high: 1000 }, http: { timeouts: { body: 100, write: 0 } } },
        (exchange) => {
          exchange.respond({ body: exchange.body$ });
        },
      );
      const one = peer();
      at(1, () => one.stopReading());
      at(2, () => one.send(post('/', 'x'.repeat(1_000_000))));
      at(50_000, () => one.goOnReading());
      return () => {
        expect(one.received).toBeGreaterThan(1_000_000);
        expect(probe.closes).toEqual(['local']);
      };
    });
  });

  it('should not run while we are the ones who have to answer', () => {
    inHttpWorld(({ server, peer }) => {
      const timeouts = { head: 10, body: 10, request: 10, keepAlive: 10 };
      const probe = server({ http: { timeouts } }, (exchange) => {
        timer(10_000).subscribe(() => exchange.respond());
      });
      const one = peer(get('/') + get('/') + post('/', 'x'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200', '200', '200']);
        expect(probe.closes).toEqual(['local']);
      };
    });
  });

  it('should not take a request that has begun for silence when the one in front is answered', () => {
    inHttpWorld(({ server, peer, at }) => {
      const timeouts = { head: 100, keepAlive: 50 };
      server({ http: { timeouts } }, (exchange) => timer(20).subscribe(() => exchange.respond()));
      const one = peer(`${get('/')}GET / HTTP/1.1\r\n`);
      at(90, () => one.send('Host: a\r\n\r\n'));
      return () => expect(answersIn(one.text)).toEqual(['200', '200']);
    });
  });

  it.each([
    ['whole', () => 'x'.repeat(1_000_000)],
    ['streamed', () => new Subject<string>()],
  ])('should cut off a client that takes nothing: %s', (kind, body) => {
    inHttpWorld(({ server, peer, at }) => {
      const probe = server({ http: { timeouts: { write: 1000, keepAlive: 100 } } }, (exchange) => {
        const made = body();
        exchange.respond({ body: made });
        if (typeof made !== 'string') for (let i = 0; i < 10; i++) made.next('x'.repeat(50_000));
      });
      const one = peer();
      at(1, () => one.stopReading());
      at(2, () => one.send(get('/')));
      at(5000, () => one.goOnReading());
      return () => {
        expect(probe.closes).toEqual(['timeout ERR_TIMEOUT']);
        expect(optionsOf(probe)).toEqual(['http.timeouts.write']);
        expect(probe.closed[0]?.age).toBeGreaterThanOrEqual(1000);
        expect(probe.closed[0]?.age).toBeLessThanOrEqual(1300);
        expect(kind).toBeDefined();
      };
    });
  });

  it('should be off when they are 0', () => {
    const off: HttpServerSettings = {
      timeouts: { head: 0, body: 0, request: 0, keepAlive: 0, write: 0 },
      minBodyRate: 0,
    };
    const report = inHttpWorld(({ server, peer, at }) => {
      const probe = server({ http: off }, read);
      const one = peer(get('/'), 'GET / HTTP/1.1\r\n');
      const two = peer();
      at(1e9, () => [one, two].forEach((each) => each.reset()));
      return () => expect(probe.closes).toEqual(['reset ECONNRESET', 'reset ECONNRESET']);
    });
    expect(report.time).toBe(1e9);
  });

  it('should leave no timers behind', () => {
    const report = inHttpWorld(({ server, peer, at }) => {
      const probe = server({}, (exchange) => (exchange.path === '/never' ? NEVER : exchange.respond()));
      const texts = ['', 'GET', get('/'), post('/', 'abc').slice(0, -1), get('/never'), `${get('/')}GET`];
      const peers = texts.map((text) => peer(...(text === '' ? [] : [text])));
      at(10, () => peers.forEach((each) => each.reset()));
      at(20, () => void probe.server.stop());
      return () => expect(probe.closes).toHaveLength(6);
    });
    expect(report.time).toBe(20);
    expect(report.pending).toBe(0);
  });
});

describe('an HTTP server under attack', () => {
  it('should close 3,000 bad clients by its timeouts while it serves the others', () => {
    const EACH = 1000;
    inHttpWorld(
      ({ server, peer, at }) => {
        const probe = server({ maxConnections: 10_000, highPending: 60_000 }, (exchange) => {
          if (exchange.path === '/large') exchange.respond({ body: Buffer.alloc(50_000) });
          else
            exchange.text().subscribe({ next: (body) => exchange.respond({ body }), error: () => undefined });
        });
        const slowHeads = Array.from({ length: EACH }, () => peer('GET / HTTP/1.1\r\n'));
        const slowBodies = Array.from({ length: EACH }, () =>
          peer(request('POST', '/', ['Content-Length: 100000'])),
        );
        const neverReading = Array.from({ length: EACH }, () => peer());
        at(1, () => neverReading.forEach((each) => each.stopReading()));
        at(2, () => neverReading.forEach((each) => each.send(get('/large').repeat(20))));
        const drip = interval(1000).subscribe(() => {
          for (const each of slowHeads) if (each.end === undefined) each.send('X');
          for (const each of slowBodies) if (each.end === undefined) each.send('x');
        });
        timer(60_000).subscribe(() => drip.unsubscribe());
        const served: number[] = [];
        let asked = 0;
        const good = interval(500).subscribe(() => {
          const sentAt = ++asked * 500;
          const one = peer(post('/', 'hello', 'Connection: close'));
          timer(10)
            .pipe(map(() => one.heardAt - sentAt))
            .subscribe((took) => served.push(took));
        });
        timer(45_000).subscribe(() => good.unsubscribe());
        let mostPending = 0;
        at(25_000, () => {
          for (const { pending } of probe.server.connections.values())
            mostPending = Math.max(mostPending, pending);
        });
        return () => {
          expect(served).toEqual(Array<number>(89).fill(0));
          expect(slowHeads.every(({ text }) => text === TIMEOUT)).toBe(true);
          expect(slowBodies.every(({ text }) => text === TIMEOUT)).toBe(true);
          expect(probe.closes.filter((reason) => reason === 'timeout ERR_TIMEOUT')).toHaveLength(3 * EACH);
          expect(mostPending).toBeLessThan(120_000);
          expect(probe.server.connections.size).toBe(0);
        };
      },
      { maxActions: 10_000_000, capacity: 10_000 },
    );
  });
});
