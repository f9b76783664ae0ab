import type { ArqOwner } from '../../lib/arq/arq-owner.ts';
import { ArqSession } from '../../lib/arq/arq-session.ts';
import type { ArqSettings } from '../../lib/arq/arq-options.ts';
import { Random } from '../../lib/testing/random.ts';

/** What happens to datagrams on their way, in per cent and milliseconds. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly minLatency: number;
  readonly maxLatency: number;
}

interface Flight {
  readonly at: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/**
 * Two sessions and a path between them that loses, doubles, delays and reorders, all in virtual time: it goes from one
 * event to the next, and no further than `nextAt` of the sessions.
 */
export class LossyPath {
  readonly sessions: readonly [ArqSession, ArqSession];
  readonly received: [string[], string[]] = [[], []];
  readonly errors: Error[] = [];
  now = 1000;
  /** Datagrams that the sessions sent. */
  sent = 0;
  /** What the applications do, and when they do it next; it sets that anew. */
  act: () => void = () => undefined;
  actAt = Infinity;
  weather: Weather;
  private readonly random: Random;
  private flights: Flight[] = [];

  constructor(seed: number, settings: readonly [ArqSettings, ArqSettings], weather: Weather) {
    this.random = new Random(seed);
    this.weather = weather;
    this.sessions = [
      new ArqSession(this.random.between(1, 2 ** 32 - 1), settings[0], this.owner(0)),
      new ArqSession(this.random.between(1, 2 ** 32 - 1), settings[1], this.owner(1)),
    ];
  }

  /** Goes on until `isDone`, or nothing happens any more, or it is `end`. */
  run(end: number, isDone: (path: LossyPath) => boolean = () => false): void {
    while (!isDone(this)) {
      const next = Math.min(
        this.actAt,
        ...this.flights.map(({ at }) => at),
        ...this.sessions.map(({ nextAt }) => nextAt),
      );
      if (next > end) return;
      if (next < this.now) throw new Error(`time goes back from ${this.now} to ${next}`);
      this.now = next;
      const arrived = this.flights.filter(({ at }) => at <= next);
      this.flights = this.flights.filter(({ at }) => at > next);
      for (const { to, bytes } of arrived) this.sessions[to]!.input(bytes, next);
      for (const session of this.sessions) {
        session.update(next);
        if (session.nextAt <= next) throw new Error(`nothing was done at ${next}`);
      }
      if (this.actAt <= next) this.act();
    }
  }

  private owner(side: 0 | 1): ArqOwner {
    return {
      datagram: (bytes) => this.carry(bytes, 1 - side),
      ready: () => undefined,
      message: (bytes) => void this.received[side].push(Buffer.from(bytes).toString()),
      failed: (error) => void this.errors.push(error),
    };
  }

  private carry(bytes: Uint8Array, to: number): void {
    const { random, weather } = this;
    this.sent++;
    if (random.below(100) < weather.loss) return;
    const copies = random.below(100) < weather.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const at = this.now + random.between(weather.minLatency, weather.maxLatency);
      this.flights.push({ at, to, bytes: Buffer.from(bytes) });
    }
  }
}
