import { describe, expect, it } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpServer, type TcpServerOptions } from '../../lib/component/tcp-server.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { type Simulation, type SimulateOptions, simulate } from '../../lib/testing/simulate.ts';
import { WeatherNetwork } from '../../lib/testing/weather/weather-network.ts';
import type { Weather } from '../../lib/testing/weather/weather.ts';

interface Meeting extends Simulation {
  readonly log: string[];
  readonly near: Connection;
  readonly far: Connection;
}

/** Lets a client and a server meet in some weather; they note what they receive, in bytes, and how they end. */
function meet(
  weather: Weather,
  talk: (meeting: Meeting) => void,
  { server: options = {}, ...rest }: SimulateOptions & { server?: TcpServerOptions } = {},
): string[] {
  const log: string[] = [];
  simulate({ duration: 20_000, ...rest, weather }, (sim) => {
    const server = new TcpServer({ ...sim.world, port: 1, ...options });
    const agent = new TcpAgent({ ...sim.world, timeouts: { connect: 2000 } });
    const note = (...words: unknown[]) => void log.push(`${sim.now}: ${words.join(' ')}`);
    server.receive$.subscribe(({ data }) => note('server', data.length));
    agent.receive$.subscribe(({ data }) => note('client', data.length));
    server.close$.subscribe(({ reason, error }) => note('server', reason, error?.code ?? ''));
    agent.close$.subscribe(({ reason, error }) => note('client', reason, error?.code ?? ''));
    let far: Connection;
    server.accept$.subscribe((connection) => (far = connection));
    agent.connect$.subscribe((near) => {
      note('connected');
      // Both sides are there when what happens now is over.
      sim.at(sim.now, () =>
        talk({
          ...sim,
          get now() {
            return sim.now;
          },
          log,
          near,
          far,
        }),
      );
    });
    void server.start();
    void agent.start();
    sim.at(0, () => void agent.connect(1));
  });
  return log;
}

const bytes = (length: number) => new Uint8Array(length);

