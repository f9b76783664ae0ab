import { type SchedulerAction, type SchedulerLike, Subscription, asyncScheduler } from 'rxjs';

/** One piece of work that runs in the check phase of the event loop; with a delay, on `asyncScheduler`. */
class LoopAction<T> extends Subscription implements SchedulerAction<T> {
  private readonly work: (this: SchedulerAction<T>, state?: T) => void;
  private appointment: Subscription | undefined;

  constructor(work: (this: SchedulerAction<T>, state?: T) => void) {
    super(() => this.appointment?.unsubscribe());
    this.work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.appointment?.unsubscribe();
    const run = () => {
      if (!this.closed) this.work(state);
    };
    if (delay > 0) {
      this.appointment = asyncScheduler.schedule(run, delay);
    } else {
      const immediate = setImmediate(run);
      this.appointment = new Subscription(() => clearImmediate(immediate));
    }
    return this;
  }
}

/**
 * An RxJS scheduler that runs work after all reads of the present round of Node's event loop (`setImmediate`).
 *
 * As scheduler of a send policy it first handles everything that has arrived on all connections and then writes, so
 * that answers to several chunks of one round become one write. Whether that is faster depends on the load; measure
 * with `npm run bench -- echo`.
 *
 * @example
 * new TcpServer({ port: 5555, sendPolicy: sendPolicy.pack({ scheduler: loopScheduler }) });
 */
export const loopScheduler: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return new LoopAction(work).schedule(state, delay);
  },
};
