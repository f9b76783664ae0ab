/** Where slow start ends at first, and never earlier, in segments. */
const MIN_THRESHOLD = 2;

/**
 * How many segments may be under way before the path is congested: doubles with every round trip until it reaches a
 * threshold, then grows by about one segment a round trip. What has to be sent again lowers it.
 */
export class Congestion {
  /** Segments that may be under way. */
  window = 0;
  /** The same in bytes, which grow a little with each acknowledgement. */
  private bytes = 0;
  private threshold = MIN_THRESHOLD;
  /** Data in a full segment, in bytes. */
  private readonly segmentSize: number;

  constructor(segmentSize: number) {
    this.segmentSize = segmentSize;
  }

  /** A datagram acknowledged data; `limit` is how many segments the peer has room for. */
  acknowledged(limit: number): void {
    if (this.window >= limit) return;
    if (this.window < this.threshold) {
      this.window++;
      this.bytes += this.segmentSize;
    } else this.grow();
    if (this.window > limit) {
      this.window = limit;
      this.bytes = limit * this.segmentSize;
    }
  }

  /** Segments were sent again since later ones had been acknowledged: the path works, but is full. */
  resentEarly(underWay: number, acksNeeded: number): void {
    this.threshold = Math.max(underWay >>> 1, MIN_THRESHOLD);
    this.window = this.threshold + acksNeeded;
    this.bytes = this.window * this.segmentSize;
  }

  /** Segments were sent again since nothing came: starts over. */
  timedOut(windowThen: number): void {
    this.threshold = Math.max(windowThen >>> 1, MIN_THRESHOLD);
    this.window = 1;
    this.bytes = this.segmentSize;
  }

  /** The end of a flush, from the first of which on there is a window at all. */
  flushed(): void {
    if (this.window >= 1) return;
    this.window = 1;
    this.bytes = this.segmentSize;
  }

  private grow(): void {
    const { segmentSize } = this;
    this.bytes = Math.max(this.bytes, segmentSize);
    this.bytes += Math.floor((segmentSize * segmentSize) / this.bytes) + Math.floor(segmentSize / 16);
    if ((this.window + 1) * segmentSize <= this.bytes) this.window = Math.ceil(this.bytes / segmentSize);
  }
}
