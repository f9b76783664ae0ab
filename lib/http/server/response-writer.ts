import type { Observable, Subscription } from 'rxjs';
import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import { sendTo } from '../../connection/send-to.ts';
import type { StreamConnection } from '../../connection/stream-connection.ts';
import { type EmissionTask, afterEmission, isEmitting } from '../../flow/emission.ts';
import { Batch } from '../../framing/batch.ts';
import { flushAtTurnEnd } from '../../send/flusher.ts';
import { BodyWriter } from '../encode/body-writer.ts';
import type { Framing } from '../encode/framing.ts';
import type { ResponseEncoder, ResponseHeadInit } from '../encode/response-head.ts';
import { byteLength, headBytes, writeBody } from '../encode/whole.ts';
import type { RequestHead } from '../head.ts';
import { bodyBytes } from '../shared/body-bytes.ts';
import { type HttpResponse, isStream } from './http-response.ts';

/** Told how a response goes. */
export interface ResponseOwner {
  /** The last byte of the response has been handed over. `closes`: it is the last one of the connection. */
  responseWritten(closes: boolean): void;
  /** The body of a response has failed in its midst. */
  bodyFailed(error: unknown): void;
  /** What was written in this turn has been sent. */
  responsesSent(): void;
}

/** A response that waits for those in front of it. */
export interface WaitingResponse {
  readonly head: Uint8Array;
  readonly framing: Framing;
  readonly length: number;
  readonly closes: boolean;
  readonly response: HttpResponse;
  /** The body, if it is there as a whole and goes in chunks all the same. */
  readonly chunks: readonly Uint8Array[] | undefined;
}

/** A body up to this length is written behind its head, into the same piece. */
const SMALL_BODY = 16 * 1024;
/** What a head mostly fits into, and what it may have before it gets memory of its own. */
const USUAL_HEAD = 512;
const LONG_HEAD = 32 * 1024;

/** Writes the responses of one connection, one after the other; those of one turn leave as one piece. */
export class ResponseWriter implements EmissionTask {
  private readonly connection: StreamConnection;
  private readonly encoder: ResponseEncoder;
  private readonly owner: ResponseOwner;
  private readonly batch = new Batch();
  private streaming: Subscription | undefined = undefined;
  private isStreaming = false;
  private armed = false;

  constructor(connection: StreamConnection, encoder: ResponseEncoder, owner: ResponseOwner) {
    this.connection = connection;
    this.encoder = encoder;
    this.owner = owner;
  }

  /** Whether a response has begun that goes on. */
  get isBusy(): boolean {
    return this.isStreaming;
  }

  /** Whether {@link ResponseOwner.responsesSent} is still to come. */
  get hasUnsent(): boolean {
    return this.armed || this.isStreaming;
  }

  /** Bytes that wait for the end of the turn. */
  get unsent(): number {
    return this.batch.length;
  }

  /**
   * Writes a response whose body is there as a whole.
   *
   * @throws ProtocolError `ERR_HTTP_MESSAGE`; nothing has been written then.
   */
  write(request: RequestHead, response: HttpResponse, keepAlive: boolean): void {
    const { body } = response;
    this.writeWhole(request, response, keepAlive, body as BytesLike | undefined);
  }

  /**
   * Makes a response ready that cannot be written yet.
   *
   * @throws ProtocolError `ERR_HTTP_MESSAGE`
   */
  prepare(request: RequestHead, response: HttpResponse, keepAlive: boolean): WaitingResponse {
    const { encoder } = this;
    const { body } = response;
    const size = isStream(body) ? 'chunked' : body === undefined ? undefined : byteLength(body);
    const head = headBytes(encoder, initOf(request, response, size, keepAlive));
    const { framing, length, closes } = encoder;
    const isWholeInChunks = framing === 'chunked' && !isStream(body);
    const chunks = isWholeInChunks ? chunksOf(body, response.trailers) : undefined;
    return { head, framing, length, closes, response, chunks };
  }

