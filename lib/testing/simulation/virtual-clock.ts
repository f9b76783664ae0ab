import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import { Fifo } from '../../base/fifo.ts';

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

// Looked up once: in the contexts of some test runners, what is global is slow.
const { max } = Math;

/** In no place of the heap. */
const NOWHERE = -1;
/** Among those that run before time goes on. */
const SOON = -2;

/**
 * An RxJS scheduler whose time stands still until {@link run} lets it go on: a binary heap, so that millions of pieces
 * of work cost what they do and not what waits beside them. What is due at the same time runs in the order in which
 * it was scheduled.
 */
export class VirtualClock implements SchedulerLike {
  /** Pieces of work that have run. */
  ran = 0;
  /** For work that is to be done before time goes on: the twin of `asapScheduler`. */
  readonly asap: SchedulerLike = {
    now: () => this.time,
    schedule: <T>(work: Work<T>, delay = 0, state?: T) =>
      new VirtualAction(this, work, true).schedule(state, delay),
  };

  private time = 0;
  private scheduled = 0;
  private readonly heap: VirtualAction<unknown>[] = [];
  private readonly soon = new Fifo<VirtualAction<unknown>>();
  private soonAlive = 0;

  readonly now = (): number => this.time;

  schedule<T>(work: Work<T>, delay = 0, state?: T): Subscription {
    return new VirtualAction(this, work, false).schedule(state, delay);
  }

  /** Pieces of work that wait. */
  get pending(): number {
    return this.heap.length + this.soonAlive;
  }

  /**
   * Lets time go on until nothing is left to do, or until `end`: what is due then still runs.
   *
   * @param most Pieces of work after which it gives up.
   * @returns Whether it came to an end.
   */
  run(end: number, most: number): boolean {
    const last = this.ran + most;
    for (;;) {
      if (this.soonAlive === 0) {
        const first = this.heap[0];
        if (first === undefined || first.at > end) break;
      }
      if (this.ran >= last) return false;
      this.runNext();
    }
    if (end !== Infinity) this.time = max(this.time, end);
    return true;
  }

  /** Runs what is to be done before time goes on, and nothing else; for the end of a run that has failed. */
  runSoon(most: number): void {
    for (let i = 0; i < most && this.soonAlive > 0; i++) this.runNext();
  }

  private runNext(): void {
    this.ran++;
    while (this.soon.length > 0) {
      const action = this.soon.shift();
      if (action.slot !== SOON) continue;
      this.soonAlive--;
      action.slot = NOWHERE;
      action.run();
      return;
    }
    const action = this.heap[0] as VirtualAction<unknown>;
    this.time = action.at;
    this.take(action);
    action.run();
  }

  /** @internal */
  put(action: VirtualAction<unknown>, delay: number): void {
    if (action.slot !== NOWHERE) this.take(action);
    if (action.isAsap && delay <= 0) {
      action.slot = SOON;
      this.soon.push(action);
      this.soonAlive++;
      return;
    }
    action.at = this.time + max(0, delay);
    action.order = this.scheduled++;
    action.slot = this.heap.length;
    this.heap.push(action);
    this.siftUp(action);
  }

  /** @internal */
  take(action: VirtualAction<unknown>): void {
    const { slot } = action;
    action.slot = NOWHERE;
    if (slot === SOON) this.soonAlive--;
    if (slot < 0) return;
    const last = this.heap.pop() as VirtualAction<unknown>;
    if (last === action) return;
    this.place(last, slot);
    this.siftUp(last);
    this.siftDown(last);
  }

  private siftUp(action: VirtualAction<unknown>): void {
    let { slot } = action;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      const parent = this.heap[above] as VirtualAction<unknown>;
      if (!isBefore(action, parent)) break;
      this.place(parent, slot);
      slot = above;
    }
    this.place(action, slot);
  }

  private siftDown(action: VirtualAction<unknown>): void {
    let { slot } = action;
    for (;;) {
      let below = slot * 2 + 1;
      let child = this.heap[below];
      if (child === undefined) break;
      const right = this.heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        below++;
        child = right;
      }
      if (!isBefore(child, action)) break;
      this.place(child, slot);
      slot = below;
    }
    this.place(action, slot);
  }

  private place(action: VirtualAction<unknown>, slot: number): void {
    this.heap[slot] = action;
    action.slot = slot;
  }
}

function isBefore(a: VirtualAction<unknown>, b: VirtualAction<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** One piece of work; it may schedule itself again, as actions of RxJS do. */
class VirtualAction<T> extends Subscription implements SchedulerAction<T> {
  /** Place in the heap; below 0 when it is in none. */
  slot = NOWHERE;
  at = 0;
  order = 0;
  readonly isAsap: boolean;

  private readonly clock: VirtualClock;
  private readonly work: Work<T>;
  private state: T | undefined;

  constructor(clock: VirtualClock, work: Work<T>, isAsap: boolean) {
    super();
    this.clock = clock;
    this.work = work;
    this.isAsap = isAsap;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.state = state;
    // As in RxJS, what is due after an infinite time is never due.
    if (delay === Infinity) this.clock.take(this as VirtualAction<unknown>);
    else this.clock.put(this as VirtualAction<unknown>, delay);
    return this;
  }

  override unsubscribe(): void {
    if (this.closed) return;
    this.clock.take(this as VirtualAction<unknown>);
    super.unsubscribe();
  }

  run(): void {
    this.work(this.state);
  }
}
