import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { json, type JsonOptions } from '../../lib/codec/json.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

function sent(options: JsonOptions, ...values: readonly unknown[]): string {
  const encoder = json(options).encoder();
  const pieces: Buffer[] = [];
  for (const value of values) encoder.push(value, (piece) => pieces.push(Buffer.from(piece)));
  return toText(Buffer.concat(pieces));
}

function received(options: JsonOptions, ...chunks: readonly Uint8Array[]): unknown[] {
  const decoder = json(options).decoder();
  const values: unknown[] = [];
  for (const chunk of chunks) decoder.push(chunk, (value) => values.push(value));
  decoder.end?.((value) => values.push(value));
  return values;
}

const refused = (code: string, operation: 'receive' | 'send') =>
  expect.objectContaining({ name: 'ProtocolError', code, operation }) as unknown as Error;

const nested = (depth: number, inner = '') => '['.repeat(depth) + inner + ']'.repeat(depth);

const NONE = { separator: 'none' } as const;

describe('json', () => {
  describe('with lines', () => {
    it('should take one value from every line, however it is cut', () => {
      verifyCodec(json(), [
        { wire: '{"a":[1,"}\\"\\\\"]}\n', messages: [{ a: [1, '}"\\'] }] },
        { wire: '"grüße 😀"\n', messages: ['grüße 😀'] },
        { wire: '1\ntrue\nnull\n', messages: [1, true, null] },
        { wire: '"\ufffd"\n', messages: ['\ufffd'] },
      ]);
    });

    it('should ignore empty lines, white space and carriage returns', () => {
      verifyCodec(json(), [{ wire: '\n \t\r\n {"a" : 1} \r\n\n', messages: [{ a: 1 }] }], {
        encode: 'roundTrip',
      });
    });

    it('should refuse lines that are not one value', () => {
      verifyCodec(json(), [{ wire: '1\n', messages: [1] }], {
        rejects: ['{"a":\n', '1 2\n', '{}{}\n', 'nope\n', '\ufeff1\n'].map((wire) => ({
          wire,
          error: 'ERR_FRAME_DATA',
        })),
      });
    });

    it('should take a last line without line feed if it is JSON', () => {
      verifyCodec(json(), [
        { wire: '{"a":1}', messages: [], atEnd: [{ a: 1 }] },
        { wire: '12', messages: [], atEnd: [12] },
        { wire: '1\n  ', messages: [1], residue: 2, encode: false },
      ]);
      verifyCodec(json(), [], { rejects: [{ wire: '{"a":', error: 'ERR_FRAME_TRUNCATED' }] });
      verifyCodec(json({ tail: 'drop' }), [
        { wire: '{"a":', messages: [], residue: 5, encode: false },
        { wire: '{}', messages: [], atEnd: [{}] },
      ]);
    });

    it('should limit length and depth', () => {
      verifyCodec(
        json({ maxLength: 6, maxDepth: 2 }),
        [
          { wire: '[[12]]\n', messages: [[[12]]] },
          { wire: '[[12]]\r\n', messages: [[[12]]], encode: 'roundTrip' },
        ],
        {
          rejects: [
            { wire: '[[123]]\n', error: 'ERR_FRAME_LENGTH' },
            { wire: '       x', error: 'ERR_FRAME_LENGTH' },
            { wire: '[[[]]]\n', error: 'ERR_FRAME_DATA' },
          ],
        },
      );
    });
  });

  describe('without separators', () => {
    it('should take values back to back, however they are cut', () => {
      verifyCodec(
        json(NONE),
        [
          { wire: '{"a":[1,"}\\"\\\\"]}', messages: [{ a: [1, '}"\\'] }] },
          { wire: '[]{}""[[]]', messages: [[], {}, '', [[]]] },
          { wire: '1 true null -1500 ', messages: [1, true, null, -1500] },
          { wire: '-1.5e+3 ', messages: [-1500], encode: 'roundTrip' },
          { wire: '"grüße 😀\\u0041"', messages: ['grüße 😀A'], encode: 'roundTrip' },
          { wire: '\r\n\t [ 1 , 2 ]', messages: [[1, 2]], encode: 'roundTrip' },
        ],
        { encode: 'exact' },
      );
    });

    it('should refuse what is not JSON as soon as it can', () => {
      verifyCodec(json(NONE), [{ wire: '1 ', messages: [1] }], {
        rejects: ['}', ',', '\ufeff', '1"', '1{', 'true,', '[}', '{"a"}', 'nul ', '01 ', '"\n"', "'"].map(
          (wire) => ({
            wire,
            error: 'ERR_FRAME_DATA',
          }),
        ),
      });
    });

    it('should take a number or word that the end of the stream ends', () => {
      verifyCodec(json(NONE), [
        { wire: '12', messages: [], atEnd: [12] },
        { wire: '{}null', messages: [{}], atEnd: [null] },
      ]);
      for (const wire of ['nul', '-', '{', '"a', '[1']) {
        verifyCodec(json(NONE), [], { rejects: [{ wire, error: 'ERR_FRAME_TRUNCATED' }] });
        verifyCodec(json({ ...NONE, tail: 'drop' }), [
          { wire, messages: [], residue: wire.length, encode: false },
        ]);
      }
    });

    it('should limit the length of every value', () => {
      verifyCodec(
        json({ ...NONE, maxLength: 4 }),
        [
          { wire: '[12]1234 "ab"', messages: [[12], 1234, 'ab'] },
          { wire: '          1 ', messages: [1], encode: 'roundTrip' },
        ],
        {
          rejects: ['[123]', '12345', '"abcd', '[    '].map((wire) => ({ wire, error: 'ERR_FRAME_LENGTH' })),
        },
      );
    });

    it('should limit the depth as soon as it is reached', () => {
      verifyCodec(json({ ...NONE, maxDepth: 3 }), [{ wire: '[[[1]]]', messages: [[[[1]]]] }], {
        rejects: [
          { wire: '[[[[', error: 'ERR_FRAME_DATA' },
          { wire: '[{"a":[{', error: 'ERR_FRAME_DATA' },
        ],
      });
      expect(received(NONE, utf8(nested(100)))).toHaveLength(1);
      expect(() => received(NONE, utf8('['.repeat(101)))).toThrow(
        'JSON nested 101 deep exceeds maxDepth, which is 100',
      );
    });

    it('should count white space between values as nothing', () => {
      const decoder = json(NONE).decoder();
      const residues = ['  ', '\n[', '1', ' ', ']', ' 1', ' '].map((chunk) => {
        decoder.push(utf8(chunk), () => undefined);
        return decoder.residue;
      });
      expect(residues).toEqual([0, 1, 2, 3, 0, 1, 0]);
    });

    it('should stay linear when a long value comes byte by byte', () => {
      const decoder = json(NONE).decoder();
      const wire = utf8(`"${'a'.repeat(100_000)}"`);
      const values: unknown[] = [];
      for (let at = 0; at < wire.length; at++)
        decoder.push(wire.subarray(at, at + 1), (value) => values.push(value));
      expect(values).toEqual(['a'.repeat(100_000)]);
    });
  });

  it.each(['newline', 'none'] as const)('should refuse what is not UTF-8 (%s)', (separator) => {
    for (const bad of ['ff', 'c3', 'ed a0 80']) {
      const wire = Buffer.concat([utf8('"'), hex(bad), utf8('"\n')]);
      expect(() => received({ separator }, wire)).toThrow(refused('ERR_FRAME_DATA', 'receive'));
    }
  });

  it.each(['newline', 'none'] as const)('should give __proto__ no special meaning (%s)', (separator) => {
    const [value] = received({ separator }, utf8('{"__proto__":{"admin":true}}\n'));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true);
  });

  describe('encoder', () => {
    it('should write white space only where it has to', () => {
      expect(sent({}, 1, { a: 'x\n' })).toBe('1\n{"a":"x\\n"}\n');
      expect(sent(NONE, 1, 2, 'a', [], {}, null)).toBe('1 2 "a"[]{}null ');
    });

    const circular: { self?: unknown } = {};
    circular.self = circular;
    const failing = {
      toJSON: () => {
        throw new Error('no');
      },
    };
    it.each([
      ['undefined', undefined],
      ['a function', () => 1],
      ['a symbol', Symbol('s')],
      ['a BigInt', 1n],
      ['a cycle', circular],
      ['what throws', failing],
      ['what is nested too deep', JSON.parse(nested(101))],
    ])('should refuse %s, emit nothing, and go on', (_, value) => {
      const encoder = json().encoder();
      const emitted: string[] = [];
      const emit = (piece: Uint8Array) => emitted.push(toText(piece));
      expect(() => encoder.push(value, emit)).toThrow(refused('ERR_FRAME_DATA', 'send'));
      expect(emitted).toEqual([]);
      encoder.push(1, emit);
      expect(emitted).toEqual(['1\n']);
    });

    it('should refuse values of more than maxLength bytes', () => {
      expect(sent({ maxLength: 4 }, 'ü')).toBe('"ü"\n');
      expect(() => sent({ maxLength: 4 }, 'üa')).toThrow(refused('ERR_FRAME_LENGTH', 'send'));
    });
  });

  it('should receive what it sends, whatever the cuts', () => {
    const run = (values: unknown[], separator: 'newline' | 'none', sizes: number[]) => {
      const wire = utf8(sent({ separator }, ...values));
      const chunks: Uint8Array[] = [];
      for (let at = 0, i = 0; at < wire.length; i++) {
        const size = sizes[i % sizes.length]!;
        chunks.push(wire.subarray(at, at + size));
        at += size;
      }
      expect(received({ separator }, ...chunks)).toEqual(values);
    };
    // Through JSON first, since it says 0 for -0.
    const value = fc.jsonValue().map((given) => JSON.parse(JSON.stringify(given)) as unknown);
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    const separator = fc.constantFrom('newline' as const, 'none' as const);
    fc.assert(fc.property(fc.array(value, { maxLength: 4 }), separator, sizes, run), { numRuns: 200 });
  });

  it.each([
    [{ separator: 'comma' }, 'separator'],
    [{ maxDepth: 0 }, 'maxDepth'],
    [{ maxDepth: 1001 }, 'maxDepth'],
    [{ tail: 'emit' }, 'tail'],
    [{ reviver: 1 }, 'reviver'],
  ])('should refuse the options %j', (options, option) => {
    expect(() => json(options as never)).toThrow(OptionError);
    expect(() => json(options as never)).toThrow(`${option} must be`);
  });
});
