import { Fifo } from '../../base/fifo.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import type { ResponseEncoder, ResponseHeadInit } from '../encode/response-head.ts';
import { ANSWERED, type HttpExchange, UNANSWERED, WRITTEN } from './http-exchange.ts';
import { type HttpResponse, isStream } from './http-response.ts';
import { type ResponseOwner, ResponseWriter } from './response-writer.ts';

/** Told how the answers of a connection go. */
export interface AnswerOwner {
  /** An answer has been written. `closes`: it is the last one, whoever has asked for more. */
  answerWritten(exchange: HttpExchange, closes: boolean): void;
  /** What was written in this turn has been sent. */
  answersSent(): void;
  /** The body of an answer has failed in its midst. */
  answerFailed(error: unknown): void;
}

const CONTINUE: ResponseHeadInit = { status: 100 };

/** The requests of one connection that have not been answered to the end, and their answers, in order. */
export class AnswerQueue implements ResponseOwner {
  private readonly owner: AnswerOwner;
  private readonly writer: ResponseWriter;
  private readonly exchanges = new Fifo<HttpExchange>();
  private releasing = false;

  constructor(connection: StreamConnection, encoder: ResponseEncoder, owner: AnswerOwner) {
    this.owner = owner;
    this.writer = new ResponseWriter(connection, encoder, this);
  }

  /** How many have not been answered to the end. */
  get length(): number {
    return this.exchanges.length;
  }

  /** Whether everything has been answered and handed over. */
  get isDone(): boolean {
    return this.exchanges.length === 0 && !this.writer.hasUnsent;
  }

  /** Bytes that are handed over at the end of the turn. */
  get unsent(): number {
    return this.writer.unsent;
  }

  add(exchange: HttpExchange): void {
    this.exchanges.push(exchange);
  }

  at(place: number): HttpExchange {
    return this.exchanges.at(place);
  }

  isLast(exchange: HttpExchange): boolean {
    return this.exchanges.at(this.exchanges.length - 1) === exchange;
  }

  /** Whether what is written now would be the answer to this one. */
  isTurnOf(exchange: HttpExchange): boolean {
    const { exchanges, writer } = this;
    return exchanges.length > 0 && exchanges.at(0) === exchange && !writer.isBusy && !this.releasing;
  }

  /**
   * Writes an answer, or keeps it until it is its turn.
   *
   * @throws ProtocolError `ERR_HTTP_MESSAGE`; the request can be answered in another way then.
   */
  respond(exchange: HttpExchange, response: HttpResponse, keepAlive: boolean): void {
    const { writer } = this;
    exchange.state = ANSWERED;
    try {
      if (!isStream(response.body) && this.isTurnOf(exchange)) {
        writer.write(exchange.head, response, keepAlive);
        return;
      }
      exchange.waiting = writer.prepare(exchange.head, response, keepAlive);
    } catch (error) {
      exchange.state = UNANSWERED;
      throw error;
    }
    this.writeWaiting();
  }

  /** Writes a head in front of the answer. */
  inform(init: ResponseHeadInit): void {
    this.writer.inform(init);
  }

  /** Tells a client that waits for it to send the body, as soon as this is about its request. */
  sendContinue(exchange: HttpExchange): void {
    if (!exchange.expects || !this.isTurnOf(exchange)) return;
    exchange.expects = false;
    this.inform(CONTINUE);
  }

  /** Writes the answer that ends HTTP. */
  switchOver(exchange: HttpExchange, init: ResponseHeadInit): void {
    this.inform(init);
    exchange.state = WRITTEN;
    this.exchanges.shift();
    this.writer.flush();
  }

  /** There will be no more answers. Answers with those that will not get one. */
  stop(): HttpExchange[] {
    this.writer.stop();
    return this.drop();
  }

  /** Takes out what has not been answered. */
  drop(): HttpExchange[] {
    return this.exchanges.clear();
  }

  responseWritten(closes: boolean): void {
    const exchange = this.exchanges.shift();
    exchange.state = WRITTEN;
    this.owner.answerWritten(exchange, closes);
    this.writeWaiting();
  }

  responsesSent(): void {
    this.owner.answersSent();
  }

  bodyFailed(error: unknown): void {
    this.owner.answerFailed(error);
  }

  /** A loop and no recursion: there may be thousands. */
  private writeWaiting(): void {
    const { exchanges, writer } = this;
    if (this.releasing) return;
    while (exchanges.length > 0 && !writer.isBusy) {
      const exchange = exchanges.at(0);
      const { waiting } = exchange;
      // A body that is streamed may be made of that of the request.
      if (exchange.expects && (exchange.isRead || isStream(waiting?.response.body)))
        this.sendContinue(exchange);
      if (waiting === undefined) return;
      exchange.waiting = undefined;
      this.releasing = true;
      try {
        writer.release(waiting);
      } finally {
        this.releasing = false;
      }
    }
  }
}
