import { ByteQueue } from '../bytes/byte-queue.ts';
import { viewOf } from '../bytes/view.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { REQUEST_FAULTS, RESPONSE_FAULTS } from './http-error.ts';
import { type HttpParserOptions, HttpParserSettings } from './limits.ts';
import { type Heads, RequestHeads, ResponseHeads } from './parser-heads.ts';
import { KeptBytes } from './parser-kept.ts';
import { MessageReader } from './parser-message.ts';
import type { HttpSink } from './parser-sink.ts';

/** What a parser reads. */
export type MessageKind = 'request' | 'response';

/** The heads of what a parser reads. */
export type HeadOf<Kind extends MessageKind> = Kind extends 'request' ? RequestHead : ResponseHead;

const EMPTY = Buffer.alloc(0);

/**
 * Parses HTTP/1.1 and 1.0 (RFC 9112), the requests or the responses of one connection. Sans-IO: it is given bytes, cut
 * anywhere, and calls the methods of a sink. What may mean different things to different people is refused, and everything
 * has a limit; see {@link HttpParserOptions}.
 *
 * It keeps at most one head that is not complete, or the fields behind a body, or the extensions of a chunk, each up to
 * its limit; a copy of the last fields, if they are not longer than 2 KiB; and what comes while it is paused.
 *
 * @example
 * const parser = new HttpParser('request');
 * parser.push(utf8('GET /hello HTTP/1.1\r\nHost: example.org\r\n\r\n'), {
 *   messageBegin() {},
 *   head({ method, path, fields }) {
 *     console.log(method, path, fields.get('host')); // GET /hello example.org
 *     return 'continue';
 *   },
 *   body() {},
 *   chunkHeader() {},
 *   chunkComplete() {},
 *   trailers() {},
 *   messageComplete() {},
 *   upgraded() {},
 * });
 */
export class HttpParser<Kind extends MessageKind> {
  readonly kind: Kind;

  private readonly kept = new KeptBytes();
  private readonly heads: Heads<HeadOf<Kind>>;
  private readonly reader: MessageReader<HeadOf<Kind>>;
  private readonly pausing = { isPaused: false };

  /** What is being read. */
  private chunk: Buffer = EMPTY;
  private at = 0;
  private readonly waiting = new ByteQueue();
  private isRunning = false;
  private hasEnded = false;
  private isOver = false;

  /**
   * @param options Options, or settings made of them, which many parsers can share.
   * @throws OptionError (`ERR_OPTION`)
   */
  constructor(kind: Kind, options?: HttpParserOptions | HttpParserSettings) {
    const settings = options instanceof HttpParserSettings ? options : new HttpParserSettings(options);
    const { kept } = this;
    const isRequest = kind === 'request';
    const context = { settings, ...(isRequest ? REQUEST_FAULTS : RESPONSE_FAULTS) };
    const heads = isRequest ? new RequestHeads(context, kept) : new ResponseHeads(context, kept);
    this.kind = kind;
    this.heads = heads as unknown as Heads<HeadOf<Kind>>;
    this.reader = new MessageReader(this.heads, context, kept, this.pausing);
  }

  /** Whether it is between messages, so that nothing is lost if the connection ends here. */
  get isIdle(): boolean {
    return this.reader.isIdle && this.pending === 0;
  }

  /** Whether it takes nothing more: after an upgrade, the end, or an error. */
  get isDone(): boolean {
    return this.isOver;
  }

  get isPaused(): boolean {
    return this.pausing.isPaused;
  }

  /** Bytes that wait because it is paused. */
  get pending(): number {
    return this.chunk.length - this.at + this.waiting.length;
  }

  /** Bytes kept of a head, of fields behind a body or of extensions that are not complete. */
  get residue(): number {
    return this.kept.length;
  }

  /**
   * Announces a request, so that the response to it is understood: the one to HEAD has no body, and the one to CONNECT may
   * be the end of HTTP. To be called in the order of the requests; a response that nobody announced is taken as one to
   * GET. For parsers of responses.
   */
  expect(method: string): void {
    this.heads.expect(method);
  }

  /**
   * Takes the next bytes, and calls the methods of the sink for all that is in them before it returns. The chunk belongs
   * to the parser from now on. Once the parser {@link isDone}, it is ignored.
   *
   * @throws HttpError when the bytes are not HTTP, or beyond a limit. What came in front of the fault has been given to
   * the sink. What the sink throws is passed on. Either way the parser is done.
   */
  push(chunk: Uint8Array, sink: HttpSink<HeadOf<Kind>>): void {
    if (this.isOver || chunk.length === 0) return;
    if (this.pausing.isPaused || this.isRunning) {
      this.waiting.push(chunk);
      return;
    }
    this.chunk = asBuffer(chunk);
    this.at = 0;
    this.run(sink);
  }

  /**
   * The connection has ended. Completes a response whose end that is. While the parser is paused, this waits for
   * {@link resume}.
   *
   * @throws HttpError `ERR_HTTP_TRUNCATED` if a message is not complete.
   */
  end(sink: HttpSink<HeadOf<Kind>>): void {
    if (this.isOver) return;
    this.hasEnded = true;
    if (!this.pausing.isPaused && !this.isRunning) this.run(sink);
  }

  /** Stops before the next call of the sink; may be called within one. The rest of the chunk is kept as it is. */
  pause(): void {
    this.pausing.isPaused = true;
  }

  /** Goes on after {@link pause}; throws as {@link push} does. Within a call of the sink it just takes back the pause. */
  resume(sink: HttpSink<HeadOf<Kind>>): void {
    if (!this.pausing.isPaused) return;
    this.pausing.isPaused = false;
    if (!this.isRunning && !this.isOver) this.run(sink);
  }

  /**
   * Gives up, for a protocol that takes over: it takes nothing more, and answers with what waits because it is paused.
   * Not to be called from within a call of the sink.
   */
  detach(): Buffer {
    const rest = this.takeRest();
    this.stop();
    return rest;
  }

  /** Reads what there is. An error, whoever made it, ends everything: what it left half done cannot be gone on with. */
  private run(sink: HttpSink<HeadOf<Kind>>): void {
    let isWell = false;
    this.isRunning = true;
    try {
      this.readAll(sink);
      isWell = true;
    } finally {
      this.isRunning = false;
      if (!isWell) this.stop();
    }
  }

  private readAll(sink: HttpSink<HeadOf<Kind>>): void {
    const { reader, pausing, waiting } = this;
    for (;;) {
      const { chunk } = this;
      this.at = reader.read(chunk, this.at, chunk.length, sink);
      if (pausing.isPaused) return;
      if (reader.isUpgraded) {
        const rest = this.takeRest();
        this.stop();
        sink.upgraded(rest);
        return;
      }
      const next = waiting.take();
      this.chunk = next === undefined ? EMPTY : asBuffer(next);
      this.at = 0;
      if (next === undefined) break;
    }
    if (!this.hasEnded) return;
    this.isOver = true;
    reader.finish(sink);
  }

  /** All that has not been read, in one piece. */
  private takeRest(): Buffer {
    const { chunk, at, waiting } = this;
    const pieces: Uint8Array[] = [viewOf(chunk.buffer, chunk.byteOffset + at, chunk.length - at)];
    for (let next = waiting.take(); next !== undefined; next = waiting.take()) pieces.push(next);
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  private stop(): void {
    this.isOver = true;
    this.chunk = EMPTY;
    this.at = 0;
    this.waiting.clear();
    this.kept.clear();
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : viewOf(chunk.buffer, chunk.byteOffset, chunk.length);
}
