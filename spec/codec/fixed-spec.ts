import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { fixed } from '../../lib/codec/fixed.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

const refused = (code: string, operation: 'receive' | 'send') =>
  expect.objectContaining({ name: 'ProtocolError', code, operation }) as unknown as Error;

describe('fixed', () => {
  it.each([1, 2, 3, 7])('should cut messages of %d bytes, however they are cut', (size) => {
    const message = (letter: string) => utf8(letter.repeat(size));
    verifyCodec(fixed({ size }), [
      { wire: message('a'), messages: [message('a')] },
      { wire: 'b'.repeat(size) + 'c'.repeat(size), messages: [message('b'), message('c')] },
    ]);
  });

  it('should cut messages that are larger than what is allocated at once', () => {
    const size = 200_000;
    const wire = Uint8Array.from({ length: 2 * size }, (_, at) => at % 251);
    const decoder = fixed({ size }).decoder();
    const got: Uint8Array[] = [];
    for (let at = 0; at < wire.length; at += 30_001)
      decoder.push(wire.subarray(at, at + 30_001), (message) => got.push(message));
    expect(got.map(({ length }) => length)).toEqual([size, size]);
    expect(Buffer.concat(got).equals(wire)).toBe(true);
  });

  it('should hand out views of the chunk', () => {
    const chunk = utf8('abcdef');
    const buffers: unknown[] = [];
    fixed({ size: 3 })
      .decoder()
      .push(chunk, (message) => buffers.push(message.buffer));
    expect(buffers).toEqual([chunk.buffer, chunk.buffer]);
  });

  it('should do with an unfinished message what tail says', () => {
    const wire = 'ab';
    verifyCodec(fixed({ size: 3 }), [], { rejects: [{ wire, error: 'ERR_FRAME_TRUNCATED' }] });
    verifyCodec(fixed({ size: 3, tail: 'drop' }), [{ wire, messages: [], residue: 2, encode: false }]);
    verifyCodec(fixed({ size: 3, tail: 'emit' }), [
      { wire: 'abcde', messages: [utf8('abc')], atEnd: [utf8('de')] },
      { wire: 'abc', messages: [utf8('abc')] },
    ]);
  });

  it.each(['', 'ab', 'abcd'])('should refuse to send %j where messages have three bytes', (message) => {
    const encoder = fixed({ size: 3 }).encoder();
    const emitted: unknown[] = [];
    expect(() => encoder.push(message, (piece) => emitted.push(piece))).toThrow(
      refused('ERR_FRAME_LENGTH', 'send'),
    );
    expect(emitted).toEqual([]);
    encoder.push('abc', (piece) => emitted.push(piece));
    expect(emitted).toEqual([utf8('abc')]);
  });

  it('should cut as slicing all bytes at once does', () => {
    const run = (size: number, chunks: Uint8Array[]) => {
      const decoder = fixed({ size }).decoder();
      const got: Uint8Array[] = [];
      for (const chunk of chunks) decoder.push(chunk, (message) => got.push(message));
      const all = Buffer.concat(chunks);
      const whole = all.length - (all.length % size);
      expect(got.every(({ length }) => length === size)).toBe(true);
      expect(Buffer.concat(got)).toEqual(all.subarray(0, whole));
      expect(decoder.residue).toBe(all.length - whole);
    };
    fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.uint8Array({ maxLength: 20 })), run));
  });

  it.each([
    [{}, 'size'],
    [{ size: 0 }, 'size'],
    [{ size: 2 ** 30 + 1 }, 'size'],
    [{ size: 3, tail: 'pad' }, 'tail'],
    [{ size: 3, maxLength: 3 }, 'maxLength'],
  ])('should refuse the options %j', (options, option) => {
    expect(() => fixed(options as never)).toThrow(OptionError);
    expect(() => fixed(options as never)).toThrow(`${option} must be`);
  });
});
