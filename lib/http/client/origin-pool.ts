import { asapScheduler } from 'rxjs';
import type { NetworkError } from '../../base/errors.ts';
import type { Closed } from '../../connection/closed.ts';
import type { EndListener } from '../../connection/connection.ts';
import { abortedError } from '../../connection/errors.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import type { ClientExchange, ExchangePlace } from './client-exchange.ts';
import { ClientLine, type LineHost, type LineOwner } from './client-line.ts';
import type { Origin } from './origin.ts';
import { RequestQueue } from './request-queue.ts';

/** What a pool needs of its agent. */
export interface PoolHost extends LineHost {
  /** Begins to dial; `undefined` if there are as many connections as there may be. */
  dialFor(pool: OriginPool): StreamConnection | undefined;
  /** There is nothing in the pool any more. */
  poolEmptied(pool: OriginPool): void;
}

/** The connections to one origin, and the requests that wait for one. */
export class OriginPool implements LineOwner, ExchangePlace {
  readonly origin: Origin;
  private readonly host: PoolHost;
  /** Those on which nothing is under way; the one used last is the last. */
  private readonly free: ClientLine[] = [];
  private readonly lines = new Set<ClientLine>();
  private readonly dialling = new Map<StreamConnection, EndListener>();
  private readonly queue: RequestQueue;
  /** Connections so far. */
  private begun = 0;
  /** Requests that were sent on a connection that had ended without our knowing; they get one that begins after that. */
  private readonly again = new Set<ClientExchange>();

  constructor(host: PoolHost, origin: Origin) {
    this.host = host;
    this.origin = origin;
    this.queue = new RequestQueue(host);
  }

  /** Connections on which nothing is under way. */
  get idle(): number {
    return this.free.length;
  }

  /** Requests that wait for a connection. */
  get waiting(): number {
    return this.queue.length + this.again.size;
  }

  /** Sends a request as soon as it can be sent. */
  take(exchange: ClientExchange): void {
    if (this.waiting === 0) {
      const line = this.free.pop() ?? this.lineBesideOthers(exchange);
      if (line !== undefined) {
        line.isInPool = false;
        this.sendOn(line, exchange);
        return;
      }
    }
    exchange.place = this;
    try {
      this.queue.add(exchange);
    } catch (error) {
      exchange.fail(error);
      this.tellIfEmpty();
      return;
    }
    this.dialAsNeeded();
  }

  /** A connection that was made otherwise. */
  adopt(connection: StreamConnection): void {
    this.begin(connection);
  }

  /** A connection is established. */
  opened(connection: StreamConnection): void {
    const listener = this.dialling.get(connection);
    if (listener === undefined) return;
    this.dialling.delete(connection);
    connection.offEnd(listener);
    this.begin(connection);
  }

  /** Dials for those who wait, as far as it is allowed. */
  dialAsNeeded(): void {
    const { dialling, host, lines } = this;
    const { maxPerOrigin } = host.http;
    while (dialling.size < this.waiting && lines.size + dialling.size < maxPerOrigin) {
      let connection: StreamConnection | undefined;
      try {
        connection = host.dialFor(this);
      } catch (error) {
        this.failFirst(error);
        continue;
      }
      if (connection === undefined) return;
      const dialled = connection;
      const listener = { connectionEnded: (closed: Closed) => this.dialFailed(dialled, closed) };
      dialling.set(dialled, listener);
      dialled.onEnd(listener);
    }
  }

  /** Closes the connection that has been unused for longest; false if there is none. */
  closeOldest(): boolean {
    const [oldest] = this.free;
    oldest?.retire();
    return oldest !== undefined;
  }

  /** Nobody who waits will get a connection. */
  failWaiting(error: NetworkError): void {
    for (const exchange of this.again) exchange.fail(error);
    this.again.clear();
    this.queue.failAll(error);
  }

  // ---- for lines and exchanges -----------------------------------------------------------------------------------

