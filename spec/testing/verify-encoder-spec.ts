import { describe, expect, it } from '@jest/globals';
import { hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { Codec } from '../../lib/codec/codec.ts';
import { verifyCodec } from '../../lib/testing/index.ts';
import { type Bytes, type Emit, Right, RightEncoder, codecOf, mismatch } from './right-codec.ts';

describe('verifyCodec, given an encoder', () => {
  const decoder = () => new Right();

  it('should find a length that is wrong', () => {
    const encoder = () => ({
      push(body: Bytes, emit: Emit) {
        emit(Uint8Array.of(body.length === 3 ? 4 : body.length));
        emit(body);
      },
    });
    const error = mismatch(codecOf(decoder, encoder));
    expect(error).toMatchObject({ example: 'examples[2]', feeding: 'encoder' });
    expect(error.message).toBe(
      [
        'examples[2], encoder: the encoder makes other bytes',
        '  expected: 6 bytes: 03 63 64 65 01 66',
        '  received: 6 bytes: 04 63 64 65 01 66',
        '  again:    verifyCodec(codec, examples, { seed: 1 })',
      ].join('\n'),
    );
  });

  it('should find state that is carried from one message to the next', () => {
    const encoder = () => {
      const header = [0];
      return {
        push(body: Bytes, emit: Emit) {
          header[0] ||= body.length;
          emit(Uint8Array.of(...header));
          emit(body);
        },
      };
    };
    expect(mismatch(codecOf(decoder, encoder))).toMatchObject({ feeding: 'encoder', example: 'examples[2]' });
  });

  it('should allow small pieces to be used again, and find large ones that are', () => {
    const block = (length: number): Codec => {
      const both = new Uint8Array(length);
      return {
        decoder: () => ({ push: (chunk, emit) => emit(chunk), residue: 0 }),
        encoder: () => ({
          push: (message, emit) => {
            both.set(message);
            emit(both);
          },
        }),
      };
    };
    const verify = (length: number) => () => {
      const examples = ['a', 'b'].map((letter) => {
        const wire = Buffer.alloc(length, letter);
        return { wire, messages: [wire] };
      });
      // Only the encoder is of interest here, so the decoder gets nothing to do.
      const decoder = () => ({ push: () => undefined, residue: 0 });
      const sends = examples.map(({ wire, messages }) => ({ wire, messages: [], send: messages }));
      verifyCodec({ ...block(length), decoder }, sends, { rounds: 0 });
    };
    expect(verify(8191)).not.toThrow();
    expect(verify(8192)).toThrow(/^examples\[0\], encoder: the encoder makes other bytes/);
  });

  it('should find a pushAll that does not do the same as push', () => {
    class Bundles extends RightEncoder {
      pushAll(bodies: readonly Bytes[], emit: Emit): void {
        emit(Uint8Array.of(bodies.length));
        for (const body of bodies) this.push(body, emit);
      }
    }
    expect(mismatch(codecOf(decoder, () => new Bundles()))).toMatchObject({
      example: 'examples[0]',
      feeding: 'encoder',
    });
  });

  it('should give to one pushAll what an example says goes together', () => {
    class Joins extends RightEncoder {
      pushAll(bodies: readonly Bytes[], emit: Emit): void {
        this.push(Buffer.concat(bodies), emit);
      }
    }
    const codec = codecOf(decoder, () => new Joins());
    const example = { wire: hex('02 61 62'), messages: [utf8('ab')], send: [utf8('a'), utf8('b')] };
    verifyCodec(codec, [{ ...example, together: true }]);
    expect(mismatch(codec, [example]).actual).toEqual(new Uint8Array(hex('01 61 01 62')));
  });

  it('should say it when the encoder throws', () => {
    const encoder = () => ({
      push: () => {
        throw new RangeError('cannot');
      },
    });
    const error = mismatch(codecOf(decoder, encoder));
    expect(error.message).toContain('the encoder threw RangeError: cannot');
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it('should ask only for the same messages if there are several ways to say it', () => {
    /** Zeros in front of a number say nothing. */
    const digits = (padding: string, faulty = false): Codec<Bytes, number, string> => ({
      decoder: () => {
        let text = '';
        return {
          push(chunk, emit) {
            text += toText(chunk);
            const numbers = text.split(';');
            text = numbers.pop()!;
            for (const number of numbers) emit(Number(number));
          },
          get residue() {
            return text.length;
          },
        };
      },
      encoder: () => ({ push: (number, emit) => emit(`${padding}${faulty ? number + 1 : number};`) }),
    });
    const example = { wire: '007;', messages: [7] };
    verifyCodec(digits('00'), [example]);
    verifyCodec(digits('0'), [{ ...example, encode: 'roundTrip' }]);
    verifyCodec(digits('0'), [example], { encode: 'roundTrip' });
    verifyCodec(digits('0', true), [example], { encode: false });
    expect(() => verifyCodec(digits('0'), [example])).toThrow('the encoder makes other bytes');
    expect(() => verifyCodec(digits('0', true), [example], { encode: 'roundTrip' })).toThrow(
      /^examples\[0\] encoded and decoded again, encoder: message 0 is wrong\n {2}expected: 7\n {2}received: 8\n/,
    );
  });
});
