import type { FeedingName } from './codec-mismatch-error.ts';
import { type Cuts, type Reach, piecesOf, positions, randomCuts, viewsOf } from './cuts.ts';
import type { ExampleStream } from './example-stream.ts';
import { type DecodingCodec, Feeding, type Manner } from './feeding.ts';
import { Random } from './random.ts';

/** How far a long stream is cut at every position, one decoder for each or two in turn. */
const CUT_ONCE: Reach = { every: 1024, near: 64 };
/** How far it is fed byte by byte. */
const BYTE_BY_BYTE: Reach = { every: 16 * 1024, near: 1024 };

/** Most bytes that are fed of one stream with cuts in turn: what keeps an example of megabytes from taking minutes. */
const BUDGET = 32 * 1024 * 1024;

/** Feeds streams in every way there is; the same ways for the same seed. */
export class Feeder {
  private readonly seed: number;
  private readonly rounds: number;
  private readonly random: Random;

  constructor(seed: number, rounds: number) {
    this.seed = seed;
    this.rounds = rounds;
    this.random = new Random(seed);
  }

  /** Feeds a stream to one decoder after another; what fails first is the easiest to understand. */
  feed(codec: DecodingCodec, stream: ExampleStream): void {
    this.run(codec, stream, 'in one chunk', []);
    if (stream.seams.length > 0) this.run(codec, stream, 'example by example', stream.seams);
    for (const cut of this.singleCuts(stream)) this.run(codec, stream, 'cut once', [cut]);
    this.run(codec, stream, 'byte by byte', this.allCuts(stream));
    this.run(codec, stream, 'views', []);
    this.run(codec, stream, 'views', this.allCuts(stream));
    for (let round = this.affordable(stream, this.rounds); round > 0; round--) {
      const cuts = randomCuts(stream.wire.length, stream.seams, this.random);
      this.run(codec, stream, 'random cuts', cuts);
      this.run(codec, stream, 'views', cuts);
    }
  }

  /** Feeds a stream to two decoders in turn. */
  feedTwo(codec: DecodingCodec, stream: ExampleStream): void {
    const cuts = positions(stream.wire.length, stream.seams, CUT_ONCE, this.random);
    const lags = new Set([1, 2, 3, 5, Math.ceil(cuts.length / 2), cuts.length + 1]);
    for (const lag of lags) {
      const first = this.feeding(codec, stream, 'two decoders in turn', cuts);
      const second = this.feeding(codec, stream, 'two decoders in turn', cuts);
      for (let at = 0; at <= cuts.length + lag; at++) {
        if (at <= cuts.length) first.step();
        if (at >= lag) second.step();
      }
      first.finish();
      second.finish();
    }
  }

  /** Feeds what has to be refused by its last byte with more behind it in the same chunk. */
  feedMore(codec: DecodingCodec, stream: ExampleStream): void {
    if (stream.last.refusal?.when !== 'push') return;
    const { wire } = stream;
    for (const more of [stream.last.wire, new Uint8Array(64), this.random.bytes(64)]) {
      const chunks = [new Uint8Array(Buffer.concat([wire, more]))];
      new Feeding(codec, stream, { feeding: 'more behind it', cuts: [], chunks, seed: this.seed }).run();
    }
  }

  private run(codec: DecodingCodec, stream: ExampleStream, feeding: FeedingName, cuts: Cuts): void {
    this.feeding(codec, stream, feeding, cuts).run();
  }

  private feeding(codec: DecodingCodec, stream: ExampleStream, feeding: FeedingName, cuts: Cuts): Feeding {
    const { wire } = stream;
    const chunks = feeding === 'views' ? viewsOf(wire, cuts, this.random) : piecesOf(wire, cuts);
    const manner: Manner = { feeding, cuts, chunks, seed: this.seed };
    return new Feeding(codec, stream, manner);
  }

  private singleCuts({ wire, seams }: ExampleStream): Cuts {
    const { every } = CUT_ONCE;
    const near = Math.min(CUT_ONCE.near, Math.max(4, Math.floor(BUDGET / 8 / wire.length)));
    return positions(wire.length, seams, { every, near }, this.random);
  }

  private allCuts({ wire, seams }: ExampleStream): Cuts {
    return positions(wire.length, seams, BYTE_BY_BYTE, this.random);
  }

  private affordable({ wire }: ExampleStream, times: number): number {
    return Math.min(times, Math.max(4, Math.floor(BUDGET / wire.length)));
  }
}
