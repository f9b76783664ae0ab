import type { SchedulerLike, Subscription } from 'rxjs';
import { NetworkError } from '../../base/errors.ts';
import { ByteQueue } from '../../bytes/byte-queue.ts';
import type { Address } from '../../transport/address.ts';
import type { Wire, WireHandler } from '../../transport/wire.ts';
import type { Random } from '../random.ts';
import type { Lane, Segment } from './lane.ts';
import { type ResolvedWeather, chance } from './weather.ts';

/** What the two ends of a connection share. */
export interface WireOwner {
  readonly scheduler: SchedulerLike;
  readonly random: Random;
  readonly weather: ResolvedWeather;
  /** Bytes of one direction until the weather resets the connection. */
  roomBeforeReset(sent: number): number;
  /** A segment has set out; the weather may do something about it. */
  departed(wire: WeatherWire, sent: number): void;
  observe(wire: WeatherWire, what: 'data' | 'fin' | 'rst' | 'close', bytes: number): void;
  closed(): void;
}

/** Longest read, as Node has it. */
const READ_SIZE = 64 * 1024;

/** One end of a connection through a `WeatherNetwork`. */
export class WeatherWire implements Wire {
  readonly local: Address;
  readonly remote: Address;
  readonly side: 'client' | 'server';
  /** @internal Set before anything else happens. */
  peer!: WeatherWire;
  /** @internal The direction away from here. */
  lane!: Lane;
  /** @internal */
  whenClosed: (() => void) | undefined;
  /** Both directions have ended here. */
  isClosed = false;

  private readonly owner: WireOwner;
  private handler: WireHandler | undefined;
  /** Written, and beyond the window. */
  private readonly waiting = new ByteQueue();
  /** Bytes in the window: on their way to the peer, or not read there. */
  private outstanding = 0;
  private sent = 0;
  private readonly arrived = new ByteQueue();
  private finArrived = false;
  private finSeen = false;
  private ended = false;
  private finSent = false;
  private reading = false;
  private readScheduled = false;
  private windowTimer: Subscription | undefined;
  private failure: NetworkError | undefined;
  /** RST has arrived. */
  private resetText: string | undefined;

  constructor(owner: WireOwner, side: 'client' | 'server', local: Address, remote: Address) {
    this.owner = owner;
    this.side = side;
    this.local = local;
    this.remote = remote;
  }

  get unsent(): number {
    return this.isClosed ? Infinity : this.waiting.length;
  }

  attach(handler: WireHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.reading = true;
    this.wake();
  }

  pause(): void {
    this.reading = false;
    this.failIfReset();
  }

  unread(rest: Uint8Array): void {
    this.arrived.unshift(rest);
    this.peer.outstanding += rest.length;
  }

  write(bytes: Uint8Array): void {
    if (this.isClosed || this.ended) return;
    // The network keeps a copy, as the kernel would; the caller may reuse the memory.
    this.waiting.push(Uint8Array.prototype.slice.call(bytes));
    this.pump();
  }

  writev(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.write(piece);
  }

  end(): void {
    if (this.isClosed) return;
    this.ended = true;
    this.pump();
    this.owner.scheduler.schedule(() => this.closeIfOver());
  }

  reset(): void {
    if (this.isClosed) return;
    this.lane.carry(RST);
    this.leave();
  }

  destroy(): void {
    if (this.isClosed) return;
    if (this.losesBytes) this.lane.carry(RST);
    else if (!this.finSent) this.lane.carry('fin');
    this.leave();
  }

  /** Whether there are bytes for us that nobody will read: a system answers them with RST. */
  private get losesBytes(): boolean {
    const { weather } = this.owner;
    if (this.arrived.length > 0) return true;
    // Without latency, what the peer has written is here as soon as there is room for it.
    const isNear = weather.latency + weather.jitter + weather.bandwidth === 0 && !weather.partition;
    return isNear && this.peer.outstanding + this.peer.waiting.length > 0;
  }

  /** @internal Segments have arrived here. */
  take(segments: readonly Segment[]): void {
    for (const segment of segments) this.takeOne(segment);
    this.readNow();
  }

  /** @internal The weather has changed. */
  weatherChanged(): void {
    if (this.isClosed) return;
    this.wake();
    if (this.waiting.length > 0) this.openWindow();
  }

