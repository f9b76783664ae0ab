import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { Codec } from '../../lib/codec/codec.ts';
import { lengthField, type LengthFieldOptions } from '../../lib/codec/length-field.ts';
import type { Pieces } from '../../lib/codec/pieces.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

type LengthCodec = Codec<Uint8Array, Uint8Array, Uint8Array, Pieces>;

/** What a new decoder emits for some chunks. */
function received(codec: LengthCodec, ...chunks: readonly Uint8Array[]): Uint8Array[] {
  const decoder = codec.decoder();
  const messages: Uint8Array[] = [];
  for (const chunk of chunks) decoder.push(chunk, (message) => messages.push(message));
  return messages;
}

/** What a new encoder makes of a message; copied at once, as small pieces are the encoder's again. */
function sent(codec: LengthCodec, message: Pieces): Buffer {
  const pieces: Uint8Array[] = [];
  codec.encoder().push(message, (piece) => pieces.push(Uint8Array.from(piece)));
  return Buffer.concat(pieces);
}

/** An error of these properties. */
const refused = (code: string, operation: 'receive' | 'send') =>
  expect.objectContaining({ name: 'ProtocolError', code, operation }) as unknown as Error;

/** Hexadecimal digits and then a text. */
const bytes = (digits: string, text = ''): Uint8Array => Buffer.concat([hex(digits), utf8(text)]);

interface Row {
  readonly name: string;
  readonly options: LengthFieldOptions;
  readonly wire: Uint8Array;
  readonly message: Uint8Array;
}

const HELLO = 'HELLO, WORLD'; // 12 bytes

/** The parameters that Netty documents for LengthFieldBasedFrameDecoder, with frames of our own making. */
const NETTY: readonly Row[] = [
  {
    name: 'two bytes of length, header kept',
    options: { width: 2, strip: 0 },
    wire: bytes('00 0c', HELLO),
    message: bytes('00 0c', HELLO),
  },
  {
    name: 'two bytes of length, header stripped',
    options: { width: 2, strip: 2 },
    wire: bytes('00 0c', HELLO),
    message: utf8(HELLO),
  },
  {
    name: 'a length that counts the whole frame',
    options: { width: 2, adjustment: -2, strip: 0 },
    wire: bytes('00 0e', HELLO),
    message: bytes('00 0e', HELLO),
  },
  {
    name: 'three bytes of length at the end of a header of five',
    options: { offset: 2, width: 3, strip: 0 },
    wire: bytes('ca fe 00 00 0c', HELLO),
    message: bytes('ca fe 00 00 0c', HELLO),
  },
  {
    name: 'three bytes of length at the beginning of a header of five',
    options: { width: 3, adjustment: 2, strip: 0 },
    wire: bytes('00 00 0c ca fe', HELLO),
    message: bytes('00 00 0c ca fe', HELLO),
  },
  {
    name: 'a length in the middle of a header, the front of it stripped',
    options: { offset: 1, width: 2, adjustment: 1, strip: 3, prefix: hex('ca') },
    wire: bytes('ca 00 0c fe', HELLO),
    message: bytes('fe', HELLO),
  },
  {
    name: 'the same with a length that counts the whole frame',
    options: { offset: 1, width: 2, adjustment: -3, strip: 3, prefix: hex('ca') },
    wire: bytes('ca 00 10 fe', HELLO),
    message: bytes('fe', HELLO),
  },
];

const GREETING = 'Hello world'; // 11 bytes

/** The settings that tokio-util documents for LengthDelimitedCodec. */
const TOKIO: readonly Row[] = [
  {
    name: 'num_skip 0',
    options: { width: 2, strip: 0 },
    wire: bytes('00 0b', GREETING),
    message: bytes('00 0b', GREETING),
  },
  {
    name: 'num_skip by default',
    options: { width: 2 },
    wire: bytes('00 0b', GREETING),
    message: utf8(GREETING),
  },
  {
    name: 'a length that counts the head',
    options: { width: 2, adjustment: -2, strip: 0 },
    wire: bytes('00 0d', GREETING),
    message: bytes('00 0d', GREETING),
  },
  {
    name: 'a length in front of the rest of the head',
    options: { width: 3, adjustment: 2, strip: 0 },
    wire: bytes('00 00 0b ca fe', GREETING),
    message: bytes('00 00 0b ca fe', GREETING),
  },
  {
    name: 'a length in the middle of the head',
    options: { offset: 1, width: 2, adjustment: 1, strip: 3, prefix: hex('ca') },
    wire: bytes('ca 00 0b fe', GREETING),
    message: bytes('fe', GREETING),
  },
  {
    name: 'a length in the middle that counts the head',
    options: { offset: 1, width: 2, adjustment: -3, strip: 3, prefix: hex('ca') },
    wire: bytes('ca 00 0f fe', GREETING),
    message: bytes('fe', GREETING),
  },
  {
    name: 'the head and a byte behind it skipped',
    options: { width: 3, adjustment: 1, strip: 4 },
    wire: bytes('00 00 0b 00', GREETING),
    message: utf8(GREETING),
  },
];

