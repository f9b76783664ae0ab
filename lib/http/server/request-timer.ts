import { NetworkTimeoutError } from '../../base/errors.ts';
import type { ReadingListener } from '../../connection/connection.ts';
import type { Deadline, DeadlineQueue } from '../../connection/deadline-queue.ts';
import type { RequestTimeouts } from './server-options.ts';

/** Where a connection is. */
export type RequestPhase = 'idle' | 'head' | 'body' | 'busy';

/** What is measured, and with which clock. */
export interface RequestClock {
  readonly deadlines: DeadlineQueue;
  readonly http: { readonly timeouts: Required<RequestTimeouts>; readonly minBodyRate: number };
  now(): number;
  /** Cheaper, and exact enough for marking. */
  markingTime(): number;
}

/** Told what took too long. */
export interface Impatient {
  readonly connection: { readonly pending: number; readonly bytesOut: number };
  /** Nobody sends a request. */
  keptAliveLongEnough(): void;
  requestTimedOut(error: NetworkTimeoutError): void;
  /** The client takes nothing of what it has asked for. */
  responseTimedOut(error: NetworkTimeoutError): void;
}

/** What can become due. */
type Expiry = keyof RequestTimeouts | 'rate';

interface Due {
  readonly name: Expiry;
  readonly at: number;
}

/** Milliseconds in which a body may begin slowly. */
const SLOW_START = 10_000;

/**
 * The timeouts of the requests of one connection. What happens only notes the time; the timer rings as often as the
 * shortest timeout is long, and looks what has become due, so that none is missed and a request costs no timer.
 *
 * Time in which the connection is not read does not count: it is we who make the client wait.
 */
export class RequestTimer implements Deadline, ReadingListener {
  slot = -1;
  at = 0;
  private readonly clock: RequestClock;
  private readonly owner: Impatient;
  private readonly shortest: number;
  private phase: RequestPhase = 'idle';
  private since: number;
  private begunAt = 0;
  /** Since when the body may come, and how much has. */
  private bodyAt = 0;
  private bytes = 0;
  private heldSince: number | undefined = undefined;
  /** How much of the responses the client had taken when it was looked at last, and since when nothing more. */
  private taken = -1;
  private takenAt = 0;

  constructor(clock: RequestClock, owner: Impatient) {
    const { head, body, request, keepAlive, write } = clock.http.timeouts;
    const limits = [head, body, request, keepAlive, write].filter((limit) => limit > 0);
    if (clock.http.minBodyRate > 0) limits.push(SLOW_START);
    this.shortest = Math.min(...limits);
    this.clock = clock;
    this.owner = owner;
    this.since = clock.now();
    this.arm(Infinity);
  }

  /** A request begins with its first byte. */
  requestBegan(): void {
    this.begunAt = this.enter('head');
  }

  /** The head is complete, and a body follows. */
  bodyBegan(): void {
    this.bodyAt = this.enter('body');
    this.bytes = 0;
  }

  enter(phase: RequestPhase): number {
    this.phase = phase;
    return (this.since = this.clock.markingTime());
  }

  /** All requests have been answered. */
  answered(): void {
    if (this.phase === 'busy') this.enter('idle');
  }

  /** Bytes of a body have come. */
  heard(bytes: number): void {
    this.bytes += bytes;
    this.since = this.clock.markingTime();
  }

  readingChanged(reading: boolean): void {
    if (reading !== (this.heldSince !== undefined)) return;
    const now = this.clock.now();
    if (this.heldSince !== undefined) {
      const held = now - this.heldSince;
      this.begunAt += held;
      this.bodyAt += held;
      this.since += held;
    }
    this.heldSince = reading ? undefined : now;
  }

  due(): void {
    const now = this.clock.now();
    const stalled = this.stalledAt(now);
    const { name, at } = this.next();
    if (stalled <= now) this.owner.responseTimedOut(this.errorOf('write'));
    else if (at > now) this.arm(Math.min(at, stalled));
    else if (name === 'keepAlive') this.endIdling();
    else this.owner.requestTimedOut(this.errorOf(name));
  }

  stop(): void {
    this.clock.deadlines.clear(this);
  }

  private arm(at: number): void {
    const earliest = Math.min(at, this.clock.now() + this.shortest);
    if (earliest < Infinity) this.clock.deadlines.set(this, earliest);
  }

  /** The time to the next request begins when the client has the last response. */
  private endIdling(): void {
    if (this.owner.connection.pending === 0) {
      this.owner.keptAliveLongEnough();
    } else {
      this.enter('idle');
      this.arm(Infinity);
    }
  }

  /** When the client will have taken nothing for too long, if it takes nothing more. */
  private stalledAt(now: number): number {
    const { write } = this.clock.http.timeouts;
    const { pending, bytesOut } = this.owner.connection;
    const isStill = pending > 0 && bytesOut === this.taken;
    if (!isStill) this.takenAt = now;
    this.taken = pending > 0 ? bytesOut : -1;
    return write > 0 && pending > 0 ? this.takenAt + write : Infinity;
  }

  /** What becomes due next, as things are. */
  private next(): Due {
    const { head, body, request, keepAlive } = this.clock.http.timeouts;
    const { phase, since } = this;
    if (phase === 'busy' || this.heldSince !== undefined) return { name: 'body', at: Infinity };
    if (phase === 'idle') return { name: 'keepAlive', at: after(since, keepAlive) };
    const whole: Due = { name: 'request', at: after(this.begunAt, request) };
    if (phase === 'head') return earlier({ name: 'head', at: after(since, head) }, whole);
    const silent: Due = { name: 'body', at: after(since, body) };
    return earlier(earlier({ name: 'rate', at: this.slowAt() }, silent), whole);
  }

  /** When the body will have been too slow, if nothing more comes. */
  private slowAt(): number {
    const { minBodyRate } = this.clock.http;
    if (minBodyRate === 0) return Infinity;
    return this.bodyAt + Math.max(SLOW_START, (this.bytes / minBodyRate) * 1000);
  }

  private errorOf(name: Expiry): NetworkTimeoutError {
    const { timeouts, minBodyRate } = this.clock.http;
    if (name === 'rate') {
      const what = `the body came with less than ${minBodyRate} bytes a second`;
      return new NetworkTimeoutError('request', SLOW_START, what, 'http.minBodyRate');
    }
    const option = `http.timeouts.${name}`;
    if (name === 'write')
      return new NetworkTimeoutError('writeStall', timeouts.write, 'the client took nothing', option);
    const what = name === 'head' ? 'the head of a request was not complete' : 'the request was not complete';
    return new NetworkTimeoutError('request', timeouts[name], what, option);
  }
}

function after(time: number, limit: number): number {
  return limit > 0 ? time + limit : Infinity;
}

function earlier(one: Due, other: Due): Due {
  return one.at <= other.at ? one : other;
}
