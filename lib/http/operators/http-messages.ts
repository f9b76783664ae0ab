import { Observable, type OperatorFunction } from 'rxjs';
import { integer, table } from '../../base/options.ts';
import { Relay } from '../../flow/relay.ts';
import { HttpFields, NO_FIELDS } from '../fields.ts';
import type { RequestHead, ResponseHead } from '../head.ts';
import { HttpError } from '../http-error.ts';
import type { HttpEvent } from './http-event.ts';

/** A message that has come as a whole. */
export interface HttpMessage<Head extends RequestHead | ResponseHead = RequestHead | ResponseHead> {
  readonly head: Head;
  /** All of the body, in one piece; empty if there is none. */
  readonly body: Uint8Array;
  /** The fields behind the body, mostly none. */
  readonly trailers: HttpFields;
}

/** Options of {@link httpMessages}. */
export interface HttpMessagesOptions {
  /**
   * Longest body that is kept, in bytes. 0 to 2^40.
   * @default 1048576 (1 MiB)
   */
  readonly maxBody?: number;
}

const checkOptions = table<HttpMessagesOptions>({
  maxBody: integer({ min: 0, max: 2 ** 40, fallback: 1024 * 1024 }),
});

/** A message under way. */
interface Unfinished<Head> {
  readonly head: Head;
  readonly pieces: Uint8Array[];
  length: number;
  readonly trailers: [string, string][];
}

/**
 * Events of HTTP/1.1 to whole messages.
 *
 * Keeps one body, up to `maxBody`. It takes no leases for that: a source that pauses because of the beginning of a body
 * would never deliver its end. Errors with an `HttpError` of status 413 when a body is longer, and with the source. Completes with the source. Events
 * of an upgrade are dropped: take them in front of this. Unsubscribing drops what there is of a message.
 *
 * @throws OptionError (`ERR_OPTION`) at once.
 * @example
 * connection.receive$
 *   .pipe(httpEvents('request'), httpMessages({ maxBody: 4096 }))
 *   .subscribe(({ head, body }) => console.log(head.method, head.path, body.length));
 */
export function httpMessages<Head extends RequestHead | ResponseHead>(
  options?: HttpMessagesOptions,
): OperatorFunction<HttpEvent<Head>, HttpMessage<Head>> {
  const { maxBody } = checkOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      let message: Unfinished<Head> | undefined;
      const take = (event: HttpEvent<Head>) => {
        if (event.type === 'headers-complete') {
          const { head } = event;
          const { contentLength = 0 } = head;
          if (contentLength > maxBody) throw tooLong(contentLength, maxBody);
          message = { head, pieces: [], length: 0, trailers: [] };
        } else if (message === undefined) {
          return;
        } else if (event.type === 'body') {
          const { data } = event;
          message.length += data.length;
          if (message.length > maxBody) throw tooLong(message.length, maxBody);
          message.pieces.push(data);
        } else if (event.type === 'header' && event.trailer) {
          message.trailers.push([event.name, event.value]);
        } else if (event.type === 'message-complete') {
          const { head, pieces, length, trailers } = message;
          const body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, length);
          message = undefined;
          subscriber.next({
            head,
            body,
            trailers: trailers.length > 0 ? HttpFields.from(trailers) : NO_FIELDS,
          });
        }
      };
      source.subscribe(new Relay<HttpEvent<Head>, HttpMessage<Head>>(subscriber, take));
    });
}

function tooLong(length: number, most: number): HttpError {
  return new HttpError('body-length', `${length} bytes, ${most} are allowed`);
}
