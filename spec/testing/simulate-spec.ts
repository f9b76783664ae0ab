import { describe, expect, it } from '@jest/globals';
import {
  NEVER,
  asapScheduler,
  asyncScheduler,
  concatMap,
  debounceTime,
  delay,
  interval,
  map,
  of,
  queueScheduler,
  repeat,
  retry,
  take,
  throwError,
  timeout,
  timer,
  timestamp,
  toArray,
} from 'rxjs';
import { lines } from '../../lib/codec/lines.ts';
import { dial } from '../../lib/component/dial.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { markingClock } from '../../lib/connection/coarse-clock.ts';
import { SimulationError, simulate } from '../../lib/testing/simulate.ts';

/** An echo in bad weather, and what becomes of it. */
function echo(seed: number) {
  const heard: string[] = [];
  const weather = { latency: 20, jitter: 30, segment: 3, reset: 0.01, refuse: 0.2 };
  const report = simulate({ seed, weather }, ({ world, at }) => {
    const server = new TcpServer({ ...world, port: 1, codec: lines() });
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    void server.start();
    const client = dial(1, { ...world, codec: lines() }).pipe(
      concatMap((connection) => {
        for (let i = 0; i < 10; i++) connection.send(`line ${i}`);
        return connection.receive$;
      }),
      retry({ delay: 100, count: 5 }),
    );
    const subscription = client.subscribe({
      next: (line) => heard.push(line),
      error: () => heard.push('gave up'),
    });
    at(3000, () => {
      subscription.unsubscribe();
      void server.stop();
    });
  });
  return { heard, report };
}

