import { OptionError } from '../base/errors.ts';
import { type Check, check, integer, table } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Codec } from '../codec/codec.ts';
import {
  type CodecExample,
  type EncodeCheck,
  type RejectExample,
  encodableOf,
  rejectOf,
  stretchOf,
} from './codec-example.ts';
import { verifyEncoder } from './encoding.ts';
import { ExampleStream, type Stretch, isComplete } from './example-stream.ts';
import { Feeder } from './feeder.ts';
import type { DecodingCodec } from './feeding.ts';

/** Options of {@link verifyCodec}. */
export interface VerifyCodecOptions<M> {
  /**
   * Examples that have to be refused.
   * @default none
   */
  readonly rejects?: readonly RejectExample<M>[];
  /**
   * What the encoder has to make of the examples that do not say it themselves.
   * @default 'exact'
   */
  readonly encode?: EncodeCheck;
  /**
   * Where chance begins. 0 to 2^32 - 1. The error tells it, so that a failure can be repeated.
   * @default 1
   */
  readonly seed?: number;
  /**
   * How often each stream is cut at random. 0 to 100000. A stream that is longer than 1 MiB is cut less often.
   * @default 32
   */
  readonly rounds?: number;
}

const checkOptions = table<VerifyCodecOptions<unknown>>({
  rejects: check<readonly RejectExample<unknown>[]>([], 'a list of examples', Array.isArray),
  encode: encodeCheck(),
  seed: integer({ min: 0, max: 2 ** 32 - 1, fallback: 1 }),
  rounds: integer({ min: 0, max: 100_000, fallback: 32 }),
});

function encodeCheck(): Check<EncodeCheck> {
  const accepts = (value: unknown) => value === false || value === 'exact' || value === 'roundTrip';
  return check<EncodeCheck>('exact', "'exact', 'roundTrip' or false", accepts);
}

/**
 * Checks a codec against examples, whatever way the bytes are cut into chunks. For the specs of your own codecs; it
 * needs no test runner, it throws.
 *
 * Each example is fed to decoders of its own, and then all of them behind one another, the first one once more at the
 * end. Both of that is done in many ways:
 *
 * - in one chunk, and in a chunk for each example;
 * - in two chunks, cut at every position; of more than 1024 bytes at every position near the ends and the seams
 *   between examples, and at random others;
 * - byte by byte; of more than 16 KiB only near the ends and the seams, and cut at random in between;
 * - with random cuts, empty chunks among them;
 * - as Buffers with other bytes around them in their memory, whole and with those cuts;
 * - byte by byte into two decoders in turn, one a little behind the other; of more than 1024 bytes as above.
 *
 * Every time the messages have to be equal (bytes by their content, whether Buffer or Uint8Array), they have to be
 * there with the last byte of their example, and they must not change afterwards. `residue` may never be more than the
 * bytes of the example that is under way, and has to be 0 between examples. `end()` must not throw, and emits `atEnd`
 * and nothing else.
 *
 * Rejects are fed in the same ways, alone and behind the first example, and also with more bytes behind the fault in
 * the same chunk.
 *
 * The encoder is given each example, and all behind one another; pieces of less than 8 KiB are copied when they are
 * emitted, larger ones are looked at when everything is encoded. One message means the same to `pushAll` and to
 * `push`. What `end` of the encoder emits is not looked at.
 *
 * @throws CodecMismatchError at the first difference; the message tells example, cuts, what was expected, what came,
 * and how to repeat it.
 * @throws OptionError (`ERR_OPTION`) for an illegal option, and if there is nothing to verify.
 *
 * @example
 * verifyCodec(
 *   pack({ flag: 0x169, maxSize: 16 }),
 *   [
 *     { wire: hex('01 00 40 5a 61'), messages: [utf8('a')] },
 *     { wire: hex('02 00 40 5a 62 63'), messages: [utf8('bc')] },
 *   ],
 *   { rejects: [{ wire: hex('11 00 40 5a'), error: 'ERR_FRAME_LENGTH' }] },
 * );
 */
export function verifyCodec<M, N = M>(
  codec: Codec<Uint8Array, M, BytesLike, N>,
  examples: readonly CodecExample<M, N>[],
  options: VerifyCodecOptions<M> = {},
): void {
  const { rejects, encode, seed, rounds } = checkOptions(options);
  if (examples.length + rejects.length === 0)
    throw new OptionError('examples', examples, 'at least one example');
  const stretches = examples.map(stretchOf);
  verifyDecoder(codec, stretches, rejects.map(rejectOf), new Feeder(seed, rounds));
  const encodable = examples.flatMap((example, index) =>
    encodableOf(example, stretches[index] as Stretch, encode),
  );
  verifyEncoder(codec, encodable, seed);
}

function verifyDecoder(
  codec: DecodingCodec,
  stretches: readonly Stretch[],
  rejects: readonly Stretch[],
  feeder: Feeder,
): void {
  const streams = [...stretches.map(alone), ...behindOneAnother(stretches)];
  for (const stream of streams) feeder.feed(codec, stream);
  for (const stream of streams) feeder.feedTwo(codec, stream);
  const first = stretches.find(isComplete);
  for (const reject of rejects) {
    for (const stream of [alone(reject), ...behind(first, reject)]) {
      feeder.feed(codec, stream);
      feeder.feedMore(codec, stream);
    }
  }
}

function alone(stretch: Stretch): ExampleStream {
  return new ExampleStream(stretch.name, [stretch]);
}

/** All examples, and each that ends a stream behind the first one that does not. */
function behindOneAnother(stretches: readonly Stretch[]): ExampleStream[] {
  const [first, ...others] = stretches.filter(isComplete);
  const joined = first === undefined ? [] : [joinedOf(first, others)];
  const ending = stretches.filter((stretch) => !isComplete(stretch));
  return [...joined, ...ending.flatMap((last) => behind(first, last))];
}

function joinedOf(first: Stretch, others: readonly Stretch[]): ExampleStream {
  // The first one once more, so that something comes behind the last one too.
  return new ExampleStream('all examples', [first, ...others, first]);
}

function behind(first: Stretch | undefined, last: Stretch): ExampleStream[] {
  if (first === undefined) return [];
  return [new ExampleStream(`${first.name} and ${last.name}`, [first, last])];
}
