import type { Subscriber, Unsubscribable } from 'rxjs';
import type { Connection } from '../../connection/connection.ts';
import type { Deadline, DeadlineQueue } from '../../connection/deadline-queue.ts';
import { HttpUpgradeError, requestTimeout } from './client-error.ts';
import type { ClientRequest } from './client-request.ts';
import type { HttpClientResponse } from './client-response.ts';
import type { OpenFile } from './pulled-body.ts';
import type { ReceivedResponse } from './received-response.ts';

/** The protocol has changed. */
export interface HttpUpgraded {
  /** The head that says so. */
  readonly response: HttpClientResponse;
  /** The connection: what comes behind the head is received here, and what is sent goes behind the request. */
  readonly connection: Connection;
}

/** Where an exchange is: in a queue, on a connection, its response has begun, nothing happens any more. */
export const WAITING = 0;
export const SENT = 1;
export const ANSWERED = 2;
export const OVER = 3;

/** Who has an exchange at present: a queue or a connection. */
export interface ExchangePlace {
  /** Nobody wants its response any more. */
  cancelled(exchange: ClientExchange): void;
}

/** One subscription to a request: what is sent, and who waits for the response. */
export class ClientExchange implements Unsubscribable, Deadline {
  slot = -1;
  at = 0;
  state = WAITING;
  request: ClientRequest;
  place: ExchangePlace | undefined = undefined;
  /** Since when it waits. */
  queuedAt = 0;
  /** What the body is read from, if it is a file. */
  file: OpenFile | undefined = undefined;
  response: ReceivedResponse | undefined = undefined;
  /** Whether it has been sent before, on a connection that had ended without our knowing. */
  isSecondTry = false;
  /** How many connections its pool had had then. */
  triedAt = 0;
  /** Whether anything has come in answer. */
  hasBegun = false;
  /** Whether all of it has been handed over. */
  isWritten = false;
  /** Whether the connection is not to be used again. */
  closes = false;
  /** Whether the subscriber has the response. */
  isDelivered = false;
  /** Informational responses so far. */
  informed = 0;

  private readonly subscriber: Subscriber<unknown>;
  private readonly deadlines: DeadlineQueue;

  constructor(request: ClientRequest, subscriber: Subscriber<unknown>, deadlines: DeadlineQueue) {
    this.request = request;
    this.subscriber = subscriber;
    this.deadlines = deadlines;
  }

  /** Whether somebody still wants the response. */
  get isWanted(): boolean {
    return this.state < OVER;
  }

  /** The time for all of it runs from now on. */
  startClock(clock: { now(): number }): void {
    const { total } = this.request.timeouts;
    if (total > 0) this.deadlines.set(this, clock.now() + total);
  }

  /** It has taken too long as a whole. */
  due(): void {
    const { place } = this;
    this.fail(requestTimeout('total', this.request.timeouts.total, 'the response was not complete'));
    place?.cancelled(this);
  }

  /** Hands out the response: what is missing of its body comes by itself. */
  deliver(): void {
    const { subscriber, response } = this;
    if (this.state !== ANSWERED) return;
    this.isDelivered = true;
    if (response!.isComplete) this.end();
    if (this.request.upgrades) {
      subscriber.error(new HttpUpgradeError(response!));
      return;
    }
    subscriber.next(response);
    subscriber.complete();
  }

  /** Hands out the connection, which is no longer one of HTTP. */
  deliverUpgraded(connection: Connection): void {
    const { subscriber, response } = this;
    if (this.state !== ANSWERED) return;
    this.end();
    subscriber.next({ response, connection });
    subscriber.complete();
  }

  /** There will be no response, or not all of it. */
  fail(error: unknown): void {
    const { state, response } = this;
    this.end();
    if (state === ANSWERED) response?.finish(error);
    if (state < OVER && !this.isDelivered) this.subscriber.error(error);
  }

  /** Nothing happens any more. */
  end(): void {
    this.state = OVER;
    this.place = undefined;
    this.file?.close();
    if (this.slot >= 0) this.deadlines.clear(this);
  }

  /** The subscriber leaves: before the response, that takes the request back. */
  unsubscribe(): void {
    if (this.state >= ANSWERED) return;
    const { place } = this;
    this.end();
    place?.cancelled(this);
  }
}
