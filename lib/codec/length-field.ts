import { OptionError } from '../base/errors.ts';
import { check, flag, integer, oneOf, type Resolved, table } from '../base/options.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { Codec } from './codec.ts';
import {
  type FrameOptions,
  frameTimeoutCheck,
  isBytesLike,
  maxLengthCheck,
  tailCheck,
} from './frame-options.ts';
import { LengthFieldDecoder } from './length-field-decoder.ts';
import { LengthFieldEncoder } from './length-field-encoder.ts';
import type { LengthFieldLayout } from './length-field-layout.ts';
import { BigEndianLength, LittleEndianLength, MAX_VARINT, VarintLength } from './length-value.ts';
import type { Pieces } from './pieces.ts';

/**
 * Options of {@link lengthField}. `maxLength` counts the bytes of a message as it is emitted and sent: the frame
 * without what is stripped.
 */
export interface LengthFieldOptions extends FrameOptions {
  /**
   * Bytes in front of the length field; 0 to 4096.
   * @default 0
   */
  readonly offset?: number;
  /**
   * Bytes of the length field, 1 to 8, for an unsigned integer; or `'varint'` for unsigned LEB128 of at most 10 bytes.
   * @default 4
   */
  readonly width?: number | 'varint';
  /**
   * Which byte of the length comes first: the most significant (`'big'`) or the least; without effect on a varint.
   * @default 'big'
   */
  readonly byteOrder?: 'big' | 'little';
  /**
   * What is added to the length to get the number of bytes behind the field; -2^31 to 2^31 - 1.
   * @default 0
   */
  readonly adjustment?: number;
  /**
   * Whether the length counts the header (`offset` bytes and the field) as well. With an `adjustment` both apply:
   * bytes behind the field = length + adjustment - header.
   * @default false
   */
  readonly includesHeader?: boolean;
  /**
   * Bytes taken off the front of a frame; 0 to 4106, with a varint at most `offset`. Left out, it is the whole header.
   * Messages to be sent are as those received: without these bytes, but with those of the header behind them.
   */
  readonly strip?: number | undefined;
  /**
   * Bytes to send in front of the length field, as many as `offset` says. Where `strip` is less than `offset`, the
   * bytes from `strip` on come from the message instead.
   * @default zeros
   */
  readonly prefix?: BytesLike | undefined;
}

const MAX_OFFSET = 4096;

const checkOptions = table<LengthFieldOptions>({
  offset: integer({ min: 0, max: MAX_OFFSET, fallback: 0 }),
  width: check<number | 'varint'>(4, "an integer from 1 to 8 or 'varint'", isWidth),
  byteOrder: oneOf<'big' | 'little'>(['big', 'little'], 'big'),
  adjustment: integer({ min: -(2 ** 31), max: 2 ** 31 - 1, fallback: 0 }),
  includesHeader: flag(false),
  strip: Object.assign(integer({ min: 0, max: MAX_OFFSET + MAX_VARINT, fallback: 0 }), {
    fallback: undefined,
  }),
  prefix: check<BytesLike | undefined>(undefined, 'a text or a Uint8Array', isBytesLike),
  maxLength: maxLengthCheck,
  tail: tailCheck,
  frameTimeout: frameTimeoutCheck,
});

function isWidth(value: unknown): boolean {
  return value === 'varint' || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 8);
}

