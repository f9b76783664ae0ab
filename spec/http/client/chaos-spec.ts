import { describe, expect, it } from '@jest/globals';
import { NEVER, type Observable, from, interval, map, take } from 'rxjs';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import { HttpAgent } from '../../../lib/http/client/http-agent.ts';
import { HttpServer } from '../../../lib/http/server/http-server.ts';
import { simulate } from '../../../lib/testing/simulate.ts';
import { codeOf } from './world.ts';

/** What may come out of a request here: everything else is a mistake. */
const EXPECTED =
  /^(whole|left|status 408|ECONNRESET|EPIPE|ECONNREFUSED|ERR_TIMEOUT|ERR_CLOSED|ERR_HTTP_TRUNCATED|ERR_STATE)$/;

/** A body that no other request is answered with. */
const contentsOf = (length: number, id: number) => `${id} `.repeat(Math.ceil(length / 2)).slice(0, length);

const bodies = [1, 100, 5_000, 70_000, 400_000];

/** Requests of all kinds under weather, some taken back, some not read; answers with what became of them. */
function chaos(seed: number): { outcomes: Map<string, number>; pending: number } {
  const outcomes = new Map<string, number>();
  const note = (text: string) => void outcomes.set(text, (outcomes.get(text) ?? 0) + 1);
  const weather = { latency: 20, jitter: 10, segment: 3_000, coalesce: 0.3, reset: 0.0005, refuse: 0.02 };
  const report = simulate({ seed, weather }, ({ world, at, random, chance }) => {
    const pick = <T>(list: readonly T[]): T => random.pick(list);
    const server = new HttpServer({ ...world, port: 80, http: { timeouts: { keepAlive: 3_000 } } });
    server.request$.subscribe((exchange) => {
      const [length = 0, id = 0] = (exchange.query ?? '').split('.').map(Number);
      const whole = contentsOf(length, id);
      const answer = () => {
        const pieces$ = from([whole.slice(0, length / 2), whole.slice(length / 2)]);
        if (!exchange.isAnswered) exchange.respond({ body: chance() < 0.5 ? whole : pieces$ });
      };
      if (chance() < 0.5) exchange.body$.subscribe({ complete: answer, error: () => undefined });
      else answer();
    });
    void server.start();
    const agent = new HttpAgent({
      ...world,
      maxConnections: 12,
      http: {
        maxPerOrigin: 4,
        pipelining: seed % 3 === 0 ? 4 : 1,
        timeouts: { response: 5_000, body: 5_000 },
      },
    });
    void agent.start();
    let agentTime = 0;
    let asked = 0;
    const body = (): string | Observable<string> | undefined =>
      pick([
        undefined,
        'short',
        'l'.repeat(50_000),
        'h'.repeat(1_200_000),
        interval(50, world.scheduler).pipe(
          take(5),
          map((n) => `${n}`),
        ),
        NEVER,
      ]);
    const ask = () => {
      const length = pick(bodies);
      const id = ++asked;
      const method = pick(['GET', 'GET', 'POST', 'PUT', 'HEAD']);
      const url = `http://127.0.0.${pick([1, 2, 3, 4])}/?${length}.${id}`;
      const wanted = method === 'HEAD' ? '' : contentsOf(length, id);
      const verdict = (bytes: Uint8Array) => (toText(bytes) === wanted ? 'whole' : 'wrong');
      const contents = method === 'GET' || method === 'HEAD' ? undefined : body();
      const request = agent
        .request({ url, method, body: contents, timeouts: { total: 30_000 }, expectContinue: chance() < 0.3 })
        .subscribe({
          next: (response) => {
            const fate = chance();
            if (fate < 0.1) return;
            if (fate < 0.2) response.discard();
            else if (fate < 0.3) response.body$.pipe(take(1)).subscribe({ error: () => undefined });
            else
              response.bytes().subscribe({
                next: (bytes) => note(response.status === 200 ? verdict(bytes) : `status ${response.status}`),
                error: (error: unknown) => note(codeOf(error)),
              });
          },
          error: (error: unknown) => note(codeOf(error)),
        });
      if (chance() < 0.2) {
        at(Math.round(agentTime + chance() * 400), () => {
          request.unsubscribe();
          note('left');
        });
      }
    };
    for (let n = 0; n < 120; n++) {
      const time = Math.round(chance() * 20_000);
      at(time, () => {
        agentTime = time;
        ask();
      });
    }
    at(120_000, () => {
      expect([agent.connections.size, agent.idleConnections, agent.waitingRequests]).toEqual([0, 0, 0]);
      expect(agent.deadlines.size).toBe(0);
      void agent.stop();
      void server.stop();
    });
  });
  return { outcomes, pending: report.pending };
}

describe('An HttpAgent under weather', () => {
  it.each([1, 3, 4])('should lose nothing and leave nothing behind (%i)', (seed) => {
    const { outcomes, pending } = chaos(seed);
    expect([...outcomes.keys()].filter((outcome) => !EXPECTED.test(outcome))).toEqual([]);
    expect(outcomes.get('whole')).toBeGreaterThan(20);
    expect(pending).toBe(0);
  });
});