describe('WeatherNetwork', () => {
  it('should let everything arrive at once in calm weather', () => {
    expect(meet({}, ({ near }) => near.send(bytes(3)))).toEqual(['0: connected', '0: server 3']);
  });

  it('should take its time', () => {
    const log = meet({ latency: 50, connectDelay: 7 }, ({ near, far }) => {
      near.send(bytes(3));
      far.send(bytes(4));
    });
    expect(log).toEqual(['107: connected', '157: server 3', '157: client 4']);
  });

  it('should keep the order whatever the jitter', () => {
    const log = meet({ jitter: 100 }, ({ near, at, now }) => {
      for (let i = 1; i <= 20; i++) at(now + i, () => near.send(bytes(i)));
    });
    const sizes = log.slice(1).map((line) => Number(line.split(' ')[2]));
    expect(sizes).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(new Set(log.map((line) => line.split(':')[0])).size).toBeGreaterThan(3);
  });

  it('should carry so many bytes per second and no more', () => {
    const log = meet({ bandwidth: 1000, segment: 100 }, ({ near }) => near.send(bytes(5000)));
    expect(log.at(-1)).toMatch(/^5000: server/);
    const before = log
      .filter((line) => parseInt(line, 10) <= 2000)
      .map((line) => Number(line.split(' ')[2] ?? 0));
    expect(before.reduce((sum, size) => sum + (size || 0), 0)).toBeLessThanOrEqual(2000);
  });

  it('should cut bytes and join them again', () => {
    const cut = meet({ segment: 10 }, ({ near }) => near.send(bytes(1000)));
    expect(cut.length).toBeGreaterThan(100);
    expect(cut.every((line) => !(Number(line.split(' ')[2]) > 10))).toBe(true);
    const joined = meet({ segment: 10, coalesce: 0.9 }, ({ near }) => near.send(bytes(1000)));
    expect(joined.length).toBeLessThan(cut.length / 2);
  });

  it('should fill the window of a receiver that does not read, and then leave bytes unsent', () => {
    const seen: number[] = [];
    meet({ window: 1000 }, ({ near, far, at, now }) => {
      const hold = far.flow.hold();
      near.send(bytes(5000));
      at(now + 10, () => seen.push(near.bytesOut, near.pending));
      at(now + 20, () => hold.release());
      at(now + 30, () => seen.push(near.bytesOut, near.pending));
    });
    expect(seen).toEqual([1000, 4000, 5000, 0]);
  });

  it('should refuse as many connects as it is told to', () => {
    expect(meet({ refuse: 1 }, () => undefined)).toEqual(['0: client connect ECONNREFUSED']);
  });

  it('should let everything wait in a partition, and lose nothing', () => {
    const log = meet({ latency: 10 }, ({ near, far, network, at, now }) => {
      network.weather({ partition: true });
      near.send(bytes(1));
      far.send(bytes(2));
      far.end();
      at(now + 1000, () => near.send(bytes(3)));
      at(now + 3000, () => network.weather({ partition: false }));
    });
    expect(log).toEqual([
      '20: connected',
      '3030: server 1',
      '3030: client 2',
      '3030: server 3',
      '3030: client peer ',
      '3040: server local ',
    ]);
  });

  it('should let an attempt to connect wait for the end of a partition, or time out', () => {
    const healed = meet({ partition: true }, () => undefined);
    expect(healed).toEqual(['2000: client connect ERR_TIMEOUT']);
    const log: string[] = [];
    simulate({ weather: { partition: true, latency: 5 } }, ({ world, network, at }) => {
      const server = new TcpServer({ ...world, port: 1 });
      const agent = new TcpAgent(world);
      agent.connect$.subscribe((connection) => {
        log.push(`connected after ${connection.age}`);
        connection.disconnect(true);
      });
      void server.start();
      void agent.start();
      void agent.connect(1);
      at(1000, () => network.weather({ partition: false }));
    });
    expect(log).toEqual(['connected after 1010']);
  });

  it('should reset a connection at a given byte, on both sides', () => {
    const log = meet({ resetAfter: 7 }, ({ near }) => {
      near.send(bytes(5));
      near.send(bytes(5));
    });
    expect(log).toContain('0: server 7');
    expect(log.filter((line) => /server \d/.test(line))).toHaveLength(1);
    expect(log).toContain('0: server reset ECONNRESET');
    expect(log).toContain('0: client reset ECONNRESET');
  });

  it('should reset by chance, and by request', () => {
    const byChance = meet({ reset: 1 }, ({ near }) => near.send(bytes(5)));
    expect(byChance.filter((line) => line.includes('reset ECONNRESET'))).toHaveLength(2);
    const byRequest = meet({}, ({ network }) => network.reset());
    expect(byRequest.filter((line) => line.includes('reset ECONNRESET'))).toHaveLength(2);
    expect(meet({}, ({ network }) => network.reset(2))).toEqual(['0: connected']);
  });

  it('should make a side deaf', () => {
    const log = meet({ stopsReading: 'server' }, ({ near, far, network, at }) => {
      near.send(bytes(5));
      far.send(bytes(6));
      at(500, () => network.weather({ stopsReading: 'none' }));
    });
    expect(log).toEqual(['0: connected', '0: client 6', '500: server 5']);
  });

  it('should leave connections half-open, so that only timeouts end them', () => {
    const log = meet(
      {},
      ({ near, network }) => {
        network.vanish();
        near.send(bytes(5));
        near.disconnect();
      },
      { server: { timeouts: { readIdle: 3000 } } },
    );
    expect(log).toEqual(['0: connected', '1000: client local ', '3000: server timeout ERR_TIMEOUT']);
    const byChance = meet({ vanish: 1 }, ({ near }) => near.send(bytes(5)));
    expect(byChance).toEqual(['0: connected']);
  });

  it('should have different weather at different addresses', () => {
    const log: string[] = [];
    simulate({ duration: 1000 }, ({ world, network }) => {
      network.weather({ latency: 100 }, 2);
      network.weather({ jitter: 0 });
      const agent = new TcpAgent(world);
      void agent.start();
      for (const port of [1, 2]) {
        void new TcpServer({ ...world, port }).start();
        void agent.connect(port);
      }
      agent.connect$.subscribe(({ remote, age }) => log.push(`${remote.port ?? 0} after ${age}`));
    });
    expect(log).toEqual(['1 after 0', '2 after 200']);
  });

  it('should tell what happens, and do the same with the same seed', () => {
    const weather = { latency: 10, jitter: 20, segment: 5, coalesce: 0.5, reset: 0.05 };
    const run = (seed: number) => meet(weather, ({ near }) => near.send(bytes(200)), { seed });
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  it('should be virtual inside of TestScheduler.run without any option', () => {
    const testScheduler = new TestScheduler(() => undefined);
    const arrived: number[] = [];
    testScheduler.run(({ flush }) => {
      const transport = new WeatherNetwork({ weather: { latency: 30 } });
      const server = new TcpServer({ transport, port: 1 });
      const agent = new TcpAgent({ transport });
      server.receive$.subscribe(() => arrived.push(testScheduler.now()));
      agent.connect$.subscribe((connection) => {
        connection.send('x');
        connection.disconnect();
      });
      void server.start();
      void agent.start();
      void agent.connect(1);
      flush();
    });
    expect(arrived).toEqual([90]);
  });

  it('should refuse illegal weather', () => {
    expect(() => new WeatherNetwork({ weather: { refuse: 1.5 } })).toThrow(
      'ERR_OPTION: weather.refuse must be a number from 0 to 1, got 1.5',
    );
    const network = new WeatherNetwork();
    expect(() => network.weather({ sunshine: 1 } as Weather)).toThrow('ERR_OPTION: weather.sunshine');
    expect(() => network.weather({}, 'nowhere')).toThrow('ERR_OPTION: at');
    expect(() => new WeatherNetwork({ seed: -1 })).toThrow('ERR_OPTION: seed');
  });
});
