import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Observable, concat, delay, from, map, mergeMap, of, timer } from 'rxjs';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import type { HttpResponse } from '../../../lib/http/server/http-response.ts';
import { answersIn, inHttpWorld } from './world.ts';

/** One request of a generated conversation, and how it is answered. */
interface Turn {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly body: string;
  readonly chunked: boolean;
  /** How long the handler thinks, in ms; -1: it does not. */
  readonly think: number;
  readonly answer: 'path' | 'echo' | 'late echo' | 'stream' | 'text';
}

const turn: fc.Arbitrary<Turn> = fc.record({
  method: fc.constantFrom('GET' as const, 'HEAD' as const, 'POST' as const, 'POST' as const),
  body: fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
    fc.integer({ min: 0, max: 3 }).map((n) => 'y'.repeat(n * 3000)),
  ),
  chunked: fc.boolean(),
  think: fc.integer({ min: -1, max: 30 }),
  answer: fc.constantFrom(
    'path' as const,
    'echo' as const,
    'late echo' as const,
    'stream' as const,
    'text' as const,
  ),
});

function requestOf({ method, body, chunked }: Turn, index: number): string {
  const head = `${method} /${index} HTTP/1.1\r\nHost: a\r\n`;
  if (method !== 'POST') return `${head}\r\n`;
  if (!chunked) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const half = body.length >> 1;
  const chunks = [body.slice(0, half), body.slice(half)].filter((part) => part !== '');
  const lines = chunks.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
  return `${head}Transfer-Encoding: chunked\r\n\r\n${lines}0\r\n\r\n`;
}

function expectedOf({ method, body, answer }: Turn, index: number): string {
  const sent = method === 'POST' ? body : '';
  if (method === 'HEAD') return '200';
  if (answer === 'path') return `200 /${index}`;
  return `200 ${answer === 'stream' ? `/${index} abc` : sent}`.trim();
}

function responseOf(exchange: HttpExchange, { answer }: Turn): Observable<HttpResponse> {
  if (answer === 'path') return of({ body: exchange.path });
  if (answer === 'text') return exchange.text().pipe(map((body) => ({ body })));
  if (answer === 'stream')
    return of({ body: concat(of(`${exchange.path} `), from(['a', 'b', 'c']).pipe(delay(3))) });
  return of({ body: answer === 'echo' ? exchange.body$ : timer(2).pipe(mergeMap(() => exchange.body$)) });
}

function pieces(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places]
    .map((place, index) => text.slice(place, places[index]))
    .filter((piece) => piece !== '');
}

describe('any conversation', () => {
  it.each([1, 3, 64])('should be answered in order and completely, with maxPipelined %i', (maxPipelined) => {
    fc.assert(
      fc.property(
        fc.array(turn, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.integer({ min: 0, max: 5 }),
        fc.boolean(),
        (turns, cuts, gap, asEffect) => {
          inHttpWorld(({ server, peer, at }) => {
            const answer = (exchange: HttpExchange) => {
              const taken = turns[Number(exchange.path.slice(1))]!;
              const made = responseOf(exchange, taken);
              return taken.think < 0 ? made : timer(taken.think).pipe(mergeMap(() => made));
            };
            const probe = server({ http: { maxPipelined, drainLimit: 2 ** 20 } });
            if (asEffect) {
              probe.server
                .serve(
                  mergeMap((exchange) => answer(exchange).pipe(map((response) => exchange.reply(response)))),
                )
                .subscribe();
            } else {
              probe.server.request$.subscribe((exchange) => {
                answer(exchange).subscribe((response) => exchange.respond(response));
              });
            }
            const one = peer();
            pieces(turns.map(requestOf).join(''), cuts).forEach((piece, index) =>
              at(index * gap, () => one.send(piece)),
            );
            return () => {
              const methods = turns.map(({ method }) => method);
              expect(answersIn(one.text, methods)).toEqual(turns.map(expectedOf));
              expect(probe.closes).toEqual(['local']);
              expect(probe.faults).toEqual([]);
            };
          });
        },
      ),
      { numRuns: 80, seed: 7 },
    );
  });

  const stream =
    'GET /0 HTTP/1.1\r\nHost: a\r\n\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc' +
    'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nde\r\n0\r\nX: y\r\n\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n';
  const whole = ['200 ', '200 abc', '200 de', '200'].map((text) => text.trim());
  const echo = (exchange: HttpExchange) => exchange.text().subscribe((body) => exchange.respond({ body }));

  it('should be answered alike wherever it is cut', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, echo);
      const peers = Array.from({ length: stream.length }, (_, cut) => {
        const one = peer(stream.slice(0, cut));
        at(5, () => one.send(stream.slice(cut)));
        return one;
      });
      return () => {
        for (const one of peers) expect(answersIn(one.text, ['', '', '', 'HEAD'])).toEqual(whole);
      };
    });
  });

  it('should be answered alike byte by byte', () => {
    inHttpWorld(({ server, peer, at }) => {
      server({}, echo);
      const one = peer();
      stream.split('').forEach((byte, index) => at(index, () => one.send(byte)));
      return () => expect(answersIn(one.text, ['', '', '', 'HEAD'])).toEqual(whole);
    });
  });
});
