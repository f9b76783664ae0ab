import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { Codec, Encoder } from '../codec/codec.ts';
import { CodecMismatchError, type Mismatch } from './codec-mismatch-error.ts';
import { piecesOf } from './cuts.ts';
import { ExampleStream, type Stretch } from './example-stream.ts';
import { Feeding } from './feeding.ts';
import { same } from './same.ts';

/** A codec between bytes and messages, as the verifier sees it. */
export type AnyCodec = Codec<Uint8Array, unknown, BytesLike, unknown>;

/** An example for the encoder. */
export interface Encodable {
  readonly stretch: Stretch;
  /** What the encoder is given. */
  readonly send: readonly unknown[];
  /** Whether it is given all of them at once. */
  readonly together: boolean;
  /** Whether the bytes have to be those of the example, or only have to become the same messages again. */
  readonly encode: 'exact' | 'roundTrip';
}

/** Pieces of fewer bytes are the encoder's again as soon as `emit` returns. */
const LENT = 8192;

/** What an encoder emits: small pieces are copied at once, large ones are kept as they are. */
class Output {
  private readonly pieces: Uint8Array[] = [];

  readonly take = (piece: BytesLike): void => {
    const bytes = toBytes(piece);
    this.pieces.push(bytes.length < LENT ? new Uint8Array(bytes) : bytes);
  };

  /** All of it, as it is by now. */
  join(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.pieces));
  }

  /** Where a piece ends and the next one begins. */
  get cuts(): number[] {
    let end = 0;
    return this.pieces.slice(0, -1).map((piece) => (end += piece.length));
  }
}

/**
 * Encodes every example with an encoder of its own, then all of them with one, and compares.
 *
 * @throws CodecMismatchError at the first difference.
 */
export function verifyEncoder(codec: AnyCodec, examples: readonly Encodable[], seed: number): void {
  for (const example of examples) {
    encodeAll(codec, [example], seed);
    // One message is the same to `pushAll` as to `push`.
    if (example.send.length === 1) encodeAll(codec, [{ ...example, together: !example.together }], seed);
  }
  if (examples.length > 1) encodeAll(codec, examples, seed);
}

function encodeAll(codec: AnyCodec, examples: readonly Encodable[], seed: number): void {
  const encoder = codec.encoder();
  const outputs = examples.map((example) => {
    const output = new Output();
    guard(example, seed, () => push(encoder, example, output.take));
    return { example, output };
  });
  // Compared when all is encoded, so that a large piece shows whether it was changed by what came after it.
  for (const { example, output } of outputs) {
    if (example.encode === 'exact') expectWire(example, output.join(), seed);
    else expectMessages(codec, example, output, seed);
  }
  for (const example of examples.slice(-1)) guard(example, seed, () => encoder.end?.(() => undefined));
}

function push(
  encoder: Encoder<unknown, BytesLike>,
  { send, together }: Encodable,
  emit: (piece: BytesLike) => void,
): void {
  if (together && encoder.pushAll !== undefined) encoder.pushAll(send, emit);
  else for (const message of send) encoder.push(message, emit);
}

function guard(example: Encodable, seed: number, work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw mismatchOf(example, seed, { what: `the encoder threw ${String(cause)}`, cause });
  }
}

function expectWire(example: Encodable, actual: Uint8Array, seed: number): void {
  const { wire } = example.stretch;
  if (same(actual, wire)) return;
  throw mismatchOf(example, seed, { what: 'the encoder makes other bytes', expected: wire, actual });
}

/** Decodes what was encoded, in the pieces that it was emitted in and in one. */
function expectMessages(codec: AnyCodec, example: Encodable, output: Output, seed: number): void {
  const wire = output.join();
  const { name, messages } = example.stretch;
  const again: Stretch = { name: `${name} encoded and decoded again`, wire, messages, atEnd: [], residue: 0 };
  for (const cuts of [[], output.cuts]) {
    const manner = { feeding: 'encoder', cuts, chunks: piecesOf(wire, cuts), seed } as const;
    new Feeding(codec, new ExampleStream(again.name, [again]), manner).run();
  }
}

function mismatchOf({ stretch }: Encodable, seed: number, mismatch: Mismatch): CodecMismatchError {
  const { name, wire } = stretch;
  return new CodecMismatchError({ stream: name, feeding: 'encoder', wire, cuts: [], seed }, mismatch);
}
