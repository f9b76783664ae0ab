import type { SchedulerLike, Subscription } from 'rxjs';

/** What a spy was asked for has not come; the message tells what came instead. */
export class SpyError extends Error {
  /** Values that had come. */
  readonly values: number;

  constructor(what: string, why: string, values: number, options?: ErrorOptions) {
    super(`${what} did not come: ${why}, ${values} ${values === 1 ? 'value' : 'values'} came`, options);
    this.name = 'SpyError';
    this.values = values;
  }
}

/** How long to wait, and on which clock. */
export interface Patience {
  readonly scheduler: SchedulerLike;
  readonly timeout: number;
}

/** A promise that somebody waits for, for a limited time. */
export class Waiter<R> {
  readonly promise: Promise<R>;
  private readonly settle: { resolve: (result: R) => void; reject: (error: unknown) => void };
  private readonly timer: Subscription | undefined;

  /** @param late Told when the time is over. */
  constructor({ scheduler, timeout }: Patience, late: (why: string) => void) {
    let settle: typeof this.settle | undefined;
    this.promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
    this.settle = settle as unknown as typeof this.settle;
    if (timeout > 0)
      this.timer = scheduler.schedule(() => late(`after ${timeout} ms (option timeout)`), timeout);
  }

  resolve(result: R): void {
    this.timer?.unsubscribe();
    this.settle.resolve(result);
  }

  reject(error: unknown): void {
    this.timer?.unsubscribe();
    this.settle.reject(error);
  }
}
