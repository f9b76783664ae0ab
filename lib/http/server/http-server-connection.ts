import { type Subscription, asapScheduler } from 'rxjs';
import { NetworkError, type NetworkTimeoutError } from '../../base/errors.ts';
import type { Connection, EndListener } from '../../connection/connection.ts';
import { closedError } from '../../connection/errors.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import { enter, leave } from '../../flow/emission.ts';
import { SourceSubscriber } from '../../flow/event-source.ts';
import type { SendResult } from '../../send/outbox-limits.ts';
import { badMessage } from '../encode/message-error.ts';
import type { ResponseEncoder } from '../encode/response-head.ts';
import type { FieldsInit } from '../encode/write-fields.ts';
import { type HttpFields, NO_FIELDS } from '../fields.ts';
import { RequestHead } from '../head.ts';
import { HttpError } from '../http-error.ts';
import { HttpParser } from '../parser.ts';
import type { HeadDecision, HttpSink } from '../parser-sink.ts';
import { type AnswerOwner, AnswerQueue } from './answer-queue.ts';
import type { EffectLine, EffectOwner } from './effect-line.ts';
import { type Blame, asFault, blameFor, statusFor } from './faults.ts';
import { type ExchangeOwner, HttpExchange, LOST, UNANSWERED, WRITTEN } from './http-exchange.ts';
import { type HttpResponse, isStream } from './http-response.ts';
import { type Impatient, type RequestClock, RequestTimer } from './request-timer.ts';
import type { ResolvedHttpSettings } from './server-options.ts';
import { BODY_UNREAD, CONGESTED, PIPELINE_FULL, Standstill, UPGRADE_OPEN } from './standstill.ts';

/** What a connection needs of its server. */
export interface HttpHost extends RequestClock {
  readonly http: ResolvedHttpSettings;
  readonly encoder: ResponseEncoder;
  readonly settings: { readonly highPending: number };
  /** Hands a request to whoever answers; false if nobody does. */
  handle(exchange: HttpExchange, on: HttpServerConnection): boolean;
  /** Something went wrong that does not end the connection by itself. */
  fault(connection: StreamConnection, error: NetworkError): void;
}

