import type { SchedulerLike, Subscription } from 'rxjs';

/** Something that becomes due at a time. */
export interface Deadline {
  /** @internal Place in the queue; below 0 when it is in none. */
  slot: number;
  /** @internal When it is due. */
  at: number;
  /** Is due. It may be set again from here. */
  due(): void;
}

/**
 * Deadlines of any number of connections on one timer of an RxJS scheduler: a binary heap, earliest first. There is
 * a timer only while there are deadlines.
 */
export class DeadlineQueue {
  private readonly scheduler: SchedulerLike;
  private readonly now: () => number;
  private readonly heap: Deadline[] = [];
  private timer: Subscription | undefined;
  private timerAt = Infinity;

  constructor(scheduler: SchedulerLike, now: () => number = () => scheduler.now()) {
    this.scheduler = scheduler;
    this.now = now;
  }

  /** How many deadlines there are. */
  get size(): number {
    return this.heap.length;
  }

  /** Makes a deadline due at a time of the clock; one that is in the queue moves. */
  set(deadline: Deadline, at: number): void {
    if (deadline.slot < 0) {
      deadline.slot = this.heap.length;
      this.heap.push(deadline);
    }
    deadline.at = at;
    this.siftUp(deadline.slot);
    this.siftDown(deadline.slot);
    this.arm();
  }

  /** Takes a deadline out; nothing happens if it is not in the queue. */
  clear(deadline: Deadline): void {
    const { slot } = deadline;
    if (slot < 0) return;
    deadline.slot = -1;
    const last = this.heap.pop() as Deadline;
    if (last !== deadline) {
      this.place(last, slot);
      this.siftUp(slot);
      this.siftDown(last.slot);
    }
    if (this.heap.length === 0) this.disarm();
  }

  private arm(): void {
    const [first] = this.heap;
    if (first === undefined || first.at >= this.timerAt) return;
    this.disarm();
    this.timerAt = first.at;
    this.timer = this.scheduler.schedule(() => this.fire(), Math.max(0, first.at - this.now()));
  }

  private disarm(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
    this.timerAt = Infinity;
  }

  private fire(): void {
    this.disarm();
    const now = this.now();
    for (let first = this.heap[0]; first !== undefined && first.at <= now; first = this.heap[0]) {
      this.clear(first);
      first.due();
    }
    this.arm();
  }

  private siftUp(from: number): void {
    const moving = this.heap[from] as Deadline;
    let slot = from;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      const parent = this.heap[above] as Deadline;
      if (parent.at <= moving.at) break;
      this.place(parent, slot);
      slot = above;
    }
    this.place(moving, slot);
  }

  private siftDown(from: number): void {
    const moving = this.heap[from] as Deadline;
    let slot = from;
    for (;;) {
      let below = slot * 2 + 1;
      const right = this.heap[below + 1];
      if (right !== undefined && right.at < (this.heap[below] as Deadline).at) below++;
      const child = this.heap[below];
      if (child === undefined || child.at >= moving.at) break;
      this.place(child, slot);
      slot = below;
    }
    this.place(moving, slot);
  }

  private place(deadline: Deadline, slot: number): void {
    this.heap[slot] = deadline;
    deadline.slot = slot;
  }
}
