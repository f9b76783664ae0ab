import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { viewOf } from '../bytes/view.ts';

/** The Buffer over the same memory as some bytes. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return viewOf(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A short row of bytes that tells where a message ends or begins. */
export class Marker {
  /** The row; a copy, so that nobody changes it later. */
  readonly bytes: Buffer;
  /** Whether its beginning is also its end, as in `aba`, so that it can begin within a message and end in itself. */
  private readonly overlaps: boolean;

  constructor(bytes: BytesLike) {
    this.bytes = Buffer.from(toBytes(bytes));
    this.overlaps = overlapsItself(this.bytes);
  }

  /** Bytes of the marker. */
  get length(): number {
    return this.bytes.length;
  }

  /**
   * Where a receiver sees the marker first when `body` is sent with the marker behind it: at `body.length` if the
   * body is harmless.
   */
  firstAfter(body: Buffer): number {
    const within = body.indexOf(this.bytes);
    if (within >= 0 || !this.overlaps) return within >= 0 ? within : body.length;
    const seam = Math.max(0, body.length - this.length + 1);
    return seam + Buffer.concat([body.subarray(seam), this.bytes]).indexOf(this.bytes);
  }
}

function overlapsItself(bytes: Buffer): boolean {
  for (let size = 1; size < bytes.length; size++) {
    if (bytes.subarray(0, size).equals(bytes.subarray(bytes.length - size))) return true;
  }
  return false;
}
