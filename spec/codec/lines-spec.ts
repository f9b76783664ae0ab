import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { lines, type LinesOptions } from '../../lib/codec/lines.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

function sent(options: LinesOptions, line: string): string {
  const pieces: Buffer[] = [];
  lines(options)
    .encoder()
    .push(line, (piece) => pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces).toString();
}

const refused = (code: string, operation: 'receive' | 'send') =>
  expect.objectContaining({ name: 'ProtocolError', code, operation }) as unknown as Error;

describe('lines', () => {
  it('should receive lines with either ending, wherever characters are cut', () => {
    verifyCodec(
      lines(),
      [
        { wire: 'one\n', messages: ['one'] },
        { wire: 'two\r\n', messages: ['two'] },
        { wire: '\n\r\n', messages: ['', ''] },
        { wire: 'grüße 😀 日本\n', messages: ['grüße 😀 日本'] },
        { wire: '\ufeffmark\n', messages: ['\ufeffmark'] },
      ],
      { encode: 'roundTrip' },
    );
  });

  it.each(['\n', '\r\n'] as const)('should send lines that end with %j', (ending) => {
    verifyCodec(lines({ ending }), [
      { wire: `one${ending}`, messages: ['one'] },
      { wire: ending, messages: [''] },
      { wire: `grüße${ending}`, messages: ['grüße'] },
    ]);
  });

  it('should leave carriage returns elsewhere alone', () => {
    verifyCodec(lines({ ending: '\r\n' }), [
      { wire: 'a\rb\r\n', messages: ['a\rb'] },
      { wire: 'a\r\r\n', messages: ['a\r'] },
    ]);
  });

  it('should replace what is not UTF-8', () => {
    const wire = Buffer.concat([hex('61 ff 62 c3'), utf8('\n')]);
    verifyCodec(lines(), [{ wire, messages: ['a\ufffdb\ufffd'], encode: 'roundTrip' }]);
  });

  it('should allow lines of maxLength bytes and no more, their ending not counted', () => {
    verifyCodec(
      lines({ maxLength: 4 }),
      [
        { wire: 'abcd\n', messages: ['abcd'] },
        { wire: 'abcd\r\n', messages: ['abcd'], encode: 'roundTrip' },
        { wire: 'abü\n', messages: ['abü'] },
      ],
      {
        rejects: [
          { wire: 'abcde\n', error: 'ERR_FRAME_LENGTH' },
          { wire: 'abcdef', error: 'ERR_FRAME_LENGTH' },
          { wire: 'abcd\r\r', error: 'ERR_FRAME_LENGTH' },
          { wire: 'abcü\n', error: 'ERR_FRAME_LENGTH' },
        ],
      },
    );
    expect(sent({ maxLength: 4, ending: '\r\n' }, 'abü')).toBe('abü\r\n');
    expect(() => sent({ maxLength: 4 }, 'abcü')).toThrow(refused('ERR_FRAME_LENGTH', 'send'));
  });

  it('should do with a last line without ending what tail says', () => {
    verifyCodec(lines(), [
      { wire: 'hi', messages: [], atEnd: ['hi'] },
      { wire: 'hi\r', messages: [], atEnd: ['hi'] },
      { wire: 'one\ntwo', messages: ['one'], atEnd: ['two'] },
      { wire: 'one\n', messages: ['one'] },
    ]);
    verifyCodec(lines({ tail: 'drop' }), [{ wire: 'hi', messages: [], residue: 2, encode: false }]);
    verifyCodec(lines({ tail: 'error' }), [{ wire: 'one\n', messages: ['one'] }], {
      rejects: [{ wire: 'hi', error: 'ERR_FRAME_TRUNCATED' }],
    });
    verifyCodec(lines({ maxLength: 2 }), [], {
      rejects: [{ wire: 'abc', error: 'ERR_FRAME_LENGTH', when: 'end' }],
    });
  });

  it('should refuse to send what would be more lines or another line', () => {
    expect(() => sent({}, 'a\nb')).toThrow(refused('ERR_FRAME_DATA', 'send'));
    expect(() => sent({}, 'a\n')).toThrow('the line has a line feed at index 1');
    expect(() => sent({}, 'a\r')).toThrow(refused('ERR_FRAME_DATA', 'send'));
    expect(() => sent({ ending: '\r\n' }, 'a\r\nb')).toThrow(refused('ERR_FRAME_DATA', 'send'));
    expect(() => sent({}, 7 as never)).toThrow('a line must be a text, got number');
  });

  it('should receive what it sends', () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .filter((text) => !text.includes('\n') && !text.endsWith('\r'));
    const run = (texts: string[], ending: '\n' | '\r\n', cut: number) => {
      const wire = utf8(texts.map((text) => sent({ ending }, text)).join(''));
      const decoder = lines({ ending }).decoder();
      const got: string[] = [];
      for (const part of [wire.subarray(0, cut % wire.length), wire.subarray(cut % wire.length)])
        decoder.push(part, (text) => got.push(text));
      expect(got).toEqual(texts);
    };
    const texts = fc.array(line, { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(texts, fc.constantFrom('\n', '\r\n'), fc.nat(), run), { numRuns: 200 });
  });

  it.each([
    [{ ending: '\r' }, 'ending'],
    [{ tail: 'keep' }, 'tail'],
    [{ maxLength: 1.5 }, 'maxLength'],
    [{ delimiter: '\n' }, 'delimiter'],
  ])('should refuse the options %j', (options, option) => {
    expect(() => lines(options as never)).toThrow(OptionError);
    expect(() => lines(options as never)).toThrow(`${option} must be`);
  });
});
