import { describe, expect, it } from '@jest/globals';
import type { ArqOptions } from '../../lib/arq/arq-options.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { processFlow } from '../../lib/flow/process-flow.ts';
import type { Random } from '../../lib/testing/random.ts';
import { type Simulation, type SimulationReport, simulate } from '../../lib/testing/simulate.ts';
import { ArqAgent } from '../../lib/udp/arq-agent.ts';
import { ArqServer } from '../../lib/udp/arq-server.ts';
import { PORT } from './arq-peer.ts';

/** Seeds that are tried; more of them with `ARQ_SEEDS`, others with `ARQ_FIRST`. */
const SEEDS = Number(process.env['ARQ_SEEDS'] ?? 200);
const FIRST = Number(process.env['ARQ_FIRST'] ?? 1);

const PATIENT = { timeouts: { drain: 3_600_000 } };
/** A segment that was lost ten times is sent once a minute, and a heartbeat is lost as easily. */
const VERY_PATIENT = { ...PATIENT, detect: { attempts: 100 } };

describe('reliable UDP in bad weather', () => {
  it(`should deliver every message once and in order, and end in peace (${SEEDS} seeds)`, () => {
    const failures: string[] = [];
    for (let seed = FIRST; seed < FIRST + SEEDS && failures.length < 3; seed++) {
      try {
        simulate({ seed }, talk);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    expect(failures).toEqual([]);
    expect(processFlow).toMatchObject({ items: 0, total: 0 });
  }, 300_000);

  it('should leave nothing behind: no timer, no session', () => {
    const ends: SimulationReport[] = Array.from({ length: 20 }, (_, seed) => simulate({ seed }, talk));
    expect(ends.every(({ pending }) => pending === 0)).toBe(true);
  });

  it('should go on after a partition as if nothing had been', () => {
    const got: string[] = [];
    const closes: string[] = [];
    simulate({}, ({ world, network, at }) => {
      network.datagrams({ latency: 10 });
      const { server, agent } = started({ world });
      server.receive$.subscribe(({ data }) => got.push(toText(data)));
      for (const each of [server, agent]) each.close$.subscribe(({ reason }) => closes.push(reason));
      at(1000, () => network.datagrams({ partition: true }));
      agent.handshake$.subscribe((connection) => {
        for (let second = 0; second < 40; second++)
          at(second * 1000 + 500, () => connection.send(String(second)));
      });
      at(30_000, () => network.datagrams({ partition: false }));
      at(200_000, () => agent.stop());
      at(200_100, () => server.stop());
    });
    expect(got).toEqual(Array.from({ length: 40 }, (_, second) => String(second)));
    expect(closes.sort()).toEqual(['peer', 'stop']);
  });

  it.each([
    { who: 'the server', gone: 'agent' as const },
    { who: 'the agent', gone: 'server' as const },
  ])('should tell $who that its peer has vanished, by the heartbeat, with what was not sent', ({ gone }) => {
    const closes: unknown[] = [];
    const detect = { interval: 1000, attempts: 3 };
    simulate({}, ({ world, network, at }) => {
      const { server, agent } = started({ world }, { detect });
      const left = gone === 'agent' ? server : agent;
      left.close$.subscribe(({ reason, error, unsent }) =>
        closes.push(reason, error?.message, unsent, world.scheduler.now()),
      );
      left.handshake$.subscribe((connection) => {
        at(10_000, () => network.datagrams({ partition: true }));
        at(10_001, () => connection.send('is anybody there?'));
      });
      at(60_000, () => {
        void agent.stop();
        void server.stop();
      });
    });
    const [reason, message, unsent, time] = closes;
    expect([reason, message, unsent]).toEqual([
      'timeout',
      'ERR_TIMEOUT: the peer gave no sign of life within 4000 ms (option detect)',
      17,
    ]);
    expect(time).toBeGreaterThanOrEqual(13_000);
    expect(time).toBeLessThanOrEqual(15_000);
  });

  it('should keep a silent session alive for hours', () => {
    const closes: string[] = [];
    simulate({}, ({ world, network, at }) => {
      network.datagrams({ latency: 20, loss: 0.1 });
      const { server, agent } = started({ world });
      for (const each of [server, agent]) each.close$.subscribe(({ reason }) => closes.push(reason));
      at(4 * 3_600_000, () => void agent.stop());
      at(4 * 3_600_000 + 1_000_000, () => void server.stop());
    });
    expect(closes.sort()).toEqual(['peer', 'stop']);
  });
});

/** A server and an agent with one connection. */
function started({ world }: Pick<Simulation, 'world'>, options: object = {}) {
  const server = new ArqServer({ ...world, ...PATIENT, ...options, port: PORT });
  const agent = new ArqAgent({ ...world, ...PATIENT, ...options });
  void server.start();
  void agent.start();
  void agent.connect(PORT);
  return { server, agent };
}

/** What one side says, and what it has heard. */
interface Talker {
  readonly texts: readonly string[];
  readonly heard: string[];
}

/** Several connections, on which both sides say different things; answers with the check of what has arrived. */
function talk(sim: Simulation): () => void {
  const { world, network, random, at } = sim;
  const weather = {
    loss: random.pick([0, 0.1, 0.3, 0.3]),
    duplicate: random.pick([0, 0.1]),
    reorder: random.pick([0, 0.2]),
    reorderDelay: random.between(1, 60),
    latency: random.between(0, 60),
    jitter: random.between(0, 30),
  };
  network.datagrams(weather);
  const options = () => ({ ...world, ...VERY_PATIENT, arq: anyOptions(random) });
  const server = new ArqServer({ ...options(), port: PORT });
  const pairs = Array.from({ length: random.between(1, 4) }, (_, number) => ({
    ours: talker(random, `a${number}`),
    theirs: talker(random, `s${number}`),
  }));
  const refusals: string[] = [];
  const say = (connection: Connection, { texts }: Talker, then: () => void) => {
    let time = sim.now;
    for (const text of texts) {
      at((time += random.below(50)), () => {
        if (connection.send(text) === 'refused') refusals.push(String(connection.lastError));
      });
    }
    at(time, then);
  };
  const reasons: string[] = [];
  server.start().catch(() => undefined);
  // Who speaks to whom is told by the first message.
  server.handshake$.subscribe((connection) => {
    connection.receive$.subscribe((data) => {
      const text = toText(data);
      const pair = (connection.extra ??= pairs[Number(/^a(\d)/.exec(text)?.[1])]) as (typeof pairs)[0];
      if (pair.ours.heard.length === 0) say(connection, pair.theirs, () => undefined);
      pair.ours.heard.push(text);
    });
    pauseAtTimes(sim, connection);
  });
  // One session for each two addresses, so an agent each.
  const agents = pairs.map(({ ours, theirs }) => {
    const agent = new ArqAgent(options());
    void agent.start();
    agent.close$.subscribe(({ reason, error }) => reasons.push(`${reason} ${error?.message ?? ''}`.trim()));
    agent.handshake$.subscribe((connection) => {
      let isSaid = false;
      // It ends when it has heard everything; what it has said itself arrives before the end.
      const endIfDone = () => isSaid && theirs.heard.length >= theirs.texts.length && connection.end();
      connection.receive$.subscribe((data) => {
        theirs.heard.push(toText(data));
        endIfDone();
      });
      say(connection, ours, () => {
        isSaid = true;
        endIfDone();
      });
      pauseAtTimes(sim, connection);
    });
    void agent.connect(PORT);
    return agent;
  });
  if (random.below(3) === 0) {
    const begin = random.below(2000);
    at(begin, () => network.datagrams({ partition: true }));
    at(begin + random.below(20_000), () => network.datagrams({ partition: false }));
  }
  at(12_000_000, () => {
    for (const component of [server, ...agents]) void component.stop();
  });
  return () => {
    expect(refusals).toEqual([]);
    for (const { ours, theirs } of pairs) {
      expect(ours.heard).toEqual(ours.texts);
      expect(theirs.heard).toEqual(theirs.texts);
    }
    expect(reasons).toEqual(pairs.map(() => 'local'));
  };
}

function pauseAtTimes({ random, at, now }: Simulation, connection: Connection): void {
  for (let times = random.below(3); times > 0; times--) {
    const begin = now + random.below(3000);
    at(begin, () => {
      const hold = connection.flow.hold();
      at(begin + random.below(20_000), () => hold.release());
    });
  }
}

function talker(random: Random, name: string): Talker {
  const texts = Array.from({ length: random.between(1, 20) }, (_, count) =>
    `${name}/${count} `.padEnd(random.pick([1, 1, random.between(1, 1000), random.between(1, 4000)]), 'x'),
  );
  return { texts, heard: [] };
}

function anyOptions(random: Random): ArqOptions {
  return {
    noDelay: random.below(2) === 0,
    congestionControl: random.below(3) > 0,
    flushInterval: random.pick([10, 60]),
    resendByAcks: random.pick([0, 1, 2]),
    sendWindow: random.pick([1, 8, 128]),
    receiveWindow: random.pick([128, 512]),
    maxTransUnit: random.pick([72, 576, 1432]),
    handshakeTimeout: 120_000,
  };
}
