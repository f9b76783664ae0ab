import { Fifo } from '../base/fifo.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import {
  type Framing,
  type HeadContext,
  NO_BODY,
  framingOfRequest,
  framingOfResponse,
  requestHead,
  responseHead,
} from './parser-framing.ts';
import { HeadReader } from './parser-head.ts';
import type { KeptBytes } from './parser-kept.ts';
import { RequestLineReader } from './parser-request-line.ts';
import { StatusLineReader } from './parser-status-line.ts';

/** Reads the heads of one kind of message. */
export interface Heads<Head> {
  /** How the body ends of the message whose head has been taken. */
  readonly framing: Framing;
  /** The request that the next final response answers; for responses only. */
  expect(method: string): void;
  /** Reads on; answers with where the head ends, -1 if that has not come before `end`. */
  read(chunk: Buffer, at: number, end: number): number;
  /** Hands out the head that has been read, and makes ready for the next. */
  take(): Head;
}

/** Heads of requests. */
export class RequestHeads implements Heads<RequestHead> {
  framing: Framing = NO_BODY;
  private readonly context: HeadContext;
  private readonly reader: HeadReader<RequestLineReader>;

  constructor(context: HeadContext, kept: KeptBytes) {
    const { settings, fault } = context;
    this.context = context;
    this.reader = new HeadReader(new RequestLineReader(settings, fault), context, kept);
  }

  expect(): void {}

  read(chunk: Buffer, at: number, end: number): number {
    return this.reader.read(chunk, at, end);
  }

  take(): RequestHead {
    const { reader, context } = this;
    const { line, block } = reader;
    const target = reader.slice(line.targetFrom, line.targetTo);
    reader.release();
    const head = requestHead(line, block, target, context);
    this.framing = framingOfRequest(head);
    return head;
  }
}

/** Heads of responses. What they mean depends on the requests that they answer. */
export class ResponseHeads implements Heads<ResponseHead> {
  framing: Framing = NO_BODY;
  private readonly context: HeadContext;
  private readonly reader: HeadReader<StatusLineReader>;
  private readonly expected = new Fifo<string>();

  constructor(context: HeadContext, kept: KeptBytes) {
    const { settings, fault } = context;
    this.context = context;
    this.reader = new HeadReader(new StatusLineReader(settings, fault), context, kept);
  }

  expect(method: string): void {
    this.expected.push(method);
  }

  read(chunk: Buffer, at: number, end: number): number {
    return this.reader.read(chunk, at, end);
  }

  take(): ResponseHead {
    const { reader, context, expected } = this;
    const { line, block } = reader;
    const reason = reader.slice(line.reasonFrom, line.reasonTo);
    reader.release();
    const isFinal = line.status >= 200;
    const method = expected.length === 0 ? undefined : isFinal ? expected.shift() : expected.at(0);
    const head = responseHead(line, block, reason, method, context);
    this.framing = framingOfResponse(head, method);
    return head;
  }
}
