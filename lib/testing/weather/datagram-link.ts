import { type SchedulerLike, Subscription, asyncScheduler } from 'rxjs';
import { anything, callback, flag, having, integer, table } from '../../base/options.ts';
import { Random } from '../random.ts';
import { chance, duration, probability } from './weather.ts';

/** What a {@link DatagramLink} does to datagrams. Everything is off by default. */
export interface DatagramWeather {
  /**
   * Probability that a datagram is lost. 0 to 1.
   * @default 0
   */
  readonly loss?: number;
  /**
   * Probability that a datagram arrives twice. 0 to 1.
   * @default 0
   */
  readonly duplicate?: number;
  /**
   * Probability that a datagram is held up by {@link reorderDelay}, so that later ones overtake it. 0 to 1.
   * @default 0
   */
  readonly reorder?: number;
  /**
   * Milliseconds by which a datagram is held up. 1 to 2147483647.
   * @default 10
   */
  readonly reorderDelay?: number;
  /**
   * How long a datagram is on its way, in milliseconds. 0 to 2147483647.
   * @default 0
   */
  readonly latency?: number;
  /**
   * Most that chance adds to {@link latency}, in milliseconds; by itself it changes no order. 0 to 2147483647.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Longest datagram, in bytes; longer ones are lost. 0 (no limit) to 65535.
   * @default 0
   */
  readonly mtu?: number;
  /**
   * Everything is lost, what is on its way included.
   * @default false
   */
  readonly partition?: boolean;
}

const weatherChecks = {
  loss: probability(),
  duplicate: probability(),
  reorder: probability(),
  reorderDelay: integer({ min: 1, max: 0x7fff_ffff, fallback: 10 }),
  latency: duration(),
  jitter: duration(),
  mtu: integer({ min: 0, max: 65_535, fallback: 0 }),
  partition: flag(false),
};

const checkWeather = table<DatagramWeather>(weatherChecks);

/** Options of a {@link DatagramLink}. */
export interface DatagramLinkOptions<D> {
  /**
   * Clock of the link, and when datagrams arrive.
   * @default asyncScheduler, which is virtual inside `TestScheduler.run`
   */
  readonly scheduler?: SchedulerLike;
  /**
   * Where chance begins. 0 to 2^32 - 1.
   * @default 1
   */
  readonly seed?: number;
  /** @default calm; see {@link DatagramWeather} */
  readonly weather?: DatagramWeather;
  /**
   * How many bytes a datagram has.
   * @default its `length`
   */
  readonly sizeOf?: ((datagram: D) => number) | undefined;
}

const checkOptions = table<DatagramLinkOptions<never>>({
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
  seed: integer({ min: 0, max: 2 ** 32 - 1, fallback: 1 }),
  weather: anything() as never,
  sizeOf: callback(),
});

/** What a {@link DatagramLink} has done. `sent` + `duplicated` = `delivered` + `lost` + `tooLong` + what is on its way. */
export interface DatagramCounts {
  readonly sent: number;
  readonly delivered: number;
  /** By chance, in a partition, or because the link was closed. */
  readonly lost: number;
  readonly duplicated: number;
  /** Longer than the MTU. */
  readonly tooLong: number;
}

/**
 * One direction between two ends, for datagrams: each arrives as a whole, or not at all, or twice, in time or late, as
 * seed and weather have it.
 *
 * @typeParam D What is carried; bytes, or anything that says its size.
 *
 * @example
 * const link = new DatagramLink<Uint8Array>((datagram) => receive(datagram), { weather: { loss: 0.1, latency: 20 } });
 * link.send(hex('01 02'));
 */
export class DatagramLink<D extends { readonly length: number } = Uint8Array> {
  private readonly deliver: (datagram: D) => void;
  private readonly scheduler: SchedulerLike;
  private readonly random: Random;
  private readonly sizeOf: (datagram: D) => number;
  private readonly travelling = new Subscription();
  private readonly tally = { sent: 0, delivered: 0, lost: 0, duplicated: 0, tooLong: 0 };
  private conditions: Required<DatagramWeather>;
  private underWay = 0;
  private latest = 0;

  /**
   * @param deliver Gets what arrives; never from inside {@link send}.
   * @throws OptionError (`ERR_OPTION`) for an illegal option.
   */
  constructor(deliver: (datagram: D) => void, options: DatagramLinkOptions<D> = {}) {
    const { scheduler, seed, weather, sizeOf } = checkOptions(options);
    this.deliver = deliver;
    this.scheduler = scheduler;
    this.random = new Random(seed);
    this.conditions = checkWeather(weather, 'weather.');
    this.sizeOf = (sizeOf as ((datagram: D) => number) | undefined) ?? (({ length }) => length);
  }

  /** What has happened so far. */
  get counts(): DatagramCounts {
    return { ...this.tally };
  }

  /** Datagrams on their way. */
  get pending(): number {
    return this.underWay;
  }

  /**
   * Changes the weather for what is sent from now on; what is left out stays as it is. A partition also swallows what
   * is on its way.
   *
   * @throws OptionError (`ERR_OPTION`)
   */
  weather(change: DatagramWeather): void {
    const checked = checkWeather(change, 'weather.') as Record<string, unknown>;
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    const changed = Object.fromEntries(given.map(([name]) => [name, checked[name]]));
    this.conditions = { ...this.conditions, ...changed };
  }

  /** Sends a datagram. The link keeps the reference until it has arrived. */
  send(datagram: D): void {
    const { tally, conditions, random } = this;
    tally.sent++;
    // Always as many draws, so that a change of one option leaves the rest of the weather as it was.
    const [loss, duplicate] = [chance(random), chance(random)];
    const [first, second] = [this.delay(), this.delay()];
    if (this.travelling.closed || conditions.partition || loss < conditions.loss) {
      tally.lost++;
    } else if (conditions.mtu > 0 && this.sizeOf(datagram) > conditions.mtu) {
      tally.tooLong++;
    } else {
      this.carry(datagram, first);
      if (duplicate >= conditions.duplicate) return;
      tally.duplicated++;
      this.carry(datagram, second);
    }
  }

  /** Nothing arrives any more. */
  close(): void {
    this.tally.lost += this.underWay;
    this.underWay = 0;
    this.travelling.unsubscribe();
  }

  private delay(): { readonly onTime: number; readonly late: boolean } {
    const { random, conditions } = this;
    const [jitter, late] = [random.below(conditions.jitter + 1), chance(random) < conditions.reorder];
    return { onTime: conditions.latency + jitter, late };
  }

  private carry(datagram: D, { onTime, late }: { readonly onTime: number; readonly late: boolean }): void {
    const now = this.scheduler.now();
    let at = Math.max(this.latest, now + onTime);
    if (late) at += this.conditions.reorderDelay;
    else this.latest = at;
    this.underWay++;
    const timer = this.scheduler.schedule(() => {
      this.travelling.remove(timer);
      this.underWay--;
      if (this.conditions.partition) {
        this.tally.lost++;
        return;
      }
      this.tally.delivered++;
      this.deliver(datagram);
    }, at - now);
    this.travelling.add(timer);
  }
}
