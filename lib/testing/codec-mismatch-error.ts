import type { Cuts } from './cuts.ts';
import { firstDifference, hexOf, show } from './same.ts';

/**
 * How a codec was put to the test when it failed.
 *
 * - `in one chunk`: everything at once.
 * - `example by example`: a chunk for each example.
 * - `cut once`: in two chunks, cut at every position in turn.
 * - `byte by byte`: a chunk for each byte.
 * - `views`: as Buffers, with other bytes around them in their memory; whole and cut.
 * - `random cuts`: cut in several places, with empty chunks among them.
 * - `two decoders in turn`: byte by byte into one decoder, and a little behind into another one.
 * - `more behind it`: in one chunk with bytes behind the fault.
 * - `encoder`: nothing was fed; the encoder was given the messages.
 */
export type FeedingName =
  | 'in one chunk'
  | 'example by example'
  | 'cut once'
  | 'byte by byte'
  | 'views'
  | 'random cuts'
  | 'two decoders in turn'
  | 'more behind it'
  | 'encoder';

/** What was fed, and how. */
export interface FeedingInfo {
  /** The examples that were fed, such as `examples[2]`. */
  readonly stream: string;
  readonly feeding: FeedingName;
  readonly wire: Uint8Array;
  readonly cuts: Cuts;
  readonly seed: number;
}

/** What went wrong. */
export interface Mismatch {
  /** The example that it happened in, if there were several. */
  readonly example?: string;
  readonly what: string;
  /** Bytes that had been pushed. */
  readonly at?: number;
  readonly expected?: unknown;
  readonly actual?: unknown;
  readonly cause?: unknown;
}

/**
 * A codec does not do what its examples say. The message tells which example, how it was fed, what was expected and
 * what came, and the seed to repeat it with.
 */
export class CodecMismatchError extends Error {
  /** The example, as `examples[2]` or `rejects[0]`. */
  readonly example: string;
  /** How it was fed. */
  readonly feeding: FeedingName;
  /** Where the input was cut, in bytes from its beginning. */
  readonly cuts: readonly number[];
  /** The seed, to be given as an option to repeat it. */
  readonly seed: number;
  /** What the example says; `undefined` if it is not about a value. */
  readonly expected: unknown;
  /** What came instead. */
  readonly actual: unknown;

  constructor(info: FeedingInfo, mismatch: Mismatch) {
    super(messageOf(info, mismatch), 'cause' in mismatch ? { cause: mismatch.cause } : undefined);
    this.name = 'CodecMismatchError';
    this.example = mismatch.example ?? info.stream;
    this.feeding = info.feeding;
    this.cuts = info.cuts;
    this.seed = info.seed;
    this.expected = mismatch.expected;
    this.actual = mismatch.actual;
  }
}

function messageOf(info: FeedingInfo, mismatch: Mismatch): string {
  const { stream, feeding, cuts, seed } = info;
  const { example = stream, what, at } = mismatch;
  const lines = [`${stream}, ${feeding}${showCuts(feeding, cuts)}: ${what}`];
  if (example !== stream) lines.push(`  example:  ${example}`);
  const around = firstDifference(mismatch.expected, mismatch.actual);
  if ('expected' in mismatch) lines.push(`  expected: ${show(mismatch.expected, around)}`);
  if ('actual' in mismatch) lines.push(`  received: ${show(mismatch.actual, around)}`);
  if (at !== undefined) lines.push(`  after:    ${at} bytes: ${showChunks(info.wire, cuts, at)}`);
  lines.push(`  again:    verifyCodec(codec, examples, { seed: ${seed} })`);
  return lines.join('\n');
}

function showCuts(feeding: FeedingName, cuts: Cuts): string {
  if (cuts.length === 0 || feeding === 'byte by byte' || feeding === 'two decoders in turn') return '';
  const shown = cuts.slice(0, 12).join(', ');
  return ` (at ${shown}${cuts.length > 12 ? `, … ${cuts.length} in all` : ''})`;
}

/** Bytes shown on each side of the place where it went wrong. */
const SHOWN = 16;

/** The input around a place, with `|` at the cuts. */
function showChunks(wire: Uint8Array, cuts: Cuts, around: number): string {
  const from = Math.max(0, around - SHOWN);
  const to = Math.min(wire.length, around + SHOWN);
  const inner = cuts.filter((cut) => cut >= from && cut <= to);
  const parts = [from, ...inner].map((start, index) => hexOf(wire.subarray(start, inner[index] ?? to)));
  return `${from > 0 ? '… ' : ''}${parts.join(' | ')}${to < wire.length ? ' …' : ''}`;
}