/** Cases that neither documents. */
const OTHERS: readonly Row[] = [
  { name: 'the defaults', options: {}, wire: bytes('00 00 00 02', 'hi'), message: utf8('hi') },
  { name: 'an empty message', options: {}, wire: hex('00 00 00 00'), message: hex('') },
  {
    name: 'nothing but a header',
    options: { width: 2, strip: 0 },
    wire: hex('00 00'),
    message: hex('00 00'),
  },
  {
    name: 'nothing behind what is stripped',
    options: { width: 2, strip: 4, adjustment: 1 },
    wire: hex('00 01 00 00'),
    message: hex(''),
  },
  {
    name: 'a part of the field stripped',
    options: { width: 4, strip: 3 },
    wire: bytes('00 00 00 02', 'hi'),
    message: bytes('02', 'hi'),
  },
  {
    name: 'a part of what is in front of the field stripped',
    options: { offset: 3, width: 1, strip: 1, prefix: hex('01 00 00') },
    wire: bytes('01 02 03 02', 'hi'),
    message: bytes('02 03 02', 'hi'),
  },
  {
    name: 'a header that counts itself',
    options: { offset: 2, width: 2, includesHeader: true, prefix: 'ab' },
    wire: bytes('61 62 00 06', 'hi'),
    message: utf8('hi'),
  },
  {
    name: 'a header that counts itself, and an adjustment',
    options: { width: 1, includesHeader: true, adjustment: 10 },
    wire: bytes('00', 'ninebytes'),
    message: utf8('ninebytes'),
  },
  {
    name: 'the least significant byte first',
    options: { width: 3, byteOrder: 'little' },
    wire: bytes('02 00 00', 'hi'),
    message: utf8('hi'),
  },
  {
    name: 'eight bytes of length',
    options: { width: 8 },
    wire: bytes('00 00 00 00 00 00 00 02', 'hi'),
    message: utf8('hi'),
  },
  { name: 'a varint', options: { width: 'varint' }, wire: bytes('02', 'hi'), message: utf8('hi') },
  {
    name: 'a varint of two bytes',
    options: { width: 'varint' },
    wire: bytes('ac 02', 'x'.repeat(300)),
    message: utf8('x'.repeat(300)),
  },
  {
    name: 'a kind and a varint, both kept',
    options: { offset: 1, width: 'varint', strip: 0 },
    wire: bytes('30 02', 'hi'),
    message: bytes('30 02', 'hi'),
  },
  {
    name: 'a varint that counts itself and just fits',
    options: { width: 'varint', includesHeader: true },
    wire: bytes('7f', 'x'.repeat(126)),
    message: utf8('x'.repeat(126)),
  },
  {
    name: 'a varint that counts itself and just does not fit',
    options: { width: 'varint', includesHeader: true },
    wire: bytes('81 01', 'x'.repeat(127)),
    message: utf8('x'.repeat(127)),
  },
];

