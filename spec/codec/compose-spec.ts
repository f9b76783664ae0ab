import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '../../lib/base/errors.ts';
import { hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { between } from '../../lib/codec/between.ts';
import type { Codec } from '../../lib/codec/codec.ts';
import { compose } from '../../lib/codec/compose.ts';
import { delimiter } from '../../lib/codec/delimiter.ts';
import { fixed } from '../../lib/codec/fixed.ts';
import { json } from '../../lib/codec/json.ts';
import { lengthField } from '../../lib/codec/length-field.ts';
import { lines } from '../../lib/codec/lines.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

const bytes = (digits: string, text = ''): Uint8Array => Buffer.concat([hex(digits), utf8(text)]);

/** Bytes as they are, but named; says when it is told of the end. */
function naming(name: string, log: string[]): Codec<Uint8Array, Uint8Array, Uint8Array, Uint8Array> {
  const stage = () => ({
    push: (chunk: Uint8Array, emit: (chunk: Uint8Array) => void) => emit(chunk),
    end: (emit: (chunk: Uint8Array) => void) => {
      log.push(name);
      emit(utf8(name));
    },
  });
  return { decoder: () => ({ ...stage(), residue: 1 }), encoder: stage };
}

function sent<N>(codec: Codec<Uint8Array, unknown, Uint8Array, N>, message: N): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  codec.encoder().push(message, (piece) => pieces.push(Uint8Array.from(piece)));
  return pieces;
}