  /** Writes a response that has waited. */
  release(waiting: WaitingResponse): void {
    const { head, framing, closes, response, chunks } = waiting;
    const { body } = response;
    this.add(head);
    if (isStream(body) && framing !== 'none') {
      this.stream(waiting, body);
      return;
    }
    if (chunks !== undefined) for (const chunk of chunks) this.batch.append(chunk);
    else if (body !== undefined && framing !== 'none') this.batch.append(toBytes(body as BytesLike));
    this.owner.responseWritten(closes);
  }

  /** Writes the head of a response that is not the last one to its request, or ends HTTP. */
  inform(init: ResponseHeadInit): void {
    this.add(headBytes(this.encoder, init));
  }

  /** Sends what was written in this turn. */
  flush(): void {
    this.armed = false;
    this.send();
    this.owner.responsesSent();
  }

  /** Nothing more is written. */
  stop(): void {
    this.streaming?.unsubscribe();
    this.batch.take();
  }

  private send(): void {
    const { batch, connection } = this;
    if (batch.length === 0) return;
    connection.send(...batch.take());
    if (connection.keepsNothing) batch.rewind();
  }

  private add(piece: Uint8Array): void {
    this.batch.append(piece);
    this.flushLater();
  }

  private flushLater(): void {
    if (this.armed) return;
    this.armed = true;
    if (isEmitting()) afterEmission(this);
    else flushAtTurnEnd(this);
  }

  private writeWhole(
    request: RequestHead,
    response: HttpResponse,
    keepAlive: boolean,
    body: BytesLike | undefined,
  ): void {
    const { batch, encoder } = this;
    const length = body === undefined ? 0 : byteLength(body);
    const behind = length <= SMALL_BODY ? length : 0;
    const init = initOf(request, response, body === undefined ? undefined : length, keepAlive);
    let end = -1;
    for (let room = USUAL_HEAD; end < 0 && room <= LONG_HEAD; room *= 8) {
      const target = batch.space(room + behind) as Buffer;
      end = encoder.encode(target, batch.at, init);
      if (end >= 0 && behind > 0 && encoder.framing === 'length') end = writeBody(target, end, body!);
    }
    // In chunks, though it is there as a whole, if the fields say so.
    if (end < 0 || encoder.framing === 'chunked') {
      this.release(this.prepare(request, response, keepAlive));
      return;
    }
    const { framing, closes } = encoder;
    batch.filled(end);
    if (length > behind && framing === 'length') batch.append(toBytes(body!));
    this.flushLater();
    this.owner.responseWritten(closes);
  }

  private stream({ framing, length, closes, response }: WaitingResponse, body: Observable<BytesLike>): void {
    const { owner } = this;
    this.send();
    this.isStreaming = true;
    const ended = () => {
      this.isStreaming = false;
      this.streaming = undefined;
      this.flushLater();
      owner.responseWritten(closes);
    };
    const parts$ = body.pipe(
      bodyBytes(new BodyWriter(framing, length), response.trailers, ended),
      sendTo(this.connection),
    );
    const streaming = parts$.subscribe({
      error: (error: unknown) => {
        this.streaming = undefined;
        if (this.connection.state !== 'closed') owner.bodyFailed(error);
      },
    });
    if (this.isBusy) this.streaming = streaming;
  }
}

/** A whole body in one chunk. */
function chunksOf(body: BytesLike | undefined, trailers: HttpResponse['trailers']): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const writer = new BodyWriter('chunked', 0);
  const emit = (piece: Uint8Array) => pieces.push(piece);
  if (body !== undefined) writer.write(body, emit);
  writer.end(emit, trailers?.());
  return pieces;
}

function initOf(
  request: RequestHead,
  { status = 200, reason, fields, keepAlive = true }: HttpResponse,
  body: ResponseHeadInit['body'],
  agreed: boolean,
): ResponseHeadInit {
  return {
    status,
    reason,
    fields,
    body,
    keepAlive: keepAlive && agreed,
    requestMethod: request.method,
    requestVersion: request.minorVersion,
  };
}
