import { Observable, type OperatorFunction } from 'rxjs';
import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import { Relay } from '../../flow/relay.ts';
import { HttpClock } from '../date.ts';
import { ResponseEncoder } from '../encode/response-head.ts';
import { byteLength, headBytes } from '../encode/whole.ts';
import type { FieldsInit } from '../encode/write-fields.ts';
import type { RequestHead } from '../head.ts';
import type { HttpMessage } from './http-messages.ts';

/** An answer that is there as a whole. */
export interface HttpAnswer {
  /** @default 200 */
  readonly status?: number;
  /** @default the phrase that is registered for the status */
  readonly reason?: string;
  readonly fields?: FieldsInit;
  /** @default none */
  readonly body?: BytesLike;
}

/** Options of {@link httpAnswers}. */
export interface HttpAnswersOptions {
  /** Milliseconds since 1970, for `Date`; left out, responses have none. */
  readonly now?: (() => number) | undefined;
}

/**
 * Whole requests to the bytes of their answers, one after the other: the last step of a server as a pipeline.
 *
 * Completes with the source, or behind an answer after which the connection has to be closed. Errors with what `answer`
 * throws, and with `ERR_HTTP_MESSAGE` when its answer is illegal. Keeps nothing.
 *
 * @example
 * listen({ port: 8080 }).pipe(
 *   handleEach((connection) =>
 *     connection.receive$.pipe(
 *       httpEvents('request'),
 *       httpMessages(),
 *       httpAnswers(({ head }) => ({ body: `you asked for ${head.path}` })),
 *       sendTo(connection, { end: true }),
 *     ),
 *   ),
 * );
 */
export function httpAnswers(
  answer: (request: HttpMessage<RequestHead>) => HttpAnswer,
  { now }: HttpAnswersOptions = {},
): OperatorFunction<HttpMessage<RequestHead>, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      const encoder = new ResponseEncoder({ date: now === undefined ? false : new HttpClock(now) });
      source.subscribe(
        new Relay<HttpMessage<RequestHead>, Uint8Array>(subscriber, (request) => {
          const { status = 200, reason, fields, body } = answer(request);
          const { keepAlive, method, minorVersion } = request.head;
          const head = headBytes(encoder, {
            status,
            reason,
            fields,
            body: body === undefined ? undefined : byteLength(body),
            keepAlive,
            requestMethod: method,
            requestVersion: minorVersion,
          });
          const { framing, closes } = encoder;
          const isSent = body !== undefined && framing !== 'none';
          subscriber.next(isSent ? Buffer.concat([head, toBytes(body)]) : head);
          if (closes) subscriber.complete();
        }),
      );
    });
}
