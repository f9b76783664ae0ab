import { type NetworkError, ProtocolError } from '../../base/errors.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Closed } from '../../connection/closed.ts';
import type { EndListener } from '../../connection/connection.ts';
import { handlerError } from '../../connection/errors.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import { SourceSubscriber } from '../../flow/event-source.ts';
import type { Hold } from '../../flow/lease.ts';
import type { RequestEncoder } from '../encode/request-head.ts';
import type { HttpFields } from '../fields.ts';
import type { ResponseHead } from '../head.ts';
import { HttpError, faultInResponse } from '../http-error.ts';
import { HttpParser } from '../parser.ts';
import type { HeadDecision, HttpSink } from '../parser-sink.ts';
import { noResponse, requestTimeout } from './client-error.ts';
import { ANSWERED, type ClientExchange, type ExchangePlace, OVER, SENT } from './client-exchange.ts';
import type { ResolvedClientSettings } from './client-options.ts';
import { type LineClock, type LinePhase, type LineTimed, LineTimer } from './line-timer.ts';
import { ReceivedResponse, type ResponseOwner } from './received-response.ts';
import { RequestWriter, type WriterOwner } from './request-writer.ts';

/** What a line needs of the component that it belongs to. */
export interface LineHost extends LineClock {
  readonly http: ResolvedClientSettings;
  readonly encoder: RequestEncoder;
  /** HTTP begins on a connection, or something else follows it. */
  spoken(connection: StreamConnection, isHttp: boolean): void;
  /** Something went wrong that does not end the connection by itself. */
  fault(connection: StreamConnection, error: NetworkError): void;
}

/** Who gives requests to a line. */
export interface LineOwner {
  /** It can take another request. */
  lineFree(line: ClientLine): void;
  /** It takes no more requests. */
  lineClosing(line: ClientLine): void;
  /** Takes back a request that the server cannot have seen; false if it is not to be sent again. */
  retry(exchange: ClientExchange): boolean;
}

/** How connections end that the server has left. */
const GONE: ReadonlySet<string> = new Set(['peer', 'reset', 'error']);

/** So many bytes leave with the end of the turn. */
const TAKEN_AT_ONCE = 64 * 1024;

/** More informational responses to one request than anybody has a reason to send. */
const MOST_INFORMATIONAL = 100;

