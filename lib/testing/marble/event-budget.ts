import { asyncScheduler } from 'rxjs';

/**
 * Counts what happens on a net. After too much nothing is allowed any more, so that a test which would go on for ever
 * comes to an end and says why.
 */
export class EventBudget {
  private readonly max: number;
  private used = 0;

  constructor(max: number) {
    this.max = max;
  }

  allow(): boolean {
    this.used++;
    if (this.used === this.max + 1) this.fail();
    return this.used <= this.max;
  }

  /** Thrown by a timer, when what is due at once has been done: RxJS's asapScheduler does not survive an exception. */
  private fail(): void {
    const frame = asyncScheduler.now();
    asyncScheduler.schedule(() => {
      throw new Error(
        `marbleNet: ${this.max} events by frame ${frame} (option maxEvents), and no end in sight: ` +
          'unsubscribe from what goes on for ever, or stop its component, at some frame',
      );
    });
  }
}
