import { describe, expect, it } from '@jest/globals';
import {
  EMPTY,
  type Subscription,
  catchError,
  exhaustMap,
  interval,
  merge,
  switchMap,
  tap,
  timer,
} from 'rxjs';

import { lines } from '../../lib/codec/lines.ts';
import { dial } from '../../lib/component/dial.ts';
import { reconnect } from '../../lib/component/reconnect.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { processFlow } from '../../lib/flow/process-flow.ts';
import { simulate } from '../../lib/testing/simulate.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CLIENTS = 1000;

/** A thousand clients that ask something every few seconds for an hour, in weather that changes. */
function hour(seed: number) {
  const counts = { requests: 0, answers: 0, connects: 0, closes: 0, accepted: 0 };
  const report = simulate({ seed, weather: { latency: 20, jitter: 30, segment: 40 } }, (sim) => {
    const { world, network, random, at } = sim;
    const server = new TcpServer({
      ...world,
      port: 1,
      codec: lines(),
      timeouts: { readIdle: 3 * MINUTE, drain: 1000 },
    });
    server.receive$.subscribe(({ connection, data }) => connection.send(`re: ${data}`));
    server.accept$.subscribe(() => counts.accepted++);
    server.close$.subscribe(() => counts.closes++);
    void server.start();
    const options = {
      ...world,
      codec: lines(),
      timeouts: { readIdle: 2 * MINUTE, connect: 5000, drain: 1000 },
    };
    const clients: Subscription[] = [];
    for (let number = 0; number < CLIENTS; number++) {
      const period = random.between(10_000, 30_000);
      const client = timer(random.below(MINUTE)).pipe(
        exhaustMap(() => dial(1, options).pipe(reconnect({ random: sim.chance, maxDelay: 10_000 }))),
        switchMap((connection) => {
          counts.connects++;
          const asking = interval(period).pipe(
            tap((round) => {
              if (connection.send(`${number} asks ${round}`) === 'ok') counts.requests++;
            }),
          );
          const answers = connection.receive$.pipe(
            tap(() => counts.answers++),
            catchError(() => EMPTY),
          );
          return merge(asking, answers);
        }),
      );
      clients.push(client.subscribe());
    }
    at(10 * MINUTE, () => network.weather({ latency: 400, bandwidth: 10_000 }));
    at(20 * MINUTE, () => network.weather({ latency: 5, bandwidth: 0, reset: 0.0005 }));
    at(30 * MINUTE, () => network.weather({ reset: 0, partition: true }));
    at(33 * MINUTE, () => network.weather({ partition: false, refuse: 0.3 }));
    at(40 * MINUTE, () => network.vanish());
    at(45 * MINUTE, () => network.weather({ refuse: 0, vanish: 0.0005 }));
    at(50 * MINUTE, () => network.weather({ vanish: 0 }));
    at(HOUR - MINUTE, () => {
      for (const client of clients) client.unsubscribe();
    });
    at(HOUR, () => server.stop());
  });
  return { report, counts };
}

describe('an hour of a thousand clients', () => {
  it('should pass in less than 30 seconds, and leave nothing behind', () => {
    const began = performance.now();
    const { report, counts } = hour(1);
    const seconds = (performance.now() - began) / 1000;
    expect(seconds).toBeLessThan(30);
    expect(report.time).toBeGreaterThanOrEqual(HOUR);
    expect(report.time).toBeLessThan(HOUR + MINUTE);
    expect(counts.closes).toBe(counts.accepted);
    expect(counts.connects).toBeGreaterThan(2 * CLIENTS);
    expect(counts.answers).toBeGreaterThan(120_000);
    expect(processFlow.items).toBe(0);
    expect(processFlow.total).toBe(0);
  });
});