/** HTTP on one connection of a server: requests come in, answers leave in the same order. */
export class HttpServerConnection
  extends SourceSubscriber<Uint8Array>
  implements HttpSink<RequestHead>, ExchangeOwner, AnswerOwner, EffectOwner, EndListener, Impatient
{
  readonly connection: StreamConnection;
  /** @internal Made by the server, if an effect answers. */
  line: EffectLine | undefined = undefined;

  private readonly host: HttpHost;
  private readonly parser: HttpParser<'request'>;
  private readonly answers: AnswerQueue;
  private readonly timer: RequestTimer;
  private readonly standstill: Standstill;
  private readonly quiescing: Subscription;
  /** The request whose body is being received. */
  private incoming: HttpExchange | undefined = undefined;
  /** What came behind CONNECT, until it is agreed to. */
  private tunnelled: Uint8Array | undefined = undefined;
  private requests = 0;
  private isParsing = false;
  /** The first bytes of a request have come, and its head is not complete. */
  private isInHead = false;
  /** A head is being handed out. */
  private isHandling = false;
  /** HTTP has ended in favour of something else. */
  private isOver = false;
  /** What still comes is of no interest. */
  private isDeaf = false;
  /** Requests wait to be answered, so that the connection is not to end by itself. */
  private isWorking = false;
  /** The connection ends after the requests that there are. */
  private isClosing = false;
  /** How it ends then, if somebody is to blame. */
  private blame: Blame | undefined = undefined;

  constructor(host: HttpHost, connection: StreamConnection) {
    super();
    this.host = host;
    this.connection = connection;
    this.parser = new HttpParser('request', host.http.parser);
    this.answers = new AnswerQueue(connection, host.encoder, this);
    this.timer = new RequestTimer(host, this);
    this.standstill = new Standstill(connection, this.parser);
    connection.onReading(this.timer);
    connection.onEnd(this);
    this.quiescing = connection.quiesce$.subscribe(() => this.quiesce());
    connection.receive$.subscribe(this);
  }

  // ---- what comes ----------------------------------------------------------------------------------------------

  protected override _next(chunk: Uint8Array): void {
    if (this.isDeaf) return;
    if (this.tunnelled !== undefined) {
      this.tunnelled = Buffer.concat([this.tunnelled, chunk]);
      return;
    }
    this.isParsing = true;
    try {
      this.parser.push(chunk, this);
    } catch (error) {
      this.parserThrew(error);
    }
    this.isParsing = false;
  }

  /** The client has ended its side; it still gets its answers. */
  protected override _complete(): void {
    if (this.connection.deaf || this.isDeaf) return;
    this.isClosing = true;
    this.isParsing = true;
    try {
      this.parser.end(this);
    } catch (error) {
      this.parserThrew(error);
    }
    this.isParsing = false;
    if (!this.parser.isPaused) this.endAfterAnswers();
  }

  protected override _error(): void {
    // How the connection ends is told by its end.
  }

  messageBegin(): void {
    // A handler may have closed the connection, and what came in the same piece is still being read.
    if (this.connection.deaf) this.stopListening();
    this.isInHead = true;
    this.timer.requestBegan();
  }

  head(head: RequestHead): HeadDecision {
    const { host, answers, timer } = this;
    const exchange = new HttpExchange(this, head);
    this.isInHead = false;
    if (++this.requests >= host.http.maxRequests || !head.keepAlive) this.isClosing = true;
    this.take(exchange);
    this.incoming = exchange;
    if (exchange.isComplete) timer.enter('busy');
    else timer.bodyBegan();
    this.isHandling = true;
    if (head.method === 'TRACE' && !host.http.trace) this.refuse(exchange, 405);
    else if (!host.handle(exchange, this)) this.refuse(exchange, 503);
    this.isHandling = false;
    if (this.isOver) return 'upgrade';
    this.waitForReader(exchange);
    if (this.isBehind(answers.unsent)) this.standstill.begin(CONGESTED);
    return head.upgrade === undefined || head.upgrade === 'tunnel' ? 'continue' : 'stay';
  }

  body(piece: Buffer): void {
    const { incoming } = this;
    this.timer.heard(piece.length);
    if (incoming === undefined) return;
    incoming.expects = false;
    if (incoming.isRead) {
      incoming.take(piece);
    } else {
      incoming.drained += piece.length;
      if (incoming.drained > this.host.http.drainLimit) this.endAfterAnswers();
    }
  }

  chunkHeader(): void {
    // Chunks are the business of the parser.
  }

  chunkComplete(): void {
    // As above.
  }

  trailers(fields: HttpFields): void {
    this.incoming?.takeTrailers(fields);
  }

  messageComplete(): void {
    const { incoming, answers } = this;
    this.incoming = undefined;
    if (incoming === undefined) return;
    incoming.finishBody();
    if (this.isOver) return;
    this.timer.enter(answers.length > 0 ? 'busy' : 'idle');
    const { upgrade } = incoming.head;
    if (upgrade !== undefined && incoming.state === UNANSWERED) {
      if (upgrade !== 'tunnel') this.standstill.begin(UPGRADE_OPEN);
    } else if (this.isClosing) {
      this.endAfterAnswers();
    } else if (answers.length >= this.host.http.maxPipelined) {
      this.standstill.begin(PIPELINE_FULL);
    }
  }

  upgraded(rest: Buffer): void {
    if (this.isOver) {
      this.handOver(rest);
      return;
    }
    // A tunnel that nobody has agreed to yet. If nobody does, it is the end.
    this.tunnelled = rest;
    this.isClosing = true;
    this.standstill.begin(UPGRADE_OPEN);
  }

  // ---- answers -------------------------------------------------------------------------------------------------

  respond(exchange: HttpExchange, response: HttpResponse): SendResult {
    const { connection } = this;
    if (exchange.state === LOST) return connection.refuse(closedError(connection.finished));
    this.answers.respond(exchange, response, this.mayGoOn(exchange, response));
    return connection.accepts(0);
  }

  inform(exchange: HttpExchange, status: number, fields: FieldsInit | undefined): SendResult {
    const { connection, answers } = this;
    if (exchange.state === LOST) return connection.refuse(closedError(connection.finished));
    if (exchange.head.minorVersion > 0 && answers.isTurnOf(exchange)) {
      answers.inform({ status, fields });
      if (status === 100) exchange.expects = false;
    }
    return connection.accepts(0);
  }

  upgrade(exchange: HttpExchange, { status, reason, fields }: HttpResponse): Connection {
    const { connection, answers } = this;
    const { method, upgrade } = exchange.head;
    if (upgrade === undefined || !exchange.isComplete || !answers.isTurnOf(exchange)) {
      const text = 'the request does not ask for an upgrade, or it is not its turn';
      throw new NetworkError('ERR_STATE', text, { operation: 'send' });
    }
    const usual = upgrade === 'tunnel' ? 200 : 101;
    const agrees =
      status === undefined || (upgrade === 'tunnel' ? status >= 200 && status < 300 : status === 101);
    if (!agrees) throw badMessage(`a ${status} is no upgrade: answer with respond()`);
    this.isOver = true;
    try {
      answers.switchOver(exchange, {
        status: usual,
        ...(status && { status }),
        reason,
        fields,
        requestMethod: method,
      });
    } catch (error) {
      this.isOver = false;
      throw error;
    }
    // While the head is being handed out, the parser comes back with what follows the request.
    if (!this.isHandling) this.handOver(this.tunnelled ?? this.parser.detach());
    return connection;
  }

  bodyWanted(exchange: HttpExchange, wanted: boolean): void {
    if (exchange !== this.incoming) return;
    if (!wanted) {
      this.waitForReader(exchange);
      return;
    }
    this.answers.sendContinue(exchange);
    this.goOn(BODY_UNREAD);
  }

  /** Whoever was to answer has failed. */
  handlerFailed(exchange: HttpExchange, error: unknown): void {
    if (exchange.state === UNANSWERED) {
      this.accuse(blameFor(error));
      this.refuse(exchange, statusFor(error));
    } else {
      this.host.fault(this.connection, asFault(error));
    }
  }

  /** The effect that answers this connection has ended: what it has taken will get no answer from there. */
  effectEnded(line: EffectLine, error: unknown, asked: boolean): void {
    const { answers, connection } = this;
    if (this.line === line) this.line = undefined;
    if (this.isOver) {
      if (error !== undefined) connection.fail('handler', asFault(error));
      this.work(false);
      return;
    }
    if (error !== undefined) this.accuse(blameFor(error));
    if (!asked) this.isClosing = true;
    for (let place = 0; place < answers.length; place++) {
      const exchange = answers.at(place);
      if (exchange.taker !== line || exchange.state !== UNANSWERED) continue;
      this.refuse(exchange, error === undefined ? 503 : statusFor(error));
      return;
    }
    if (!asked) this.endAfterAnswers();
  }

  answerWritten(exchange: HttpExchange, closes: boolean): void {
    const { answers, standstill } = this;
    if (exchange === this.incoming) {
      exchange.finishReading();
      this.goOn(BODY_UNREAD);
    }
    if (closes) {
      // Nothing may follow an answer that says that it is the last one.
      for (const lost of answers.drop()) lost.abandon(closedError(undefined));
      this.endAfterAnswers();
    } else if (standstill.isOn) {
      this.goOn(answers.length > 0 ? PIPELINE_FULL : PIPELINE_FULL | UPGRADE_OPEN);
    }
    if (answers.length === 0 && this.incoming === undefined) this.timer.answered();
  }

  answersSent(): void {
    const { answers, standstill, connection } = this;
    if (this.isOver) return;
    if (standstill.isFor(CONGESTED)) {
      connection.whenSent({ release: (error) => error === undefined && this.goOn(CONGESTED) });
    } else if (this.isBehind(0)) {
      standstill.begin(CONGESTED);
      connection.whenSent({ release: (error) => error === undefined && this.goOn(CONGESTED) });
    }
    if (answers.length > 0) return;
    if (this.isClosing && this.incoming === undefined && answers.isDone) this.close();
    else this.work(false);
  }

  answerFailed(error: unknown): void {
    const { connection, host } = this;
    if (error !== this.blame?.error) host.fault(connection, asFault(error));
    connection.reset(); // or the client would take what it has for the whole
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  connectionEnded(): void {
    const { connection, blame } = this;
    const { finished } = connection;
    const error = closedError(finished);
    this.isDeaf = true;
    this.timer.stop();
    // What was to be told at the end is told, though it has ended otherwise.
    if (blame !== undefined && finished?.error !== blame.error) this.host.fault(connection, blame.error);
    const lost = this.answers.stop();
    this.incoming?.finishBody(new HttpError('truncated'));
    this.incoming = undefined;
    for (const exchange of lost) exchange.abandon(error);
    this.line?.connectionEnded();
  }

  keptAliveLongEnough(): void {
    this.connection.disconnect();
  }

  requestTimedOut(error: NetworkTimeoutError): void {
    this.failRequest({ reason: 'timeout', error }, 408);
  }

  responseTimedOut(error: NetworkTimeoutError): void {
    this.connection.fail('timeout', error);
  }

  private parserThrew(error: unknown): void {
    if (error instanceof HttpError) this.failRequest({ reason: 'protocol', error }, error.status);
    else this.connection.fail('handler', asFault(error));
  }

  /** The client is at fault: requests in front are answered, this one is told so, and that is the end. */
  private failRequest(blame: Blame, status: number): void {
    const { incoming } = this;
    const exchange = incoming ?? new HttpExchange(this, NO_HEAD);
    this.accuse(blame);
    this.isClosing = true;
    this.incoming = undefined;
    if (incoming === undefined) this.take(exchange);
    // Who reads the body may answer in another way.
    else exchange.finishBody(blame.error);
    if (exchange.state === UNANSWERED) this.refuse(exchange, status);
    this.endAfterAnswers();
  }

  private accuse(blame: Blame): void {
    if (this.blame === undefined) this.blame = blame;
    else if (this.blame.error !== blame.error) this.host.fault(this.connection, blame.error);
  }

  /** Answers with a status and no more, and closes if something is wrong. */
  private refuse(exchange: HttpExchange, status: number): void {
    this.respond(exchange, status === 405 ? { status, fields: ALLOW } : { status, keepAlive: false });
  }

  /** The server stops: what has come is answered, and nothing more is taken. */
  private quiesce(): void {
    if (this.isInHead || this.incoming !== undefined) this.isClosing = true;
    else this.endAfterAnswers();
  }

  /** What the client still sends is not of interest. */
  private endAfterAnswers(): void {
    const { incoming, answers } = this;
    this.isClosing = true;
    this.incoming = undefined;
    this.stopListening();
    incoming?.finishBody(new HttpError('truncated'));
    if (answers.isDone) asapScheduler.schedule(() => this.answersSent());
  }

  private close(): void {
    const { connection, blame } = this;
    this.timer.stop();
    if (blame === undefined) connection.disconnect();
    else connection.failOrderly(blame.reason, blame.error);
    this.work(false);
  }

  private handOver(rest: Uint8Array): void {
    const { connection, line } = this;
    this.isOver = true;
    this.isDeaf = true;
    this.timer.stop();
    this.quiescing.unsubscribe();
    connection.offEnd(this);
    // The effect may well work on what follows; as long as it does, a client that has ended its side is answered.
    if (line !== undefined) connection.onEnd(line);
    line?.retire();
    this.unsubscribe();
    connection.giveBack(rest);
    this.standstill.letGo();
    if (this.line === undefined) this.work(false);
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  private take(exchange: HttpExchange): void {
    this.answers.add(exchange);
    this.work(true);
  }

  /** While it works on requests, the connection does not end by itself when the client ends its side. */
  private work(goesOn: boolean): void {
    if (this.isWorking === goesOn) return;
    this.isWorking = goesOn;
    this.connection.handlerRuns(goesOn);
  }

  /** Whether the response to this request may leave the connection open. */
  private mayGoOn(exchange: HttpExchange, { body }: HttpResponse): boolean {
    const { head } = exchange;
    // What follows CONNECT is no HTTP, even if it is refused.
    if (!head.keepAlive || head.upgrade === 'tunnel') return false;
    if (this.isClosing && this.answers.isLast(exchange)) return false;
    if (exchange.isComplete || exchange.isRead || isStream(body)) return true;
    // Nobody knows whether a client that was not told to go on will send the body.
    if (exchange.expects) return false;
    return (head.contentLength ?? 0) <= this.host.http.drainLimit;
  }

  /** Whether the client is so far behind with reading that it gets nothing more to read. */
  private isBehind(more: number): boolean {
    return this.connection.pending + more > this.host.settings.highPending;
  }

  /** The body waits at the client until somebody wants it, or nobody can want it any more. */
  private waitForReader(exchange: HttpExchange): void {
    if (exchange.isComplete || exchange.isRead || exchange.state === WRITTEN || exchange.state === LOST)
      return;
    this.standstill.begin(BODY_UNREAD);
  }

  /** No further request is taken. The end of the client is still noticed. */
  private stopListening(): void {
    this.isDeaf = true;
    this.parser.pause();
    this.timer.enter('busy');
    this.standstill.letGo();
  }

  /** Takes back reasons to stand still. */
  private goOn(reasons: number): void {
    if (!this.standstill.end(reasons)) return;
    if (this.isParsing) this.readOn();
    else asapScheduler.schedule(() => this.resume());
  }

  /** As if what waits came now. */
  private resume(): void {
    if (this.isParsing) return;
    const outer = enter(this.connection.flow);
    this.isParsing = true;
    try {
      this.readOn();
    } catch (error) {
      this.parserThrew(error);
    } finally {
      this.isParsing = false;
      leave(outer);
    }
  }

  private readOn(): void {
    if (this.standstill.isOn || this.isDeaf || this.closed) return;
    this.standstill.letGo();
    if (!this.connection.deaf) this.parser.resume(this);
  }
}

/** Of a request whose head could not be read. */
const NO_HEAD = new RequestHead({
  method: 'GET',
  target: '',
  targetForm: 'origin',
  minorVersion: 1,
  fields: NO_FIELDS,
  contentLength: undefined,
  chunked: false,
  keepAlive: false,
  upgrade: undefined,
  expectContinue: false,
});

const ALLOW = Object.freeze({ Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' });
