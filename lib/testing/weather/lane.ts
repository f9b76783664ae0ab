import type { SchedulerLike, Subscription } from 'rxjs';
import { Fifo } from '../../base/fifo.ts';
import type { Random } from '../random.ts';
import type { ResolvedWeather } from './weather.ts';

/** What travels: bytes, FIN, or RST with the text of the error that it becomes. */
export type Segment = Uint8Array | 'fin' | { readonly reset: string };

/** What a lane needs to know of its connection. */
export interface LaneOwner {
  readonly scheduler: SchedulerLike;
  readonly random: Random;
  readonly weather: ResolvedWeather;
  /** Whether nothing will ever get through again. */
  readonly vanished: boolean;
}

interface Travelling {
  readonly segment: Segment;
  readonly at: number;
}

/** One direction of a connection: segments on their way, which arrive in order. */
export class Lane {
  private readonly owner: LaneOwner;
  private readonly arrived: (segments: readonly Segment[]) => void;
  private readonly travelling = new Fifo<Travelling>();
  private timer: Subscription | undefined;
  private latest = 0;
  /** When the last byte has been put on the line. */
  private busyUntil = 0;
  private closed = false;

  constructor(owner: LaneOwner, arrived: (segments: readonly Segment[]) => void) {
    this.owner = owner;
    this.arrived = arrived;
  }

  /** Sends a segment on its way. */
  carry(segment: Segment): void {
    if (this.closed || this.owner.vanished) return;
    // Nothing comes after RST.
    this.closed = segment !== 'fin' && !(segment instanceof Uint8Array);
    const bytes = segment instanceof Uint8Array ? segment.length : 0;
    this.latest = Math.max(this.latest, Math.ceil(this.departure(bytes) + delayOf(this.owner)));
    this.travelling.push({ segment, at: this.latest });
    this.arm();
  }

  /** The weather has changed: what waited for the end of a partition sets out again. */
  weatherChanged(): void {
    const { weather, scheduler, vanished } = this.owner;
    if (vanished) this.stop();
    else if (weather.partition) this.disarm();
    else if (this.timer === undefined && this.travelling.length > 0) {
      const soonest = scheduler.now() + weather.latency;
      this.arm(Math.max(soonest, this.travelling.at(0).at));
    }
  }

  /** Nothing arrives any more. */
  close(): void {
    this.closed = true;
    this.stop();
  }

  private stop(): void {
    this.disarm();
    this.travelling.clear();
  }

  private departure(bytes: number): number {
    const { weather, scheduler } = this.owner;
    const now = scheduler.now();
    this.busyUntil = Math.max(now, this.busyUntil);
    if (weather.bandwidth > 0) this.busyUntil += (bytes * 1000) / weather.bandwidth;
    return this.busyUntil;
  }

  private arm(at = this.travelling.at(0).at): void {
    const { weather, scheduler } = this.owner;
    if (this.timer !== undefined || weather.partition) return;
    this.timer = scheduler.schedule(() => this.arrive(), Math.max(0, at - scheduler.now()));
  }

  private disarm(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  private arrive(): void {
    this.timer = undefined;
    const { travelling, owner } = this;
    const now = owner.scheduler.now();
    const segments: Segment[] = [];
    while (travelling.length > 0 && travelling.at(0).at <= now) segments.push(travelling.shift().segment);
    if (travelling.length > 0) this.arm();
    if (segments.length > 0) this.arrived(segments);
  }
}

/** How long something is on its way now. */
export function delayOf({ weather: { latency, jitter }, random }: LaneOwner): number {
  return jitter === 0 ? latency : latency + random.below(jitter + 1);
}
