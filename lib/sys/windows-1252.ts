/**
 * What windows-1252 has where Latin-1 has control characters, from 0x80 on; a control character where it has nothing
 * else. It is written down since Node 20 reads the whole charset as if it were Latin-1.
 */
const SPECIAL =
  '\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F' +
  '\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178';

const BYTES = new Map(Array.from(SPECIAL, (character, index) => [character, 0x80 + index] as const));

/** Bytes of windows-1252 as text; there are none that are not of it. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => SPECIAL[character.charCodeAt(0) - 0x80] as string);
}

/** The byte for a character, given its number. */
export function windows1252Code(point: number): number | undefined {
  if (point < 0x80 || (point > 0x9f && point < 0x100)) return point;
  return BYTES.get(String.fromCodePoint(point));
}
