import { describe, expect, it } from '@jest/globals';
import { NEVER, Observable, Subject, asapScheduler, concat, interval, mergeMap, of, take, timer } from 'rxjs';
import { FlowGate } from '../../../lib/flow/flow-gate.ts';
import { handleEach } from '../../../lib/component/handle-each.ts';
import { TcpServer } from '../../../lib/component/tcp-server.ts';
import { dial } from '../../../lib/component/dial.ts';
import type { Connection } from '../../../lib/connection/connection.ts';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { MemoryNetwork } from '../../../lib/transport/memory.ts';
import { CAPACITY, answersIn, get, inHttpWorld, post, request } from './world.ts';

const MEGABYTE = 1_000_000;

/** A source that can be made to wait, and knows how much it has emitted. */
function pausableSource(total: number, piece = 10_000) {
  const source = { emitted: 0, body$: undefined as unknown as Observable<Uint8Array> };
  source.body$ = new Observable<Uint8Array>((subscriber) => {
    let paused = false;
    const flowChanged = (now: boolean) => {
      paused = now;
      if (!paused) asapScheduler.schedule(go);
    };
    const gate = new FlowGate({ target: { flowChanged } });
    const go = () => {
      while (!paused && source.emitted < total && !subscriber.closed) {
        source.emitted += piece;
        gate.deliver(subscriber, Buffer.alloc(piece, 'x'));
      }
      if (source.emitted >= total) subscriber.complete();
    };
    // Not in the midst of the emission of somebody else, at whose end it is decided who has to wait.
    subscriber.add(asapScheduler.schedule(go));
  });
  return source;
}

