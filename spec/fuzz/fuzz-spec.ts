import { describe, expect, it } from '@jest/globals';
import { type BytesLike, toText } from '../../lib/bytes/bytes-like.ts';
import type { Codec, Decoder } from '../../lib/codec/codec.ts';
import { lines } from '../../lib/codec/lines.ts';
import { runScript } from '../support/run-sample.ts';
import { TARGETS } from './decoders.ts';
import { FuzzFinding, Fuzzer } from './fuzz-codecs.ts';
import { type FuzzTarget, target } from './target.ts';

const SEED = 1;

describe('decoders', () => {
  it.each(TARGETS)('should take anything in the same way however it is cut: $name', (tested) => {
    const { run, counts } = fuzzer(tested);
    run(200);
    expect(counts.inputs).toBe(200);
    expect(counts.messages).toBeGreaterThan(20);
    if (tested.name !== 'fixed, tail emitted') expect(counts.refused).toBeGreaterThan(0);
  });

  it('should have names of their own', () => {
    expect(new Set(TARGETS.map(({ name }) => name)).size).toBe(TARGETS.length);
  });
});

describe('the fuzzer', () => {
  it('should make the same inputs for the same seed', () => {
    const inputs = (seed: number) => {
      const seen: string[] = [];
      const spy = spied((chunk) => seen.push(toText(chunk)));
      new Fuzzer(spy, seed).run(20);
      return seen;
    };
    expect(inputs(5)).toEqual(inputs(5));
    expect(inputs(5)).not.toEqual(inputs(6));
  });

  it('should find that what comes depends on the cuts', () => {
    const finding = found(
      broken({
        push: (decoder, chunk, emit) => decoder.push(chunk.subarray(chunk.length > 9 ? 1 : 0), emit),
      }),
    );
    expect(finding.message).toMatch(
      /^broken: what comes of it depends on the cuts\n {2}input \(\d+ bytes\): [0-9a-f]+\n/,
    );
    expect(finding.message).toMatch(
      /\n {2}cut at \[.*\]: \d+ messages.*; residue .*, refused with .*\n {2}cut at \[/,
    );
  });

  it('should find errors of another kind', () => {
    const push: Push = (decoder, chunk, emit) => {
      if (chunk.includes(0xff)) throw new RangeError('out of range');
      decoder.push(chunk, emit);
    };
    expect(found(broken({ push })).message).toContain('broken: threw RangeError: out of range');
  });

  it('should find bytes that are kept beyond the limit', () => {
    const finding = found(broken({ residue: (decoder) => decoder.residue * 3 }));
    expect(finding.message).toMatch(/^broken: residue is \d+, not 0 to \d+\n/);
  });

  it('should stop a decoder that emits without end', () => {
    const push: Push = (_decoder, _chunk, emit) => {
      for (;;) emit('more');
    };
    expect(found(broken({ push })).message).toMatch(/^broken: more than \d+ messages\n/);
  });
});

describe('the fuzz command', () => {
  it('should say what it did', async () => {
    const { code, out } = await runScript(
      'spec/fuzz/main.ts',
      '--runs',
      '3000',
      '--seed',
      '7',
      '--only',
      'pack',
    ).ended;
    expect(code).toBe(0);
    expect(out[0]).toBe('seed 7, 3000 inputs, 2 decoders');
    expect(out[1]).toMatch(/^pack +2000 inputs +\d+ messages +\d+ refused$/);
    expect(out.at(-1)).toMatch(/^3000 inputs in [\d.]+ s, \d+ a second$/);
  }, 30_000);

  it('should say what is legal', async () => {
    const { code, errors } = await runScript('spec/fuzz/main.ts', '--runs', 'many').ended;
    expect(errors).toEqual(["--runs is a whole number, not 'many'"]);
    expect(code).toBe(2);
  }, 30_000);
});

type Emit = (message: unknown) => void;
type Push = (decoder: Decoder<Uint8Array, unknown>, chunk: Uint8Array, emit: Emit) => void;

function fuzzer(tested: FuzzTarget) {
  const made = new Fuzzer(tested, SEED);
  return { counts: made.counts, run: (inputs: number) => made.run(inputs) };
}

function found(tested: FuzzTarget): FuzzFinding {
  try {
    new Fuzzer(tested, SEED).run(2000);
  } catch (error) {
    if (error instanceof FuzzFinding) return error;
    throw error;
  }
  throw new Error('nothing was found');
}

/** A decoder of lines with something broken. */
function broken({
  push,
  residue,
}: {
  push?: Push;
  residue?: (decoder: Decoder<Uint8Array, unknown>) => number;
}) {
  const { decoder, encoder } = lines({ maxLength: 20 });
  const codec: Codec<Uint8Array, unknown, BytesLike, string> = {
    decoder: () => {
      const right = decoder() as Decoder<Uint8Array, unknown>;
      return {
        push: (chunk, emit) => (push === undefined ? right.push(chunk, emit) : push(right, chunk, emit)),
        end: (emit) => right.end?.(emit),
        get residue() {
          return residue === undefined ? right.residue : residue(right);
        },
      };
    },
    encoder,
  };
  return target('broken', { codec, message: () => 'some text', most: 22, words: ['\n'] });
}

/** A target that tells which chunks it was given. */
function spied(tell: (chunk: Uint8Array) => void): FuzzTarget {
  return broken({
    push: (decoder, chunk, emit) => {
      tell(chunk);
      decoder.push(chunk, emit);
    },
  });
}