describe('compose', () => {
  it('should join two codecs, however the bytes are cut', () => {
    verifyCodec(compose(lengthField({ width: 1 }), json({ separator: 'none' })), [
      { wire: bytes('08', '{"id":7}'), messages: [{ id: 7 }] },
      { wire: bytes('02', '[]'), messages: [[]] },
    ]);
  });

  it('should let a message of the inner codec span messages of the outer', () => {
    verifyCodec(compose(fixed({ size: 2 }), lines()), [{ wire: 'ab\ncd\n', messages: ['ab', 'cd'] }], {
      encode: false,
    });
  });

  it('should join three and four codecs', () => {
    const stx = between({ start: '<', end: '>' });
    verifyCodec(compose(stx, lengthField({ width: 1 }), lines()), [
      { wire: bytes('3c 03', 'hi\n>'), messages: ['hi'] },
    ]);
    verifyCodec(compose(stx, delimiter({ delimiter: '$' }), lengthField({ width: 1 }), lines()), [
      { wire: bytes('3c 03', 'hi\n$>'), messages: ['hi'] },
    ]);
  });

  it('should make one outer message of what the inner encoder emits for one', () => {
    const inner = lengthField({ width: 1 });
    // By pushAll:
    expect(Buffer.concat(sent(compose(lengthField({ width: 2 }), inner), 'hi'))).toEqual(
      bytes('00 03 02', 'hi'),
    );
    // Joined, as there is none:
    expect(sent(compose(delimiter({ delimiter: '$' }), inner), 'hi')).toEqual([bytes('02', 'hi'), utf8('$')]);
  });

  it('should not be harmed by an encoder that uses a small piece again', () => {
    const scratch = new Uint8Array(1);
    const digits: Codec<Uint8Array, Uint8Array, Uint8Array, number> = {
      decoder: () => ({ push: (chunk, emit) => emit(chunk), residue: 0 }),
      encoder: () => ({
        push: (count, emit) => {
          for (let i = 0; i < count; i++) {
            scratch[0] = 0x30 + i;
            emit(scratch);
          }
        },
      }),
    };
    for (const outer of [lengthField({ width: 1 }), delimiter({ delimiter: '$' })]) {
      expect(toText(Buffer.concat(sent(compose(outer, digits), 3)))).toContain('012');
    }
  });

  it('should not copy large pieces on their way', () => {
    const body = new Uint8Array(8192);
    const pieces: Uint8Array[] = [];
    compose(lengthField(), lengthField())
      .encoder()
      .push(body, (piece) => pieces.push(piece));
    expect(pieces.at(-1)).toBe(body);
  });

  it('should give things that are not bytes to the outer encoder one by one', () => {
    const words: Codec<string, string, string, string> = {
      decoder: () => ({ push: (line, emit) => line.split(' ').forEach((word) => emit(word)), residue: 0 }),
      encoder: () => ({ push: (text, emit) => text.split(' ').forEach((word) => emit(word)) }),
    };
    expect(toText(Buffer.concat(sent(compose(lines(), words), 'one two')))).toBe('one\ntwo\n');
  });

  it('should take several messages of one send as the innermost codec does', () => {
    expect(compose(lengthField(), json()).encoder().pushAll).toBeUndefined();
    const { pushAll } = compose(dollars(), lengthField({ width: 1 })).encoder();
    const pieces: Uint8Array[] = [];
    pushAll?.(['h', 'i'], (piece) => pieces.push(Uint8Array.from(piece)));
    expect(Buffer.concat(pieces)).toEqual(bytes('02', 'hi$'));
  });

  it('should send nothing of a message that a codec refuses, and go on', () => {
    const encoder = compose(lengthField({ width: 1, maxLength: 4 }), lines()).encoder();
    const pieces: Uint8Array[] = [];
    const emit = (piece: Uint8Array) => pieces.push(Uint8Array.from(piece));
    expect(() => encoder.push('a\nb', emit)).toThrow('line feed');
    expect(() => encoder.push('abcd', emit)).toThrow('a message of 5 bytes exceeds maxLength, which is 4');
    expect(pieces).toEqual([]);
    encoder.push('abc', emit);
    expect(Buffer.concat(pieces)).toEqual(bytes('04', 'abc\n'));
  });

  it('should throw what an inner codec throws, with the messages in front of it emitted', () => {
    verifyCodec(compose(lengthField({ width: 1 }), json()), [{ wire: bytes('02', '1\n'), messages: [1] }], {
      rejects: [{ wire: bytes('02 31 0a 02', 'x\n'), error: 'ERR_FRAME_DATA', messages: [1] }],
    });
  });

  it('should throw what an inner codec throws, whatever an outer one makes of it', () => {
    const hiding = (after: () => void): Codec => ({
      decoder: () => ({
        push: (chunk, emit) => {
          for (const part of [chunk, chunk]) {
            try {
              emit(part);
            } catch {
              after();
            }
          }
        },
        residue: 0,
      }),
      encoder: () => ({ push: (chunk, emit) => emit(chunk) }),
    });
    let pushes = 0;
    const failing: Codec = {
      decoder: () => ({
        push: () => {
          pushes++;
          throw new ProtocolError('ERR_FRAME_DATA', 'inner');
        },
        residue: 0,
      }),
      encoder: () => ({ push: (chunk, emit) => emit(chunk) }),
    };
    const rethrow = () => {
      throw new Error('outer');
    };
    for (const after of [() => undefined, rethrow]) {
      pushes = 0;
      const decoder = compose(hiding(after), failing).decoder();
      expect(() => decoder.push(utf8('a'), () => undefined)).toThrow('inner');
      expect(pushes).toBe(1);
    }
  });

  it('should tell each codec of the end behind what it gets from the others', () => {
    const log: string[] = [];
    const codec = compose(naming('a', log), naming('b', log), naming('c', log));
    const got: string[] = [];
    const emit = (chunk: Uint8Array) => got.push(toText(chunk));
    codec.decoder().end?.(emit);
    expect({ log, got }).toEqual({ log: ['a', 'b', 'c'], got: ['a', 'b', 'c'] });
    log.length = got.length = 0;
    codec.encoder().end?.(emit);
    expect({ log, got }).toEqual({ log: ['c', 'b', 'a'], got: ['c', 'b', 'a'] });
  });

  it('should emit what the end of an outer codec completes', () => {
    const codec = compose(delimiter({ delimiter: '$', tail: 'emit' }), lines({ tail: 'emit' }));
    verifyCodec(codec, [{ wire: 'a\nb', messages: [], atEnd: ['a', 'b'] }]);
  });

  it('should throw if the stream ends within a message of any codec', () => {
    const codec = compose(lengthField({ width: 1 }), delimiter({ delimiter: '$' }));
    verifyCodec(codec, [], {
      rejects: [
        { wire: bytes('02', 'a'), error: 'ERR_FRAME_TRUNCATED' },
        { wire: bytes('01', 'a'), error: 'ERR_FRAME_TRUNCATED' },
      ],
    });
  });

  it('should add residues up', () => {
    const log: string[] = [];
    expect(compose(naming('a', log), naming('b', log), naming('c', log)).decoder().residue).toBe(3);
    const decoder = compose(lengthField({ width: 1 }), lines()).decoder();
    decoder.push(bytes('02 61 62 02', 'c'), () => undefined);
    expect(decoder.residue).toBe(4);
  });

  it('should take the shortest frameTimeout that is on', () => {
    const of = (outer: number, inner: number) =>
      compose(lengthField({ frameTimeout: outer }), lines({ frameTimeout: inner })).frameTimeout;
    expect([of(0, 0), of(5, 0), of(0, 7), of(5, 7), of(9, 7)]).toEqual([0, 5, 7, 5, 7]);
    const silent: Codec = {
      decoder: () => ({ push: (chunk, emit) => emit(chunk), residue: 0 }),
      encoder: () => ({ push: (chunk, emit) => emit(chunk) }),
    };
    expect(compose(silent, lines({ frameTimeout: 3 })).frameTimeout).toBe(3);
  });

  it('should know the types of what goes in and comes out', () => {
    const codec: Codec<Uint8Array, { id: number }, Uint8Array, { id: number }> = compose(
      between({ start: '<', end: '>' }),
      lengthField(),
      json<{ id: number }>(),
    );
    // @ts-expect-error lines emit texts, which lengthField cannot take
    compose(lines(), lengthField());
    expect(codec.frameTimeout).toBe(0);
  });
});

/** A codec without `pushAll`. */
function dollars() {
  return delimiter({ delimiter: '$' });
}
