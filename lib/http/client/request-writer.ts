import { type Observable, type Subscription, asapScheduler } from 'rxjs';
import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import { sendTo } from '../../connection/send-to.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import type { EmissionTask } from '../../flow/emission.ts';
import { Batch } from '../../framing/batch.ts';
import { flushAtTurnEnd } from '../../send/flusher.ts';
import { BodyWriter } from '../encode/body-writer.ts';
import type { Framing } from '../encode/framing.ts';
import type { RequestEncoder } from '../encode/request-head.ts';
import { headBytes, writeBody } from '../encode/whole.ts';
import { bodyBytes } from '../shared/body-bytes.ts';
import type { ClientExchange } from './client-exchange.ts';
import { isStream } from './client-request.ts';
import { type OpenFile, inPieces } from './pulled-body.ts';

/** Told how requests go. */
export interface WriterOwner {
  /** The last byte of the request has been handed over. */
  requestWritten(exchange: ClientExchange): void;
  /** The body of a request has failed in its midst, or could not be sent. */
  bodyFailed(exchange: ClientExchange, error: unknown): void;
  /** The connection takes nothing; its last error says why. */
  sendRefused(): void;
}

/** A body up to this length is written behind its head, into the same piece. */
const SMALL_BODY = 16 * 1024;
/** One up to this length is handed over in one piece. */
const LARGE_BODY = 1024 * 1024;
/** What a head mostly fits into, and what it may have before it gets memory of its own. */
const USUAL_HEAD = 512;
const LONG_HEAD = 32 * 1024;

/** Writes the requests of one connection, one after the other. */
export class RequestWriter implements EmissionTask {
  private readonly connection: StreamConnection;
  private readonly encoder: RequestEncoder;
  private readonly owner: WriterOwner;
  /** Whether requests of one turn are collected, as there may be several. */
  private readonly collects: boolean;
  private readonly batch = new Batch();
  private armed = false;
  /** Whether a body is being written that comes in parts. */
  private isStreaming = false;
  private streaming: Subscription | undefined = undefined;
  private body: BodyWriter | undefined = undefined;
  /** What is to be done when the server wants the body. */
  private held: (() => void) | undefined = undefined;

  constructor(connection: StreamConnection, encoder: RequestEncoder, owner: WriterOwner, collects: boolean) {
    this.connection = connection;
    this.encoder = encoder;
    this.owner = owner;
    this.collects = collects;
  }

  /**
   * A response has come to its end: whether the request is complete too. A source that has given all that was announced
   * is left then, whether it completes or not.
   */
  letGo(): boolean {
    if (this.held !== undefined) return false;
    if (!this.isStreaming) return true;
    if (this.body?.isComplete !== true) return false;
    this.isStreaming = false;
    this.streaming?.unsubscribe();
    this.streaming = undefined;
    return true;
  }

  /** Whether the server has still to say that it wants the body. */
  get isHeld(): boolean {
    return this.held !== undefined;
  }

  /**
   * Writes a request, or begins to.
   *
   * @param file What the body is read from, if it is a file.
   * @throws ProtocolError `ERR_HTTP_MESSAGE`; nothing has been written then.
   */
  write(exchange: ClientExchange, file: OpenFile | undefined): void {
    const { request } = exchange;
    const { contents, body } = request;
    const isWhole = file === undefined && !isStream(contents) && !request.expects;
    if (isWhole && (typeof body !== 'number' || body <= LARGE_BODY))
      this.writeWhole(exchange, contents as BytesLike | undefined);
    else this.writeHead(exchange, file?.contents$ ?? (contents as BytesLike | Observable<BytesLike>));
  }

  /** The server wants the body, or has had enough time to say that it does not. */
  goOn(): void {
    const { held } = this;
    this.held = undefined;
    held?.();
  }

  /** Sends what was written in this turn. */
  flush(): void {
    const { batch, connection } = this;
    this.armed = false;
    if (batch.length === 0) return;
    if (connection.send(...batch.take()) === 'refused') {
      // Not now: what it belongs to is still being begun.
      asapScheduler.schedule(() => this.owner.sendRefused());
    } else if (connection.keepsNothing) batch.rewind();
  }

  /** Nothing more is written. */
  stop(): void {
    this.held = undefined;
    this.streaming?.unsubscribe();
    this.streaming = undefined;
    this.batch.take();
  }

  private send(): void {
    if (!this.collects) this.flush();
    else if (!this.armed) {
      this.armed = true;
      flushAtTurnEnd(this);
    }
  }

  private writeWhole(exchange: ClientExchange, body: BytesLike | undefined): void {
    const { batch, encoder } = this;
    const { request } = exchange;
    const length = typeof request.body === 'number' ? request.body : 0;
    const behind = length <= SMALL_BODY ? length : 0;
    let end = -1;
    let isBehind = false;
    for (let room = USUAL_HEAD; end < 0 && room <= LONG_HEAD; room *= 8) {
      const target = batch.space(room + behind) as Buffer;
      end = encoder.encode(target, batch.at, request);
      isBehind = end >= 0 && behind > 0 && encoder.framing === 'length';
      if (isBehind) end = writeBody(target, end, body!);
    }
    if (end >= 0) batch.filled(end);
    else batch.append(headBytes(encoder, request));
    exchange.closes = encoder.closes;
    if (!isBehind && (length > 0 || encoder.framing === 'chunked')) this.appendBody(exchange, body);
    this.send();
    this.owner.requestWritten(exchange);
  }

  private appendBody({ request }: ClientExchange, body: BytesLike | undefined): void {
    const { batch, encoder } = this;
    const emit = (piece: Uint8Array) => batch.append(piece);
    const writer = new BodyWriter(encoder.framing, encoder.length);
    if (body !== undefined) writer.write(body, emit);
    writer.end(emit, request.init.trailers?.());
  }

  private writeHead(exchange: ClientExchange, body: BytesLike | Observable<BytesLike>): void {
    const { batch, encoder } = this;
    const { request } = exchange;
    batch.append(headBytes(encoder, request));
    const { framing, length } = encoder;
    exchange.closes = encoder.closes;
    this.flush();
    const begin = () =>
      this.stream(exchange, isStream(body) ? body : inPieces(toBytes(body)), framing, length);
    if (request.expects) this.held = begin;
    else begin();
  }

  private beginStream(writer: BodyWriter): void {
    this.body = writer;
    this.isStreaming = true;
  }

  private stream(
    exchange: ClientExchange,
    body: Observable<BytesLike>,
    framing: Framing,
    length: number,
  ): void {
    const { owner, connection } = this;
    const writer = new BodyWriter(framing, length);
    this.beginStream(writer);
    const ended = () => {
      this.isStreaming = false;
      this.streaming = undefined;
      owner.requestWritten(exchange);
    };
    const parts$ = body.pipe(bodyBytes(writer, exchange.request.init.trailers, ended), sendTo(connection));
    const streaming = parts$.subscribe({
      error: (error: unknown) => {
        this.streaming = undefined;
        if (connection.state !== 'closed') owner.bodyFailed(exchange, error);
      },
    });
    // Left alone when it has ended: what is under way is still sent.
    if (this.isStreaming) this.streaming = streaming;
  }
}
