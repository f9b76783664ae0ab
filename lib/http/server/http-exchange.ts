import type { Observable } from 'rxjs';
import { NetworkError } from '../../base/errors.ts';
import { toText } from '../../bytes/bytes-like.ts';
import type { Connection } from '../../connection/connection.ts';
import type { SendResult } from '../../send/outbox-limits.ts';
import { badMessage } from '../encode/message-error.ts';
import type { FieldsInit } from '../encode/write-fields.ts';
import type { HttpFields } from '../fields.ts';
import type { RequestHead, UpgradeKind } from '../head.ts';
import { HttpError } from '../http-error.ts';
import { BodySource } from '../shared/body-source.ts';
import { type CollectOptions, collectBody } from '../shared/collect-body.ts';
import type { HttpReply, HttpResponse } from './http-response.ts';
import type { WaitingResponse } from './response-writer.ts';

/** Who answers exchanges: their connection. */
export interface ExchangeOwner {
  readonly connection: Connection;
  respond(exchange: HttpExchange, response: HttpResponse): SendResult;
  inform(exchange: HttpExchange, status: number, fields: FieldsInit | undefined): SendResult;
  upgrade(exchange: HttpExchange, response: HttpResponse): Connection;
  bodyWanted(exchange: HttpExchange, wanted: boolean): void;
  /** Whoever was to answer has failed. */
  handlerFailed(exchange: HttpExchange, error: unknown): void;
}

/** Where an exchange is: nothing said; an answer given that waits or is being written; all of it written; … */
export const UNANSWERED = 0;
export const ANSWERED = 1;
export const WRITTEN = 2;
/** … or nothing can be said any more. */
export const LOST = 3;

/**
 * A request and the answer to it. One request is answered once, in whatever order: the connection sends the answers in the
 * order of the requests.
 *
 * @example
 * server.request$.subscribe((exchange) => exchange.respond({ body: `you asked for ${exchange.path}` }));
 */
export class HttpExchange {
  /** The head of the request, as the parser has checked it. */
  readonly head: RequestHead;
  /** One slot for the user. */
  extra: unknown = undefined;

  /** @internal */
  state = UNANSWERED;
  /** @internal What is to be written when its turn comes. */
  waiting: WaitingResponse | undefined = undefined;
  /** @internal Bytes of the body that nobody wanted. */
  drained = 0;
  /** @internal Whether the client waits for a 100 before it sends the body. */
  expects: boolean;
  /** @internal The effect that answers it, if one does. */
  taker: object | undefined = undefined;

  private readonly owner: ExchangeOwner;
  private source: BodySource | undefined = undefined;
  private behind: HttpFields | undefined = undefined;
  private received: boolean;

  /** @internal */
  constructor(owner: ExchangeOwner, head: RequestHead) {
    this.owner = owner;
    this.head = head;
    this.received = head.contentLength === undefined && !head.chunked;
    this.expects = head.expectContinue && !this.received;
  }

  /** The connection that the request came on. What is sent on it directly goes around HTTP. */
  get connection(): Connection {
    return this.owner.connection;
  }

  /** Method, as sent. */
  get method(): string {
    return this.head.method;
  }

  /** The request-target, as sent. */
  get target(): string {
    return this.head.target;
  }

  /** The path, percent signs and all, without the query. */
  get path(): string {
    return this.head.path;
  }

  /** What is behind the first question mark; `undefined` if there is none. */
  get query(): string | undefined {
    return this.head.query;
  }

  /** The fields of the head. */
  get fields(): HttpFields {
    return this.head.fields;
  }

  /** What the client would like to change to; answer with {@link upgrade}, or as any other request. */
  get wantsUpgrade(): UpgradeKind | undefined {
    return this.head.upgrade;
  }

  /**
   * The body, as it comes. Multicast and not kept: it is read while somebody is subscribed, and waits at the client until
   * then. Completes at the end of the body, also for those who come later; errors with an {@link HttpError} if it is
   * malformed, or `ERR_HTTP_TRUNCATED` if the connection ends before. A client that wants to be told (`Expect:
   * 100-continue`) is told with the first subscription. Unsubscribing pauses. What is left when the answer has been
   * written is thrown away, and whoever still reads gets an error `ERR_STATE`.
   */
  get body$(): Observable<Uint8Array> {
    return this.bodySource;
  }

  /** The fields behind the body; `undefined` until they have come, and if there are none. */
  get trailers(): HttpFields | undefined {
    return this.behind;
  }

  /** Whether the request has come to its end. */
  get isComplete(): boolean {
    return this.received;
  }

  /** Whether an answer has been given. */
  get isAnswered(): boolean {
    return this.state === ANSWERED || this.state === WRITTEN;
  }

  /**
   * The whole body, once it is there. Cold: subscribing reads it.
   *
   * Errors as {@link body$} does, and with an {@link HttpError} of status 413 when it is longer than the limit. Where a
   * direct observer has no error handler, the request is answered with the status of the error; behind operators the
   * error is theirs, and RxJS throws what nobody handles where nobody catches it (`serve()` does).
   *
   * @throws OptionError (`ERR_OPTION`)
   * @example
   * server.request$.pipe(
   *   mergeMap((exchange) => exchange.bytes({ limit: 4096 }).pipe(map((body) => exchange.reply({ body })))),
   * );
   */
  bytes(options?: CollectOptions): Observable<Uint8Array> {
    return collectBody(this, options, itself);
  }