  lineFree(line: ClientLine): void {
    if (this.waiting > 0) this.serve(line);
    if (line.isInPool || !line.isFreeFor(false)) return;
    line.isInPool = true;
    this.free.push(line);
  }

  lineClosing(line: ClientLine): void {
    this.forget(line);
    if (!this.lines.delete(line)) return;
    this.dialAsNeeded();
    this.tellIfEmpty();
  }

  retry(exchange: ClientExchange): boolean {
    exchange.isSecondTry = true;
    exchange.triedAt = this.begun;
    exchange.place = this;
    this.again.add(exchange);
    this.dialAsNeeded();
    return true;
  }

  cancelled(exchange: ClientExchange): void {
    this.queue.delete(exchange);
    this.again.delete(exchange);
    // What is dialled in vain is given up.
    const { dialling } = this;
    const last = dialling.size > this.waiting ? [...dialling].at(-1) : undefined;
    if (last !== undefined) {
      const [connection, listener] = last;
      dialling.delete(connection);
      connection.offEnd(listener);
      connection.disconnect(true);
    }
    this.tellIfEmpty();
  }

  // ---- inside ----------------------------------------------------------------------------------------------------

  private begin(connection: StreamConnection): void {
    const line = new ClientLine(this.host, this, connection);
    line.number = ++this.begun;
    this.lines.add(line);
    this.lineFree(line);
  }

  /** Gives those who wait to a connection, as many as it takes. */
  private serve(line: ClientLine): void {
    const fits = (exchange: ClientExchange) => line.isFreeFor(exchange.request.isPipelinable);
    for (const exchange of this.again) {
      if (exchange.triedAt >= line.number || !fits(exchange)) continue;
      this.again.delete(exchange);
      this.forget(line);
      this.sendOn(line, exchange);
    }
    for (let next = this.queue.take(fits); next !== undefined; next = this.queue.take(fits)) {
      this.forget(line);
      this.sendOn(line, next);
    }
  }

  private sendOn(line: ClientLine, exchange: ClientExchange): void {
    try {
      line.send(exchange);
    } catch (error) {
      exchange.fail(error);
      if (line.load === 0) this.lineFree(line);
    }
  }

  /** A connection that takes a request behind others, if no other may be opened. */
  private lineBesideOthers(exchange: ClientExchange): ClientLine | undefined {
    const { host, lines, dialling } = this;
    const { pipelining, maxPerOrigin } = host.http;
    if (pipelining === 1 || lines.size + dialling.size < maxPerOrigin) return undefined;
    const { isPipelinable } = exchange.request;
    let best: ClientLine | undefined;
    for (const line of lines)
      if (line.isFreeFor(isPipelinable) && (best === undefined || line.load < best.load)) best = line;
    return best;
  }

  private dialFailed(connection: StreamConnection, { error }: Closed): void {
    this.dialling.delete(connection);
    // Those who wait may still be served by connections that there are.
    if (this.lines.size === 0 || this.again.size > 0) this.failFirst(error ?? abortedError());
    if (this.lines.size === 0) this.dialAsNeeded();
    this.tellIfEmpty();
  }

  private failFirst(error: unknown): void {
    const first = this.again.values().next().value;
    if (first !== undefined) {
      this.again.delete(first);
      first.fail(error);
    } else this.queue.take()?.fail(error);
  }

  private forget(line: ClientLine): void {
    if (!line.isInPool) return;
    line.isInPool = false;
    this.free.splice(this.free.lastIndexOf(line), 1);
  }

  /** Not at once: what happens now may fill it again. */
  private tellIfEmpty(): void {
    if (!this.isEmpty) return;
    asapScheduler.schedule(() => {
      if (this.isEmpty) this.host.poolEmptied(this);
    });
  }

  private get isEmpty(): boolean {
    return this.lines.size + this.dialling.size + this.waiting === 0;
  }
}
