import { Fifo } from '../base/fifo.ts';
import { advance, distance } from './segment.ts';
import { SentSegment } from './sent-segment.ts';

/** Places at first; a power of two. */
const FIRST_PLACES = 16;

/**
 * What is to be sent: segments within the window, which have been sent and are not acknowledged, and behind them a
 * queue of those that have not had their turn.
 */
export class SendWindow {
  /** The first segment that is not acknowledged. */
  una: number;
  /** The number that the next segment gets. */
  next: number;
  /** Bytes of all segments from the first that is not acknowledged on, those between that are acknowledged included. */
  bytes = 0;
  /** Segments from that one on that have been sent, each at its number modulo the length. */
  private places: (SentSegment | undefined)[] = new Array<undefined>(FIRST_PLACES).fill(undefined);
  private taken = 0;
  private readonly queue = new Fifo<SentSegment>();
  /** Data in a full segment. */
  private readonly segmentSize: number;

  constructor(segmentSize: number, first: number) {
    this.segmentSize = segmentSize;
    this.una = first;
    this.next = first;
  }

  /** Segments that are not acknowledged. */
  get waiting(): number {
    return this.taken + this.queue.length;
  }

  /** Segments that have not been sent. */
  get queued(): number {
    return this.queue.length;
  }

  /** Segments that were sent and lie between the first that is not acknowledged and the last. */
  get span(): number {
    return distance(this.next, this.una);
  }

  /** Queues a message, cut into segments. */
  put(message: Buffer): void {
    const { segmentSize } = this;
    const { length } = message;
    const fragments = Math.max(Math.ceil(length / segmentSize), 1);
    for (let fragment = fragments - 1, begin = 0; fragment >= 0; fragment--, begin += segmentSize) {
      const size = Math.min(segmentSize, length - begin);
      this.queue.push(new SentSegment(message, begin, size, fragment));
    }
    this.bytes += length;
  }

  /** Moves segments from the queue into the window, which is that large; answers with the number of the first. */
  admit(window: number): number {
    const first = this.next;
    while (this.queue.length > 0 && this.span < window) {
      const segment = this.queue.shift();
      if (this.span === this.places.length) this.grow();
      segment.sn = this.next;
      this.places[this.next & (this.places.length - 1)] = segment;
      this.taken++;
      this.next = advance(this.next, 1);
    }
    return first;
  }

  /** The segment of that number, which lies within the window; `undefined` if it is acknowledged. */
  at(sn: number): SentSegment | undefined {
    const segment = this.places[sn & (this.places.length - 1)];
    return segment === undefined || segment.isAcknowledged ? undefined : segment;
  }

  /** All segments before `una` have come. */
  acknowledgeBefore(una: number): void {
    while (this.una !== this.next && distance(una, this.una) > 0) this.forgetFirst();
    this.forgetAcknowledged();
  }

  /** That segment has come, and perhaps not those before it. */
  acknowledge(sn: number): void {
    if (!this.holds(sn)) return;
    const segment = this.at(sn);
    if (segment === undefined) return;
    segment.isAcknowledged = true;
    this.taken--;
    this.forgetAcknowledged();
  }

  /**
   * Counts for all segments before `sn` that were sent no later than `ts` that one behind them has come.
   *
   * @returns The highest count of them.
   */
  pass(sn: number, ts: number): number {
    let most = 0;
    if (!this.holds(sn)) return most;
    for (let before = this.una; before !== sn; before = advance(before, 1)) {
      const segment = this.at(before);
      if (segment === undefined || distance(ts, segment.ts) < 0) continue;
      segment.passed++;
      if (segment.passed > most) most = segment.passed;
    }
    return most;
  }

  private holds(sn: number): boolean {
    return distance(sn, this.una) >= 0 && distance(sn, this.next) < 0;
  }

  private forgetAcknowledged(): void {
    while (this.una !== this.next && this.at(this.una) === undefined) this.forgetFirst();
  }

  /** Goes on to the next segment; what is behind has come, whether the peer has said so of each or not. */
  private forgetFirst(): void {
    const place = this.una & (this.places.length - 1);
    const segment = this.places[place]!;
    this.places[place] = undefined;
    this.bytes -= segment.length;
    if (!segment.isAcknowledged) this.taken--;
    this.una = advance(this.una, 1);
  }

  private grow(): void {
    const larger = new Array<SentSegment | undefined>(2 * this.places.length).fill(undefined);
    for (const segment of this.places) {
      if (segment !== undefined) larger[segment.sn & (larger.length - 1)] = segment;
    }
    this.places = larger;
  }
}
