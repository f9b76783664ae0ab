import { ProtocolError } from '../../lib/base/errors.ts';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { Codec, Decoder, Encoder } from '../../lib/codec/codec.ts';
import {
  type CodecExample,
  CodecMismatchError,
  type RejectExample,
  type VerifyCodecOptions,
  verifyCodec,
} from '../../lib/testing/index.ts';

export type Bytes = Uint8Array;
export type Emit = (message: Bytes) => void;
export type ByteCodec = Codec;

/** Longest body; a longer one is refused with its length byte. */
export const LIMIT = 200;

/**
 * A correct decoder of `length byte, body`, slow and simple. Each planted bug overrides one of its steps.
 */
export class Right implements Decoder<Bytes, Bytes> {
  protected kept: Bytes = new Uint8Array(0);

  get residue(): number {
    return this.kept.length;
  }

  push(chunk: Bytes, emit: Emit): void {
    let rest = this.join(chunk);
    while (rest.length > 0 && rest.length > this.lengthIn(rest)) {
      const size = this.lengthIn(rest);
      const body = this.bodyOf(rest, size);
      rest = rest.subarray(1 + size);
      this.emit(body, emit);
    }
    this.keep(rest);
  }

  end(_emit: Emit): void {
    if (this.residue === 0) return;
    throw new ProtocolError('ERR_FRAME_TRUNCATED', `the stream ended ${this.residue} bytes into a message`);
  }

  protected join(chunk: Bytes): Bytes {
    return new Uint8Array(Buffer.concat([this.kept, chunk]));
  }

  protected lengthIn(rest: Bytes): number {
    const length = rest[0]!;
    if (length <= LIMIT) return length;
    throw new ProtocolError('ERR_FRAME_LENGTH', `a message of ${length} bytes, at most ${LIMIT} are allowed`);
  }

  protected bodyOf(rest: Bytes, size: number): Bytes {
    return rest.subarray(1, 1 + size);
  }

  protected emit(body: Bytes, emit: Emit): void {
    emit(body);
  }

  protected keep(rest: Bytes): void {
    this.kept = rest;
  }
}

export class RightEncoder implements Encoder<Bytes, Bytes> {
  private readonly header = new Uint8Array(1);

  push(body: Bytes, emit: Emit): void {
    this.header[0] = body.length;
    emit(this.header); // the same byte every time, as the contract allows
    emit(body);
  }
}

export function codecOf(
  decoder: () => Decoder<Bytes, Bytes>,
  encoder: () => Encoder<Bytes, Bytes> = () => new RightEncoder(),
): ByteCodec {
  return { decoder, encoder };
}

export const EXAMPLES: readonly CodecExample<Bytes>[] = [
  { wire: hex('02 61 62'), messages: [utf8('ab')] },
  { wire: hex('00'), messages: [utf8('')] },
  { wire: hex('03 63 64 65 01 66'), messages: [utf8('cde'), utf8('f')] },
];
export const REJECTS: readonly RejectExample<Bytes>[] = [
  { wire: hex('c9'), error: 'ERR_FRAME_LENGTH' },
  { wire: hex('01 61 ff'), error: 'ERR_FRAME_LENGTH', messages: [utf8('a')] },
  { wire: hex('01 61 02 62'), error: 'ERR_FRAME_TRUNCATED', messages: [utf8('a')] },
];

/** The error that a codec is found out with. */
export function mismatch(
  codec: ByteCodec,
  examples: readonly CodecExample<Bytes>[] = EXAMPLES,
  options: VerifyCodecOptions<Bytes> = { rejects: REJECTS },
): CodecMismatchError {
  try {
    verifyCodec(codec, examples, options);
  } catch (error) {
    if (error instanceof CodecMismatchError) return error;
    throw error;
  }
  throw new Error('nothing was found');
}
