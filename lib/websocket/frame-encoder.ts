import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { Encoder } from '../codec/codec.ts';
import { MAX_HEADER, putHeader, putKey } from './frame-header.ts';
import { applyMask, keyOf, turnKey } from './mask.ts';
import { type MaskKeys, randomKeys } from './mask-keys.ts';
import { FIN, type WsRole } from './opcode.ts';
import { checkRole } from './options.ts';
import { unsendable } from './ws-error.ts';

/** A frame to be sent, or more of the body that the one before has announced. */
export type WsFrameInit =
  | {
      /** 0 to 15. */
      readonly opcode: number;
      /**
       * Whether it is the last frame of its message.
       * @default true
       */
      readonly fin?: boolean;
      /**
       * The three reserved bits as a number, 0 to 7.
       * @default 0
       */
      readonly rsv?: number;
      /**
       * What a client masks the body with: four bytes. Servers mask nothing.
       * @default a key that nobody can foresee
       */
      readonly mask?: Uint8Array;
      /** The body, or as much of it as there is. */
      readonly data?: BytesLike;
      /**
       * Bytes of the body that the header announces, no fewer than there are in `data`: the rest follows as `more`. Up to
       * 2^53 - 1.
       * @default the length of `data`
       */
      readonly length?: number;
    }
  | {
      /** The next bytes of the body that was announced. */
      readonly more: BytesLike;
    };

/** Masked bodies are copied up to this size at a time. */
const PIECE = 64 * 1024;

/**
 * Encodes single frames with whatever header, as `SendWSMessage` of the original does: nothing is checked that only the RFC
 * forbids. What is masked is a copy; the caller's bytes stay as they are.
 *
 * @example
 * const encoder = new WsFrameEncoder('client');
 * encoder.push({ opcode: 1, mask: hex('11 22 33 44'), data: 'abc', length: 8 }, send); // 81 88 11223344 704050
 * encoder.push({ more: 'defgh' }, send); // masked where the key has come to
 */
export class WsFrameEncoder implements Encoder<WsFrameInit, Uint8Array> {
  private readonly isMasked: boolean;
  private readonly keys: MaskKeys;
  private readonly header = Buffer.alloc(MAX_HEADER);
  /** Bytes that were announced and have not been sent, and the key for the next. */
  private missing = 0;
  private key = 0;

  constructor(role: WsRole, keys: MaskKeys = randomKeys) {
    this.isMasked = checkRole(role) === 'client';
    this.keys = keys;
  }

  /** Bytes of an announced body that are still to be sent, as `more`. */
  get owed(): number {
    return this.missing;
  }

  /** @throws WsError `ERR_WS_SEND` for what cannot be a frame; nothing has been emitted then. */
  push(frame: WsFrameInit, emit: (piece: Uint8Array) => void): void {
    if ('more' in frame) {
      const data = toBytes(frame.more);
      if (data.length > this.missing)
        throw unsendable(`${data.length} more bytes of a body, of which ${this.missing} are missing`);
      this.body(data, emit);
      return;
    }
    const { opcode, fin = true, rsv = 0, mask, data = EMPTY, length } = frame;
    const body = toBytes(data);
    const announced = length ?? body.length;
    this.check(opcode, rsv, mask, announced, body.length);
    const { header } = this;
    const first = (fin ? FIN : 0) | (rsv << 4) | opcode;
    let end = putHeader(header, 0, first, announced, this.isMasked ? 0x80 : 0);
    if (this.isMasked) {
      this.key = mask === undefined ? this.keys.next() : keyOf(mask);
      end = putKey(header, end, this.key);
    }
    this.missing = announced;
    emit(header.subarray(0, end));
    this.body(body, emit);
  }

  private check(
    opcode: number,
    rsv: number,
    mask: Uint8Array | undefined,
    announced: number,
    length: number,
  ): void {
    if (this.missing > 0) throw unsendable(`a frame while ${this.missing} bytes of another are missing`);
    if (!isUpTo(opcode, 15)) throw unsendable(`opcode ${opcode}: there are 0 to 15`);
    if (!isUpTo(rsv, 7)) throw unsendable(`rsv ${rsv}: there are 0 to 7`);
    if (mask !== undefined && (!this.isMasked || mask.length !== 4))
      throw unsendable(this.isMasked ? `a mask of ${mask.length} bytes, not 4` : 'servers mask nothing');
    if (!Number.isSafeInteger(announced) || announced < length)
      throw unsendable(`a body of ${length} bytes that is announced as ${announced}`);
  }

  private body(data: Uint8Array, emit: (piece: Uint8Array) => void): void {
    const { length } = data;
    this.missing -= length;
    if (length === 0) return;
    if (!this.isMasked) {
      emit(data);
      return;
    }
    for (let at = 0; at < length; at += PIECE) {
      const piece = Buffer.from(data.subarray(at, at + PIECE));
      applyMask(piece, 0, piece.length, this.key);
      this.key = turnKey(this.key, piece.length);
      emit(piece);
    }
  }
}

function isUpTo(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

const EMPTY = new Uint8Array(0);
