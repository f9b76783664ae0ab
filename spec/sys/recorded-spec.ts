import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { hex, toText } from '../../lib/bytes/bytes-like.ts';
import {
  base64Decode,
  base64DecodedLength,
  base64Encode,
  base64EncodedLength,
  compress,
  compressedBound,
  gzipUncompressedLength,
  hostToNetwork64,
  ipType,
  swapBytes16,
  swapBytes32,
  uncompress,
  urlDecode,
  urlEncode,
  urlEncodedLength,
} from '../../lib/sys/index.ts';

interface Recorded {
  urlEncodeByte: Record<string, string>;
  urlDecode: { in: string; ret: number; outHex: string }[];
  base64: { fn: string; in?: string; inHex?: string; ret: number; out?: string; outHex?: string }[];
  bounds: Record<string, Record<string, number>> & {
    'GuessCompressBound(n, gzip=0|1)': Record<string, [number, number]>;
  };
  gzip: { in: string; outHex: string; guessUncompressBound: number };
  deflate: { in: string; outHex: string };
  swap: Record<string, number>;
  isIPAddress: { in: string; type: 1 | 2 | null }[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/encoding.json', import.meta.url), 'utf8'),
) as Recorded;

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('helper functions beside those of HP-Socket', () => {
  it('should escape every byte in the same way, but leave ~ as it is', () => {
    const different = Object.entries(recorded.urlEncodeByte).filter(
      ([byte, text]) => urlEncode(hex(byte)) !== text,
    );
    expect(different).toEqual([['7e', '%7E']]);
    expect(urlEncode('~')).toBe('~');
  });

  it('should decode URLs in the same way, but refuse what is not hexadecimal', () => {
    const results = recorded.urlDecode.map(({ in: text }) => {
      try {
        return toHex(urlDecode(text));
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    const expected = recorded.urlDecode.map(({ in: text, ret, outHex }) =>
      ret === 0 && text !== '%zz' ? outHex : 'ERR_URL_ENCODING',
    );
    expect(results).toEqual(expected);
  });

  it.each(recorded.base64.filter(({ fn }) => fn === 'encode'))('should encode $inHex', ({ inHex, out }) => {
    expect(base64Encode(hex(inHex ?? ''))).toBe(out);
  });

  it.each(recorded.base64.filter(({ fn }) => fn === 'decode'))('should decode "$in"', (entry) => {
    const { in: text = '', ret, outHex } = entry;
    // The original makes a byte of padding alone.
    if (ret === 0 && text !== '====') expect(toHex(base64Decode(text))).toBe(outHex);
    else expect(() => base64Decode(text)).toThrow('ERR_BASE64');
  });

  it('should guess the same lengths', () => {
    const { bounds } = recorded;
    const lengths = {
      GuessBase64EncodeBound: (key: string) => base64EncodedLength(Number(key)),
      GuessBase64DecodeBound: base64DecodedLength,
      GuessUrlEncodeBound: (key: string) => urlEncodedLength(hex(key)),
    };
    for (const [name, guess] of Object.entries(lengths)) {
      const guesses = Object.fromEntries(Object.keys(bounds[name] ?? {}).map((key) => [key, guess(key)]));
      expect(guesses).toEqual(bounds[name]);
    }
    for (const [length, both] of Object.entries(bounds['GuessCompressBound(n, gzip=0|1)'])) {
      expect([compressedBound(Number(length)), compressedBound(Number(length), { format: 'gzip' })]).toEqual(
        both,
      );
    }
  });

  it('should understand what it has compressed, and compress to what it understands', () => {
    const { gzip, deflate } = recorded;
    expect(toText(uncompress(hex(gzip.outHex), { format: 'gzip' }))).toBe(gzip.in);
    expect(toText(uncompress(hex(gzip.outHex), { format: 'auto' }))).toBe(gzip.in);
    expect(toText(uncompress(hex(deflate.outHex), { format: 'auto' }))).toBe(deflate.in);
    expect(toText(uncompress(hex(deflate.outHex)))).toBe(deflate.in);
    expect(gzipUncompressedLength(hex(gzip.outHex))).toBe(gzip.guessUncompressBound);
    expect(uncompress(compress(deflate.in))).toEqual(Buffer.from(deflate.in));
  });

  it('should swap bytes in the same way', () => {
    expect(swapBytes16(0x0102)).toBe(recorded.swap['SYS_SwapEndian16(0x0102)']);
    expect(swapBytes32(0x01020304)).toBe(recorded.swap['SYS_SwapEndian32(0x01020304)']);
    expect(hostToNetwork64(1n)).toBe(BigInt(recorded.swap['SYS_HToN64(1)'] ?? 0));
  });

  it.each(recorded.isIPAddress)('should tell the kind of "$in"', ({ in: text, type }) => {
    expect(ipType(text)).toBe(type === null ? undefined : `IPv${type === 1 ? 4 : 6}`);
  });
});
