import { type NetworkError, ProtocolError } from '../../lib/base/errors.ts';
import { type BytesLike, toBytes } from '../../lib/bytes/bytes-like.ts';
import type { Codec, Decoder } from '../../lib/codec/codec.ts';
import type { Random } from '../../lib/testing/random.ts';

/** A decoder to be fuzzed. */
export interface FuzzTarget {
  /** The codec and its options, as on the command line; unique. */
  readonly name: string;
  decoder(): Decoder<Uint8Array, unknown>;
  /** A frame that is valid, mostly. */
  frame(random: Random): Uint8Array;
  /** Most bytes that the decoder may keep: its longest message and header. */
  readonly most: number;
  /** Bytes that mean something to it, to be put anywhere. */
  readonly words: readonly Uint8Array[];
  /** What it may refuse its input with. */
  readonly refusals: Refusals;
}

/** Errors that are right. */
export interface Refusals {
  readonly kind: typeof NetworkError;
  readonly codes: readonly string[];
}

/** What a codec may refuse its input with. */
const OF_CODECS: Refusals = {
  kind: ProtocolError,
  codes: ['ERR_FRAME_LENGTH', 'ERR_FRAME_DATA', 'ERR_FRAME_TRUNCATED'],
};

/** What {@link target} is made of. */
export interface TargetParts<N> {
  readonly codec: Codec<Uint8Array, unknown, BytesLike, N>;
  /** Something for the encoder; it may refuse it. */
  readonly message: (random: Random) => N;
  readonly most: number;
  readonly words?: readonly BytesLike[];
}

/** A target whose frames come from the encoder of its codec. */
export function target<N>(name: string, { codec, message, most, words = [] }: TargetParts<N>): FuzzTarget {
  return {
    name,
    decoder: () => codec.decoder(),
    frame: (random) => encode(codec, message(random)),
    most,
    words: words.map(toBytes),
    refusals: OF_CODECS,
  };
}

/** A message in its encoded form; nothing if the encoder refuses it. */
function encode<N>(codec: Codec<Uint8Array, unknown, BytesLike, N>, message: N): Uint8Array {
  const pieces: Uint8Array[] = [];
  try {
    // Copied, as small pieces are the encoder's again.
    codec.encoder().push(message, (piece) => pieces.push(new Uint8Array(toBytes(piece))));
  } catch (error) {
    if (error instanceof ProtocolError) return new Uint8Array(0);
    throw error;
  }
  return Buffer.concat(pieces);
}
