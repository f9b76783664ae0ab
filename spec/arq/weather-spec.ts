import { describe, expect, it } from '@jest/globals';
import { arqSettings } from '../../lib/arq/arq-options.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { Random } from '../../lib/testing/random.ts';
import { LossyPath } from './lossy-path.ts';

const SEEDS = 2000;
const BAD_WEATHER = { loss: 30, duplication: 10, minLatency: 5, maxLatency: 80 };

describe('two sessions and what is between them', () => {
  it(`should deliver every message once and in order, in bad weather, whatever the options (${SEEDS} seeds)`, () => {
    const faults: string[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      const fault = faultOf(seed);
      if (fault !== undefined) faults.push(`seed ${seed}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });

  it('should need nothing but a datagram each for a message when all is well', () => {
    const path = pathWith(1, { loss: 0, duplication: 0, minLatency: 5, maxLatency: 5 });
    path.run(2000);
    const before = path.sent;
    path.sessions[0].send(utf8('hello'), path.now);
    path.run(3000);
    expect(path.received[1]).toEqual(['hello']);
    expect(path.sent - before).toBe(2);
    expect(path.sessions.map(({ nextAt }) => nextAt)).toEqual([Infinity, Infinity]);
  });

  it('should come through an hour without a path, and not hurry', () => {
    const path = pathWith(2, { loss: 0, duplication: 0, minLatency: 5, maxLatency: 5 });
    path.run(2000);
    path.weather = { ...path.weather, loss: 100 };
    path.sessions[0].send(utf8('patience'), path.now);
    const before = path.sent;
    path.run(3_600_000);
    expect(path.sent - before).toBeLessThan(80);
    expect(path.sessions[0].kcp.deadSegments).toBe(1);
    path.weather = { ...path.weather, loss: 0 };
    path.run(3_700_000);
    expect(path.received[1]).toEqual(['patience']);
    expect(path.errors).toEqual([]);
  });

  it('should hold back a sender whose reader pauses, and go on afterwards', () => {
    const path = pathWith(
      3,
      { loss: 10, duplication: 0, minLatency: 5, maxLatency: 30 },
      { receiveWindow: 128 },
    );
    path.run(2000);
    const [sender, reader] = path.sessions;
    reader.pause();
    for (let count = 0; count < 1000; count++) sender.send(utf8(`m${count}`), path.now);
    path.run(60_000);
    expect(path.received[1]).toEqual([]);
    expect(sender.kcp.waiting).toBeGreaterThanOrEqual(1000 - 2 * 128);
    reader.resume(path.now);
    path.run(400_000);
    expect(path.received[1]).toEqual(Array.from({ length: 1000 }, (_, count) => `m${count}`));
    expect(sender.kcp.waiting).toBe(0);
  });

  it('should find the way back after everything that told of room was lost', () => {
    const path = pathWith(
      4,
      { loss: 0, duplication: 0, minLatency: 5, maxLatency: 5 },
      { receiveWindow: 128 },
    );
    path.run(2000);
    const [sender, reader] = path.sessions;
    reader.pause();
    for (let count = 0; count < 300; count++) sender.send(utf8('x'), path.now);
    path.run(30_000);
    path.weather = { ...path.weather, loss: 100 };
    reader.resume(path.now);
    path.weather = { ...path.weather, loss: 0 };
    path.run(200_000);
    expect(path.received[1]).toHaveLength(300);
  });
});

function pathWith(seed: number, weather: LossyPath['weather'], options = {}): LossyPath {
  const path = new LossyPath(seed, [arqSettings(options), arqSettings(options)], weather);
  for (const session of path.sessions) session.start(path.now);
  return path;
}

/** What was not as it should be with that seed. */
function faultOf(seed: number): string | undefined {
  const random = new Random(~seed);
  const settings = () =>
    arqSettings({
      noDelay: random.below(2) === 0,
      congestionControl: random.below(4) === 0,
      flushInterval: random.pick([10, 20, 60]),
      resendByAcks: random.pick([0, 1, 2]),
      sendWindow: random.pick([1, 8, 32, 128]),
      receiveWindow: random.pick([128, 512]),
      fastLimit: random.pick([0, 1, 5]),
      maxTransUnit: random.pick([72, 576, 1432]),
      maxMessageSize: 300,
      // With such a loss five seconds are sometimes too short.
      handshakeTimeout: 60_000,
    });
  const path = new LossyPath(seed, [settings(), settings()], BAD_WEATHER);
  const texts = path.sessions.map((_, side) =>
    Array.from({ length: random.below(13) }, (__, count) =>
      `${side}/${count} `.padEnd(random.between(1, 300), 'x'),
    ),
  );
  path.sessions[0].start(path.now);
  path.run(path.now + random.below(200));
  path.sessions[1].start(path.now);
  const said = [0, 0];
  const isSaid = () => said.every((count, side) => count === texts[side]!.length);
  path.actAt = path.now;
  path.act = () => {
    path.actAt = isSaid() ? Infinity : path.now + random.between(1, 60);
    path.sessions.forEach((session, side) => {
      const text = texts[side]![said[side]!];
      if (session.state !== 'ready' || text === undefined) return;
      said[side]!++;
      session.send(utf8(text), path.now);
    });
  };
  path.run(
    600_000,
    () => isSaid() && path.sessions.every(({ kcp, isComplete }) => isComplete && kcp.waiting === 0),
  );
  if (path.errors.length > 0) return String(path.errors[0]);
  if (!isSaid()) return `said only ${said.join(' and ')}`;
  for (const side of [0, 1] as const) {
    const got = path.received[1 - side]!.join('|');
    if (got !== texts[side]!.join('|')) return `side ${side} said ${texts[side]!.join('|')}, arrived ${got}`;
  }
  return undefined;
}
