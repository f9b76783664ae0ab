import { toBytes } from '../bytes/bytes-like.ts';
import { viewOf } from '../bytes/view.ts';
import type { Encoder } from './codec.ts';
import { badLength, tooLong } from './faults.ts';
import { type LengthFieldLayout, valueFor } from './length-field-layout.ts';
import { isSeveral, join, lengthOf, type Pieces, piecesOf } from './pieces.ts';

type Emit = (piece: Uint8Array) => void;

/**
 * Writes frames whose messages lack the first `strip` bytes: those come from a template, which has the prefix and
 * zeros. Then the length is written into its field, whether the field is in the template or in the message.
 */
export class LengthFieldEncoder implements Encoder<Pieces, Uint8Array> {
  private readonly layout: LengthFieldLayout;
  /** The header and what is stripped behind it. The contents last for one message. */
  private readonly head: Uint8Array;
  /** Bytes of the header that messages have, where all messages have the same. */
  private readonly carried: number | undefined;
  /** Bytes that are stripped behind the header. */
  private readonly extra: number;

  constructor(layout: LengthFieldLayout, prefix: Uint8Array) {
    const { offset, format, strip } = layout;
    const header = offset + format.maxSize;
    this.layout = layout;
    this.head = new Uint8Array(Math.max(header, strip ?? 0));
    this.head.set(prefix);
    // The header of a field of varying size is either stripped as a whole or found by reading the message.
    const varies = format.sizeOf(0) !== format.maxSize;
    this.carried = strip === undefined ? 0 : varies ? undefined : Math.max(0, header - strip);
    this.extra = varies ? 0 : Math.max(0, (strip ?? 0) - header);
  }

  push(message: Pieces, emit: Emit): void {
    if (isSeveral(message)) this.encodePieces(piecesOf(message), emit);
    else this.encode(toBytes(message), emit);
  }

  pushAll(messages: readonly Pieces[], emit: Emit): void {
    if (messages.length > 0) this.encodePieces(messages.flatMap(piecesOf), emit);
  }

  private encodePieces(pieces: readonly Uint8Array[], emit: Emit): void {
    if (this.carried !== 0) {
      this.encode(join(pieces), emit);
      return;
    }
    const length = lengthOf(pieces);
    this.checkLength(length);
    emit(this.makeHead(length));
    for (const piece of pieces) if (piece.length > 0) emit(piece);
  }

  private encode(message: Uint8Array, emit: Emit): void {
    this.checkLength(message.length);
    const carried = this.carried ?? this.findCarried(message);
    const rest = message.length - carried;
    if (rest < 0) throw this.headerMissing(message.length);
    if (carried > 0) this.head.set(message.subarray(0, carried), this.layout.strip);
    emit(this.makeHead(rest));
    if (rest > 0) emit(carried === 0 ? message : message.subarray(carried));
  }

  private checkLength(length: number): void {
    const { maxLength } = this.layout;
    if (length > maxLength) throw tooLong(length, maxLength, 'send');
  }

  /** Header bytes that a message with a field of varying size has. */
  private findCarried(message: Uint8Array): number {
    const { layout } = this;
    const at = layout.offset - (layout.strip ?? 0);
    const size = layout.format.sizeAt(message, at, message.length);
    if (size === 0 || size > layout.format.maxSize) throw this.headerMissing(message.length);
    return at + size;
  }

  private headerMissing(length: number): Error {
    return badLength(
      `a message of ${length} bytes lacks the header that is not stripped from messages`,
      'send',
    );
  }

  /** Writes the length field for `rest` bytes of message behind the header; answers with what goes in front. */
  private makeHead(rest: number): Uint8Array {
    const { layout, head, extra } = this;
    const { format, offset } = layout;
    const size = this.sizeFor(rest + extra);
    const value = valueFor(layout, rest + extra, offset + size);
    if (value < 0 || value > format.maxValue) {
      throw badLength(`the length would be ${value}, which must be 0 to ${format.maxValue}`, 'send');
    }
    format.write(head, offset, value);
    const length = offset + size + extra;
    return length === head.length ? head : viewOf(head.buffer, head.byteOffset, length);
  }

  /** Bytes of the field; if it counts itself, the smallest that fits. */
  private sizeFor(rest: number): number {
    const { layout } = this;
    const { format, offset } = layout;
    let size = format.sizeOf(0);
    while (size < format.maxSize && format.sizeOf(valueFor(layout, rest, offset + size)) > size) size++;
    return size;
  }
}