describe('flow control of an HTTP server', () => {
  it('should make a client wait whose body nobody reads', () => {
    inHttpWorld(({ server, peer, at }) => {
      const probe = server({}, (exchange) => {
        timer(1000).subscribe(() => exchange.bytes({ limit: 9e6 }).subscribe(() => exchange.respond()));
      });
      const one = peer(post('/', 'x'.repeat(8 * MEGABYTE)));
      at(900, () => {
        expect(probe.connection.reading).toBe(false);
        expect(probe.connection.bytesIn).toBeLessThanOrEqual(2 * 64 * 1024);
        expect(one.connection?.pending).toBeGreaterThan(7 * MEGABYTE);
        expect(probe.connection.flow.holders()).toMatchObject([{ kind: 'hold', by: 'http' }]);
      });
      return () => expect(answersIn(one.text)).toEqual(['200']);
    });
  });

  it('should pause the source of a streamed answer whose client is slow', () => {
    inHttpWorld(({ server, peer, at }) => {
      const source = pausableSource(20 * MEGABYTE);
      server({ http: { timeouts: { write: 0 } } }, (exchange) => exchange.respond({ body: source.body$ }));
      const one = peer();
      at(1, () => one.stopReading());
      at(2, () => one.send(get('/')));
      at(1000, () => expect(source.emitted).toBeLessThan(1.2 * MEGABYTE));
      at(2000, () => one.goOnReading());
      return () => {
        expect(source.emitted).toBe(20 * MEGABYTE);
        expect(one.received).toBeGreaterThan(20 * MEGABYTE);
        expect(one.text.slice(0, 100)).toContain('chunked');
      };
    });
  });

  it('should bound a proxy from end to end', () => {
    inHttpWorld(({ server, peer, at, scheduler }) => {
      // What a second connection sends is the answer on the first one.
      const transport = new MemoryNetwork({ scheduler });
      const origin = new TcpServer({ transport, scheduler, port: 1, maxPending: 2 ** 30 });
      let far: Connection | undefined;
      origin.accept$
        .pipe(
          handleEach((connection) => {
            far = connection;
            connection.send(Buffer.alloc(20 * MEGABYTE));
            connection.end();
            return NEVER;
          }),
        )
        .subscribe();
      void origin.start();
      const probe = server({ http: { timeouts: { write: 0 } } }, (exchange) => {
        const body = dial(1, { transport, scheduler }).pipe(mergeMap(({ receive$ }) => receive$));
        exchange.respond({ body });
      });
      const one = peer();
      at(1, () => one.stopReading());
      at(2, () => one.send(get('/')));
      at(1000, () => {
        expect(probe.connection.pending).toBeLessThan(600_000);
        expect(far?.pending).toBeGreaterThan(19 * MEGABYTE);
      });
      at(2000, () => one.goOnReading());
      at(9000, () => void origin.stop());
      return () => expect(one.received).toBeGreaterThan(20 * MEGABYTE);
    });
  });

  it('should bound an echo', () => {
    inHttpWorld(({ server, peer, at }) => {
      const probe = server({ http: { timeouts: { write: 0 } } }, (exchange) =>
        exchange.respond({ body: exchange.body$ }),
      );
      const one = peer();
      at(1, () => one.stopReading());
      at(2, () => one.send(post('/', 'x'.repeat(10 * MEGABYTE))));
      at(1000, () => {
        expect(probe.connection.pending).toBeLessThan(600_000);
        expect(probe.connection.bytesIn).toBeLessThan(600_000 + CAPACITY);
      });
      at(2000, () => one.goOnReading());
      return () => {
        expect(one.received).toBeGreaterThan(10 * MEGABYTE);
        expect(probe.closes).toEqual(['local']);
      };
    });
  });

  it('should take no more requests from a client that reads no answers', () => {
    inHttpWorld(({ server, peer, at }) => {
      let asked = 0;
      const body = 'x'.repeat(100_000);
      const probe = server({ highPending: 300_000, http: { timeouts: { write: 0 } } }, (exchange) => {
        asked++;
        exchange.respond({ body });
      });
      const one = peer();
      at(1, () => one.stopReading());
      at(2, () => one.send(get('/').repeat(500)));
      at(1000, () => {
        expect(asked).toBeLessThanOrEqual(5);
        expect(probe.connection.pending).toBeLessThan(500_000);
      });
      at(2000, () => one.goOnReading());
      return () => {
        expect(asked).toBe(500);
        expect(one.received).toBeGreaterThan(50 * MEGABYTE);
        expect(probe.faults).toEqual([]);
      };
    });
  });

  it('should close rather than leave a hole in what it sends', () => {
    inHttpWorld(({ server, peer }) => {
      const probe = server({ maxPending: 100_000 }, (exchange) => {
        exchange.respond({ body: 'x'.repeat(exchange.path === '/large' ? 200_000 : 1) });
      });
      const one = peer(get('/') + get('/large') + get('/'));
      return () => {
        expect(probe.closes).toEqual(['overflow ERR_SEND_OVERFLOW']);
        expect(one.text).toBe('');
      };
    });
  });

  it('should drop what nobody has read, up to the limit, without keeping it', () => {
    inHttpWorld(({ server, peer }) => {
      const probe = server({ http: { drainLimit: 5 * MEGABYTE } }, (exchange) => exchange.respond());
      const one = peer(post('/', 'x'.repeat(5 * MEGABYTE)) + get('/'));
      return () => {
        expect(answersIn(one.text)).toEqual(['200', '200']);
        expect(probe.closed[0]?.bytesIn).toBeGreaterThan(5 * MEGABYTE);
      };
    });
  });

  it('should leave nothing behind, wherever clients abort', () => {
    const stages: readonly (readonly string[])[] = [
      [],
      ['GET / HT'],
      [get('/')],
      [get('/never')],
      [get('/stream')],
      [get('/slow') + get('/').repeat(200)],
      [post('/never', 'abc').slice(0, -1)],
      [post('/read', 'abc').slice(0, -1)],
      [post('/echo', 'x'.repeat(300_000))],
      [post('/echo', 'x'.repeat(300_000)).slice(0, 100_000)],
      [request('POST', '/read', ['Expect: 100-continue', 'Content-Length: 4'])],
      [get('/large')],
      [get('/never', 'Connection: upgrade', 'Upgrade: x')],
      [get('/upgrade', 'Connection: upgrade', 'Upgrade: x') + 'xyz'],
      ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nabc'],
      ['garbage\r\n\r\n'],
      [`${get('/slow')}garbage\r\n\r\n`],
    ];
    let live = 0;
    const answer = (exchange: HttpExchange) => {
      const counted = <T>(source: Observable<T>) =>
        new Observable<T>((subscriber) => {
          live++;
          subscriber.add(() => live--);
          source.subscribe(subscriber);
        });
      if (exchange.path === '/stream')
        exchange.respond({ body: counted(concat(of('a'), interval(10).pipe(mergeMap(() => of('b'))))) });
      else if (exchange.path === '/slow') timer(40).subscribe(() => exchange.respond());
      else if (exchange.path === '/read')
        counted(exchange.text()).subscribe({ next: () => exchange.respond(), error: () => undefined });
      else if (exchange.path === '/echo') exchange.respond({ body: counted(exchange.body$) });
      else if (exchange.path === '/large') exchange.respond({ body: Buffer.alloc(MEGABYTE) });
      else if (exchange.path === '/upgrade') exchange.upgrade();
      else if (exchange.path === '/') exchange.respond();
    };
    const report = inHttpWorld(({ server, peer, at }) => {
      const probe = server({}, answer);
      const seen: Connection[] = [];
      probe.server.accept$.subscribe((connection) => seen.push(connection));
      stages.forEach((texts, index) => {
        for (let round = 0; round < 3; round++) {
          at(index, () => {
            const one = peer(...texts);
            if (round === 2) one.stopReading();
            at(index + 1 + 30 * round, () => (round === 1 ? one.finish() : one.reset()));
            at(index + 200, () => one.reset());
          });
        }
      });
      at(1000, () => {
        expect(probe.server.connections.size).toBe(0);
        expect(live).toBe(0);
        for (const connection of seen) expect(connection.flow.holders()).toEqual([]);
        expect((probe.server as unknown as { speaking: Map<unknown, unknown> }).speaking.size).toBe(0);
        expect(probe.server.deadlines.size).toBe(0);
      });
      at(1001, () => void probe.server.stop());
    });
    expect(report.time).toBe(1001);
    expect(report.pending).toBe(0);
  });

  it('should not stop the other connections when one is held back', () => {
    inHttpWorld(({ server, peer }) => {
      const never = new Subject<string>();
      server({}, (exchange) => exchange.respond({ body: exchange.path === '/never' ? never : 'x' }));
      const slow = peer(get('/never') + get('/').repeat(1000));
      const quick = peer(get('/'));
      timer(1000)
        .pipe(take(1))
        .subscribe(() => slow.reset());
      return () => expect(answersIn(quick.text)).toEqual(['200 x']);
    });
  });
});