  /** As {@link bytes}, as text (UTF-8). */
  text(options?: CollectOptions): Observable<string> {
    return collectBody(this, options, toText);
  }

  /** As {@link bytes}, as JSON; errors with an {@link HttpError} of status 400 if it is none. */
  json(options?: CollectOptions): Observable<unknown> {
    return collectBody(this, options, asJson);
  }

  /**
   * Answers. What is wrong with the response (a line end in a field, a body where there must not be one, …) is thrown, and
   * nothing has been sent then; so it can be answered in another way.
   *
   * @returns What `send()` of the connection answers; `refused` also when the connection has closed meanwhile.
   * @throws NetworkError `ERR_STATE` if it has been answered; ProtocolError `ERR_HTTP_MESSAGE`.
   */
  respond(response: HttpResponse = NO_CONTENTS): SendResult {
    this.checkUnanswered();
    return this.owner.respond(this, response);
  }

  /** The answer as a value, for `serve()`: it is sent when it comes out of the effect. */
  reply(response: HttpResponse = NO_CONTENTS): HttpReply {
    return { exchange: this, response };
  }

  /**
   * Sends an informational response (100, 102, 103) in front of the answer. Nothing is sent to clients of HTTP/1.0, which
   * do not know them, and before it is this request's turn.
   *
   * @throws NetworkError `ERR_STATE` if it has been answered; ProtocolError `ERR_HTTP_MESSAGE`, also for a status that is
   * not informational, and for 101, which is what {@link upgrade} is for.
   */
  inform(status: number, fields?: FieldsInit): SendResult {
    this.checkUnanswered();
    if (!(status >= 100 && status < 200 && status !== 101))
      throw badMessage(`an informational status is 100 or 102 to 199, got ${status}`);
    return this.owner.inform(this, status, fields);
  }

  /**
   * Answers with 101 (or 200 to CONNECT) and ends HTTP on this connection: what comes behind the request is received from
   * the connection that is handed out, with the same id and the same events, and what is sent there follows the answer.
   *
   * @param response Fields of the answer, among them `Upgrade` and `Connection` with 101; another status than 200 for
   * CONNECT.
   * @throws NetworkError `ERR_STATE` if it has been answered, did not ask for an upgrade, or is not complete, or answers
   * to requests in front of it are missing; ProtocolError `ERR_HTTP_MESSAGE`.
   */
  upgrade(response: HttpResponse = NO_CONTENTS): Connection {
    this.checkUnanswered();
    return this.owner.upgrade(this, response);
  }

  /** @internal */
  get bodyLength(): number | undefined {
    return this.head.contentLength;
  }

  /** @internal */
  tooLong(length: number, limit: number): HttpError {
    return new HttpError('body-length', `${length} bytes, ${limit} are allowed`);
  }

  /** @internal */
  unhandled(error: unknown): void {
    this.owner.handlerFailed(this, error);
  }

  /** @internal */
  get bodySource(): BodySource {
    if (this.source === undefined) {
      this.source = new BodySource({
        bodyWanted: (wanted) => this.owner.bodyWanted(this, wanted),
        bodyObserverThrew: (error) => this.owner.handlerFailed(this, error),
      });
      if (this.received) this.source.finish();
    }
    return this.source;
  }

  /** @internal Whether somebody reads the body. */
  get isRead(): boolean {
    return this.source?.observed === true;
  }

  /** @internal A piece of the body. */
  take(piece: Uint8Array): void {
    this.source?.publish(piece);
  }

  /** @internal */
  takeTrailers(fields: HttpFields): void {
    this.behind = fields;
  }

  /** @internal Nobody is to read the rest of the body. */
  finishReading(): void {
    this.source?.finish(
      new NetworkError('ERR_STATE', 'the request has been answered', { operation: 'receive' }),
    );
  }

  /** @internal The connection has ended: nobody will get an answer. */
  abandon(error: NetworkError): void {
    if (this.state === UNANSWERED) this.state = LOST;
    this.waiting = undefined;
    this.finishBody(error);
  }

  /** @internal Whoever was to answer has failed. */
  failed(error: unknown): void {
    this.owner.handlerFailed(this, error);
  }

  /** @internal The request has come to its end; or, with an error, never will. */
  finishBody(error?: unknown): void {
    if (this.received) return;
    this.received = error === undefined;
    if (error !== undefined) this.bodySource.finish(error);
    else this.source?.finish();
  }

  private checkUnanswered(): void {
    if (this.isAnswered) throw new NetworkError('ERR_STATE', 'the request has been answered already');
  }
}

const NO_CONTENTS: HttpResponse = {};

function itself(bytes: Uint8Array): Uint8Array {
  return bytes;
}

function asJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(toText(bytes));
  } catch (error) {
    throw new HttpError('content-syntax', (error as Error).message);
  }
}
