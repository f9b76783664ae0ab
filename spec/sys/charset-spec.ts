import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hex } from '../../lib/bytes/bytes-like.ts';
import {
  type CharsetLibrary,
  canDecode,
  canEncode,
  charsetConvert,
  charsetDecode,
  charsetEncode,
  gbkToUtf8,
  useCharsets,
  utf8ToGbk,
} from '../../lib/sys/charset.ts';
import { afterTest } from '../support/cleanup.ts';

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const text = () => fc.string({ unit: 'grapheme', maxLength: 50 });

/** Charsets of one or more bytes a character, with a text that each can express. */
const SAMPLES: readonly (readonly [charset: string, text: string, hex: string])[] = [
  ['gbk', '你好 GBK', 'c4e3bac32047424b'],
  ['gbk', '€', '80'],
  ['gb18030', '你好😀¥€', 'c4e3bac39439fc3681308436a2e3'],
  ['big5', '中文十', 'a4a4a4e5a451'],
  ['shift_jis', '日本ｱ～', '93fa967bb18160'],
  ['euc-jp', '日本ｱ', 'c6fccbdc8eb1'],
  ['euc-kr', '한국', 'c7d1b1b9'],
  ['windows-1251', 'Привет', 'cff0e8e2e5f2'],
  ['windows-1252', '€uro', '8075726f'],
  ['koi8-r', 'Привет', 'f0d2c9d7c5d4'],
  ['iso-8859-15', '€', 'a4'],
  ['latin1', 'é\x80', 'e980'],
  ['ascii', 'plain', '706c61696e'],
  ['utf-8', 'é€😀', 'c3a9e282acf09f9880'],
  ['utf-16le', 'A😀', '41003dd800de'],
  ['utf-16be', 'A😀', '0041d83dde00'],
];

describe('charsets', () => {
  it.each(SAMPLES)('should write and read %s "%s"', (charset, sample, bytes) => {
    expect(toHex(charsetEncode(sample, charset))).toBe(bytes);
    expect(charsetDecode(hex(bytes), charset)).toBe(sample);
  });

  it.each(['utf-8', 'utf-16', 'utf-16le', 'utf-16be'])('should give back every text in %s', (charset) => {
    fc.assert(
      fc.property(text(), (sample) => {
        fc.pre(charset !== 'utf-16' || !/^[\uFEFF\uFFFE]/.test(sample));
        expect(charsetDecode(charsetEncode(sample, charset), charset)).toBe(sample);
      }),
    );
  });

  it.each(['gbk', 'gb18030', 'big5', 'euc-kr', 'euc-jp', 'shift_jis', 'windows-1252', 'koi8-u', 'macintosh'])(
    'should give back every text that %s can express, and refuse the rest',
    (charset) => {
      const characters = fc.array(fc.integer({ min: 0, max: 0x2ffff }), { maxLength: 20 });
      fc.assert(
        fc.property(characters, (points) => {
          const sample = String.fromCodePoint(...points.filter((point) => point < 0xd800 || point > 0xdfff));
          let bytes: Uint8Array;
          try {
            bytes = charsetEncode(sample, charset);
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_CHARSET_DATA' });
            return;
          }
          expect(charsetDecode(bytes, charset)).toBe(sample);
        }),
      );
    },
  );

  it('should write every pair of bytes that GBK has', () => {
    const decoder = new TextDecoder('gbk', { fatal: true });
    let pairs = 0;
    for (let lead = 0xb0; lead <= 0xf7; lead++) {
      for (let trail = 0xa1; trail <= 0xfe; trail++) {
        if (lead === 0xd7 && trail > 0xf9) continue;
        const bytes = Buffer.of(lead, trail);
        if (toHex(charsetEncode(decoder.decode(bytes), 'gbk')) === toHex(bytes)) pairs++;
      }
    }
    expect(pairs).toBe(6763); // the characters of GB 2312
  });

  it('should keep a byte order mark, except with utf-16, which it decides', () => {
    expect(charsetDecode(hex('efbbbf41'), 'utf-8')).toBe('\uFEFFA');
    expect(charsetDecode(hex('feff0041'), 'utf-16be')).toBe('\uFEFFA');
    expect(charsetDecode(hex('feff0041'), 'utf-16')).toBe('A');
    expect(charsetDecode(hex('fffe4100'), 'utf-16')).toBe('A');
    expect(charsetDecode(hex('4100'), 'utf-16')).toBe('A');
    expect(toHex(charsetEncode('A', 'utf-16'))).toBe('4100');
  });

  it('should know charsets by many names and by code page', () => {
    const names = [
      ['GBK', 936],
      ['gb2312', 936],
      ['CP936', 936],
      ['UTF8', 65_001],
      ['ucs-2', 1200],
      ['windows-1252', 1252],
      ['ISO-8859-2', 28_592],
      ['ISO-8859-1', 28_591],
      ['us-ascii', 20_127],
      ['Shift-JIS', 932],
      ['gb18030', 54_936],
    ] as const;
    const sample = { text: 'A', bytes: hex('41 00') };
    for (const [name, page] of names) {
      expect(charsetEncode(sample.text, name)).toEqual(charsetEncode(sample.text, page));
      expect(charsetDecode(sample.bytes, name)).toBe(charsetDecode(sample.bytes, page));
    }
  });

  it('should convert from one charset to another', () => {
    expect(toHex(charsetConvert(hex('a4a4'), 'big5', 'gbk'))).toBe('d6d0');
    expect(toHex(gbkToUtf8(hex('d6d0')))).toBe('e4b8ad');
    expect(toHex(utf8ToGbk(hex('e4b8ad')))).toBe('d6d0');
  });
});

