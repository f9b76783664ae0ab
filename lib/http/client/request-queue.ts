import type { Deadline } from '../../connection/deadline-queue.ts';
import { clientError, requestTimeout } from './client-error.ts';
import { type ClientExchange, WAITING } from './client-exchange.ts';
import type { ResolvedClientSettings } from './client-options.ts';
import type { LineClock } from './line-timer.ts';

/** What a queue needs of the component that it belongs to. */
export interface QueueHost extends LineClock {
  readonly http: ResolvedClientSettings;
}

/** Requests that wait for a connection, the oldest first. */
export class RequestQueue implements Deadline {
  slot = -1;
  at = 0;
  private readonly host: QueueHost;
  private readonly waiting = new Set<ClientExchange>();

  constructor(host: QueueHost) {
    this.host = host;
  }

  get length(): number {
    return this.waiting.size;
  }

  /**
   * Adds a request behind the others.
   *
   * @throws NetworkError `ERR_HTTP_QUEUE`
   */
  add(exchange: ClientExchange): void {
    const { host, waiting } = this;
    const { maxQueued, timeouts } = host.http;
    if (waiting.size >= maxQueued) {
      const text = `${maxQueued} requests wait for a connection already (option http.maxQueued)`;
      throw clientError('ERR_HTTP_QUEUE', text, { operation: 'send' });
    }
    exchange.state = WAITING;
    exchange.queuedAt = host.now();
    waiting.add(exchange);
    if (timeouts.queue > 0 && this.slot < 0) host.deadlines.set(this, exchange.queuedAt + timeouts.queue);
  }

  /** Removes and returns the oldest one, if a test holds for it. */
  take(fits?: (exchange: ClientExchange) => boolean): ClientExchange | undefined {
    const { waiting } = this;
    const first = waiting.values().next().value;
    if (first === undefined || fits?.(first) === false) return undefined;
    this.delete(first);
    return first;
  }

  /** Whether it was in the queue; it is no longer. */
  delete(exchange: ClientExchange): boolean {
    const wasThere = this.waiting.delete(exchange);
    if (this.waiting.size === 0) this.host.deadlines.clear(this);
    return wasThere;
  }

  failAll(error: unknown): void {
    const all = [...this.waiting];
    this.waiting.clear();
    this.host.deadlines.clear(this);
    for (const exchange of all) exchange.fail(error);
  }

  /** The oldest ones may have waited long enough. */
  due(): void {
    const { host, waiting } = this;
    const { queue } = host.http.timeouts;
    for (const exchange of waiting) {
      const at = exchange.queuedAt + queue;
      if (at > host.now()) {
        host.deadlines.set(this, at);
        return;
      }
      waiting.delete(exchange);
      const { place } = exchange;
      exchange.fail(requestTimeout('queue', queue, 'no connection was free'));
      place?.cancelled(exchange);
    }
  }
}