  private takeOne(segment: Segment): void {
    const { owner } = this;
    if (segment instanceof Uint8Array) {
      if (this.isClosed) {
        this.lane.carry(RST);
        return;
      }
      owner.observe(this, 'data', segment.length);
      this.arrived.push(segment);
    } else if (segment === 'fin') {
      owner.observe(this, 'fin', 0);
      this.finArrived = true;
    } else if (!this.isClosed) {
      owner.observe(this, 'rst', 0);
      this.resetText = segment.reset;
      this.failIfReset();
    }
  }

  /** Who is reading still gets what came before the RST; for anybody else it is lost. */
  private failIfReset(): void {
    if (this.resetText === undefined || (this.arrived.length > 0 && this.mayRead)) return;
    this.failure ??= new NetworkError('ECONNRESET', this.resetText, { operation: 'receive' });
    this.leave();
  }

  /** Hands to the network what fits into the window. */
  private pump(): void {
    const { waiting, owner } = this;
    while (waiting.length > 0 && !this.finSent) {
      const room = Math.min(
        owner.weather.window - this.outstanding,
        owner.roomBeforeReset(this.sent),
        this.cut(),
      );
      if (room <= 0) return;
      const segment = waiting.take(room) as Uint8Array;
      this.outstanding += segment.length;
      this.sent += segment.length;
      this.lane.carry(segment);
      owner.departed(this, this.sent);
    }
    if (this.ended && !this.finSent) {
      this.finSent = true;
      this.lane.carry('fin');
    }
  }

  private cut(): number {
    const { weather, random } = this.owner;
    return weather.segment === 0 ? Infinity : random.between(1, weather.segment);
  }

  private wake(): void {
    if (this.readScheduled || !this.mayRead || !this.hasMore) return;
    this.readScheduled = true;
    this.owner.scheduler.schedule(() => {
      this.readScheduled = false;
      this.read();
    });
  }

  /** Reads without another appointment, since nobody's code is running. */
  private readNow(): void {
    if (!this.readScheduled) this.read();
  }

  private get mayRead(): boolean {
    const { stopsReading } = this.owner.weather;
    return this.reading && !this.isClosed && stopsReading !== this.side && stopsReading !== 'both';
  }

  private get hasMore(): boolean {
    return this.arrived.length > 0 || (this.finArrived && !this.finSeen);
  }

  /** One read; the next one gets an appointment of its own, as it would in Node. */
  private read(): void {
    if (!this.mayRead || !this.hasMore) return;
    const bytes = this.nextBytes();
    if (bytes !== undefined) {
      this.peer.taken(bytes.length);
      this.wake();
      this.handler?.wireReceived(bytes);
      this.failIfReset();
    } else {
      this.finSeen = true;
      this.handler?.wireEnded();
      this.closeIfOver();
    }
  }

  private nextBytes(): Uint8Array | undefined {
    const { arrived, owner } = this;
    const first = arrived.take(READ_SIZE);
    if (first === undefined || owner.weather.coalesce === 0) return first;
    const pieces = [first];
    let length = first.length;
    while (length < READ_SIZE && chance(owner.random) < owner.weather.coalesce) {
      const next = arrived.take(READ_SIZE - length);
      if (next === undefined) break;
      pieces.push(next);
      length += next.length;
    }
    return pieces.length === 1 ? first : joined(pieces, length);
  }

  /** The peer has read bytes of ours. Whoever waits for room learns of it as late as everything else here. */
  private taken(bytes: number): void {
    this.outstanding -= bytes;
    if (this.waiting.length === 0) return;
    this.windowTimer ??= this.owner.scheduler.schedule(() => {
      this.windowTimer = undefined;
      if (!this.owner.weather.partition) this.openWindow();
    }, this.owner.weather.latency);
  }

  private openWindow(): void {
    if (this.isClosed) return;
    const before = this.waiting.length;
    this.pump();
    if (this.waiting.length === before) return;
    this.handler?.wireWritten();
    this.closeIfOver();
  }

  /** This end is over when it has seen the peer's FIN and its own has left; what it sent is still on its way. */
  private closeIfOver(): void {
    if (this.finSeen && this.finSent) this.leave();
  }

  private leave(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.reading = false;
    this.windowTimer?.unsubscribe();
    this.waiting.clear();
    this.arrived.clear();
    this.owner.scheduler.schedule(() => {
      const { handler, owner } = this;
      this.handler = undefined;
      this.whenClosed?.();
      owner.observe(this, 'close', 0);
      owner.closed();
      handler?.wireClosed(this.failure);
    });
  }
}

const RST = { reset: 'the peer has reset the connection' };

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
