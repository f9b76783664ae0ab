import type { Deadline, DeadlineQueue } from '../../connection/deadline-queue.ts';

/** What a connection waits for. */
export type LinePhase = 'idle' | 'expect' | 'response' | 'body' | 'unread' | 'rest' | 'none';

/** What is measured, and with which clock. */
export interface LineClock {
  readonly deadlines: DeadlineQueue;
  now(): number;
  /** Cheaper, and exact enough for marking. */
  markingTime(): number;
}

/** Told what took too long. */
export interface LineTimed {
  /** Whether the waiting is not to be counted, and begins anew. */
  isExcused(phase: LinePhase): boolean;
  lineTimedOut(phase: LinePhase, milliseconds: number): void;
}

/**
 * The timeouts of one connection. What happens only notes the time; the timer rings when the first thing would have been
 * due, and looks what has become of it, so that a request mostly costs no timer.
 */
export class LineTimer implements Deadline {
  slot = -1;
  at = 0;
  private readonly clock: LineClock;
  private readonly owner: LineTimed;
  private phase: LinePhase = 'none';
  private since = 0;
  private limit = 0;

  constructor(clock: LineClock, owner: LineTimed) {
    this.clock = clock;
    this.owner = owner;
  }

  /** From now on, this is waited for, so many milliseconds at most; 0 for as long as it takes. */
  enter(phase: LinePhase, limit: number): void {
    this.phase = phase;
    this.limit = limit;
    this.since = this.clock.markingTime();
    if (limit > 0) this.arm();
  }

  /** Something has come of what is waited for. */
  heard(): void {
    this.since = this.clock.markingTime();
  }

  due(): void {
    const { phase, limit } = this;
    if (limit === 0) return;
    const now = this.clock.now();
    if (now < this.since + limit) this.arm();
    else if (this.owner.isExcused(phase)) {
      this.since = now;
      this.arm();
    } else this.owner.lineTimedOut(phase, limit);
  }

  stop(): void {
    this.phase = 'none';
    this.limit = 0;
    this.clock.deadlines.clear(this);
  }

  private arm(): void {
    const at = this.since + this.limit;
    if (this.slot < 0 || at < this.at) this.clock.deadlines.set(this, at);
  }
}
