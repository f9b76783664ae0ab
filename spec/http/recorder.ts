import { HttpError } from '../../lib/http/http-error.ts';
import type { HttpFields } from '../../lib/http/fields.ts';
import type { RequestHead, ResponseHead } from '../../lib/http/head.ts';
import type { HttpParserOptions } from '../../lib/http/limits.ts';
import { HttpParser, type MessageKind } from '../../lib/http/parser.ts';
import type { HeadDecision, HttpSink } from '../../lib/http/parser-sink.ts';

/** Something that a parser told its sink, or how it ended. */
export type Happening = readonly [what: string, ...details: unknown[]];

/** What a sink answers to heads, one after the other; `continue` to those that are left. */
export type Decisions = readonly HeadDecision[];

/** Writes down what a parser tells it. Parts of a body that follow each other become one, so that cuts do not show. */
export class Recorder implements HttpSink<RequestHead | ResponseHead> {
  readonly happenings: Happening[] = [];
  private readonly decisions: HeadDecision[];

  constructor(decisions: Decisions = []) {
    this.decisions = [...decisions];
  }

  messageBegin(): void {
    this.happenings.push(['messageBegin']);
  }

  head(head: RequestHead | ResponseHead): HeadDecision {
    this.happenings.push(['head', contentOf(head)]);
    return this.decisions.shift() ?? 'continue';
  }

  body(bytes: Buffer): void {
    if (bytes.length === 0) throw new Error('an empty part of a body');
    const text = bytes.toString('latin1');
    const last = this.happenings.at(-1);
    if (last?.[0] !== 'body') this.happenings.push(['body', text]);
    else this.happenings[this.happenings.length - 1] = ['body', (last[1] as string) + text];
  }

  chunkHeader(length: number, extensions: string): void {
    this.happenings.push(['chunkHeader', length, extensions]);
  }

  chunkComplete(): void {
    this.happenings.push(['chunkComplete']);
  }

  trailers(fields: HttpFields): void {
    this.happenings.push(['trailers', [...fields]]);
  }

  messageComplete(): void {
    this.happenings.push(['messageComplete']);
  }

  upgraded(rest: Buffer): void {
    this.happenings.push(['upgraded', rest.toString('latin1')]);
  }

  /** What came after an upgrade, not to the parser any more. */
  follow(chunk: Uint8Array): void {
    const [what, rest] = this.happenings.pop()!;
    this.happenings.push([what, (rest as string) + Buffer.from(chunk).toString('latin1')]);
  }
}

/** What a head says, its fields as pairs. */
function contentOf(head: RequestHead | ResponseHead): object {
  return Object.assign({}, head, { fields: [...head.fields] });
}

/** How input is fed. */
export interface Feeding {
  readonly kind: MessageKind;
  readonly options?: HttpParserOptions;
  /** Methods of requests that responses answer. */
  readonly expect?: readonly string[];
  readonly decisions?: Decisions;
  /** Whether the connection ends behind the input. */
  readonly ends?: boolean;
}

/** What becomes of chunks: what the sink was told, and at last the error, if there was one, and what is kept. */
export function parse(chunks: readonly Uint8Array[], feeding: Feeding): Happening[] {
  const { kind, options, expect = [], decisions, ends = false } = feeding;
  const recorder = new Recorder(decisions);
  const parser = new HttpParser(kind, options);
  for (const method of expect) parser.expect(method);
  try {
    for (const chunk of chunks) {
      if (parser.isDone) recorder.follow(chunk);
      else parser.push(chunk, recorder);
    }
    if (ends) parser.end(recorder);
    recorder.happenings.push([
      'end',
      { residue: parser.residue, isIdle: parser.isIdle, isDone: parser.isDone },
    ]);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    recorder.happenings.push(['error', error.reason]);
  }
  return recorder.happenings;
}

/** The pieces of a copy of the bytes, cut at some positions. */
export function cutAt(bytes: Uint8Array, ...cuts: readonly number[]): Buffer[] {
  const copy = Buffer.from(bytes);
  return [0, ...cuts].map((from, index) => copy.subarray(from, cuts[index] ?? copy.length));
}

/** Every byte by itself. */
export function byteByByte(bytes: Uint8Array): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.of(byte));
}

/** Longest input that is cut at every position. */
const SHORT = 400;

/**
 * What becomes of some bytes, provided that it is the same however they are cut: whole, byte by byte, at every position if
 * they are few, and at some if they are many.
 */
export function parseAnyhow(bytes: Uint8Array, feeding: Feeding): Happening[] {
  const whole = parse([Buffer.from(bytes)], feeding);
  const step = bytes.length <= SHORT ? 1 : Math.ceil(bytes.length / SHORT);
  const ways = [byteByByte(bytes)];
  for (let cut = 1; cut < bytes.length; cut += step) ways.push(cutAt(bytes, cut));
  for (const chunks of ways) {
    const happenings = parse(chunks, feeding);
    const [expected, actual] = [JSON.stringify(whole), JSON.stringify(happenings)];
    if (actual !== expected) {
      const lengths = chunks.map(({ length }) => length).join(', ');
      throw new Error(`whole: ${expected}\nas chunks of ${lengths}: ${actual}`);
    }
  }
  return whole;
}

/** The reason of the error at the end, or `undefined`. */
export function reasonOf(happenings: readonly Happening[]): unknown {
  const last = happenings.at(-1);
  return last?.[0] === 'error' ? last[1] : undefined;
}
