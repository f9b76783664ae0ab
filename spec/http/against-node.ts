import { isDeepStrictEqual } from 'node:util';
import type { HttpFields } from '../../lib/http/fields.ts';
import type { RequestHead, ResponseHead } from '../../lib/http/head.ts';
import { HttpError, type HttpErrorReason } from '../../lib/http/http-error.ts';
import { HttpParser, type MessageKind } from '../../lib/http/parser.ts';
import { HttpParserSettings } from '../../lib/http/limits.ts';
import type { HeadDecision, HttpSink } from '../../lib/http/parser-sink.ts';
import { LAXER, OTHER, STRICTER } from './differences.ts';
import { NODE_METHODS, type Outcome, type Told, parseWithNode } from './node-parser.ts';

const settings = new HttpParserSettings({ methods: NODE_METHODS });

/** What our parser makes of some input, behind which the connection ends. */
export function parseWithOurs(input: Buffer, kind: MessageKind): Outcome {
  const outcome: Outcome = { messages: [], refusal: undefined, upgradedAt: undefined };
  const parser = new HttpParser(kind, settings);
  const sink = new Telling(outcome, input.length);
  try {
    parser.push(input, sink);
    parser.end(sink);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    outcome.refusal = error.reason;
  }
  return outcome;
}

/** Tells of messages as Node's parser does. */
class Telling implements HttpSink<RequestHead | ResponseHead> {
  private readonly outcome: Outcome;
  private readonly length: number;

  constructor(outcome: Outcome, length: number) {
    this.outcome = outcome;
    this.length = length;
  }

  head(head: RequestHead | ResponseHead): HeadDecision {
    const { minorVersion, keepAlive, upgrade, fields } = head;
    const start = 'method' in head ? [head.method, head.target] : [head.status, head.reason];
    const rest = { trailers: [], body: '', isComplete: false };
    const told = {
      start,
      minorVersion,
      fields: [...fields],
      keepAlive,
      upgrade: upgrade !== undefined,
      ...rest,
    };
    this.outcome.messages.push(told);
    return 'continue';
  }

  body(bytes: Buffer): void {
    this.outcome.messages.at(-1)!.body += bytes.toString('latin1');
  }

  trailers(fields: HttpFields): void {
    this.outcome.messages.at(-1)!.trailers = [...fields];
  }

  messageComplete(): void {
    this.outcome.messages.at(-1)!.isComplete = true;
  }

  upgraded(rest: Buffer): void {
    this.outcome.upgradedAt = this.length - rest.length;
  }

  messageBegin(): void {}
  chunkHeader(): void {}
  chunkComplete(): void {}
}

/** What both make of some input. */
export interface Comparison {
  /** What is different and not on the list, in words. */
  readonly difference: string | undefined;
  /** Messages that are complete for both, and equal. */
  readonly messages: readonly Told[];
  /** What we refuse the input with. */
  readonly refusal: HttpErrorReason | undefined;
  /** Names of the differences on the list that have been met. */
  readonly met: readonly string[];
}

/** Lets both parsers have some input, and compares what they make of it. */
export function differenceFromNode(input: Buffer, kind: MessageKind): Comparison {
  const ours = parseWithOurs(Buffer.from(input), kind);
  const theirs = parseWithNode(Buffer.from(input), kind);
  const met: string[] = [];
  const differ = differing(ours, theirs, { kind, input: input.toString('latin1'), met });
  const refusal = ours.refusal as HttpErrorReason | undefined;
  const difference =
    differ === undefined
      ? undefined
      : `${differ}\n  ours: ${JSON.stringify(ours)}\n  node: ${JSON.stringify(theirs)}\n  ${JSON.stringify(input.toString('latin1'))}`;
  return { difference, messages: ours.messages.filter(isComplete), refusal, met };
}

interface Around {
  readonly kind: MessageKind;
  readonly input: string;
  readonly met: string[];
}

/** In words what is different, unless it is on one of the lists; then its name is added to `met`. */
function differing(ours: Outcome, theirs: Outcome, around: Around): string | undefined {
  const { kind, input, met } = around;
  const count = Math.min(ours.messages.length, theirs.messages.length);
  for (let index = 0; index < count; index++) {
    const [one, other] = [ours.messages[index]!, theirs.messages[index]!];
    const isLast = !one.isComplete || !other.isComplete;
    const expected = OTHER.find(({ kinds, applies }) => kinds.includes(kind) && applies(one, other, input));
    if (expected !== undefined) {
      met.push(expected.name);
      return undefined; // what follows is read in another way
    }
    const common = { ...one, body: '', isComplete: true, trailers: [] };
    if (!isDeepStrictEqual(common, { ...other, body: '', isComplete: true, trailers: [] }))
      return `message ${index + 1} is another`;
    if (!isLast && (one.body !== other.body || !isDeepStrictEqual(one.trailers, other.trailers)))
      return `the content of message ${index + 1} is another`;
  }
  return differingEnds(ours, theirs, around);
}

function differingEnds(ours: Outcome, theirs: Outcome, { input, met }: Around): string | undefined {
  const [done, theirDone] = [ours, theirs].map(({ messages }) => messages.filter(isComplete).length) as [
    number,
    number,
  ];
  if (ours.refusal !== undefined && (theirs.refusal === undefined || theirDone > done))
    return listed(isStricter(ours), `refused only by us: ${ours.refusal}`, met);
  if (theirs.refusal !== undefined && (ours.refusal === undefined || done > theirDone)) {
    const isListed = LAXER.some(({ code, applies }) => code === theirs.refusal && applies(input));
    return listed(isListed, `refused only by Node: ${theirs.refusal}`, met);
  }
  if (ours.refusal !== undefined) return undefined;
  if (done !== theirDone) return 'one has more messages';
  return ours.upgradedAt === theirs.upgradedAt
    ? undefined
    : 'something else than HTTP begins in different places';
}

function isStricter({ refusal, messages }: Outcome): boolean {
  return Object.hasOwn(STRICTER, refusal!) && (refusal !== 'truncated' || messages.at(-1)?.upgrade === true);
}

function listed(isListed: boolean, name: string, met: string[]): string | undefined {
  if (!isListed) return name;
  met.push(name);
  return undefined;
}

function isComplete(message: Told): boolean {
  return message.isComplete;
}
