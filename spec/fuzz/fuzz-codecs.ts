import { type Cuts, piecesOf, randomCuts, viewsOf } from '../../lib/testing/cuts.ts';
import { Random } from '../../lib/testing/random.ts';
import { hexOf, same, show } from '../../lib/testing/same.ts';
import { randomInput } from './inputs.ts';
import type { FuzzTarget } from './target.ts';

/** What has been done to a target. */
export interface FuzzCounts {
  inputs: number;
  messages: number;
  /** Inputs that were refused. */
  refused: number;
}

/** Something that a decoder must not do. The message has all that is needed to see it again. */
export class FuzzFinding extends Error {
  readonly target: string;
  readonly input: Uint8Array;

  constructor(target: FuzzTarget, input: Uint8Array, what: string, details: readonly string[]) {
    const hex = hexOf(input).replaceAll(' ', '');
    super([`${target.name}: ${what}`, `input (${input.length} bytes): ${hex}`, ...details].join('\n  '));
    this.name = 'FuzzFinding';
    this.target = target.name;
    this.input = input;
  }
}

/** Fuzzes one target; the same inputs in the same order for the same seed. */
export class Fuzzer {
  readonly target: FuzzTarget;
  readonly counts: FuzzCounts = { inputs: 0, messages: 0, refused: 0 };
  /** The input that is being decoded, for whoever finds that it takes forever. */
  input: Uint8Array = new Uint8Array(0);
  private readonly random: Random;

  constructor(target: FuzzTarget, seed: number) {
    this.target = target;
    this.random = new Random(seed ^ hash(target.name));
  }

  /** @throws FuzzFinding for the first input that its decoder does something wrong with. */
  run(inputs: number): void {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 2; // thousands of errors are made here, and nearly all of them are as they should be
    try {
      for (let count = inputs; count > 0; count--) this.step();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  private step(): void {
    const { target, random, counts } = this;
    this.input = randomInput(target, random);
    const { length } = this.input;
    const one = this.decode(random.below(4) > 0 ? [] : everyByte(length));
    const other = this.decode(randomCuts(length, [], random));
    this.compare(one, other);
    counts.inputs++;
    counts.messages += one.messages.length;
    if (one.refusedWith !== undefined) counts.refused++;
  }

  private decode(cuts: Cuts): Outcome {
    const { input, random } = this;
    const chunks = chunksOf(input, cuts, random);
    const outcome: Outcome = { cuts, messages: [], residue: undefined, refusedWith: undefined };
    const most = input.length + 1; // the end may bring one more
    const emit = (message: unknown) => {
      if (outcome.messages.push(message) > most) this.fail(`more than ${most} messages`, outcome);
    };
    try {
      const decoder = this.target.decoder();
      for (const chunk of chunks) {
        decoder.push(chunk, emit);
        this.checkResidue(decoder.residue, outcome);
      }
      outcome.residue = decoder.residue;
      decoder.end?.(emit);
    } catch (error) {
      outcome.refusedWith = this.codeOf(error, outcome);
    }
    return outcome;
  }

  private checkResidue(residue: number, outcome: Outcome): void {
    const most = Math.min(this.target.most, this.input.length);
    if (!Number.isInteger(residue) || residue < 0 || residue > most)
      this.fail(`residue is ${residue}, not 0 to ${most}`, outcome);
  }

  private codeOf(error: unknown, outcome: Outcome): string {
    if (error instanceof FuzzFinding) throw error;
    const { kind, codes } = this.target.refusals;
    if (error instanceof kind && codes.includes(error.code)) return error.code;
    this.fail(`threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, outcome);
  }

  private compare(one: Outcome, other: Outcome): void {
    const isEqual =
      one.refusedWith === other.refusedWith &&
      one.residue === other.residue &&
      one.messages.length === other.messages.length &&
      one.messages.every((message, index) => same(other.messages[index], message));
    if (!isEqual) this.fail('what comes of it depends on the cuts', one, other);
  }

  private fail(what: string, ...outcomes: Outcome[]): never {
    throw new FuzzFinding(this.target, this.input, what, outcomes.map(showOutcome));
  }
}

/** What came of one way to cut an input. */
interface Outcome {
  readonly cuts: Cuts;
  readonly messages: unknown[];
  /** Bytes kept after the last chunk; `undefined` if it did not come to that. */
  residue: number | undefined;
  refusedWith: string | undefined;
}

function showOutcome({ cuts, messages, residue, refusedWith = 'nothing' }: Outcome): string {
  const where =
    cuts.every((cut, index) => cut === index + 1) && cuts.length > 1 ? 'everywhere' : cuts.join(', ');
  const last = messages.length > 0 ? `, the last ${show(messages.at(-1))}` : '';
  const end = `residue ${residue ?? 'unknown'}, refused with ${refusedWith}`;
  return `cut at [${where}]: ${messages.length} messages${last}; ${end}`;
}

/** Chunks in memory of their own, between other bytes, or most often as views of one copy, which is quick. */
function chunksOf(input: Uint8Array, cuts: Cuts, random: Random): Uint8Array[] {
  const kind = random.below(8);
  if (kind === 0) return piecesOf(input, cuts);
  if (kind === 1) return viewsOf(input, cuts, random);
  const copy = kind < 5 ? new Uint8Array(input) : Buffer.from(input);
  return [0, ...cuts].map((from, index) => copy.subarray(from, cuts[index] ?? copy.length));
}

function everyByte(length: number): Cuts {
  return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
}

function hash(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index++)
    value = (Math.imul(value, 31) + text.charCodeAt(index)) | 0;
  return value;
}
