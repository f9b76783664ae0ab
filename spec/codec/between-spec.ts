import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { between, type BetweenOptions } from '../../lib/codec/between.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

function sent(options: BetweenOptions, message: string): string {
  const pieces: Buffer[] = [];
  between(options)
    .encoder()
    .push(message, (piece) => pieces.push(Buffer.from(piece)));
  return toText(Buffer.concat(pieces));
}

const refused = (code: string, operation: 'receive' | 'send') =>
  expect.objectContaining({ name: 'ProtocolError', code, operation }) as unknown as Error;

describe('between', () => {
  it.each([
    ['<', '>'],
    ['\u0002', '\u0003'],
    ['<!--', '-->'],
    ['"', '"'],
    ['aab', 'aba'],
  ])('should cut what is between %j and %j, however it is cut', (start, end) => {
    for (const outside of ['error', 'skip'] as const) {
      verifyCodec(between({ start, end, outside }), [
        { wire: `${start}hi${end}`, messages: [utf8('hi')] },
        { wire: `${start}${end}`, messages: [utf8('')] },
        { wire: `${start}1${end}${start}2${end}`, messages: [utf8('1'), utf8('2')] },
      ]);
    }
  });

  it('should take a start marker within a message as a part of it', () => {
    verifyCodec(between({ start: '<', end: '>' }), [{ wire: '<<a<>', messages: [utf8('<a<')] }]);
  });

  it('should refuse bytes outside of messages at the first of them', () => {
    verifyCodec(between({ start: '<!', end: '>' }), [{ wire: '<!a>', messages: [utf8('a')] }], {
      rejects: [
        { wire: 'x', error: 'ERR_FRAME_DATA' },
        { wire: '<x', error: 'ERR_FRAME_DATA' },
        { wire: '<!a>\n', error: 'ERR_FRAME_DATA', messages: [utf8('a')] },
      ],
    });
  });

  it('should skip bytes outside of messages if told to', () => {
    verifyCodec(
      between({ start: '<<!', end: '>', outside: 'skip' }),
      [
        { wire: 'noise<<!a>', messages: [utf8('a')] },
        { wire: '<<<!b>', messages: [utf8('b')] },
        { wire: '<<x<!<<!c>', messages: [utf8('c')] },
        { wire: 'noise > only <', messages: [] },
      ],
      { encode: false },
    );
  });

  it('should count the start marker as residue', () => {
    const residues = (outside: 'error' | 'skip') => {
      const decoder = between({ start: '<<', end: '>>', outside }).decoder();
      return ['<', '<', 'ab', '>', '>', ''].map((chunk) => {
        decoder.push(utf8(chunk), () => undefined);
        return decoder.residue;
      });
    };
    expect(residues('error')).toEqual([1, 2, 4, 5, 0, 0]);
    expect(residues('skip')).toEqual([0, 2, 4, 5, 0, 0]);
  });

  it('should allow messages of maxLength bytes and no more', () => {
    const options = { start: '<', end: '$$', maxLength: 3 };
    verifyCodec(between(options), [{ wire: '<abc$$', messages: [utf8('abc')] }], {
      rejects: [
        { wire: '<abcd$', error: 'ERR_FRAME_LENGTH' },
        { wire: '<abcde', error: 'ERR_FRAME_LENGTH' },
      ],
    });
    expect(() => sent(options, 'abcd')).toThrow(refused('ERR_FRAME_LENGTH', 'send'));
  });

  it('should do with an unfinished message what tail says', () => {
    for (const wire of ['<', '<!', '<!a', '<!a-']) {
      verifyCodec(between({ start: '<!', end: '->' }), [], {
        rejects: [{ wire, error: 'ERR_FRAME_TRUNCATED' }],
      });
      verifyCodec(between({ start: '<!', end: '->', tail: 'drop' }), [
        { wire, messages: [], residue: wire.length, encode: false },
      ]);
    }
    // Where bytes outside are skipped, half a start marker is nothing yet.
    verifyCodec(between({ start: '<!', end: '>', outside: 'skip' }), [
      { wire: 'x<', messages: [], encode: false },
    ]);
  });

  it('should refuse to send what a receiver would cut elsewhere', () => {
    const marks = { start: hex('02'), end: hex('03') };
    expect(() => sent(marks, 'a\u0003b')).toThrow(refused('ERR_FRAME_DATA', 'send'));
    expect(() => sent({ start: '<', end: '--' }, 'a-')).toThrow(
      'the message is cut by its end marker at byte 1',
    );
    expect(sent(marks, 'a\u0002b')).toBe('\u0002a\u0002b\u0003');
  });

  it('should receive exactly what it agrees to send', () => {
    const few = (minLength: number, maxLength: number) =>
      fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((letters) => letters.join(''));
    const run = (start: string, end: string, message: string, outside: 'error' | 'skip', cut: number) => {
      const options = { start, end, outside };
      if ((message + end).indexOf(end) < message.length) {
        expect(() => sent(options, message)).toThrow(refused('ERR_FRAME_DATA', 'send'));
        return;
      }
      const wire = Buffer.from(sent(options, message).repeat(2));
      const decoder = between(options).decoder();
      const got: string[] = [];
      for (const part of [wire.subarray(0, cut % wire.length), wire.subarray(cut % wire.length)])
        decoder.push(part, (bytes) => got.push(toText(bytes)));
      expect(got).toEqual([message, message]);
      expect(decoder.residue).toBe(0);
    };
    const outside = fc.constantFrom('error' as const, 'skip' as const);
    fc.assert(fc.property(few(1, 4), few(1, 4), few(0, 8), outside, fc.nat(), run), { numRuns: 500 });
  });

  it.each([
    [{ start: '<' }, 'end'],
    [{ end: '>' }, 'start'],
    [{ start: '<', end: '' }, 'end'],
    [{ start: '<', end: '>', outside: 'drop' }, 'outside'],
    [{ start: '<', end: '>', tail: 'emit' }, 'tail'],
    [{ start: '<', end: '>', stop: 1 }, 'stop'],
  ])('should refuse the options %j', (options, option) => {
    expect(() => between(options as never)).toThrow(OptionError);
    expect(() => between(options as never)).toThrow(`${option} must be`);
  });
});
