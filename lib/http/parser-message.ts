import { viewOf } from '../bytes/view.ts';
import type { MessageHead } from './head.ts';
import { ChunkLineReader } from './parser-chunk-line.ts';
import { BY_CHUNKS, BY_LENGTH, type HeadContext, NO_BODY, bodyTooLong } from './parser-framing.ts';
import type { Heads } from './parser-heads.ts';
import type { KeptBytes } from './parser-kept.ts';
import type { HttpSink } from './parser-sink.ts';
import { TrailerReader } from './parser-trailers.ts';
import { CR, LF } from './syntax/tables.ts';

/** What comes next, and needs bytes: a message or an empty line, … */
const IDLE = 0;
const BLANK_LF = 1;
const HEAD = 2;
const BODY = 3;
const BODY_TO_CLOSE = 4;
const CHUNK_LINE = 5;
const CHUNK_DATA = 6;
const CHUNK_END = 7;
const CHUNK_END_LF = 8;
const TRAILERS = 9;
const CLOSED = 10;
/** … or nothing at all. */
const DONE = 11;
/** What comes next, and needs none: from here on. */
const LAST_CHUNK = 12;
const COMPLETE = 13;

/** Where its reader can be told to stop. */
export interface Pausing {
  isPaused: boolean;
}

/** Reads messages one after the other, and tells a sink of what is in them. */
export class MessageReader<Head extends MessageHead> {
  private readonly context: HeadContext;
  private readonly heads: Heads<Head>;
  private readonly kept: KeptBytes;
  private readonly pausing: Pausing;
  private chunkLine: ChunkLineReader | undefined;
  private trailers: TrailerReader | undefined;

  private state = IDLE;
  /** Empty lines in front of the message. */
  private blankLines = 0;
  /** Bytes of the body, or of the chunk, that are still to come; and those of the body that have been announced. */
  private missing = 0;
  private bodyLength = 0;
  /** What follows the message. */
  private keepAlive = true;
  private isUpgrading = false;

  /** @param kept Holds what is cut. */
  constructor(heads: Heads<Head>, context: HeadContext, kept: KeptBytes, pausing: Pausing) {
    this.heads = heads;
    this.context = context;
    this.kept = kept;
    this.pausing = pausing;
  }

  /** Whether it is in no message. */
  get isIdle(): boolean {
    return this.state <= BLANK_LF || this.state === CLOSED || this.state === DONE;
  }

  /** Whether a message is complete that is the last one because something else than HTTP follows. */
  get isUpgraded(): boolean {
    return this.state === DONE && this.isUpgrading;
  }

  /**
   * Reads on, until the bytes are used up, or something else than HTTP follows, or a pause is made.
   *
   * @returns Where it has come.
   */
  read(chunk: Buffer, from: number, end: number, sink: HttpSink<Head>): number {
    const { pausing } = this;
    let at = from;
    while (!pausing.isPaused && this.state !== DONE) {
      if (this.state >= LAST_CHUNK) this.finishWithoutBytes(sink);
      else if (at === end) break;
      else if (this.state <= HEAD) at = this.readHead(chunk, at, end, sink);
      else if (this.state <= BODY_TO_CLOSE || this.state === CHUNK_DATA)
        at = this.readBody(chunk, at, end, sink);
      else if (this.state === CLOSED) at = this.skipTail(chunk, at, end);
      else at = this.readChunk(chunk, at, end, sink);
    }
    return at;
  }

  /** The bytes have ended; nothing more is read. */
  finish(sink: HttpSink<Head>): void {
    const { state } = this;
    this.state = DONE;
    if (state === BODY_TO_CLOSE) sink.messageComplete();
    else if (state !== IDLE && state !== BLANK_LF && state !== CLOSED && state !== DONE)
      throw this.context.fault('truncated');
  }

  private readHead(chunk: Buffer, from: number, end: number, sink: HttpSink<Head>): number {
    if (this.state !== HEAD) {
      const byte = chunk[from]!;
      if (this.state === BLANK_LF || byte === CR || byte === LF) {
        this.skipBlankLine(byte);
        return from + 1;
      }
      this.state = HEAD;
      this.blankLines = 0;
      sink.messageBegin();
      if (this.pausing.isPaused) return from;
    }
    const at = this.heads.read(chunk, from, end);
    if (at < 0) return end;
    const head = this.heads.take();
    this.state = COMPLETE;
    this.keepAlive = head.keepAlive;
    this.begin(head, sink);
    return at;
  }

