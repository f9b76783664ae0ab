/** Of each byte of a code, the first and the last. */
type Ranges = readonly (readonly [first: number, last: number])[];

/**
 * How a charset of several bytes a character is built: which bytes begin a code, and what follows them. A code of one
 * byte is any that stands for something by itself.
 */
interface Codes {
  /**
   * The last code of one byte.
   * @default 0xFF
   */
  readonly single?: number;
  /** Ranges of bytes, one for each byte of a code. Of two codes for a character, the first is used. */
  readonly ranges: readonly Ranges[];
  /** Characters of which the last code is used, and not the first. */
  readonly last?: string;
}

const GB_PAIRS = [
  [0x81, 0xfe],
  [0x40, 0xfe],
] as const;

const EUC_PAIRS = [
  [0xa1, 0xfe],
  [0xa1, 0xfe],
] as const;

/** Charsets besides those of one byte a character that can be written. */
const CODES: Readonly<Record<string, Codes>> = {
  gbk: { ranges: [GB_PAIRS] },
  gb18030: {
    single: 0x7f,
    ranges: [
      GB_PAIRS,
      // All of the first plane; the others are counted.
      [
        [0x81, 0x84],
        [0x30, 0x39],
        [0x81, 0xfe],
        [0x30, 0x39],
      ],
    ],
  },
  // What is below 0xA1 are additions of Hong Kong, which are only read; so the Encoding standard has it.
  big5: {
    ranges: [
      [
        [0xa1, 0xfe],
        [0x40, 0xfe],
      ],
    ],
    last: '═╞╡╪十卅',
  },
  'euc-kr': {
    ranges: [
      [
        [0x81, 0xfe],
        [0x41, 0xfe],
      ],
    ],
  },
  // Rows 0xED and 0xEE repeat what stands elsewhere, and are only read.
  shift_jis: {
    ranges: [
      [
        [0x81, 0xec],
        [0x40, 0xfc],
      ],
      [
        [0xef, 0xfc],
        [0x40, 0xfc],
      ],
    ],
  },
  'euc-jp': {
    ranges: [
      EUC_PAIRS,
      [
        [0x8e, 0x8e],
        [0xa1, 0xdf],
      ],
      [[0x8f, 0x8f], ...EUC_PAIRS],
    ],
  },
};

/** Charsets that are not tables: how a character is written depends on those before it. */
const STATEFUL = new Set(['iso-2022-jp', 'replacement', 'utf-8', 'utf-16le', 'utf-16be', 'x-user-defined']);

/** No charset has it as the second byte of anything, so a decoder that is lost finds its way again. */
const SEPARATOR = 0x0a;

/**
 * The code of a character, given the number of the character: one to four bytes as a number, the first byte highest;
 * `undefined` where the charset has none.
 */
export type CodeTable = (point: number) => number | undefined;

/** Whether text can be written with a table of codes. */
export function hasCodeTable(name: string): boolean {
  return !STATEFUL.has(name);
}

/**
 * Turns a charset that Node can read around, so that it can be written: every code is read once, which takes some
 * hundredths of a second.
 *
 * @param name A name of the Encoding standard, of a charset that {@link hasCodeTable}.
 */
export function codeTable(name: string): CodeTable {
  const { single = 0xff, ranges, last = '' } = CODES[name] ?? { ranges: [] };
  const table = new Map<number, number>();
  for (const range of [[[0, single]] as const, ...ranges]) {
    const codes = codesOf(range);
    readAll(name, codes, range.length).forEach((text, index) => {
      const point = text.codePointAt(0);
      if (point === undefined || text === '\uFFFD' || text.length > (point > 0xffff ? 2 : 1)) return;
      if (!table.has(point) || last.includes(text)) table.set(point, codes[index] as number);
    });
  }
  const find: CodeTable = (point) => table.get(point);
  return name === 'gb18030' ? (point) => find(point) ?? fourBytes(point) : find;
}

/** Every code that can be made of ranges of bytes, in order. */
function codesOf(ranges: Ranges): number[] {
  let codes = [0];
  for (const [first, last] of ranges) {
    const longer: number[] = [];
    for (const code of codes) for (let byte = first; byte <= last; byte++) longer.push(code * 256 + byte);
    codes = longer;
  }
  return codes;
}

/** What each code stands for; several characters, or U+FFFD, if it is no code. */
function readAll(name: string, codes: readonly number[], width: number): string[] {
  const bytes = Buffer.alloc(codes.length * (width + 1), SEPARATOR);
  codes.forEach((code, index) => bytes.writeUIntBE(code, index * (width + 1), width));
  const texts = new TextDecoder(name, { ignoreBOM: true }).decode(bytes).split('\n');
  // The separator itself is among the codes of one byte.
  if (width === 1) texts.splice(SEPARATOR, 2, '\n');
  return texts;
}

/** GB 18030 counts the characters above the first plane through, from 90 30 81 30. */
function fourBytes(point: number): number | undefined {
  if (point < 0x10000) return undefined;
  const index = point - 0x10000;
  const high = (0x90 + Math.floor(index / 12_600)) * 256 + 0x30 + (Math.floor(index / 1260) % 10);
  const low = (0x81 + (Math.floor(index / 10) % 126)) * 256 + 0x30 + (index % 10);
  return high * 0x1_0000 + low;
}
