import { absoluteParts } from '../syntax/target.ts';
import type { FieldFacts } from './field-facts.ts';
import { blockOf } from './field-block.ts';
import { type BodySize, checkBody, frameRequest, type Framing, type FramingPlan } from './framing.ts';
import { connectionLine, SILENT, undatedEnding } from './head-ending.ts';
import { badMessage } from './message-error.ts';
import { put } from './put.ts';
import { putFraming } from './put-framing.ts';
import { hostLine, putRequestLine } from './request-line.ts';
import { checkNotWriting, FieldLines, type FieldsInit } from './write-fields.ts';

/** The head of a request. */
export interface RequestHeadInit {
  /** A token. Methods are case-sensitive, and those that are registered are in upper case. */
  readonly method: string;
  /**
   * Path and query, as they go over the wire; an absolute URI; `*` with OPTIONS; host and port with CONNECT. No
   * fragment: `#` is refused, and so is what is not visible ASCII.
   */
  readonly target: string;
  /**
   * Host and port of the server, for `Host`, unless that is among the fields. Empty is legal. It is not looked at if
   * the target itself names the host: with CONNECT, or as an absolute URI. Otherwise HTTP/1.1 needs it.
   */
  readonly host?: string | undefined;
  /** Fields, in order. */
  readonly fields?: FieldsInit | undefined;
  /**
   * How much body there is, in bytes, or `'chunked'` if that is unknown. `Content-Length` or
   * `Transfer-Encoding: chunked` among the fields has the last word: the body has to fit.
   * @default none, which POST, PUT and PATCH say with `Content-Length: 0`
   */
  readonly body?: Exclude<BodySize, 'close'>;
  /**
   * Minor version: 0 for HTTP/1.0, 1 for HTTP/1.1.
   * @default 1
   */
  readonly version?: 0 | 1 | undefined;
  /**
   * Whether the connection is wanted for more requests.
   * @default true with HTTP/1.1, false with HTTP/1.0
   */
  readonly keepAlive?: boolean | undefined;
}

/**
 * Writes heads of requests. One encoder serves any number of connections.
 *
 * ```
 * POST /path?query HTTP/1.1      request line
 * Host: example.com:8080         unless given
 * Content-Type: text/plain       the fields, in their order
 * Content-Length: 5              or Transfer-Encoding, unless given
 * Connection: close              only if the connection is not to be kept; keep-alive only with HTTP/1.0
 *                                empty line
 * ```
 *
 * After a call of {@link encode} the properties tell what was decided, until the next call.
 *
 * @example
 * const encoder = new RequestEncoder();
 * const end = encoder.encode(block, 0, { method: 'GET', target: '/', host: 'example.com' });
 */
export class RequestEncoder implements FramingPlan {
  /** How the body has to be written: see `BodyWriter`. */
  framing: Framing = 'none';
  /** Bytes of the body that were announced, if {@link framing} is `'length'`; else 0. */
  length = 0;
  /** Whether the connection will not be kept. */
  closes = false;

  /**
   * Writes a head.
   *
   * @param target What to write to. If the call fails, its bytes from `start` on may have been overwritten.
   * @param start Where to begin.
   * @returns Where the head ends, or -1 if there is no room.
   * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if the message is illegal.
   */
  encode(target: Buffer, start: number, head: RequestHeadInit): number {
    checkNotWriting();
    const lineEnd = putRequestLine(target, start, head);
    const host = hostOf(head);
    const block = blockOf(head.fields);
    if (block === undefined) return this.encodeFields(target, lineEnd, head, host);
    const hosted = block.facts.host ? lineEnd : put(target, lineEnd, host);
    return this.finish(target, put(target, hosted, block.bytes), head, block.facts, host);
  }

  private encodeFields(target: Buffer, start: number, head: RequestHeadInit, host: Uint8Array): number {
    const { at, facts } = new FieldLines(target, put(target, start, host)).addAll(head.fields!);
    if (at < 0 || !facts.host || host.length === 0) return this.finish(target, at, head, facts, host);
    // It turned out that Host is among the fields, so the line in front of them has to go.
    target.copyWithin(start, start + host.length, at);
    return this.finish(target, at - host.length, head, facts, host);
  }

  /** Adds what the fields do not say. */
  private finish(
    target: Buffer,
    at: number,
    head: RequestHeadInit,
    facts: FieldFacts,
    host: Uint8Array,
  ): number {
    const { method, body, version = 1, keepAlive = version === 1 } = head;
    const old = version === 0;
    checkBody(body);
    if (!old && !facts.host && host.length === 0) throw badMessage('a request of HTTP/1.1 needs host');
    const line = frameRequest({ method, body, old, keepAlive }, facts, this);
    const connection = old && this.closes ? SILENT : connectionLine(this.closes, facts, old);
    return put(target, putFraming(target, at, line, body), undatedEnding(connection));
  }
}

const NOTHING = new Uint8Array(0);

/** The line with `Host`: what the target says, if it names a host, since the two have to agree. */
function hostOf({ method, target, host }: RequestHeadInit): Uint8Array {
  const name =
    method === 'CONNECT'
      ? target
      : target.startsWith('/') || target === '*'
        ? host
        : absoluteParts(target).authority;
  return name === undefined ? NOTHING : hostLine(name);
}
