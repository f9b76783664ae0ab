import { describe, expect, it } from '@jest/globals';
import { OptionError } from '../../lib/base/errors.ts';
import { type BytesLike, hex, toBytes, toText, utf8 } from '../../lib/bytes/bytes-like.ts';

describe('toBytes', () => {
  it('should encode text as UTF-8', () => {
    expect([...toBytes('é€😀')]).toEqual([0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]);
    expect(toBytes('')).toHaveLength(0);
  });

  it('should hand bytes over without a copy', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const buffer = Buffer.from([4, 5]);
    expect(toBytes(bytes)).toBe(bytes);
    expect(toBytes(buffer)).toBe(buffer);
  });

  it('should see the memory of an ArrayBuffer', () => {
    const memory = new ArrayBuffer(3);
    const bytes = toBytes(memory);
    new Uint8Array(memory)[1] = 9;
    expect([...bytes]).toEqual([0, 9, 0]);
  });

  it.each([
    ['a DataView', new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2), [2, 3]],
    ['a Uint16Array', new Uint16Array(Uint8Array.of(1, 2, 3, 4).buffer, 2, 1), [3, 4]],
    ['a Uint8ClampedArray', Uint8ClampedArray.of(7), [7]],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2), [0, 0]],
  ])('should take %s as the bytes that it covers', (_name, data, bytes) => {
    expect([...toBytes(data as unknown as BytesLike)]).toEqual(bytes);
  });

  it.each([undefined, null, 5, {}, [1, 2], () => 'text'])('should refuse %p', (data) => {
    const attempt = () => toBytes(data as BytesLike);
    expect(attempt).toThrow(OptionError);
    expect(attempt).toThrow('ERR_OPTION: data must be a string, a Uint8Array or an ArrayBuffer, got ');
  });
});

describe('toText', () => {
  it('should undo utf8()', () => {
    expect(toText(utf8('grüße 😀'))).toBe('grüße 😀');
  });

  it('should read only what the view covers', () => {
    expect(toText(utf8('abcdef').subarray(2, 4))).toBe('cd');
  });

  it('should replace what is not UTF-8', () => {
    expect(toText(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\ufffdb');
  });
});

describe('hex', () => {
  it('should ignore white space and case', () => {
    expect([...hex('02 00\n\tC0 5f')]).toEqual([0x02, 0x00, 0xc0, 0x5f]);
    expect(hex('')).toHaveLength(0);
  });

  it.each(['0', '0g', '12 3', '0x12', 'hello'])('should refuse %p', (digits) => {
    expect(() => hex(digits)).toThrow(`not pairs of hexadecimal digits: ${digits}`);
  });
});
