import type { Observable } from 'rxjs';
import type { BytesLike } from '../../bytes/bytes-like.ts';
import type { FieldsInit } from '../encode/write-fields.ts';
import type { HttpExchange } from './http-exchange.ts';

/** An answer to a request. */
export interface HttpResponse {
  /**
   * 200 to 999.
   * @default 200
   */
  readonly status?: number | undefined;
  /**
   * Text behind the status.
   * @default the phrase that is registered for the status
   */
  readonly reason?: string | undefined;
  /** Fields, in order. Content-Length, Transfer-Encoding, Connection and Date are added where they have to be. */
  readonly fields?: FieldsInit | undefined;
  /**
   * The body: bytes or text (UTF-8), sent in one piece with the head, so that it has to fit into `maxPending` of the
   * connection; or an Observable of both, sent as it comes, in
   * chunks unless the fields say how long it is. It is subscribed to when it is the response's turn. What it emits inside
   * of an emission of a connection holds a lease there until the client's system has taken it; so a proxy is bounded. When it
   * errors, the connection is reset, so that the client does not take the rest for a whole.
   * @default none
   */
  readonly body?: BytesLike | Observable<BytesLike> | undefined;
  /** Fields behind a body that is sent in chunks; asked for when it has ended. */
  readonly trailers?: (() => FieldsInit) | undefined;
  /**
   * Whether the connection may take another request; `false` closes it after this response.
   * @default true, as far as the client agrees
   */
  readonly keepAlive?: boolean | undefined;
}

/** A response together with what it answers; made by {@link HttpExchange.reply}. */
export interface HttpReply {
  readonly exchange: HttpExchange;
  readonly response: HttpResponse;
}

/** @internal Whether a body is sent as it comes. */
export function isStream(body: HttpResponse['body']): body is Observable<BytesLike> {
  return typeof body === 'object' && 'subscribe' in body;
}
