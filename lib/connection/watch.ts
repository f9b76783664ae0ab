import type { TimeoutName as AnyTimeout } from '../base/errors.ts';
import type { Deadline, DeadlineQueue } from './deadline-queue.ts';
import type { ResolvedTimeouts } from './settings.ts';

/** Timeouts of the connection itself, not of its codec. */
type TimeoutName = Exclude<AnyTimeout, 'frame' | 'detect' | 'request'>;

/** What is watched. */
interface Watched {
  readonly bytesIn: number;
  timedOut(name: TimeoutName, milliseconds: number): void;
  lingered(): void;
}

/** Where a watch gets time and limits from. */
interface Clock {
  readonly settings: { readonly timeouts: ResolvedTimeouts };
  readonly deadlines: DeadlineQueue;
  now(): number;
}

const NEVER = -1;

/**
 * The timeouts of one connection. Only what brings a deadline nearer arms the timer; bytes merely note the time, and
 * a deadline that turns out too early is put off when it comes.
 */
export class Watch implements Deadline {
  slot = -1;
  at = 0;

  private readonly connection: Watched;
  private readonly clock: Clock;
  private reading = false;
  /** While reading: since when the peer is silent. While paused: how long it had been. */
  private silence = 0;
  private dialledAt = NEVER;
  private shakingAt = NEVER;
  private stalledAt = NEVER;
  private sentThen = 0;
  private closingAt = NEVER;
  private finAt = NEVER;

  constructor(connection: Watched, clock: Clock) {
    this.connection = connection;
    this.clock = clock;
  }

  connecting(): void {
    this.dialledAt = this.clock.now();
    this.rearm();
  }

  handshaking(): void {
    this.dialledAt = NEVER;
    if (this.shakingAt === NEVER) this.shakingAt = this.clock.now();
    this.rearm();
  }

  opened(): void {
    this.dialledAt = this.shakingAt = NEVER;
    this.rearm();
  }

  heard(now: number): void {
    this.silence = now;
  }

  readingChanged(reading: boolean): void {
    if (reading === this.reading) return;
    this.reading = reading;
    this.silence = this.clock.now() - this.silence;
    if (reading) this.rearm();
  }

  pendingChanged(pending: number, sent: number): void {
    if (this.clock.settings.timeouts.writeStall === 0) return;
    if (pending === 0) {
      this.stalledAt = NEVER;
    } else if (this.stalledAt === NEVER || sent !== this.sentThen) {
      this.stalledAt = this.clock.now();
      this.rearm();
    }
    this.sentThen = sent;
  }

  /** An orderly close has begun. */
  closing(finSent: boolean): void {
    const now = this.clock.now();
    this.closingAt = now;
    if (finSent) this.finAt = now;
    this.rearm();
  }

  /** Everything has been handed over, and FIN is sent. */
  finSent(): void {
    this.finAt = this.clock.now();
    this.rearm();
  }

  /** The connection is over. */
  stop(): void {
    this.clock.deadlines.clear(this);
  }

  due(): void {
    const now = this.clock.now();
    const { timeouts } = this.clock.settings;
    const name = this.expired(now);
    if (name === undefined) this.rearm();
    else if (name === 'linger') this.connection.lingered();
    else this.connection.timedOut(name, timeouts[name]);
  }

  /** Makes the timer ring at the earliest deadline there is, or not at all. */
  rearm(): void {
    let earliest = Infinity;
    for (const [, at] of this.limits()) earliest = Math.min(earliest, at);
    if (earliest === Infinity) this.clock.deadlines.clear(this);
    else this.clock.deadlines.set(this, earliest);
  }

  private expired(now: number): TimeoutName | 'linger' | undefined {
    return this.limits().find(([, at]) => at <= now)?.[0];
  }

  private limits(): (readonly [TimeoutName | 'linger', number])[] {
    const { connect, handshake, firstByte, readIdle, writeStall, drain, linger } =
      this.clock.settings.timeouts;
    const limits: (readonly [TimeoutName | 'linger', number])[] = [];
    const add = (name: TimeoutName | 'linger', since: number, milliseconds: number) => {
      if (since !== NEVER && milliseconds > 0) limits.push([name, since + milliseconds]);
    };
    add('connect', this.dialledAt, connect);
    add('handshake', this.shakingAt, handshake);
    if (this.closingAt === NEVER) {
      if (this.reading && this.connection.bytesIn === 0) add('firstByte', this.silence, firstByte);
      if (this.reading) add('readIdle', this.silence, readIdle);
      add('writeStall', this.stalledAt, writeStall);
    } else if (this.finAt === NEVER) {
      add('drain', this.closingAt, drain);
    } else {
      limits.push(['linger', this.finAt + linger]);
    }
    return limits;
  }
}