describe('lengthField', () => {
  for (const [of, rows] of Object.entries({ Netty: NETTY, 'tokio-util': TOKIO, others: OTHERS })) {
    it.each(rows)(`should speak what the table says (${of}): $name`, ({ options, wire, message }) => {
      verifyCodec(lengthField(options), [{ wire, messages: [message] }]);
    });
  }

  describe('limits', () => {
    it('should allow messages of maxLength bytes and no more', () => {
      verifyCodec(
        lengthField({ width: 1, maxLength: 3 }),
        [{ wire: bytes('03', 'abc'), messages: [utf8('abc')] }],
        {
          rejects: [{ wire: hex('04'), error: 'ERR_FRAME_LENGTH' }],
        },
      );
      expect(() => sent(lengthField({ maxLength: 3 }), 'abcd')).toThrow(refused('ERR_FRAME_LENGTH', 'send'));
    });

    it('should limit the whole frame where nothing is stripped', () => {
      verifyCodec(
        lengthField({ width: 1, strip: 0, maxLength: 4 }),
        [{ wire: bytes('03', 'abc'), messages: [bytes('03', 'abc')] }],
        { rejects: [{ wire: hex('04'), error: 'ERR_FRAME_LENGTH' }] },
      );
    });

    it('should refuse lengths that cannot be as soon as the field is complete', () => {
      const rejects = (options: LengthFieldOptions, wire: Uint8Array) =>
        verifyCodec(lengthField(options), [], { rejects: [{ wire, error: 'ERR_FRAME_LENGTH' }] });
      rejects({ width: 2, adjustment: -2 }, hex('00 01')); // negative
      rejects({ width: 2, includesHeader: true }, hex('00 01')); // less than the header
      rejects({ width: 2, strip: 4 }, hex('00 01')); // less than what is stripped
      rejects({ width: 8 }, hex('ff ff ff ff ff ff ff ff'));
      rejects({ width: 8, adjustment: -(2 ** 31) }, hex('00 20 00 00 00 00 00 01'));
      rejects({ width: 'varint' }, hex('ff ff ff ff ff ff ff ff 7f'));
    });

    it('should refuse a varint without an end', () => {
      verifyCodec(lengthField({ width: 'varint' }), [], {
        rejects: [{ wire: hex('80 80 80 80 80 80 80 80 80 80'), error: 'ERR_FRAME_DATA' }],
      });
    });

    it('should read a varint that is longer than it has to be', () => {
      const messages = received(
        lengthField({ width: 'varint' }),
        bytes('82 80 80 80 80 80 80 80 80 00', 'hi'),
      );
      expect(messages).toEqual([utf8('hi')]);
    });

    it('should tell the numbers', () => {
      expect(() => received(lengthField(), hex('00 04 93 e0'))).toThrow(
        'a message of 300000 bytes exceeds maxLength, which is 262144',
      );
    });

    it('should take no memory for what was only announced', () => {
      const before = process.memoryUsage().arrayBuffers;
      const decoders = Array.from({ length: 50 }, () => {
        const decoder = lengthField({ maxLength: 2 ** 30 }).decoder();
        decoder.push(hex('40 00 00 00 01'), () => undefined);
        return decoder;
      });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20);
      expect(decoders[0]?.residue).toBe(5);
    });
  });

  describe('decoder', () => {
    it('should count all bytes of an unfinished frame as residue, stripped or not', () => {
      const wire = bytes('61 00 03 7a', 'abc');
      for (const strip of [0, 1, 2, 3, 4, 5]) {
        const decoder = lengthField({ offset: 1, width: 2, adjustment: 1, strip }).decoder();
        for (let length = 1; length < wire.length; length++) {
          decoder.push(wire.subarray(length - 1, length), () => undefined);
          expect(decoder.residue).toBe(length);
        }
        decoder.push(wire.subarray(-1), () => undefined);
        expect(decoder.residue).toBe(0);
      }
    });

    it('should hand out views of the chunk, also when the header came before', () => {
      const chunk = bytes('00 00 00 02', 'hi');
      expect(received(lengthField(), chunk)[0]?.buffer).toBe(chunk.buffer);
      const body = new Uint8Array([104, 105]);
      expect(received(lengthField(), hex('00 00 00 02'), body)[0]?.buffer).toBe(body.buffer);
    });

    it('should do with an unfinished frame what tail says', () => {
      const options = { width: 2 } as const;
      for (const wire of [hex('00'), hex('00 02'), hex('00 02 68')]) {
        verifyCodec(lengthField(options), [], { rejects: [{ wire, error: 'ERR_FRAME_TRUNCATED' }] });
        verifyCodec(lengthField({ ...options, tail: 'drop' }), [
          { wire, messages: [], residue: wire.length, encode: false },
        ]);
      }
    });

    it('should go on behind a message whose receiver threw', () => {
      const decoder = lengthField({ width: 1 }).decoder();
      const fail = () => {
        throw new Error('no');
      };
      expect(() => decoder.push(bytes('01', 'a'), fail)).toThrow('no');
      expect(decoder.residue).toBe(0);
      decoder.push(hex('01'), fail);
      expect(() => decoder.push(utf8('b'), fail)).toThrow('no');
      expect(decoder.residue).toBe(0);
    });
  });

  describe('encoder', () => {
    it('should make one frame of several pieces', () => {
      const codec = lengthField({ width: 1 });
      expect(sent(codec, ['ab', '', utf8('c')])).toEqual(bytes('03', 'abc'));
      const pieces: Uint8Array[] = [];
      codec.encoder().pushAll?.(['ab', ['c', 'd'], ''], (piece) => pieces.push(Uint8Array.from(piece)));
      expect(Buffer.concat(pieces)).toEqual(bytes('04', 'abcd'));
      expect(pieces).toHaveLength(4);
    });

    it('should make one frame of pieces that the header is spread over', () => {
      const codec = lengthField({ offset: 1, width: 2, strip: 0 });
      expect(sent(codec, [hex('61'), hex('ff'), bytes('ff', 'h'), 'i'])).toEqual(bytes('61 00 02', 'hi'));
    });

    it('should write the length anew into messages that have their header, and not touch them', () => {
      const message = bytes('61 ff', 'hi');
      expect(sent(lengthField({ offset: 1, width: 1, strip: 0 }), message)).toEqual(bytes('61 02', 'hi'));
      expect(message).toEqual(bytes('61 ff', 'hi'));
    });

    it('should emit bodies without a copy', () => {
      const body = utf8('hi');
      const pieces: Uint8Array[] = [];
      lengthField()
        .encoder()
        .push(body, (piece) => pieces.push(piece));
      expect(pieces[1]).toBe(body);
    });

    it('should refuse what does not fit, emit nothing of it, and go on', () => {
      const send = (options: LengthFieldOptions, message: Uint8Array) => {
        const encoder = lengthField(options).encoder();
        let emitted = 0;
        const push = () => encoder.push(message, () => emitted++);
        expect(push).toThrow(refused('ERR_FRAME_LENGTH', 'send'));
        expect(emitted).toBe(0);
        return encoder;
      };
      const encoder = send({ width: 1 }, new Uint8Array(256));
      const pieces: Uint8Array[] = [];
      encoder.push(new Uint8Array(255), (piece) => pieces.push(piece));
      expect(pieces.map(({ length }) => length)).toEqual([1, 255]);
      send({ width: 2, adjustment: 3 }, new Uint8Array(2)); // the length would be negative
      send({ width: 2, strip: 0 }, new Uint8Array(1)); // without its header
      send({ width: 'varint', strip: 0 }, hex('80')); // with half of it
    });
  });

  it('should speak the same in both directions, whatever the options', () => {
    const options = fc
      .record({
        offset: fc.nat(3),
        width: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant('varint' as const)),
        byteOrder: fc.constantFrom('big' as const, 'little' as const),
        adjustment: fc.integer({ min: -4, max: 0 }),
        includesHeader: fc.boolean(),
        strip: fc.option(fc.nat(12), { nil: undefined }),
      })
      .filter(({ width, strip, offset }) => width !== 'varint' || strip === undefined || strip <= offset);
    const run = (given: LengthFieldOptions, bodies: Uint8Array[], cut: number) => {
      const codec = lengthField(given);
      // The first pass writes the header into messages that have a part of it.
      const frames = bodies.map((body) => sent(codec, Buffer.concat([new Uint8Array(12), body])));
      const wire = Buffer.concat(frames);
      const messages = received(codec, wire.subarray(0, cut % wire.length), wire.subarray(cut % wire.length));
      expect(messages).toHaveLength(bodies.length);
      expect(Buffer.concat(messages.map((message) => sent(codec, message)))).toEqual(wire);
    };
    const bodies = fc.array(fc.uint8Array({ maxLength: 150 }), { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(options, bodies, fc.nat(), run), { numRuns: 300 });
  });

  it.each([
    [{ width: 0 }, 'width'],
    [{ width: 9 }, 'width'],
    [{ offset: 4097 }, 'offset'],
    [{ adjustment: 0.5 }, 'adjustment'],
    [{ strip: -1 }, 'strip'],
    [{ width: 'varint', strip: 1 } as const, 'strip'],
    [{ offset: 2, prefix: 'abc' }, 'prefix'],
    [{ prefix: 7 as never }, 'prefix'],
    [{ maxLength: 0 }, 'maxLength'],
    [{ tail: 'emit' as never }, 'tail'],
    [{ lenght: 1 } as never, 'lenght'],
  ])('should refuse the options %j', (options: LengthFieldOptions, option) => {
    expect(() => lengthField(options)).toThrow(OptionError);
    expect(() => lengthField(options)).toThrow(`${option} must be`);
  });

  it('should hand on frameTimeout', () => {
    expect(lengthField().frameTimeout).toBe(0);
    expect(lengthField({ frameTimeout: 500 }).frameTimeout).toBe(500);
  });
});
