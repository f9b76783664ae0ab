import { type Subscriber, Subscription } from 'rxjs';
import { Fifo } from '../base/fifo.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import type { Lease } from '../flow/lease.ts';
import type { Job } from './job.ts';
import type { TaskSettings } from './pool-options.ts';
import type { PoolTask } from './task.ts';
import type { ThreadPool } from './thread-pool.ts';

/** What is to be done with the values of a source. */
export interface PoolWork<A> {
  readonly pool: ThreadPool;
  readonly task: PoolTask<A, unknown>;
  /** Whether results come in the order of the values. */
  readonly ordered: boolean;
  /** How many values may be in the pool; 0 is as many as it has threads. */
  readonly concurrency: number;
  readonly settingsFor: (value: A) => TaskSettings;
}

/** A value on its way. */
interface Slot<A> {
  readonly value: A;
  readonly gate: FlowGate | undefined;
  readonly lease: Lease | undefined;
  job: Job | undefined;
  /** The result, when it is there and has not been emitted. */
  result: { readonly value: unknown } | undefined;
}

/** The values of one subscription that wait, are worked on, or wait for the result of an earlier one. */
export class WorkLine<A, R> extends Subscription {
  private readonly subscriber: Subscriber<R>;
  private readonly work: PoolWork<A>;
  /** Not in the pool yet. */
  private readonly waiting = new Fifo<Slot<A>>();
  /** In the pool, or done; a Set keeps the order. */
  private readonly begun = new Set<Slot<A>>();
  private active = 0;
  private starting = false;
  private emitting = false;
  private ended = false;

  constructor(subscriber: Subscriber<R>, work: PoolWork<A>) {
    super(() => this.giveUp());
    this.subscriber = subscriber;
    this.work = work;
  }

  take(value: A, gate: FlowGate | undefined, lease: Lease | undefined): void {
    if (this.closed) {
      lease?.release();
      return;
    }
    this.waiting.push({ value, gate, lease, job: undefined, result: undefined });
    this.begin();
  }

  sourceEnded(): void {
    this.ended = true;
    this.completeIfDone();
  }

  /** Hands values to the pool, as many as may be there. */
  private begin(): void {
    if (this.starting) return;
    this.starting = true;
    const { pool, concurrency } = this.work;
    const most = concurrency === 0 ? Math.max(1, pool.threadCount) : concurrency;
    while (this.active < most && this.waiting.length > 0 && !this.closed) this.submit(this.waiting.shift());
    this.starting = false;
  }

  private submit(slot: Slot<A>): void {
    const { pool, task, settingsFor } = this.work;
    this.begun.add(slot);
    this.active++;
    try {
      slot.job = pool.work(task, slot.value, settingsFor(slot.value), true, {
        done: (value) => this.done(slot, { value }),
        failed: (error) => this.subscriber.error(error),
      });
    } catch (error) {
      this.subscriber.error(error);
    }
    // It failed at once, and so everything was given up before the job was known here.
    if (this.closed && slot.job !== undefined) pool.cancel(slot.job);
  }

  private done(slot: Slot<A>, result: { readonly value: unknown }): void {
    this.active--;
    slot.job = undefined;
    slot.result = result;
    this.begin();
    if (this.work.ordered) this.emitInOrder();
    else this.emit(slot);
    this.completeIfDone();
  }

  private emitInOrder(): void {
    if (this.emitting) return;
    this.emitting = true;
    for (const slot of this.begun) {
      if (slot.result === undefined || this.closed) break;
      this.emit(slot);
    }
    this.emitting = false;
  }

  private emit(slot: Slot<A>): void {
    const { gate, lease, result } = slot;
    const { value } = result as { value: R };
    this.begun.delete(slot);
    try {
      if (gate === undefined) this.subscriber.next(value);
      else gate.deliver(this.subscriber, value);
    } finally {
      lease?.release();
    }
  }

  private completeIfDone(): void {
    if (this.ended && this.begun.size === 0 && this.waiting.length === 0) this.subscriber.complete();
  }

  private giveUp(): void {
    const slots = [...this.begun, ...this.waiting.clear()];
    this.begun.clear();
    for (const { job, lease } of slots) {
      if (job !== undefined) this.work.pool.cancel(job);
      lease?.release();
    }
  }
}
