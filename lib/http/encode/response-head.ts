import type { HttpClock } from '../date.ts';
import { reasonPhrase } from '../status.ts';
import { FIELD_VALUE } from '../syntax/tables.ts';
import { checkCharacters } from './characters.ts';
import { blockOf, NO_FIELDS } from './field-block.ts';
import type { FieldFacts } from './field-facts.ts';
import { checkNotWriting, FieldLines, type FieldsInit } from './write-fields.ts';
import {
  type BodySize,
  checkBody,
  frameResponse,
  type Framing,
  type FramingLine,
  type FramingPlan,
  opensTunnel,
} from './framing.ts';
import { connectionLine, DatedEndings, SILENT, undatedEnding } from './head-ending.ts';
import { badMessage } from './message-error.ts';
import { put, putText } from './put.ts';
import { putFraming } from './put-framing.ts';
import { checkVersion } from './request-line.ts';

/** The head of a response, and what has to be known to frame it. */
export interface ResponseHeadInit {
  /** 100 to 999. */
  readonly status: number;
  /**
   * Text behind the status. It may be empty.
   * @default the phrase that is registered for the status, else empty
   */
  readonly reason?: string | undefined;
  /** Fields, in order. */
  readonly fields?: FieldsInit | undefined;
  /**
   * How much body there is. `Content-Length` or `Transfer-Encoding: chunked` among the fields has the last word: the
   * body has to fit.
   *
   * A body of unknown length (`'chunked'`) ends with the connection if HTTP/1.0 is spoken.
   * @default none, which is `Content-Length: 0` where the status allows for a body
   */
  readonly body?: BodySize;
  /**
   * Whether the connection may go on after this response: what the request said, unless the server wants to close.
   * @default true
   */
  readonly keepAlive?: boolean | undefined;
  /**
   * Method of the request. HEAD and CONNECT are answered in their own ways.
   * @default 'GET'
   */
  readonly requestMethod?: string | undefined;
  /**
   * Minor version of the request: 0 for HTTP/1.0, 1 for HTTP/1.1.
   * @default 1
   */
  readonly requestVersion?: 0 | 1 | undefined;
}

/** Options of {@link ResponseEncoder}. */
export interface ResponseEncoderOptions {
  /** Where `Date` comes from, for responses that have none among their fields; `false`: leave it out. */
  readonly date: HttpClock | false;
  /**
   * Minor version in the status line.
   * @default 1
   */
  readonly version?: 0 | 1;
}

/**
 * Writes heads of responses. One encoder serves all connections of a server.
 *
 * ```
 * HTTP/1.1 200 OK                        status line
 * Content-Type: text/plain               the fields, in their order
 * Content-Length: 5                      or Transfer-Encoding, unless given or forbidden
 * Connection: close                      if the connection ends; keep-alive only towards HTTP/1.0
 * Date: Sun, 06 Nov 1994 08:49:37 GMT    unless given; not with 1xx
 *                                        empty line
 * ```
 *
 * After a call of {@link encode} the properties tell what was decided, until the next call.
 *
 * @example
 * const encoder = new ResponseEncoder({ date: new HttpClock(() => scheduler.now()) });
 * const end = encoder.encode(block, 0, { status: 200, fields: { 'Content-Type': 'text/plain' }, body: 5 });
 * block.write('hello', end);
 */
export class ResponseEncoder implements FramingPlan {
  /** How the body has to be written: see `BodyWriter`. */
  framing: Framing = 'none';
  /** Bytes of the body that were announced, if {@link framing} is `'length'`; else 0. */
  length = 0;
  /** Whether the connection has to be closed after this response. */
  closes = false;

  private readonly version: 0 | 1;
  private readonly endings: DatedEndings | undefined;

  constructor({ date, version = 1 }: ResponseEncoderOptions) {
    checkVersion(version);
    this.version = version;
    this.endings = date === false ? undefined : new DatedEndings(date);
  }

  /**
   * Writes a head.
   *
   * @param target What to write to. If the call fails, its bytes from `start` on may have been overwritten.
   * @param start Where to begin.
   * @returns Where the head ends, or -1 if there is no room.
   * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if the message is illegal.
   */
  encode(target: Buffer, start: number, head: ResponseHeadInit): number {
    checkNotWriting();
    checkStatus(head.status);
    const old = this.isOld(head);
    const block = blockOf(head.fields);
    // Transfer-Encoding is not for HTTP/1.0, and the block has it.
    if (block === undefined || (old && block.facts.chunked)) {
      const { at, facts } = new FieldLines(target, this.putStatusLine(target, start, head), old).addAll(
        head.fields!,
      );
      return this.finish(target, at, head, facts);
    }
    const at =
      head.reason === undefined
        ? put(target, start, block.behind(head.status * 2 + this.version, statusLine))
        : put(target, this.putStatusLine(target, start, head), block.bytes);
    return this.finish(target, at, head, block.facts);
  }

  private putStatusLine(target: Buffer, at: number, { status, reason }: ResponseHeadInit): number {
    if (reason === undefined) return put(target, at, NO_FIELDS.behind(status * 2 + this.version, statusLine));
    checkCharacters(reason, FIELD_VALUE, 'the reason phrase');
    return putText(target, at, `HTTP/1.${this.version} ${status} ${reason}\r\n`);
  }

  /** Adds what the fields do not say. */
  private finish(target: Buffer, at: number, head: ResponseHeadInit, facts: FieldFacts): number {
    const line = this.frame(head, facts);
    return put(target, putFraming(target, at, line, head.body), this.ending(head, facts));
  }

  private isOld(head: ResponseHeadInit): boolean {
    return this.version === 0 || head.requestVersion === 0;
  }

  private frame(head: ResponseHeadInit, facts: FieldFacts): FramingLine {
    const { status, body, requestMethod = 'GET', keepAlive = true } = head;
    checkBody(body);
    return frameResponse({ status, body, requestMethod, keepAlive, old: this.isOld(head) }, facts, this);
  }

  /** What is said last, {@link frame} having been called. */
  private ending(head: ResponseHeadInit, facts: FieldFacts): Uint8Array {
    const { status, requestMethod } = head;
    const goesOn = status < 200 || opensTunnel(requestMethod, status);
    const connection = goesOn ? SILENT : connectionLine(this.closes, facts, this.isOld(head));
    const dated = !facts.date && status >= 200 ? this.endings : undefined;
    return dated === undefined ? undatedEnding(connection) : dated.get(connection);
  }
}

function statusLine(key: number): string {
  const status = key >> 1;
  return `HTTP/1.${key & 1} ${status} ${reasonPhrase(status)}\r\n`;
}

function checkStatus(status: number): void {
  if (Number.isInteger(status) && status >= 100 && status <= 999) return;
  throw badMessage(`status must be an integer from 100 to 999, got ${String(status)}`);
}
