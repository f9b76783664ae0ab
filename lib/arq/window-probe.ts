/** First and longest time between two questions, in milliseconds. */
const FIRST_WAIT = 7000;
const LONGEST_WAIT = 120_000;

/**
 * When to ask a peer that has no room whether it has some now: the datagram that said so may have been lost. The time
 * between questions grows by half each time.
 */
export class WindowProbe {
  private wait = 0;
  /** When to ask next; `Infinity` while the peer has room. */
  nextAt = Infinity;

  /** Whether to ask now; `room` is what the peer said last. */
  isDue(room: number, now: number): boolean {
    if (room > 0) {
      this.wait = 0;
      this.nextAt = Infinity;
      return false;
    }
    const isFirst = this.wait === 0;
    if (!isFirst && now < this.nextAt) return false;
    this.wait = isFirst ? FIRST_WAIT : Math.min(Math.floor(this.wait * 1.5), LONGEST_WAIT);
    this.nextAt = now + this.wait;
    return !isFirst;
  }
}
