import type { Subscriber } from 'rxjs';
import { EventSource } from '../flow/event-source.ts';
import type { Closed } from './closed.ts';

/** What the Observables of a connection need to know of it. */
interface Owner {
  readonly finished: Closed | undefined;
  readonly receiveEnded: boolean;
  readonly quiescing: boolean;
  readonly pending: number;
  updateReading(): void;
  observerThrew(error: unknown): void;
}

/** Events of one connection: they end with it, and an observer that throws closes it. */
export class ConnectionSource<T> extends EventSource<T> {
  protected readonly owner: Owner;

  constructor(owner: Owner) {
    super();
    this.owner = owner;
  }

  override attach(subscriber: Subscriber<T>): void {
    if (this.owner.finished === undefined) super.attach(subscriber);
    else subscriber.complete();
  }

  override observerThrew(error: unknown): void {
    this.owner.observerThrew(error);
  }
}

/** `receive$`: subscribing starts reading, the last one leaving stops it. */
export class ReceiveSource<T> extends ConnectionSource<T> {
  override attach(subscriber: Subscriber<T>): void {
    const { owner } = this;
    if (owner.finished?.error !== undefined) subscriber.error(owner.finished.error);
    else if (owner.receiveEnded) subscriber.complete();
    else super.attach(subscriber);
  }

  protected override firstCame(): void {
    this.owner.updateReading();
  }

  protected override lastLeft(): void {
    this.owner.updateReading();
  }
}

/** `close$`: one value, replayed. */
export class CloseSource extends ConnectionSource<Closed> {
  override attach(subscriber: Subscriber<Closed>): void {
    const { finished } = this.owner;
    if (finished !== undefined) {
      subscriber.next(finished);
      subscriber.complete();
    } else {
      super.attach(subscriber);
    }
  }

  tell(closed: Closed): void {
    this.publish(closed);
    this.finish();
  }
}

/** `pending$`: the present number first. */
export class PendingSource extends ConnectionSource<number> {
  override attach(subscriber: Subscriber<number>): void {
    const { pending } = this.owner;
    if (this.owner.finished !== undefined) subscriber.next(pending);
    super.attach(subscriber);
    subscriber.next(pending);
  }
}

/** `quiesce$`: one value when the component stops, also to those who come later. */
export class QuiesceSource extends ConnectionSource<void> {
  override attach(subscriber: Subscriber<void>): void {
    if (this.owner.finished === undefined && this.owner.quiescing) {
      subscriber.next();
      subscriber.complete();
    } else {
      super.attach(subscriber);
    }
  }

  tell(): void {
    this.publish(undefined);
    this.finish();
  }
}