/**
 * Frames that say in their header how long they are.
 *
 * ```
 *  |<------- header ------->|<-- length + adjustment -->|
 *  +----------+-------------+---------------------------+
 *  | offset   | length      | rest                      |
 *  | bytes    | width bytes |                           |
 *  +----------+-------------+---------------------------+
 *  |<-- strip bytes ------->|<-- message -------------->|
 *
 *  defaults, "hi":    00 00 00 02  68 69
 * ```
 *
 * Any frame of this kind can be described; what other libraries call the options:
 *
 * | here             | Netty, LengthFieldBasedFrameDecoder     | tokio-util, LengthDelimitedCodec                    |
 * | ---------------- | --------------------------------------- | --------------------------------------------------- |
 * | `offset`         | lengthFieldOffset                       | length_field_offset                                 |
 * | `width`          | lengthFieldLength                       | length_field_length                                 |
 * | `byteOrder`      | byteOrder                               | big_endian, little_endian                           |
 * | `adjustment`     | lengthAdjustment                        | length_adjustment                                   |
 * | `strip`          | initialBytesToStrip (0 unless given)    | num_skip (the whole header unless given)            |
 * | `maxLength`      | maxFrameLength - initialBytesToStrip    | max_frame_length + header + adjustment - num_skip   |
 *
 * `maxLength` is the one that has to be reckoned: there it limits the whole frame (Netty) or the value of the length
 * field (tokio-util), here the message. Where nothing is stripped it is Netty's; where the header is, and nothing is
 * adjusted, it is tokio-util's.
 *
 * Decoding: received messages are views of the chunk they came in; those that were cut are copied once. Memory grows
 * with what has come, not with what was announced. `residue` counts the bytes that will be stripped, too.
 *
 * Encoding: the first `strip` bytes of a frame are made: the prefix, the field, and zeros if more than the header is
 * stripped. The message follows, as it is and in its pieces, each not copied. An array is one message in pieces, and
 * so are several messages given to one `send`. Where messages have a part of the header, it is sent as it is but for
 * the length field, which is always written anew; a varint in the shortest form.
 *
 * Errors, all ProtocolErrors: `ERR_FRAME_LENGTH` for a message longer than `maxLength`, a length that makes a frame
 * shorter than its header or than what is stripped, both as soon as the field is complete; and for a message to be sent
 * whose length does not fit its field, or that lacks its part of the header. `ERR_FRAME_DATA` for a varint of more than
 * 10 bytes. `ERR_FRAME_TRUNCATED` for a stream that ends within a frame (see `tail`).
 *
 * @throws OptionError for an illegal or unknown option, a `prefix` that has not `offset` bytes, or a `strip` that cuts
 * a varint.
 *
 * @example
 * const { decoder, encoder } = lengthField({ width: 2 });
 * decoder().push(hex('00 02 68 69'), (message) => console.log(toText(message))); // hi
 * encoder().push(['h', 'i'], (piece) => socket.write(piece)); // 00 02, 68, 69
 */
export function lengthField(
  options: LengthFieldOptions = {},
): Codec<Uint8Array, Uint8Array, Uint8Array, Pieces> {
  const checked = checkOptions(options);
  const layout = layoutOf(checked);
  const prefix = prefixOf(checked);
  const { frameTimeout, tail } = checked;
  return {
    frameTimeout,
    decoder: () => new LengthFieldDecoder(layout, tail),
    encoder: () => new LengthFieldEncoder(layout, prefix),
  };
}

function layoutOf(options: Resolved<LengthFieldOptions>): LengthFieldLayout {
  const { offset, width, byteOrder, adjustment, includesHeader, strip, maxLength } = options;
  if (width === 'varint') {
    if (strip !== undefined && strip > offset) {
      throw new OptionError('strip', strip, `left out or at most offset (${offset}) with a varint`);
    }
    return { offset, format: new VarintLength(), adjustment, includesHeader, strip, maxLength };
  }
  const format = byteOrder === 'big' ? new BigEndianLength(width) : new LittleEndianLength(width);
  return { offset, format, adjustment, includesHeader, strip: strip ?? offset + width, maxLength };
}

function prefixOf({ prefix, offset }: Resolved<LengthFieldOptions>): Uint8Array {
  if (prefix === undefined) return new Uint8Array(offset);
  const bytes = toBytes(prefix);
  if (bytes.length !== offset) {
    throw new OptionError('prefix', prefix, `${offset} bytes long, as offset says, not ${bytes.length}`);
  }
  return Uint8Array.from(bytes);
}
