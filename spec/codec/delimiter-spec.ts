import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { type BytesLike, hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { delimiter, type DelimiterOptions } from '../../lib/codec/delimiter.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

/** What a new decoder emits for some chunks, as texts, and how much it keeps. */
function received(options: DelimiterOptions, ...chunks: readonly BytesLike[]) {
  const decoder = delimiter(options).decoder();
  const messages: string[] = [];
  for (const chunk of chunks)
    decoder.push(Buffer.from(chunk as Uint8Array), (message) => messages.push(toText(message)));
  return { messages, residue: decoder.residue };
}

function sent(options: DelimiterOptions, message: BytesLike): string {
  const pieces: Uint8Array[] = [];
  delimiter(options)
    .encoder()
    .push(message, (piece) => pieces.push(Uint8Array.from(piece)));
  return toText(Buffer.concat(pieces));
}

const refused = (code: string, operation: 'receive' | 'send') =>
  expect.objectContaining({ name: 'ProtocolError', code, operation }) as unknown as Error;

describe('delimiter', () => {
  it.each(['$', '$$', '\r\n', 'aab', 'aba', 'x'.repeat(64)])(
    'should cut at %j, however it is cut',
    (mark) => {
      verifyCodec(delimiter({ delimiter: mark }), [
        { wire: `one${mark}`, messages: [utf8('one')] },
        { wire: mark, messages: [utf8('')] },
        { wire: `${mark}${mark}two${mark}`, messages: [utf8(''), utf8(''), utf8('two')] },
      ]);
    },
  );

  it.each([
    ['aab', 'aaab', ['a']],
    ['aab', 'aaaaab', ['aaa']],
    ['aba', 'ababa|aba', ['', 'ba|']],
    ['abab', 'aababab', ['a']],
    ['\r\n', 'a\r\r\nb\n\r\n', ['a\r', 'b\n']],
  ])('should find %j in %j where it comes first', (mark, wire, messages) => {
    verifyCodec(delimiter({ delimiter: mark, tail: 'drop' }), [
      { wire, messages: messages.map(utf8), residue: remainder(wire, mark), encode: false },
    ]);
  });

  it('should keep the delimiter if asked to', () => {
    const codec = delimiter({ delimiter: '\r\n', keep: true });
    verifyCodec(codec, [
      { wire: 'one\r\n', messages: [utf8('one\r\n')] },
      { wire: '\r\n', messages: [utf8('\r\n')] },
      { wire: 'two\r\n', messages: [utf8('two\r\n')], send: [utf8('two')] },
    ]);
    expect(() => sent({ delimiter: '\r\n', keep: true }, 'a\r\nb')).toThrow(
      refused('ERR_FRAME_DATA', 'send'),
    );
    expect(() => sent({ delimiter: '\r\n', keep: true }, 'a\r\nb\r\n')).toThrow(
      refused('ERR_FRAME_DATA', 'send'),
    );
  });

  it('should allow messages of maxLength bytes and no more', () => {
    const options = { delimiter: '$$', maxLength: 3 };
    for (const keep of [false, true]) {
      const message = keep ? 'abc$$' : 'abc';
      verifyCodec(delimiter({ ...options, keep }), [{ wire: 'abc$$', messages: [utf8(message)] }], {
        rejects: [
          { wire: 'abcd$', error: 'ERR_FRAME_LENGTH' },
          { wire: 'abcde', error: 'ERR_FRAME_LENGTH' },
        ],
      });
    }
    expect(sent(options, 'abc')).toBe('abc$$');
    expect(() => sent(options, 'abcd')).toThrow(refused('ERR_FRAME_LENGTH', 'send'));
    expect(() => sent({ ...options, keep: true }, 'abcd$$')).toThrow(refused('ERR_FRAME_LENGTH', 'send'));
    verifyCodec(delimiter({ delimiter: '$', maxLength: 3 }), [], {
      rejects: [{ wire: 'abcd', error: 'ERR_FRAME_LENGTH' }],
    });
  });

  it('should do with an unfinished message what tail says', () => {
    const wire = 'hi$';
    const of = (tail: 'error' | 'drop' | 'emit', maxLength = 9) =>
      delimiter({ delimiter: '$$', tail, maxLength });
    verifyCodec(of('error'), [], { rejects: [{ wire, error: 'ERR_FRAME_TRUNCATED' }] });
    verifyCodec(of('drop'), [{ wire, messages: [], residue: 3, encode: false }]);
    verifyCodec(of('emit'), [{ wire, messages: [], atEnd: [utf8('hi$')] }]);
    verifyCodec(of('emit', 2), [], { rejects: [{ wire, error: 'ERR_FRAME_LENGTH', when: 'end' }] });
    verifyCodec(delimiter({ delimiter: '$$', tail: 'emit', keep: true }), [
      { wire, messages: [], atEnd: [utf8('hi$')] },
    ]);
  });

  it('should hand out views of the chunk', () => {
    const chunk = utf8('one$two$');
    const buffers: unknown[] = [];
    delimiter({ delimiter: '$' })
      .decoder()
      .push(chunk, (message) => buffers.push(message.buffer));
    expect(buffers).toEqual([chunk.buffer, chunk.buffer]);
  });

  it('should stay linear when a long message comes byte by byte', () => {
    const decoder = delimiter({ delimiter: 'aab', maxLength: 2 ** 20 }).decoder();
    const byte = utf8('a');
    for (let i = 0; i < 100_000; i++) decoder.push(byte, () => undefined);
    expect(decoder.residue).toBe(100_000);
    const lengths: number[] = [];
    decoder.push(utf8('b'), ({ length }) => lengths.push(length));
    expect(lengths).toEqual([99_998]);
  });

  it('should not be changed by who made it', () => {
    const mark = utf8('$');
    const codec = delimiter({ delimiter: mark });
    mark[0] = 0;
    verifyCodec(codec, [{ wire: 'a$', messages: [utf8('a')] }]);
  });

  it('should go on behind a message whose receiver threw', () => {
    const decoder = delimiter({ delimiter: '$' }).decoder();
    decoder.push(utf8('on'), () => undefined);
    expect(() =>
      decoder.push(utf8('e$'), () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(decoder.residue).toBe(0);
    const next: string[] = [];
    decoder.push(utf8('two$'), (message) => next.push(toText(message)));
    expect(next).toEqual(['two']);
  });

  it('should refuse to send what a receiver would cut elsewhere', () => {
    expect(() => sent({ delimiter: '$$' }, 'a$$b')).toThrow(refused('ERR_FRAME_DATA', 'send'));
    expect(() => sent({ delimiter: '$$' }, 'a$')).toThrow('the message is cut by its delimiter at byte 1');
    expect(() => sent({ delimiter: 'aba' }, 'ab')).toThrow(refused('ERR_FRAME_DATA', 'send'));
    expect(sent({ delimiter: 'aab' }, 'a')).toBe('aaab');
    expect(sent({ delimiter: hex('0d 0a') }, 'a\r')).toBe('a\r\r\n');
  });

  it('should receive exactly what it agrees to send', () => {
    const few = (maxLength: number, minLength = 0) =>
      fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((letters) => letters.join(''));
    const run = (mark: string, message: string, cut: number) => {
      const wire = message + mark;
      const isHarmless = wire.indexOf(mark) === message.length;
      if (!isHarmless) {
        expect(() => sent({ delimiter: mark }, message)).toThrow(refused('ERR_FRAME_DATA', 'send'));
        return;
      }
      expect(sent({ delimiter: mark }, message)).toBe(wire);
      const at = cut % wire.length;
      const result = received({ delimiter: mark }, wire.slice(0, at), wire.slice(at));
      expect(result).toEqual({ messages: [message], residue: 0 });
    };
    fc.assert(fc.property(few(5, 1), few(8), fc.nat(), run), { numRuns: 500 });
  });

  it('should cut as a search in all bytes at once does', () => {
    const letters = fc.array(fc.constantFrom('a', 'b'), { maxLength: 40 });
    const run = (mark: string, wire: string[], sizes: number[]) => {
      const text = wire.join('');
      const parts = text.split(mark);
      const chunks: string[] = [];
      for (let at = 0, i = 0; at < text.length; at += sizes[i++ % sizes.length]!)
        chunks.push(text.slice(at, at + sizes[i % sizes.length]!));
      const rest = parts.pop() ?? '';
      expect(received({ delimiter: mark }, ...chunks)).toEqual({ messages: parts, residue: rest.length });
    };
    const marks = fc.constantFrom('a', 'ab', 'aab', 'aba', 'abab', 'aabaa');
    const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(marks, letters, sizes, run), { numRuns: 500 });
  });

  it.each([
    [undefined as never, 'delimiter'],
    [{}, 'delimiter'],
    [{ delimiter: '' }, 'delimiter'],
    [{ delimiter: 'x'.repeat(65) }, 'delimiter'],
    [{ delimiter: 10 }, 'delimiter'],
    [{ delimiter: '$', keep: 1 }, 'keep'],
    [{ delimiter: '$', tail: 'no' }, 'tail'],
    [{ delimiter: '$', maxLength: 2 ** 30 + 1 }, 'maxLength'],
    [{ delimiter: '$', frameTimeout: -1 }, 'frameTimeout'],
    [{ delimiter: '$', max: 1 }, 'max'],
  ])('should refuse the options %j', (options, option) => {
    expect(() => delimiter(options as never)).toThrow(OptionError);
    expect(() => delimiter(options as never)).toThrow(`${option} must be`);
  });
});

/** Bytes behind the last delimiter. */
function remainder(wire: string, mark: string): number {
  return wire.split(mark).at(-1)?.length ?? 0;
}
