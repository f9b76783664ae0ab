import type { Decoder } from '../../lib/codec/codec.ts';
import { HTTP_ERROR_CODES, HttpError } from '../../lib/http/http-error.ts';
import type { LenientFlags } from '../../lib/http/limits.ts';
import { HttpParser, type MessageKind } from '../../lib/http/parser.ts';
import { differenceFromNode } from '../http/against-node.ts';
import { type Happening, Recorder } from '../http/recorder.ts';
import { HTTP_WORDS, httpMessage } from './http-inputs.ts';
import type { FuzzTarget } from './target.ts';

/** The limits of heads are the longest that is kept. */
const MOST = 16384;

const LENIENT: Required<LenientFlags> = {
  missingHost: true,
  anyHost: true,
  anyTarget: true,
  bareLf: true,
  foldedFields: true,
  spaceBeforeColon: true,
  controlsInValues: true,
  repeatedContentLength: true,
  contentLengthBesideChunked: true,
  otherTransferCodings: true,
  spacesInChunkLines: true,
  messagesAfterClose: true,
  dataAfterClose: false,
};

/** Parsers of HTTP, strict, and with everything put up with; and against the parser of Node. */
export const HTTP_TARGETS: readonly FuzzTarget[] = [
  target('http requests', 'request', () => new ParserDecoder('request')),
  target('http responses', 'response', () => new ParserDecoder('response')),
  target('http requests, lenient', 'request', () => new ParserDecoder('request', LENIENT)),
  target('http responses, lenient', 'response', () => new ParserDecoder('response', LENIENT)),
  target('http requests against node', 'request', () => new ComparingDecoder('request')),
  target('http responses against node', 'response', () => new ComparingDecoder('response')),
];

function target(name: string, kind: MessageKind, decoder: () => Decoder<Uint8Array, unknown>): FuzzTarget {
  return {
    name,
    decoder,
    frame: (random) => httpMessage(kind, random),
    most: MOST,
    words: HTTP_WORDS,
    refusals: { kind: HttpError, codes: Object.keys(HTTP_ERROR_CODES) },
  };
}

/** Emits what a parser tells its sink, except the last if it can grow: a part of a body, or what follows an upgrade. */
class ParserDecoder implements Decoder<Uint8Array, Happening> {
  private readonly parser: HttpParser<MessageKind>;
  private readonly recorder = new Recorder();

  constructor(kind: MessageKind, lenient: LenientFlags = {}) {
    this.parser = new HttpParser(kind, { lenient });
  }

  get residue(): number {
    return this.parser.residue;
  }

  push(chunk: Uint8Array, emit: (happening: Happening) => void): void {
    const { parser, recorder } = this;
    if (parser.isDone) {
      if (chunk.length > 0) recorder.follow(chunk);
      return;
    }
    try {
      // A copy, as folds are taken out in place.
      parser.push(Buffer.from(chunk), recorder);
    } catch (error) {
      this.emit(emit);
      throw error;
    }
    const what = recorder.happenings.at(-1)?.[0];
    const last = what === 'body' || what === 'upgraded' ? recorder.happenings.pop() : undefined;
    this.emit(emit);
    if (last !== undefined) recorder.happenings.push(last);
  }

  end(emit: (happening: Happening) => void): void {
    try {
      this.parser.end(this.recorder);
    } finally {
      this.emit(emit);
    }
  }

  private emit(emit: (happening: Happening) => void): void {
    for (const happening of this.recorder.happenings.splice(0)) emit(happening);
  }
}

/** Collects everything, and compares at the end. */
class ComparingDecoder implements Decoder<Uint8Array, unknown> {
  readonly residue = 0;
  private readonly kind: MessageKind;
  private readonly chunks: Uint8Array[] = [];

  constructor(kind: MessageKind) {
    this.kind = kind;
  }

  push(chunk: Uint8Array): void {
    this.chunks.push(new Uint8Array(chunk));
  }

  end(emit: (outcome: unknown) => void): void {
    const { difference, refusal, messages } = differenceFromNode(Buffer.concat(this.chunks), this.kind);
    if (difference !== undefined) throw new Error(difference);
    for (const message of messages) emit(message);
    if (refusal !== undefined) throw new HttpError(refusal);
  }
}
