/** What is waited for an acknowledgement before anything has been measured, and at most, in milliseconds. */
const FIRST_TIMEOUT = 200;
export const MAX_TIMEOUT = 60_000;

/**
 * How long an acknowledgement takes, and so how long to wait for one: the smoothed time of a round trip and four times
 * its variation, but at least one interval of flushing. All whole milliseconds, rounded down as KCP does.
 */
export class RoundTrip {
  private readonly minTimeout: number;
  private readonly interval: number;
  private smoothed = 0;
  private variation = 0;
  /** Milliseconds until a segment that is not acknowledged is sent again. */
  timeout = FIRST_TIMEOUT;

  constructor(minTimeout: number, interval: number) {
    this.minTimeout = minTimeout;
    this.interval = interval;
  }

  /** An acknowledgement took that many milliseconds, 0 and more. */
  measured(time: number): void {
    if (this.smoothed === 0) {
      this.smoothed = time;
      this.variation = Math.floor(time / 2);
    } else {
      const difference = Math.abs(time - this.smoothed);
      this.variation = Math.floor((3 * this.variation + difference) / 4);
      this.smoothed = Math.max(1, Math.floor((7 * this.smoothed + time) / 8));
    }
    const timeout = this.smoothed + Math.max(this.interval, 4 * this.variation);
    this.timeout = Math.min(Math.max(this.minTimeout, timeout), MAX_TIMEOUT);
  }
}
