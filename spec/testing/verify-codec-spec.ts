import { describe, expect, it } from '@jest/globals';
import { hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { Codec, Decoder } from '../../lib/codec/codec.ts';
import { verifyCodec } from '../../lib/testing/index.ts';
import { type Bytes, type Emit, Right, codecOf, EXAMPLES, REJECTS, mismatch } from './right-codec.ts';

describe('verifyCodec', () => {
  it('should find nothing wrong with a correct codec', () => {
    verifyCodec(
      codecOf(() => new Right()),
      EXAMPLES,
      { rejects: REJECTS },
    );
  });

  it('should feed Uint8Arrays and Buffers, empty chunks too, and every byte of every example', () => {
    const kinds = new Set<string>();
    let cuts = 0;
    class Watched extends Right {
      override push(chunk: Bytes, emit: Emit): void {
        kinds.add(`${chunk.constructor.name} at ${Math.min(1, chunk.byteOffset)}`);
        if (chunk.length === 0) kinds.add('empty');
        cuts++;
        super.push(chunk, emit);
      }
    }
    verifyCodec(
      codecOf(() => new Watched()),
      EXAMPLES,
    );
    expect([...kinds].sort()).toEqual(['Buffer at 1', 'Uint8Array at 0', 'empty']);
    expect(cuts).toBeGreaterThan(1000);
  });

  it('should accept whatever an example says about its end', () => {
    /** Spaces end a word, and so does the end. */
    class Words implements Decoder<Bytes, string> {
      private word = '';
      get residue(): number {
        return this.word.length;
      }
      push(chunk: Bytes, emit: (word: string) => void): void {
        const words = (this.word + toText(chunk)).split(' ');
        this.word = words.pop()!;
        for (const word of words) emit(word);
      }
      end(emit: (word: string) => void): void {
        if (this.word !== '') emit(this.word);
      }
    }
    const encoder = () => ({ push: (word: string, emit: (text: string) => void) => emit(`${word} `) });
    const words: Codec<Bytes, string, string> = { decoder: () => new Words(), encoder };
    verifyCodec(words, [
      { wire: 'one two ', messages: ['one', 'two'] },
      { wire: 'one two', messages: ['one'], atEnd: ['two'], residue: 3 },
      { wire: 'a bc', messages: ['a'], atEnd: ['bc'] },
      { wire: ' ', messages: [''] },
    ]);
    const wrong = () => verifyCodec(words, [{ wire: 'one two', messages: ['one'], atEnd: ['to'] }]);
    expect(wrong).toThrow("message 1 is wrong\n  expected: 'to'\n  received: 'two'");
    const kept = () => verifyCodec(words, [{ wire: 'a b', messages: ['a'], atEnd: ['b'], residue: 2 }]);
    expect(kept).toThrow('residue is wrong when all is pushed\n  expected: 2\n  received: 1');
    const more = () => verifyCodec(words, [{ wire: 'one two', messages: ['one'], residue: 3 }]);
    expect(more).toThrow("end() emits more than 1 messages\n  received: 'two'");
  });

  it('should compare bytes by their content, however deep in a message they are', () => {
    const wrap = (body: Bytes) => ({ kind: 'body', parts: [Buffer.from(body)], at: new Map([['x', body]]) });
    class Wrapped implements Decoder<Bytes, ReturnType<typeof wrap>> {
      private readonly inner = new Right();
      get residue(): number {
        return this.inner.residue;
      }
      push(chunk: Bytes, emit: (message: ReturnType<typeof wrap>) => void): void {
        this.inner.push(chunk, (body) => emit(wrap(body)));
      }
    }
    const encoder = () => ({ push: () => undefined });
    const codec: Codec<Bytes, object> = { decoder: () => new Wrapped(), encoder };
    const message = (text: string) => ({
      kind: 'body',
      parts: [utf8(text)],
      at: new Map([['x', new Uint8Array(utf8(text))]]),
    });
    const verify = (text: string) => () =>
      verifyCodec(codec, [{ wire: hex('01 61'), messages: [message(text)], encode: false }]);
    verify('a')();
    expect(verify('b')).toThrow('message 0 is wrong');
  });

  it('should verify an example of 100 bytes in milliseconds', () => {
    const wire = Buffer.concat([Buffer.from([99]), Buffer.alloc(99, 'x')]);
    const verify = () =>
      verifyCodec(
        codecOf(() => new Right()),
        [{ wire, messages: [wire.subarray(1)] }],
      );
    const times = [1, 2, 3].map(() => {
      const begin = performance.now();
      verify();
      return performance.now() - begin;
    });
    expect(Math.min(...times)).toBeLessThan(250); // about 10 on an idle machine
  });

  it('should not take minutes for an example of megabytes', () => {
    const wire = Buffer.alloc(3_000_000, 'x');
    const whole: Codec = {
      decoder: () => {
        let residue = 0;
        const push = (chunk: Bytes, emit: Emit) => {
          residue += chunk.length;
          for (; residue >= wire.length; residue -= wire.length) emit(wire);
        };
        return {
          push,
          get residue() {
            return residue;
          },
        };
      },
      encoder: () => ({ push: (message, emit) => emit(message) }),
    };
    verifyCodec(whole, [{ wire, messages: [wire] }], { rounds: 2 });
  });

  it('should refuse illegal options, and to verify nothing', () => {
    const codec = codecOf(() => new Right());
    const verify = (options: object) => () => verifyCodec(codec, EXAMPLES, options);
    expect(verify({ sed: 1 })).toThrow('sed must be left out: no such option');
    expect(verify({ seed: -1 })).toThrow('seed must be an integer from 0 to 4294967295, got -1');
    expect(verify({ rounds: 1.5 })).toThrow('rounds must be an integer from 0 to 100000, got 1.5');
    expect(verify({ encode: true })).toThrow("encode must be 'exact', 'roundTrip' or false, got true");
    expect(verify({ rejects: {} })).toThrow('rejects must be a list of examples');
    expect(() => verifyCodec(codec, [])).toThrow('examples must be at least one example');
  });
});

describe('verifyCodec, failing', () => {
  /** Wrong only if the input is in exactly five pieces. */
  const capricious = () => {
    class FivePieces extends Right {
      private pieces = 0;
      override push(chunk: Bytes, emit: Emit): void {
        this.pieces++;
        super.push(chunk, emit);
        if (this.pieces === 5 && this.kept.length > 20) this.kept = this.kept.subarray(1);
      }
    }
    return codecOf(() => new FivePieces());
  };
  const examples = [
    { wire: Buffer.concat([Buffer.from([99]), Buffer.alloc(99, 'x')]), messages: [Buffer.alloc(99, 'x')] },
  ];

  it('should cut in the same places for the same seed, in others for another seed', () => {
    const cutsFor = (seed: number) => mismatch(capricious(), examples, { seed, rounds: 1000 });
    const first = cutsFor(7);
    expect(first.feeding).toBe('random cuts');
    expect(first.seed).toBe(7);
    expect(first.message).toContain('verifyCodec(codec, examples, { seed: 7 })');
    expect(cutsFor(7).cuts).toEqual(first.cuts);
    expect(cutsFor(8).cuts).not.toEqual(first.cuts);
  });

  it('should show the part in which long messages differ', () => {
    const wire = Buffer.alloc(100, 7);
    const wrong = new Uint8Array(wire);
    wrong[60] = 8;
    const codec: Codec = {
      decoder: () => ({ push: (chunk, emit) => emit(chunk), residue: 0 }),
      encoder: () => ({ push: () => undefined }),
    };
    expect(() => verifyCodec(codec, [{ wire, messages: [wrong] }])).toThrow(
      /received: 100 bytes: … \(from byte 52\) 07 07 07 07 07 07 07 07 07 07/,
    );
  });
});
