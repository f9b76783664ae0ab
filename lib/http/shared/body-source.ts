import type { Subscriber } from 'rxjs';
import { EventSource } from '../../flow/event-source.ts';

/** Who reads a body. */
export interface BodyOwner {
  /** Somebody wants the body, or nobody does any more. */
  bodyWanted(wanted: boolean): void;
  /** An observer of it threw. */
  bodyObserverThrew(error: unknown): void;
}

/**
 * The body of a message that is being received: multicast, hot, not kept. It is read while somebody is subscribed;
 * until then it waits at the peer. It completes at the end of the message, at once for those who come later.
 */
export class BodySource extends EventSource<Uint8Array> {
  private owner: BodyOwner | undefined;
  private failure: unknown = undefined;

  constructor(owner: BodyOwner) {
    super();
    this.owner = owner;
  }

  /** Whether the message has come to its end, or its connection has. */
  get isOver(): boolean {
    return this.owner === undefined;
  }

  /** Whether it came to its end as it should. */
  get isWhole(): boolean {
    return this.isOver && this.failure === undefined;
  }

  override attach(subscriber: Subscriber<Uint8Array>): void {
    if (!this.isOver) super.attach(subscriber);
    else if (this.failure === undefined) subscriber.complete();
    else subscriber.error(this.failure);
  }

  override finish(error?: unknown): void {
    if (this.isOver) return;
    this.owner = undefined;
    this.failure = error;
    super.finish(error);
  }

  override observerThrew(error: unknown): void {
    if (this.owner === undefined) super.observerThrew(error, undefined);
    else this.owner.bodyObserverThrew(error);
  }

  protected override firstCame(): void {
    this.owner?.bodyWanted(true);
  }

  protected override lastLeft(): void {
    this.owner?.bodyWanted(false);
  }
}
