import type { ErrorCode } from '../base/errors.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { Encodable } from './encoding.ts';
import { type Refusal, type Stretch, isComplete } from './example-stream.ts';
import { plain } from './same.ts';

/**
 * What the encoder has to make of the messages of an example:
 *
 * - `'exact'`: the bytes of the example.
 * - `'roundTrip'`: bytes that the decoder turns into the same messages, for codecs that can say one thing in several
 *   ways.
 * - `false`: it is not asked.
 */
export type EncodeCheck = 'exact' | 'roundTrip' | false;

/**
 * Bytes, and the messages that they are.
 *
 * @typeParam M What is received.
 * @typeParam N What is sent.
 */
export interface CodecExample<M, N = M> {
  /** The encoded form of the messages; a text stands for its UTF-8. */
  readonly wire: BytesLike;
  /** The messages, each of which has to be emitted by the time that the last byte was pushed. */
  readonly messages: readonly M[];
  /**
   * Messages that the end of the stream brings. Nothing is fed behind such an example.
   * @default none
   */
  readonly atEnd?: readonly M[];
  /**
   * Bytes kept when the last byte was pushed. Nothing is fed behind an example that keeps some.
   * @default 0, or not looked at if there is an `atEnd`
   */
  readonly residue?: number;
  /**
   * What the encoder is given.
   * @default `messages`
   */
  readonly send?: readonly N[];
  /**
   * Whether it is given them in one `pushAll`, as arguments of one `send` call, rather than one by one.
   * @default false
   */
  readonly together?: boolean;
  /**
   * What it has to make of them.
   * @default the option `encode`; `false` for an example with `atEnd` or `residue` and without `send`
   */
  readonly encode?: EncodeCheck;
}

/**
 * Bytes that the decoder has to refuse.
 *
 * @typeParam M What is received.
 */
export interface RejectExample<M> {
  /** Bytes of which the last one, at the latest, is too much; a text stands for its UTF-8. */
  readonly wire: BytesLike;
  /** Code of the ProtocolError, such as `ERR_FRAME_LENGTH`. */
  readonly error: ErrorCode | (string & {});
  /**
   * Messages in front of the fault, which have to be emitted.
   * @default none
   */
  readonly messages?: readonly M[];
  /**
   * Whether it is the last byte that has to be refused, or the end of the stream behind it.
   * @default 'end' for `ERR_FRAME_TRUNCATED`, 'push' for every other error
   */
  readonly when?: 'push' | 'end';
}

/** An example as it is fed. */
export function stretchOf(example: CodecExample<unknown, unknown>, index: number): Stretch {
  const { wire, messages, atEnd = [], residue } = example;
  return {
    name: `examples[${index}]`,
    wire: toBytes(wire),
    // Copies, so that a codec which changes what it is given does not change what is expected.
    messages: plain(messages) as readonly unknown[],
    atEnd: plain(atEnd) as readonly unknown[],
    residue: residue ?? (atEnd.length === 0 ? 0 : undefined),
  };
}

/** An example as it is fed that has to be refused. */
export function rejectOf(example: RejectExample<unknown>, index: number): Stretch {
  const { wire, error, messages = [] } = example;
  const refusal: Refusal = {
    code: error,
    when: example.when ?? (error === 'ERR_FRAME_TRUNCATED' ? 'end' : 'push'),
  };
  const name = `rejects[${index}]`;
  return {
    name,
    wire: toBytes(wire),
    messages: plain(messages) as readonly unknown[],
    atEnd: [],
    residue: undefined,
    refusal,
  };
}

/** An example as it is given to the encoder; none if it is not. */
export function encodableOf(
  example: CodecExample<unknown, unknown>,
  stretch: Stretch,
  fallback: EncodeCheck,
): Encodable[] {
  const { send = example.messages, together = false } = example;
  const usual = isComplete(stretch) || example.send !== undefined ? fallback : false;
  const encode = example.encode ?? usual;
  return encode === false ? [] : [{ stretch, send, together, encode }];
}
