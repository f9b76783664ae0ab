import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  base64Decode,
  base64DecodedLength,
  base64Encode,
  base64EncodedLength,
} from '../../lib/sys/base64.ts';

const bytes = () => fc.uint8Array({ maxLength: 200 });

describe('base64Encode and base64Decode', () => {
  it('should give back every sequence of bytes, in either alphabet', () => {
    fc.assert(
      fc.property(bytes(), fc.boolean(), (data, urlSafe) => {
        expect([...base64Decode(base64Encode(data, { urlSafe }), { urlSafe })]).toEqual([...data]);
      }),
    );
  });

  it('should skip white space anywhere, and need no padding', () => {
    const gap = fc.constantFrom('\r\n', '\n', ' ', '\t', '');
    fc.assert(
      fc.property(
        bytes(),
        fc.array(gap, { minLength: 8, maxLength: 8 }),
        fc.nat(2),
        (data, gaps, missing) => {
          const text = base64Encode(data);
          const cut = text.slice(0, Math.max(text.replace(/=+$/, '').length, text.length - missing));
          const broken = Array.from(cut)
            .map((character, index) => character + (gaps[index % 8] ?? ''))
            .join('');
          expect([...base64Decode(broken)]).toEqual([...data]);
          expect(base64DecodedLength(broken)).toBe(data.length);
        },
      ),
    );
  });

  it('should know both lengths exactly', () => {
    fc.assert(
      fc.property(bytes(), (data) => {
        const text = base64Encode(data);
        expect(base64EncodedLength(data.length)).toBe(text.length);
        expect(base64DecodedLength(text)).toBe(data.length);
      }),
    );
  });

  it('should take a text as UTF-8, and a part of a buffer as that part', () => {
    expect(base64Encode('中')).toBe('5Lit');
    expect(base64Encode(Buffer.from('xhellox').subarray(1, 6))).toBe('aGVsbG8=');
  });

  it.each([
    ['a foreign character', 'Zm9*', 3],
    ['the other alphabet', 'Zm-_', 2],
    ['a character outside of ASCII', 'Zm9ｖ', 3],
    ['one character too many', 'Zm9vY', 4],
    ['a single character', 'Z', 0],
    ['padding within', 'Zg==Zg==', 2],
    ['too much padding', 'Zg===', 4],
    ['padding where none belongs', 'Zm9v=', 4],
    ['padding alone', '=', 0],
  ])('should refuse %s', (_, text, position) => {
    expect(() => base64Decode(text)).toThrow(expect.objectContaining({ code: 'ERR_BASE64', position }));
  });

  it('should refuse the standard alphabet where the other is asked for', () => {
    expect(() => base64Decode('a+b/', { urlSafe: true })).toThrow(expect.objectContaining({ position: 1 }));
    expect(base64Encode(Uint8Array.of(0xfb, 0xff), { urlSafe: true })).toBe('-_8');
  });

  it('should refuse what is no data, and unknown options', () => {
    expect(() => base64Encode(5 as never)).toThrow('ERR_OPTION');
    expect(() => base64Encode('', { urlsafe: true } as never)).toThrow('ERR_OPTION');
  });
});
