import { isUint8Array } from 'node:util/types';
import type { Codec, Decoder, Encoder } from './codec.ts';
import { join } from './pieces.ts';

type AnyCodec = Codec<unknown, unknown, unknown, unknown>;

/**
 * Joins codecs into one, as protocols are within each other: bytes enter the outermost, which comes first; its messages
 * are the input of the next, and the messages of the innermost are received. What is sent goes the other way.
 *
 * ```
 *   bytes   →  outer  →  …  →  inner  →  messages
 *   bytes   ←  outer  ←  …  ←  inner  ←  messages
 * ```
 *
 * All that an inner encoder emits for one message is one message of the next outer one: several pieces are given to
 * its `pushAll`; where it has none, bytes are joined, and other things are messages one by one. Small pieces, which an
 * encoder may use again, are copied until then. An inner message without any piece is not sent at all. The composed
 * encoder takes several messages of one `send` as the innermost does.
 *
 * At the end each codec is told after those that it gets its input from. `residue` is the sum; `frameTimeout` the
 * smallest that is not 0. An inner codec's error is what the composed one throws, whatever an outer codec makes of it.
 *
 * @example
 * const requests = compose(lengthField({ width: 2 }), json<{ id: number }>({ separator: 'none' }));
 * requests.decoder().push(hex('00 08 7b 22 69 64 22 3a 37 7d'), ({ id }) => console.log(id)); // 7
 */
export function compose<I, A, M, O, B, N>(
  outer: Codec<I, A, O, B>,
  inner: Codec<A, M, B, N>,
): Codec<I, M, O, N>;
export function compose<I, A1, A2, M, O, B1, B2, N>(
  outer: Codec<I, A1, O, B1>,
  middle: Codec<A1, A2, B1, B2>,
  inner: Codec<A2, M, B2, N>,
): Codec<I, M, O, N>;
export function compose<I, A1, A2, A3, M, O, B1, B2, B3, N>(
  outer: Codec<I, A1, O, B1>,
  second: Codec<A1, A2, B1, B2>,
  third: Codec<A2, A3, B2, B3>,
  inner: Codec<A3, M, B3, N>,
): Codec<I, M, O, N>;
export function compose(outer: AnyCodec, ...rest: AnyCodec[]): AnyCodec {
  return rest.reduce(pair, outer);
}

function pair(outer: AnyCodec, inner: AnyCodec): AnyCodec {
  return {
    frameTimeout: shorter(outer.frameTimeout ?? 0, inner.frameTimeout ?? 0),
    decoder: () => new PairDecoder(outer.decoder(), inner.decoder()),
    encoder: () => new PairEncoder(outer.encoder(), inner.encoder()),
  };
}

function shorter(one: number, other: number): number {
  return one === 0 || other === 0 ? one + other : Math.min(one, other);
}

type Emit = (value: unknown) => void;

class PairDecoder implements Decoder<unknown, unknown> {
  private readonly outer: Decoder<unknown, unknown>;
  private readonly inner: Decoder<unknown, unknown>;

  constructor(outer: Decoder<unknown, unknown>, inner: Decoder<unknown, unknown>) {
    this.outer = outer;
    this.inner = inner;
  }

  get residue(): number {
    return this.outer.residue + this.inner.residue;
  }

  push(chunk: unknown, emit: Emit): void {
    this.relay(emit, (toInner) => this.outer.push(chunk, toInner));
  }

  end(emit: Emit): void {
    this.relay(emit, (toInner) => this.outer.end?.(toInner));
    this.inner.end?.(emit);
  }

  /** Hands the outer messages to the inner decoder. What that throws comes out, even if the outer one catches it. */
  private relay(emit: Emit, run: (toInner: Emit) => void): void {
    let fault: { readonly thrown: unknown } | undefined;
    const toInner = (message: unknown): void => {
      if (fault !== undefined) return;
      try {
        this.inner.push(message, emit);
      } catch (thrown) {
        fault = { thrown };
        throw thrown;
      }
    };
    try {
      run(toInner);
    } catch (thrown) {
      fault ??= { thrown };
    }
    if (fault !== undefined) throw fault.thrown;
  }
}

/** What encoders may use again is smaller than this; see `Encoder.push`. */
const LASTING = 8 * 1024;

class PairEncoder implements Encoder<unknown, unknown> {
  private readonly outer: Encoder<unknown, unknown>;
  private readonly inner: Encoder<unknown, unknown>;
  declare readonly pushAll?: (messages: readonly unknown[], emit: Emit) => void;

  constructor(outer: Encoder<unknown, unknown>, inner: Encoder<unknown, unknown>) {
    this.outer = outer;
    this.inner = inner;
    if (inner.pushAll !== undefined) {
      this.pushAll = (messages, emit) => this.wrap(emit, (keep) => inner.pushAll?.(messages, keep));
    }
  }

  push(message: unknown, emit: Emit): void {
    this.wrap(emit, (keep) => this.inner.push(message, keep));
  }

  end(emit: Emit): void {
    this.wrap(emit, (keep) => this.inner.end?.(keep));
    this.outer.end?.(emit);
  }

  /** Gives what the inner encoder makes of one message to the outer one, once it is known to be all of it. */
  private wrap(emit: Emit, run: (keep: Emit) => void): void {
    const { outer } = this;
    const pieces: unknown[] = [];
    run((piece) => pieces.push(lasting(piece)));
    if (pieces.length > 1 && outer.pushAll !== undefined) outer.pushAll(pieces, emit);
    else if (pieces.length > 1 && pieces.every(isUint8Array)) outer.push(join(pieces), emit);
    else for (const piece of pieces) outer.push(piece, emit);
  }
}

function lasting(piece: unknown): unknown {
  return isUint8Array(piece) && piece.length < LASTING ? Buffer.from(piece) : piece;
}
