import {
  type Check,
  MAX_TIMER,
  type Resolved,
  check,
  flag,
  integer,
  oneOf,
  table,
} from '../../base/options.ts';
import type { Random } from '../random.ts';

/** One side of a connection, or both: the one that connected is the client. */
export type Side = 'client' | 'server' | 'both';

/** What a {@link WeatherNetwork} does to connections. Everything is off by default: calm weather. */
export interface Weather {
  /**
   * How long everything is on its way, in milliseconds, in each direction; connecting takes a whole round. 0 to
   * 2147483647.
   * @default 0
   */
  readonly latency?: number;
  /**
   * Most that chance adds to {@link latency}, in milliseconds. What was sent first still arrives first. 0 to
   * 2147483647.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Bytes per second that one direction of one connection carries. 0 (no limit) to 2^40.
   * @default 0
   */
  readonly bandwidth?: number;
  /**
   * Longest segment, in bytes: bytes are cut at random into segments of 1 up to so many. 0 (not cut) to 2^30.
   * @default 0
   */
  readonly segment?: number;
  /**
   * Probability that a segment which has arrived is joined with the one after it into one read. 0 to 1.
   * @default 0
   */
  readonly coalesce?: number;
  /**
   * Bytes that one direction of a connection holds, on their way and not read. Once a receiver that does not read has
   * filled it, the rest stays `unsent` at the sender. 1 to 2^30.
   * @default 65536
   */
  readonly window?: number;
  /**
   * Milliseconds that connecting takes in addition. 0 to 2147483647.
   * @default 0
   */
  readonly connectDelay?: number;
  /**
   * Probability that an attempt to connect is refused (`ECONNREFUSED`). 0 to 1.
   * @default 0
   */
  readonly refuse?: number;
  /**
   * Nothing gets through, neither bytes nor FIN, RST or attempts to connect. All of it waits until the partition
   * heals; nothing is lost but time.
   * @default false
   */
  readonly partition?: boolean;
  /**
   * Probability that a segment is answered by a reset of its connection, on both sides (`ECONNRESET`). 0 to 1.
   * @default 0
   */
  readonly reset?: number;
  /**
   * Bytes of one direction after which a connection is reset, on both sides. 0 (off) to 2^40.
   * @default 0
   */
  readonly resetAfter?: number;
  /**
   * Which side does not read, whatever it is told; the window fills.
   * @default 'none'
   */
  readonly stopsReading?: Side | 'none';
  /**
   * Probability that a segment is the last sign of life: from then on nothing gets through on its connection, ever, and
   * neither side is told (a half-open connection). 0 to 1.
   * @default 0
   */
  readonly vanish?: number;
}

/** {@link Weather} with every value filled in. */
export type ResolvedWeather = Resolved<Weather>;

/** A duration that may be zero. */
export function duration(): Check<number> {
  return integer({ min: 0, max: MAX_TIMER, fallback: 0 });
}

/** A probability; never by default. */
export function probability(): Check<number> {
  return check(0, 'a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1);
}

const checkAll = table<Weather>({
  latency: duration(),
  jitter: duration(),
  bandwidth: integer({ min: 0, max: 2 ** 40, fallback: 0 }),
  segment: integer({ min: 0, max: 2 ** 30, fallback: 0 }),
  coalesce: probability(),
  window: integer({ min: 1, max: 2 ** 30, fallback: 64 * 1024 }),
  connectDelay: duration(),
  refuse: probability(),
  partition: flag(false),
  reset: probability(),
  resetAfter: integer({ min: 0, max: 2 ** 40, fallback: 0 }),
  stopsReading: oneOf<Side | 'none'>(['client', 'server', 'both', 'none'], 'none'),
  vanish: probability(),
});

/**
 * Checks a whole weather; what is left out is calm.
 *
 * @throws OptionError (`ERR_OPTION`)
 */
export function checkWeather(weather: Weather | undefined): ResolvedWeather {
  return checkAll(weather, 'weather.');
}

/**
 * Checks a change of weather: what is left out, or `undefined`, stays as it is.
 *
 * @throws OptionError (`ERR_OPTION`)
 */
export function checkChange(change: Weather): Weather {
  const checked = checkAll(change, 'weather.') as unknown as Record<string, unknown>;
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name]) => [name, checked[name]]));
}

/** A number from 0 up to, not including, 1. */
export function chance(random: Random): number {
  return random.next() / 2 ** 32;
}