describe('charsets: what does not fit', () => {
  it.each([
    ['utf-8', 'ff'],
    ['utf-8', 'e4b8'],
    ['utf-16le', '41'],
    ['utf-16le', '00d8'],
    ['gbk', 'c4'],
    ['gbk', 'c420'],
    ['ascii', '80'],
  ])('should refuse bytes that are not %s, or replace them (%s)', (charset, bytes) => {
    expect(() => charsetDecode(hex(bytes), charset)).toThrow('ERR_CHARSET_DATA');
    expect(charsetDecode(hex(bytes), charset, { invalid: 'replace' })).toContain('\uFFFD');
  });

  it.each([
    ['utf-8', 'ab\uD800c', 2, '6162efbfbd63'],
    ['utf-16be', '\uDC00', 0, 'fffd'],
    ['gbk', '😀', 0, '3f'],
    ['gbk', '你😀好', 1, 'c4e33fbac3'],
    ['big5', '😀简', 0, '3f3f'],
    ['latin1', 'é€', 1, 'e93f'],
    ['ascii', 'né😀', 1, '6e3f3f'],
  ])('should refuse text that %s cannot express, or replace it (%j)', (charset, sample, position, bytes) => {
    expect(() => charsetEncode(sample, charset)).toThrow(
      expect.objectContaining({ code: 'ERR_CHARSET_DATA', position }),
    );
    expect(toHex(charsetEncode(sample, charset, { invalid: 'replace' }))).toBe(bytes);
  });

  it('should refuse charsets that are unknown or can only be read', () => {
    expect(() => charsetDecode(hex('41'), 'cp437')).toThrow(expect.objectContaining({ code: 'ERR_CHARSET' }));
    expect(() => charsetEncode('A', 'iso-2022-jp')).toThrow(expect.objectContaining({ code: 'ERR_CHARSET' }));
    expect([canDecode('iso-2022-jp'), canEncode('iso-2022-jp')]).toEqual([true, false]);
    expect([canDecode('cp437'), canEncode(437)]).toEqual([false, false]);
    expect(() => charsetDecode(hex('41'), '')).toThrow('ERR_OPTION');
    expect(() => charsetDecode(hex('41'), -1)).toThrow('ERR_OPTION');
  });
});

/** What iconv-lite looks like: knows one charset more, and replaces what does not fit without a word. */
const library: CharsetLibrary = {
  encodingExists: (name) => name === 'cp437' || name === 'iso-2022-jp' || name === 'gbk',
  decode: (bytes) => bytes.toString('latin1').replace('!', '\uFFFD'),
  encode: (sample) => Buffer.from(sample.replace(/[^\0-\xff]/g, '?'), 'latin1'),
};

describe('useCharsets', () => {
  it('should add what is missing, and only that', () => {
    afterTest(() => useCharsets(undefined));
    expect(canEncode('cp437')).toBe(false);
    useCharsets(library);
    expect(toHex(charsetEncode('é', 437))).toBe('e9');
    expect(charsetDecode(hex('e9'), 'CP437')).toBe('é');
    expect(canEncode('iso-2022-jp')).toBe(true);
    expect(toHex(charsetEncode('你', 'gbk'))).toBe('c4e3');
    useCharsets(undefined);
    expect(canEncode('cp437')).toBe(false);
  });

  it('should notice what the library replaces', () => {
    afterTest(() => useCharsets(undefined));
    useCharsets(library);
    expect(() => charsetEncode('你', 'cp437')).toThrow('ERR_CHARSET_DATA');
    expect(() => charsetDecode(hex('21'), 'cp437')).toThrow('ERR_CHARSET_DATA');
    expect(toHex(charsetEncode('你', 'cp437', { invalid: 'replace' }))).toBe('3f');
  });
});