/** HTTP on one connection of a client: requests leave, responses come in the same order. */
export class ClientLine
  extends SourceSubscriber<Uint8Array>
  implements HttpSink<ResponseHead>, EndListener, ExchangePlace, WriterOwner, ResponseOwner, LineTimed
{
  readonly connection: StreamConnection;
  /** Kept by its pool: whether it is among those on which nothing is under way. */
  isInPool = false;
  /** Kept by its pool: which connection it is, counted from 1. */
  number = 0;
  private readonly host: LineHost;
  private readonly owner: LineOwner;
  private readonly parser: HttpParser<'response'>;
  private readonly writer: RequestWriter;
  private readonly timer: LineTimer;
  /** Requests that have not been answered to the end, in order. */
  private readonly exchanges = new Fifo<ClientExchange>();
  /** The one whose response is coming. */
  private incoming: ClientExchange | undefined = undefined;
  /** Those whose responses are to be handed out when this chunk has been read. */
  private readonly answered: ClientExchange[] = [];
  /** One whose response was handed out before and has come to its end, of which is told then too. */
  private completed: ClientExchange | undefined = undefined;
  private isInformational = false;
  private responses = 0;
  /** It takes no more requests, … */
  private isClosing = false;
  /** … no response follows any more, … */
  private hasHadLast = false;
  /** … and it is left to end. */
  private isDead = false;
  private hold: Hold | undefined = undefined;
  /** Bytes of a body that nobody wants. */
  private drained = 0;
  /** What the system had taken and we had handed over, when that was looked at last. */
  private sentThen = 0;
  private acceptedThen = 0;
  private idleFor: number;
  private lastFields: HttpFields | undefined = undefined;
  /** What came behind the head that changes the protocol. */
  private upgradedRest: Buffer | undefined = undefined;

  constructor(host: LineHost, owner: LineOwner, connection: StreamConnection) {
    super();
    const { http } = host;
    this.host = host;
    this.owner = owner;
    this.connection = connection;
    this.parser = new HttpParser('response', http.parser);
    this.writer = new RequestWriter(connection, host.encoder, this, http.pipelining > 1);
    this.timer = new LineTimer(host, this);
    this.idleFor = http.timeouts.idle;
    host.spoken(connection, true);
    connection.onEnd(this);
    connection.quiesce$.subscribe(() => this.quiesce());
    connection.receive$.subscribe(this);
    this.timer.enter('idle', this.idleFor);
  }

  /** Whether it can take a request now; `pipelinable`: one that may follow others that are not answered yet. */
  isFreeFor(pipelinable: boolean): boolean {
    const { exchanges } = this;
    if (this.isClosing) return false;
    const { length } = exchanges;
    if (length === 0) return true;
    if (!pipelinable || length >= this.host.http.pipelining || this.responses === 0) return false;
    return exchanges.at(length - 1).request.isPipelinable;
  }

  /** Requests that have not been answered to the end. */
  get load(): number {
    return this.exchanges.length;
  }

  /**
   * Sends a request.
   *
   * @throws ProtocolError `ERR_HTTP_MESSAGE`; nothing has been sent then.
   */
  send(exchange: ClientExchange): void {
    const { exchanges, parser, writer } = this;
    exchange.state = SENT;
    exchange.place = this;
    writer.write(exchange, exchange.file);
    if (this.isDead) return;
    parser.expect(exchange.request.method);
    exchanges.push(exchange);
    if (exchanges.length === 1) this.awaitResponse();
  }

  /** Ends the connection when nothing is under way on it any more. */
  retire(): void {
    this.isClosing = true;
    if (this.exchanges.length === 0) this.close();
  }

  // ---- what comes ----------------------------------------------------------------------------------------------

  protected override _next(chunk: Uint8Array): void {
    if (this.isDead) return;
    let failure: unknown;
    try {
      this.parser.push(chunk, this);
    } catch (error) {
      failure = error;
    }
    this.settle(failure);
  }

  /** The server has ended its side; or our own side has closed. */
  protected override _complete(): void {
    if (this.isDead) return;
    this.isClosing = true;
    if (this.connection.deaf) {
      this.owner.lineClosing(this);
      return;
    }
    let failure: unknown;
    try {
      this.parser.end(this);
    } catch (error) {
      failure = error;
    }
    this.settle(failure);
    this.die(undefined, true);
  }

  protected override _error(): void {
    // How the connection ends is told by its end.
  }

  messageBegin(): void {
    const { exchanges } = this;
    if (exchanges.length === 0)
      throw new ProtocolError('ERR_HTTP_UNASKED', 'the server sends a response that nobody has asked for', {
        operation: 'receive',
      });
    exchanges.at(0).hasBegun = true;
  }

  head(head: ResponseHead): HeadDecision {
    const exchange = this.exchanges.at(0);
    if (head.upgrade !== undefined && !exchange.request.upgrades)
      throw new ProtocolError('ERR_HTTP_UPGRADE', 'the server changes the protocol without being asked to', {
        operation: 'receive',
      });
    if (head.status < 200 && head.status !== 101) {
      this.inform(exchange, head);
      return 'continue';
    }
    const response = new ReceivedResponse(this, head, exchange.request);
    exchange.response = response;
    this.incoming = exchange;
    this.drained = 0;
    this.noteKeepAlive(head);
    this.timer.enter('body', exchange.request.timeouts.body);
    if (exchange.state === OVER) {
      response.isLeft = true;
      this.responseLeft(response);
    } else {
      exchange.state = ANSWERED;
      this.answered.push(exchange);
    }
    return head.upgrade === undefined ? 'stay' : 'upgrade';
  }

  body(piece: Buffer): void {
    const response = this.incoming?.response;
    if (response === undefined) return;
    if (response.isLeft) this.drain(piece.length);
    else this.timer.heard();
    response.take(piece);
  }

  chunkHeader(): void {
    // Chunks are the business of the parser.
  }

  chunkComplete(): void {
    // As above.
  }

  trailers(fields: HttpFields): void {
    const response = this.incoming?.response;
    if (response !== undefined) response.trailers = fields;
  }

  messageComplete(): void {
    if (this.isInformational) {
      this.isInformational = false;
      return;
    }
    const { exchanges, parser } = this;
    const exchange = exchanges.shift();
    const response = exchange.response!;
    this.incoming = undefined;
    this.responses++;
    if (exchange.isDelivered) this.completed = exchange;
    else response.finish();
    if (response.head.upgrade !== undefined) return;
    this.hasHadLast = !response.head.keepAlive || exchange.closes || !this.writer.letGo();
    if (this.hasHadLast || (this.isClosing && exchanges.length === 0)) {
      this.isClosing = true;
      parser.pause();
    } else if (exchanges.length > 0) this.awaitResponse();
  }

  upgraded(rest: Buffer): void {
    this.upgradedRest = rest;
  }

  // ---- what has come is told -----------------------------------------------------------------------------------

  /**
   * A chunk has been read. The connection is free for others before anybody is told of a response, and not earlier: what
   * came with the response cannot be the answer to a request that is sent after it.
   */
  private settle(failure: unknown): void {
    const { exchanges, upgradedRest } = this;
    if (upgradedRest !== undefined && failure === undefined && !this.isDead) {
      this.handOver(upgradedRest);
      return;
    }
    if (failure === undefined && !this.isClosing) this.offer();
    this.finishCompleted();
    this.deliverAnswered();
    if (this.isDead) return;
    if (failure !== undefined) this.parserThrew(failure);
    else if (this.hasHadLast || (this.isClosing && exchanges.length === 0)) this.close();
    else this.waitForReader();
  }

  private offer(): void {
    const { exchanges, owner, timer } = this;
    if (exchanges.length === 0) {
      timer.enter('idle', this.idleFor);
      if (this.idleFor < 0) this.isClosing = true;
      else owner.lineFree(this);
    } else if (this.host.http.pipelining > 1) owner.lineFree(this);
  }

  private finishCompleted(): void {
    const { completed } = this;
    if (completed === undefined) return;
    this.completed = undefined;
    completed.end();
    completed.response!.finish();
  }

  private deliverAnswered(): void {
    const { answered } = this;
    if (answered.length === 1) answered.pop()!.deliver();
    else if (answered.length > 1) for (const exchange of answered.splice(0)) exchange.deliver();
  }

  /** A body that is coming and that nobody reads waits at the server. */
  private waitForReader(): void {
    const response = this.incoming?.response;
    if (response === undefined || response.isLeft || response.isRead || this.hold !== undefined) return;
    this.hold = this.connection.flow.hold('http');
    this.timer.enter('unread', this.host.http.timeouts.unread);
  }

  private inform(exchange: ClientExchange, head: ResponseHead): void {
    this.isInformational = true;
    if (++exchange.informed > MOST_INFORMATIONAL) {
      const text = `more than ${MOST_INFORMATIONAL} informational responses to one request`;
      throw new ProtocolError('ERR_HTTP_UNASKED', text, { operation: 'receive' });
    }
    if (head.status === 100 && this.writer.isHeld) this.beginBody();
    if (exchange.isWanted) exchange.request.init.onInformational?.(head);
  }

  // ---- for responses -------------------------------------------------------------------------------------------

  responseRead(response: ReceivedResponse): void {
    if (this.incoming?.response !== response) return;
    this.release();
    this.timer.enter('body', response.request.timeouts.body);
  }

  responseLeft(response: ReceivedResponse): void {
    const { incoming } = this;
    if (incoming?.response !== response || this.isDead) return;
    const { contentLength, chunked, keepAlive } = response.head;
    const { drainLimit, timeouts } = this.host.http;
    const rest = chunked ? 1 : contentLength === undefined ? Infinity : contentLength - response.received;
    if (!keepAlive || incoming.closes || rest > drainLimit) {
      this.abort();
      return;
    }
    this.release();
    this.timer.enter('rest', timeouts.unread);
  }

  responseObserverThrew(error: unknown): void {
    this.host.fault(this.connection, handlerError(error));
    if (this.incoming?.response?.isRead === true) this.abort();
  }

  private drain(bytes: number): void {
    this.drained += bytes;
    if (this.drained > this.host.http.drainLimit) this.abort();
  }

  // ---- for the writer ------------------------------------------------------------------------------------------

  requestWritten(exchange: ClientExchange): void {
    exchange.isWritten = true;
    if (this.exchanges.length > 0 && this.exchanges.at(0) === exchange && !exchange.hasBegun)
      this.awaitResponse();
  }

  bodyFailed(exchange: ClientExchange, error: unknown): void {
    exchange.fail(error);
    this.connection.reset(); // or the server would take what it has for the whole
    this.die();
  }

  sendRefused(): void {
    const { connection } = this;
    if (this.isDead) return;
    const error = connection.lastError ?? noResponse(connection.finished);
    this.failAll(error);
    this.abort();
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  cancelled(exchange: ClientExchange): void {
    if (this.isDead) return;
    // Others wait behind it, or in front of it: its response is thrown away when it comes.
    const isAlone = this.exchanges.length <= 1 || this.incoming === exchange;
    if (isAlone || !exchange.isWritten) this.abort();
  }

  connectionEnded(closed: Closed): void {
    this.die(closed, GONE.has(closed.reason));
  }

  isExcused(phase: LinePhase): boolean {
    const { connection, sentThen, acceptedThen } = this;
    if (phase === 'body') return !connection.reading;
    if (phase !== 'response') return false;
    const { bytesOut, pending } = connection;
    this.noteSent();
    if (bytesOut !== sentThen || bytesOut + pending !== acceptedThen) return true;
    return pending === 0 && !this.exchanges.at(0).isWritten; // we wait for our own source
  }

  lineTimedOut(phase: LinePhase, milliseconds: number): void {
    const { incoming, exchanges } = this;
    if (phase === 'idle') this.retire();
    else if (phase === 'expect') this.beginBody();
    else if (phase === 'unread') incoming?.response?.discard();
    else if (phase === 'rest') this.abort();
    else {
      const what = phase === 'body' ? 'nothing more of the body came' : 'no response came';
      const error = requestTimeout(phase, milliseconds, what);
      exchanges.at(0).fail(error);
      this.isClosing = true;
      this.connection.fail('timeout', error);
      this.die(undefined, true);
    }
  }

  private parserThrew(error: unknown): void {
    const { connection, exchanges } = this;
    const isTruncated = error instanceof HttpError && error.reason === 'truncated';
    if (exchanges.length > 0) exchanges.at(0).fail(error);
    this.isClosing = true;
    if (error instanceof ProtocolError) {
      if (!isTruncated) connection.fail('protocol', error);
    } else connection.fail('handler', handlerError(error));
    this.die(undefined, isTruncated);
  }

  private quiesce(): void {
    this.owner.lineClosing(this);
    this.retire();
  }

  /** No response follows: an orderly end, unless the request is not complete. */
  private close(): void {
    const { connection } = this;
    const isCut = !this.writer.letGo();
    this.die(undefined, true);
    if (connection.quiescing && !isCut) connection.retire();
    else connection.disconnect(isCut);
  }

  /** What is under way is not wanted any more, or cannot go on. */
  private abort(): void {
    this.isClosing = true;
    this.parser.pause();
    this.die(undefined, true);
    this.connection.disconnect(true);
  }

  private failAll(error: unknown): void {
    for (const exchange of this.exchanges.clear()) exchange.fail(error);
  }

  /** @param isGone The server has left, or was left: what it has not begun to answer may be sent again. */
  private die(closed?: Closed, isGone = false): void {
    if (this.isDead) return;
    this.isDead = true;
    this.isClosing = true;
    this.timer.stop();
    this.writer.stop();
    this.release();
    this.finishCompleted();
    this.incoming = undefined;
    this.owner.lineClosing(this);
    for (const exchange of this.exchanges.clear()) this.giveUp(exchange, closed, isGone);
    this.unsubscribe();
  }

  private giveUp(exchange: ClientExchange, closed: Closed | undefined, isGone: boolean): void {
    if (!exchange.isWanted) return;
    const { isSecondTry, hasBegun, request } = exchange;
    if (hasBegun) {
      exchange.fail(closed?.error ?? faultInResponse('truncated'));
      return;
    }
    const mayRepeat = isGone && this.responses > 0 && !isSecondTry && request.isRepeatable;
    if (!mayRepeat || !this.owner.retry(exchange)) exchange.fail(noResponse(closed));
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  private awaitResponse(): void {
    const { request } = this.exchanges.at(0);
    this.noteSent();
    if (this.connection.pending <= TAKEN_AT_ONCE) this.sentThen = this.acceptedThen;
    if (this.writer.isHeld) this.timer.enter('expect', this.host.http.timeouts.expect);
    else this.timer.enter('response', request.timeouts.response);
  }

  private noteSent(): void {
    const { bytesOut, pending } = this.connection;
    this.acceptedThen = bytesOut + pending;
    this.sentThen = bytesOut;
  }

  private beginBody(): void {
    this.writer.goOn();
    if (!this.isDead && this.exchanges.length > 0) this.awaitResponse();
  }

  private release(): void {
    this.hold?.release();
    this.hold = undefined;
  }

  /** How long the server keeps the connection, if it says so. */
  private noteKeepAlive({ fields }: ResponseHead): void {
    if (fields === this.lastFields) return;
    this.lastFields = fields;
    const { idle, maxIdle } = this.host.http.timeouts;
    if (idle === 0) return;
    const seconds = /(?:^|[,\s])timeout=(\d{1,9})(?:$|[,\s])/i.exec(fields.get('keep-alive') ?? '')?.[1];
    const wanted = seconds === undefined ? idle : Number(seconds) * 1000 - 1000;
    this.idleFor = maxIdle > 0 ? Math.min(wanted, maxIdle) : wanted;
    if (this.idleFor <= 0) this.idleFor = -1;
  }

  private handOver(rest: Buffer): void {
    const { connection } = this;
    const exchange = this.answered.pop()!;
    this.die();
    connection.offEnd(this);
    this.host.spoken(connection, false);
    connection.giveBack(rest);
    exchange.deliverUpgraded(connection);
  }
}
