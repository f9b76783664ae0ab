import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { Relay } from '../../flow/relay.ts';
import type { HttpFields } from '../fields.ts';
import type { RequestHead, ResponseHead, UpgradeKind } from '../head.ts';
import { type HttpParserOptions, HttpParserSettings } from '../limits.ts';
import { type HeadOf, HttpParser, type MessageKind } from '../parser.ts';
import type { HeadDecision, HttpSink } from '../parser-sink.ts';
import type { HttpEvent } from './http-event.ts';

/** Options of {@link httpEvents}. */
export interface HttpEventsOptions<Head> extends HttpParserOptions {
  /**
   * Decides what becomes of a message when its head is known, as the result of `OnHeadersComplete` does.
   * @default 'continue'
   */
  readonly decide?: (head: Head) => HeadDecision;
}

/**
 * Bytes to events of HTTP/1.1: a parser as an operator, strict as `HttpParser` is.
 *
 * Keeps at most one head. Errors with an `HttpError` when the bytes are not HTTP or beyond a limit, after the events in
 * front of the fault, and with what `decide` throws. Completes with the source; a message that is not complete then is an
 * `ERR_HTTP_TRUNCATED`. Bodies are views of the chunks. Flow passes through: what is kept further down holds back the
 * source.
 *
 * @throws OptionError (`ERR_OPTION`) at once.
 * @example
 * connection.receive$.pipe(httpEvents('request')).subscribe((event) => console.log(event.type));
 */
export function httpEvents<Kind extends MessageKind>(
  kind: Kind,
  { decide, ...options }: HttpEventsOptions<HeadOf<Kind>> = {},
): OperatorFunction<Uint8Array, HttpEvent<HeadOf<Kind>>> {
  const settings = new HttpParserSettings(options);
  return (source) =>
    new Observable((subscriber) => {
      const parser = new HttpParser(kind, settings);
      const sink = new EventSink(subscriber, decide);
      source.subscribe(
        new Relay<Uint8Array, HttpEvent<HeadOf<Kind>>>(
          subscriber,
          (chunk) => {
            if (sink.upgrade === undefined) parser.push(chunk, sink);
            else subscriber.next({ type: 'upgrade', kind: sink.upgrade.kind, rest: chunk });
          },
          () => {
            if (sink.upgrade === undefined) parser.end(sink);
            subscriber.complete();
          },
        ),
      );
    });
}

/** Makes events of what a parser finds. */
class EventSink<Head extends RequestHead | ResponseHead> implements HttpSink<Head> {
  upgrade: { readonly kind: UpgradeKind | undefined } | undefined = undefined;
  private readonly subscriber: Subscriber<HttpEvent<Head>>;
  private readonly decide: ((head: Head) => HeadDecision) | undefined;
  private kind: UpgradeKind | undefined = undefined;

  constructor(subscriber: Subscriber<HttpEvent<Head>>, decide: ((head: Head) => HeadDecision) | undefined) {
    this.subscriber = subscriber;
    this.decide = decide;
  }

  messageBegin(): void {
    this.subscriber.next({ type: 'message-begin' });
  }

  head(head: Head): HeadDecision {
    const { subscriber } = this;
    this.kind = head.upgrade;
    if ('method' in head) {
      const { method, target } = head;
      subscriber.next({ type: 'request-line', method, target });
    } else {
      const { status, reason } = head;
      subscriber.next({ type: 'status-line', status, reason });
    }
    this.fields(head.fields, false);
    const decision = this.decide?.(head) ?? 'continue';
    subscriber.next({ type: 'headers-complete', head });
    return decision;
  }

  body(data: Uint8Array): void {
    this.subscriber.next({ type: 'body', data });
  }

  chunkHeader(length: number, extensions: string): void {
    this.subscriber.next({ type: 'chunk-header', length, extensions });
  }

  chunkComplete(): void {
    this.subscriber.next({ type: 'chunk-complete' });
  }

  trailers(fields: HttpFields): void {
    this.fields(fields, true);
  }

  messageComplete(): void {
    this.subscriber.next({ type: 'message-complete' });
  }

  upgraded(rest: Uint8Array): void {
    this.upgrade = { kind: this.kind };
    this.subscriber.next({ type: 'upgrade', kind: this.kind, rest });
  }

  private fields(fields: HttpFields, trailer: boolean): void {
    for (const [name, value] of fields) this.subscriber.next({ type: 'header', name, value, trailer });
  }
}
