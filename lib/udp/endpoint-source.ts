import type { Subscriber } from 'rxjs';
import type { ComponentState } from '../component/events.ts';
import { handlerError, warnOf } from '../connection/errors.ts';
import { EventSource } from '../flow/event-source.ts';
import type { Datagram, DatagramFault } from './endpoint-events.ts';

/** What the Observables of an endpoint need to know of it. */
interface Owner {
  readonly isDisposed: boolean;
  readonly state: ComponentState;
  /** An observer that subscribed to one of them directly threw. */
  observerThrew(error: unknown, value: unknown): void;
  /** Nobody observes what is received any more. */
  receiversLeft(): void;
}

/** Events of an endpoint. They live as long as it does. */
export class EndpointSource<T> extends EventSource<T> {
  protected readonly owner: Owner;

  constructor(owner: Owner) {
    super();
    this.owner = owner;
  }

  override attach(subscriber: Subscriber<T>): void {
    if (this.owner.isDisposed) subscriber.complete();
    else super.attach(subscriber);
  }

  override observerThrew(error: unknown, value: T | undefined): void {
    this.owner.observerThrew(error, value);
  }
}

/** `receive$`. */
export class DatagramSource extends EndpointSource<Datagram> {
  protected override lastLeft(): void {
    this.owner.receiversLeft();
  }
}

/** `faults$`: an observer that throws here would only make another fault, so that it is warned of instead. */
export class EndpointFaults extends EndpointSource<DatagramFault> {
  override observerThrew(error: unknown): void {
    warnOf(handlerError(error));
  }
}

/** `state$`: the present state first. */
export class EndpointStates extends EndpointSource<ComponentState> {
  override attach(subscriber: Subscriber<ComponentState>): void {
    super.attach(subscriber);
    subscriber.next(this.owner.state);
  }
}
