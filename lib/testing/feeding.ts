import { ProtocolError } from '../base/errors.ts';
import type { Codec, Decoder } from '../codec/codec.ts';
import { CodecMismatchError, type FeedingName, type Mismatch } from './codec-mismatch-error.ts';
import type { Cuts } from './cuts.ts';
import type { ExampleStream, Refusal } from './example-stream.ts';
import { same } from './same.ts';

/** The part of a codec that is fed. */
export type DecodingCodec = Pick<Codec<Uint8Array, unknown, unknown, never>, 'decoder'>;

/** How a stream is fed. */
export interface Manner {
  readonly feeding: FeedingName;
  readonly cuts: Cuts;
  readonly chunks: readonly Uint8Array[];
  readonly seed: number;
}

/**
 * One decoder that is fed a stream and watched: each message when it comes, its residue after each chunk, and all
 * messages once more when everything is over.
 *
 * @throws CodecMismatchError from any of its methods.
 */
export class Feeding {
  private readonly stream: ExampleStream;
  private readonly manner: Manner;
  private readonly decoder: Decoder<Uint8Array, unknown>;
  private readonly received: unknown[] = [];
  private fault: CodecMismatchError | undefined;
  private refused = false;
  private ending = false;
  private chunk = 0;
  private pushed = 0;
  private punctual = 0;
  private seam = 0;

  constructor(codec: DecodingCodec, stream: ExampleStream, manner: Manner) {
    this.stream = stream;
    this.manner = manner;
    this.decoder = codec.decoder();
  }

  /** Feeds everything. */
  run(): void {
    while (this.step());
    this.finish();
  }

  /** Pushes the next chunk; false if there is none, or nothing may be pushed any more. */
  step(): boolean {
    const chunk = this.manner.chunks[this.chunk++];
    if (chunk === undefined || this.refused) return false;
    // Read first: the chunk is the decoder's afterwards.
    this.pushed += chunk.length;
    if (this.attempt('push', () => this.decoder.push(chunk, this.receive))) {
      this.checkPunctual();
      this.checkResidue();
    }
    return true;
  }

  /** Ends the input, and looks at all messages once more. */
  finish(): void {
    if (!this.refused) this.end();
    this.checkComplete();
    this.checkUntouched();
  }

  private end(): void {
    const { refusal, residue } = this.stream.last;
    if (refusal?.when === 'push') this.fail({ what: `not refused with ${refusal.code} by its last byte` });
    this.expectResidue(residue);
    this.ending = true;
    const accepted = this.attempt('end', () => this.decoder.end?.(this.receive));
    if (refusal !== undefined && accepted) this.fail({ what: `not refused with ${refusal.code} by end()` });
  }

  private readonly receive = (message: unknown): void => {
    const index = this.received.length;
    this.received.push(message);
    const { due, last } = this.stream;
    const atEnd = last.atEnd[index - due.length];
    if (index >= due.length + (this.ending ? last.atEnd.length : 0))
      this.fail({
        what: `${this.ending ? 'end()' : 'push()'} emits more than ${index} messages`,
        actual: message,
      });
    const expected = index < due.length ? due[index]?.message : atEnd;
    if (same(message, expected)) return;
    const example = due[index]?.example ?? last.name;
    this.fail({ what: `message ${index} is wrong`, example, expected, actual: message });
  };

  /** Whether the decoder takes it; otherwise it was right not to. */
  private attempt(what: 'push' | 'end', work: () => void): boolean {
    const refusal = this.stream.last.refusal;
    try {
      work();
    } catch (error) {
      // A decoder may have hidden what was thrown into it from `receive`; that goes first.
      if (this.fault !== undefined) throw this.fault;
      if (refusal?.when !== what) this.fail({ what: `${what}() threw ${textOf(error)}`, cause: error });
      this.checkRefusal(error, refusal);
      this.refused = true;
    }
    if (this.fault !== undefined) throw this.fault;
    return !this.refused;
  }

  private checkRefusal(error: unknown, { code }: Refusal): void {
    if (!(error instanceof ProtocolError)) {
      this.fail({ what: `refused with ${textOf(error)}, not with a ProtocolError ${code}`, cause: error });
    } else if (error.code !== code) {
      this.fail({ what: 'refused with another code', expected: code, actual: error.code, cause: error });
    }
  }

  /** What is complete has to be there: a peer may wait for the answer before it sends more. */
  private checkPunctual(): void {
    const { due } = this.stream;
    while ((due[this.punctual]?.by ?? Infinity) <= this.pushed) this.punctual++;
    if (this.received.length >= this.punctual) return;
    const late = due[this.received.length];
    this.fail({
      what: `message ${this.received.length} is late or missing: not emitted with byte ${late?.by ?? 0}`,
      ...(late && { example: late.example }),
    });
  }

  private checkResidue(): void {
    const { seams } = this.stream;
    let begin = seams[this.seam - 1] ?? 0;
    for (let seam = seams[this.seam]; seam !== undefined && seam <= this.pushed; seam = seams[++this.seam])
      begin = seam;
    const { residue } = this.decoder;
    const most = this.pushed - begin;
    if (Number.isInteger(residue) && residue >= 0 && residue <= most) return;
    const expected = most === 0 ? 0 : `0 to ${most}`;
    this.fail({ what: 'residue is wrong', expected, actual: residue });
  }

  private expectResidue(expected: number | undefined): void {
    const actual = this.decoder.residue;
    if (expected !== undefined && actual !== expected)
      this.fail({ what: 'residue is wrong when all is pushed', expected, actual });
  }

  private checkComplete(): void {
    const { due, last } = this.stream;
    const expected = due.length + last.atEnd.length;
    const actual = this.received.length;
    if (actual >= expected) return;
    const example = due[actual]?.example ?? last.name;
    this.fail({ what: 'number of messages is wrong', example, expected, actual });
  }

  private checkUntouched(): void {
    const { due, last } = this.stream;
    for (const [index, actual] of this.received.entries()) {
      const of = due[index];
      const expected = of === undefined ? last.atEnd[index - due.length] : of.message;
      if (same(actual, expected)) continue;
      const example = of?.example ?? last.name;
      this.fail({ what: `message ${index} was right and has changed since`, example, expected, actual });
    }
  }

  private fail(mismatch: Mismatch): never {
    const { stream, manner } = this;
    const info = { ...manner, stream: stream.name, wire: stream.wire };
    this.fault ??= new CodecMismatchError(info, { at: this.pushed, ...mismatch });
    throw this.fault;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
