import type { Subscriber } from 'rxjs';
import { SourceSubscriber } from './event-source.ts';

/**
 * The subscriber that an operator puts between its source and its destination. It is linked to the destination
 * before the source is subscribed to, so that a synchronous source stops as soon as the destination has left.
 * Errors pass through; so do exceptions of `onNext` and `onComplete`.
 */
export class Relay<T, R> extends SourceSubscriber<T> {
  private readonly onNext: (value: T, destination: Subscriber<R>) => void;
  private readonly onComplete: ((destination: Subscriber<R>) => void) | undefined;
  private readonly receiver: Subscriber<R>;

  constructor(
    destination: Subscriber<R>,
    onNext: (value: T, destination: Subscriber<R>) => void,
    onComplete?: (destination: Subscriber<R>) => void,
  ) {
    super(destination);
    this.receiver = destination;
    this.onNext = onNext;
    this.onComplete = onComplete;
  }

  protected override _next(value: T): void {
    try {
      this.onNext(value, this.receiver);
    } catch (error) {
      this.receiver.error(error);
    }
  }

  protected override _complete(): void {
    try {
      if (this.onComplete === undefined) this.receiver.complete();
      else this.onComplete(this.receiver);
    } catch (error) {
      this.receiver.error(error);
    } finally {
      this.unsubscribe();
    }
  }
}
