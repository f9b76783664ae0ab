import type { SchedulerLike } from 'rxjs';
import type { DatagramCarrier, DatagramEnd } from '../../transport/memory-carrier.ts';
import { copyOf } from '../../transport/memory-datagram-socket.ts';
import { type DatagramCounts, DatagramLink, type DatagramWeather } from './datagram-link.ts';

/** What is on its way: how long it is, and what is done when it gets there. */
interface Load {
  readonly length: number;
  readonly arrive: () => void;
}

/** One direction between two sockets. */
interface Road {
  readonly link: DatagramLink<Load>;
  readonly sender: DatagramEnd;
  readonly receiver: DatagramEnd;
}

/** What the roads of a network need to know of it. */
export interface RoadOptions {
  readonly scheduler: SchedulerLike;
  readonly seed: number;
  /** @throws OptionError (`ERR_OPTION`) */
  readonly weather: DatagramWeather | undefined;
}

const CALM: Required<DatagramWeather> = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelay: 10,
  latency: 0,
  jitter: 0,
  mtu: 0,
  partition: false,
};

/** Roads, at the least, before it is looked whether there are some that nobody will use again. */
const FEW = 64;

/** Carries datagrams through the weather, on a {@link DatagramLink} for each pair of sender and receiver. */
export class DatagramRoads implements DatagramCarrier {
  private readonly scheduler: SchedulerLike;
  private readonly seed: number;
  private readonly pairs = new WeakMap<DatagramEnd, WeakMap<DatagramEnd, Road>>();
  private readonly roads = new Set<Road>();
  private readonly local = new Map<number, Required<DatagramWeather>>();
  private readonly checker = new DatagramLink(() => undefined);
  private general = CALM;
  /** What happened on roads that are gone. */
  private past: DatagramCounts = { sent: 0, delivered: 0, lost: 0, duplicated: 0, tooLong: 0 };
  private built = 0;
  private tidyAt = FEW;

  constructor({ scheduler, seed, weather }: RoadOptions) {
    this.scheduler = scheduler;
    this.seed = seed;
    if (weather !== undefined) this.change(weather, undefined);
  }

  /** What has happened so far on all roads together. */
  get counts(): DatagramCounts {
    return [...this.roads].reduce((sum, { link }) => added(sum, link.counts), this.past);
  }

  /**
   * Changes the weather from now on, everywhere or for what is sent to and from a port.
   *
   * @throws OptionError (`ERR_OPTION`)
   */
  change(change: DatagramWeather, port: number | undefined): void {
    this.checker.weather(change);
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    if (port === undefined) {
      this.general = { ...this.general, ...given };
      for (const [known, weather] of this.local) this.local.set(known, { ...weather, ...given });
    } else {
      this.local.set(port, { ...(this.local.get(port) ?? this.general), ...given });
    }
    for (const road of this.roads) road.link.weather(this.weatherOn(road.sender, road.receiver));
  }

  carry(
    bytes: Uint8Array,
    sender: DatagramEnd,
    receiver: DatagramEnd | undefined,
    arrive: (bytes: Uint8Array) => void,
  ): void {
    // It may arrive twice, and what has arrived belongs to the receiver.
    const load = { length: bytes.length, arrive: () => arrive(copyOf(bytes)) };
    this.between(sender, receiver ?? NOBODY).link.send(load);
  }

  private between(sender: DatagramEnd, receiver: DatagramEnd): Road {
    let roads = this.pairs.get(sender);
    if (roads === undefined) this.pairs.set(sender, (roads = new WeakMap()));
    let road = roads.get(receiver);
    if (road === undefined) roads.set(receiver, (road = this.build(sender, receiver)));
    return road;
  }

  private build(sender: DatagramEnd, receiver: DatagramEnd): Road {
    this.tidy();
    const link = new DatagramLink<Load>((load) => load.arrive(), {
      scheduler: this.scheduler,
      // Chance of its own, so that what happens between others changes nothing here.
      seed: (Math.imul(++this.built, 0x85eb_ca6b) ^ this.seed) >>> 0,
      weather: this.weatherOn(sender, receiver),
    });
    const road = { link, sender, receiver };
    this.roads.add(road);
    return road;
  }

  private weatherOn(sender: DatagramEnd, receiver: DatagramEnd): Required<DatagramWeather> {
    return this.local.get(receiver.local.port) ?? this.local.get(sender.local.port) ?? this.general;
  }

  /** Forgets roads on which nothing will happen any more; not more often than their number has doubled. */
  private tidy(): void {
    if (this.roads.size < this.tidyAt) return;
    for (const road of this.roads) {
      const { link, sender, receiver } = road;
      if ((sender.isOpen && receiver.isOpen) || link.pending > 0) continue;
      this.past = added(this.past, link.counts);
      this.roads.delete(road);
    }
    this.tidyAt = Math.max(FEW, 2 * this.roads.size);
  }
}

/** The receiver of what is sent to where nobody is. */
const NOBODY: DatagramEnd = {
  local: { family: 'IPv4', host: '0.0.0.0', port: 0 },
  isOpen: true,
  receiveBuffer: 0,
};

function added(a: DatagramCounts, b: DatagramCounts): DatagramCounts {
  return {
    sent: a.sent + b.sent,
    delivered: a.delivered + b.delivered,
    lost: a.lost + b.lost,
    duplicated: a.duplicated + b.duplicated,
    tooLong: a.tooLong + b.tooLong,
  };
}
