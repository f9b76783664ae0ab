import type { Observable } from 'rxjs';
import { toText } from '../../bytes/bytes-like.ts';
import type { Connection } from '../../connection/connection.ts';
import type { HttpFields } from '../fields.ts';
import type { ResponseHead } from '../head.ts';
import { faultInResponse } from '../http-error.ts';
import { type CollectOptions, collectBody } from '../shared/collect-body.ts';
import type { ClientRequest } from './client-request.ts';

/**
 * The answer to a request: its head has come, its body may still be coming.
 *
 * Read the body, with {@link body$} or as a whole, or {@link discard} it: while it waits, its connection cannot be used for
 * anything else. One that nobody begins to read within `http.timeouts.unread`, and one that its last reader leaves, is
 * discarded. Short bodies that have come together with the head keep no connection waiting.
 *
 * @example
 * agent.get('http://localhost:8080/').subscribe((response) => {
 *   response.text().subscribe((text) => console.log(response.status, text));
 * });
 */
export abstract class HttpClientResponse {
  /** @internal */
  abstract readonly request: ClientRequest;
  /** The head, as the parser has checked it. */
  abstract readonly head: ResponseHead;
  /** The fields of the head. */
  abstract readonly fields: HttpFields;
  /** The connection that it came on. What is sent on it directly goes around HTTP. */
  abstract readonly connection: Connection;
  /** The fields behind the body; `undefined` until they have come, and if there are none. */
  abstract readonly trailers: HttpFields | undefined;
  /** Whether all of it has come. */
  abstract readonly isComplete: boolean;

  /**
   * The body, as it comes. Multicast, and not kept: each piece goes to those who are subscribed then; what came before the
   * first of them is kept for him. It is read while somebody is subscribed, and waits at the server until then.
   *
   * Completes at the end of the body, also for those who come later. Errors with an `HttpError` if it is malformed, or
   * `ERR_HTTP_TRUNCATED` if the connection ends before it does; with `ERR_TIMEOUT`; and with `ERR_STATE` when it has been
   * discarded. When the last one unsubscribes before its end, it is discarded.
   */
  abstract readonly body$: Observable<Uint8Array>;

  /** @internal Bytes of the body, if that is known. */
  abstract readonly bodyLength: number | undefined;

  /** Nobody wants the body: what is left of it is thrown away if it is short, or else its connection is closed. */
  abstract discard(): void;

  /** The status code. */
  get status(): number {
    return this.head.status;
  }

  /** The reason phrase as sent; it may be empty. */
  get reason(): string {
    return this.head.reason;
  }

  /** Where the response comes from; of a request that was redirected, from where in the end. */
  get url(): string {
    return this.request.url;
  }

  /**
   * The whole body, once it is there. Cold: subscribing reads it, which can be done once.
   *
   * Errors as {@link body$} does, with an `HttpError` (`ERR_HTTP_TOO_LONG`) when it is longer than the limit, and with
   * `ERR_STATE` when somebody has had a part of it already.
   *
   * @throws OptionError (`ERR_OPTION`)
   * @example
   * agent.get(url).pipe(mergeMap((response) => response.bytes({ limit: 4096 })));
   */
  bytes(options?: CollectOptions): Observable<Uint8Array> {
    return collectBody(this, options, itself);
  }

  /** As {@link bytes}, as text (UTF-8). */
  text(options?: CollectOptions): Observable<string> {
    return collectBody(this, options, toText);
  }

  /** As {@link bytes}, as JSON; errors with a SyntaxError if it is none. */
  json(options?: CollectOptions): Observable<unknown> {
    return collectBody(this, options, asJson);
  }

  /** @internal */
  takeWhole(_limit: number): Uint8Array | undefined {
    return undefined;
  }

  /** @internal */
  tooLong(length: number, limit: number): Error {
    return faultInResponse('body-length', `${length} bytes, ${limit} are allowed`);
  }
}

function itself(bytes: Uint8Array): Uint8Array {
  return bytes;
}

function asJson(bytes: Uint8Array): unknown {
  return JSON.parse(toText(bytes));
}