describe('simulate', () => {
  it('should do the same with the same seed, event by event, and something else with another', () => {
    for (let seed = 1; seed <= 20; seed++) expect(echo(seed)).toEqual(echo(seed));
    const hashes = Array.from({ length: 100 }, (_, seed) => echo(seed).report.hash);
    expect(new Set(hashes).size).toBe(100);
  });

  it('should leave nothing to do when everything has stopped', () => {
    const { report } = echo(1);
    expect(report).toMatchObject({ seed: 1, pending: 0 });
    expect(report.time).toBeGreaterThanOrEqual(3000);
    expect(report.events).toBeGreaterThan(50);
  });

  it('should make the default schedulers of RxJS virtual, and only while it runs', () => {
    const log: string[] = [];
    const began = Date.now();
    simulate({}, ({ now }) => {
      expect(now).toBe(0);
      const note = (what: string) => log.push(`${asyncScheduler.now()} ${what}`);
      interval(600_000)
        .pipe(take(3))
        .subscribe((i) => note(`interval ${i}`));
      of(1)
        .pipe(delay(1_000))
        .subscribe(() => note('delay'));
      NEVER.pipe(timeout(2_000)).subscribe({ error: () => note('timeout') });
      timer(0, 100)
        .pipe(take(4), debounceTime(500))
        .subscribe(() => note('debounceTime'));
      of(1)
        .pipe(repeat({ count: 2, delay: 4_000 }))
        .subscribe(() => note('repeat'));
      timer(5_000)
        .pipe(timestamp())
        .subscribe(({ timestamp: at }) => note(`timestamp ${at}`));
      queueScheduler.schedule(() => note('queue'), 6_000);
      asapScheduler.schedule(() => note('asap'));
      asapScheduler.schedule(() => note('asap later'), 7_000);
    });
    expect(log).toEqual([
      '0 repeat',
      '0 asap',
      '300 debounceTime',
      '1000 delay',
      '2000 timeout',
      '4000 repeat',
      '5000 timestamp 5000',
      '6000 queue',
      '7000 asap later',
      '600000 interval 0',
      '1200000 interval 1',
      '1800000 interval 2',
    ]);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(Math.abs(asyncScheduler.now() - Date.now())).toBeLessThan(1_000);
    expect(Object.keys(asyncScheduler)).not.toContain('schedule');
  });

  it('should give real time back', async () => {
    simulate({ duration: 10 }, () => void interval(1).subscribe());
    const ran: string[] = [];
    asapScheduler.schedule(() => ran.push('asap'));
    await new Promise<void>((resolve) => {
      timer(1).subscribe(() => {
        ran.push('timer');
        resolve();
      });
    });
    expect(ran).toEqual(['asap', 'timer']);
  });

  it('should keep real time and virtual time apart in what components note', () => {
    const clock = markingClock(asyncScheduler);
    const before = clock.now();
    let inside = NaN;
    simulate({ duration: 1 }, () => void (inside = clock.now()));
    expect(inside).toBe(0);
    expect(clock.now()).toBeGreaterThanOrEqual(before);
  });

  it('should do what is due at once before time goes on, in order', () => {
    const log: string[] = [];
    simulate({}, ({ scheduler }) => {
      scheduler.schedule(() => log.push('third'));
      asapScheduler.schedule(() => {
        log.push('first');
        asapScheduler.schedule(() => log.push('second'));
      });
      scheduler.schedule(() => log.push('fourth'));
    });
    expect(log).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('should end at its duration, with what is due then', () => {
    const seen: number[] = [];
    const report = simulate({ duration: 30 }, () => void interval(10).subscribe((i) => seen.push(i)));
    expect(seen).toEqual([0, 1, 2]);
    expect(report).toMatchObject({ time: 30, pending: 1 });
    expect(simulate({ duration: 3_600_000 }, () => undefined).time).toBe(3_600_000);
  });

  it('should run what the scenario returns at the end', () => {
    const seen: unknown[] = [];
    simulate({}, (sim) => {
      timer(1000)
        .pipe(
          map(() => 'timer'),
          toArray(),
        )
        .subscribe((list) => seen.push(...list));
      return () => seen.push(sim.now, sim.pending);
    });
    expect(seen).toEqual(['timer', 1000, 0]);
  });

  it('should tell seed, time and the last events of a failure', () => {
    const broken = () =>
      simulate({ seed: 42, lastEvents: 2 }, ({ at, note }) => {
        for (const time of [1, 2, 3]) at(time, () => note('event', time));
        at(5, () => {
          throw new RangeError('too much');
        });
        at(6, () => note('never'));
      });
    expect(broken).toThrow(SimulationError);
    expect(broken).toThrow('seed 42, at 5 ms: too much\nlast events:\n  2 ms event 2\n  3 ms event 3');
    try {
      broken();
    } catch (error) {
      const { seed, time, events, cause } = error as SimulationError;
      expect({ seed, time, events }).toEqual({ seed: 42, time: 5, events: ['2 ms event 2', '3 ms event 3'] });
      expect(cause).toBeInstanceOf(RangeError);
    }
  });

  it('should fail for an error that nobody handles', () => {
    const unhandled = () =>
      simulate(
        { seed: 3 },
        () =>
          void timer(7)
            .pipe(concatMap(() => throwError(() => new Error('nobody'))))
            .subscribe(),
      );
    expect(unhandled).toThrow('seed 3, at 7 ms: nobody');
  });

  it('should give real time back after a failure too', () => {
    const before = asyncScheduler.now;
    expect(() => simulate({}, () => expect(1).toBe(2))).toThrow(SimulationError);
    expect(asyncScheduler.now).toBe(before);
    expect(simulate({}, () => undefined).time).toBe(0);
  });

  it('should not leave sends of a failed run to the next one', () => {
    const bad = () =>
      simulate({}, ({ world, at }) => {
        void new TcpServer({ ...world, port: 1 }).start();
        dial(1, world).subscribe((connection) => {
          at(5, () => {
            connection.send('x');
            throw new Error('in the middle');
          });
        });
      });
    expect(bad).toThrow('in the middle');
    expect(echo(1).heard).toHaveLength(10);
  });

  it('should notice that there is no end', () => {
    expect(() => simulate({ maxActions: 100 }, () => void interval(1).subscribe())).toThrow(
      'seed 1, at 100 ms: there is no end after 100 pieces of work (option maxActions)',
    );
  });

  it('should refuse a scenario that is async, and one inside another', () => {
    expect(() => simulate({}, async () => {})).toThrow('must not be async');
    expect(() => simulate({}, () => void simulate({}, () => undefined))).toThrow('inside another one');
  });

  it('should refuse illegal options', () => {
    expect(() => simulate({ seed: -1 }, () => undefined)).toThrow('ERR_OPTION: seed');
    expect(() => simulate({ weather: { latency: -1 } }, () => undefined)).toThrow(
      'ERR_OPTION: weather.latency',
    );
    expect(() => simulate({ speed: 2 } as object, () => undefined)).toThrow('ERR_OPTION: speed');
  });
});
