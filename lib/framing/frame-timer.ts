import type { SchedulerLike, Subscription } from 'rxjs';

/** Watches that every message comes to its end in time. The time stands still while nothing is read. */
export class FrameTimer {
  private readonly limit: number;
  private readonly scheduler: SchedulerLike;
  private readonly expired: () => void;
  private reading = true;
  /** Whether a message has begun and not ended. */
  private unfinished = false;
  private remaining = 0;
  private runningSince = 0;
  private timer: Subscription | undefined;

  /** @param limit Milliseconds, 1 and more. */
  constructor(limit: number, scheduler: SchedulerLike, expired: () => void) {
    this.limit = limit;
    this.scheduler = scheduler;
    this.expired = expired;
  }

  /**
   * A chunk has been decoded.
   *
   * @param residue What the decoder keeps of a message that has not ended.
   * @param size Of the chunk. If it is all that is kept, or more, the message has begun in it.
   */
  update(residue: number, size: number): void {
    if (residue <= size) this.stop();
    if (residue === 0 || this.unfinished) return;
    this.unfinished = true;
    this.remaining = this.limit;
    this.run();
  }

  /** Reading has begun or stopped. */
  readingChanged(reading: boolean): void {
    this.reading = reading;
    if (reading) this.run();
    else this.hold();
  }

  /** No message is waited for any more. */
  stop(): void {
    this.unfinished = false;
    this.hold();
  }

  private run(): void {
    if (!this.reading || !this.unfinished || this.timer !== undefined) return;
    this.runningSince = this.scheduler.now();
    this.timer = this.scheduler.schedule(() => {
      this.timer = undefined;
      this.unfinished = false;
      this.expired();
    }, this.remaining);
  }

  private hold(): void {
    if (this.timer === undefined) return;
    this.remaining = Math.max(0, this.remaining - (this.scheduler.now() - this.runningSince));
    this.timer.unsubscribe();
    this.timer = undefined;
  }
}