  private skipBlankLine(byte: number): void {
    const { settings, fault } = this.context;
    if (this.state === BLANK_LF) {
      if (byte !== LF) throw fault('bare-cr');
      this.state = IDLE;
      return;
    }
    if (byte === LF && !settings.lenient.bareLf) throw fault('bare-lf');
    const { maxBlankLines } = settings.limits;
    if (++this.blankLines > maxBlankLines) throw fault('blank-lines', `${maxBlankLines} are allowed`);
    if (byte === CR) this.state = BLANK_LF;
  }

  /** Hands the head on, and begins with what its body is. */
  private begin(head: Head, sink: HttpSink<Head>): void {
    const { framing } = this.heads;
    const decision = sink.head(head);
    this.isUpgrading = decision === 'upgrade' || (head.upgrade !== undefined && decision !== 'stay');
    if (framing === NO_BODY || decision === 'upgrade' || decision === 'skip-body') return;
    this.bodyLength = 0;
    if (framing === BY_LENGTH) {
      this.missing = head.contentLength!;
      this.state = BODY;
    } else if (framing === BY_CHUNKS) {
      const { context, kept } = this;
      this.chunkLine ??= new ChunkLineReader(context.settings, context.fault, kept);
      this.chunkLine.reset();
      this.state = CHUNK_LINE;
    } else this.state = BODY_TO_CLOSE;
  }

  private readBody(chunk: Buffer, from: number, end: number, sink: HttpSink<Head>): number {
    const { state } = this;
    let to = end;
    if (state === BODY_TO_CLOSE) {
      const { maxBody } = this.context.settings.limits;
      to = Math.min(end, from + maxBody - this.bodyLength);
      if (to === from) throw bodyTooLong(maxBody + 1, this.context);
      this.bodyLength += to - from;
    } else {
      to = Math.min(end, from + this.missing);
      this.missing -= to - from;
      if (this.missing === 0) this.state = state === BODY ? COMPLETE : CHUNK_END;
    }
    sink.body(to - from === chunk.length ? chunk : viewOf(chunk.buffer, chunk.byteOffset + from, to - from));
    return to;
  }

  private readChunk(chunk: Buffer, from: number, end: number, sink: HttpSink<Head>): number {
    if (this.state === CHUNK_LINE) return this.readChunkLine(chunk, from, end, sink);
    if (this.state === TRAILERS) return this.readTrailers(chunk, from, end, sink);
    const byte = chunk[from]!;
    if (this.state === CHUNK_END && byte === CR) this.state = CHUNK_END_LF;
    else {
      const { settings, fault } = this.context;
      if (byte !== LF || (this.state === CHUNK_END && !settings.lenient.bareLf)) throw fault('chunk-end');
      this.state = CHUNK_LINE;
      sink.chunkComplete();
    }
    return from + 1;
  }

  private readChunkLine(chunk: Buffer, from: number, end: number, sink: HttpSink<Head>): number {
    const line = this.chunkLine!;
    const at = line.read(chunk, from, end);
    if (at < 0) return end;
    const { size } = line;
    this.bodyLength += size;
    if (this.bodyLength > this.context.settings.limits.maxBody)
      throw bodyTooLong(this.bodyLength, this.context);
    this.missing = size;
    this.state = size === 0 ? TRAILERS : CHUNK_DATA;
    sink.chunkHeader(size, line.extensions);
    return at;
  }

  private readTrailers(chunk: Buffer, from: number, end: number, sink: HttpSink<Head>): number {
    const trailers = (this.trailers ??= new TrailerReader(this.context, this.kept));
    const at = trailers.read(chunk, from, end);
    if (at < 0) return end;
    this.state = LAST_CHUNK;
    const { fields } = trailers;
    if (fields !== undefined) {
      trailers.fields = undefined;
      sink.trailers(fields);
    }
    return at;
  }

  private finishWithoutBytes(sink: HttpSink<Head>): void {
    if (this.state === LAST_CHUNK) {
      this.state = COMPLETE;
      sink.chunkComplete();
      return;
    }
    if (this.isUpgrading) this.state = DONE;
    else {
      const goesOn = this.keepAlive || this.context.settings.lenient.messagesAfterClose;
      this.state = goesOn ? IDLE : CLOSED;
    }
    sink.messageComplete();
  }

  /** Nothing may follow but the line end that old clients send. */
  private skipTail(chunk: Buffer, from: number, end: number): number {
    const { settings, fault } = this.context;
    if (settings.lenient.dataAfterClose) return end;
    if (chunk[from] !== CR && chunk[from] !== LF) throw fault('data-after-close');
    return from + 1;
  }
}
