import { OptionError } from '../base/errors.ts';

/**
 * Name of a charset, in any of the spellings that browsers and iconv know (`gbk`, `GB2312`, `utf8`, `cp1252`,
 * `ISO-8859-15`; capitals do not matter), or the number of a Windows code page (936, 65001).
 */
export type CharsetName = string | number;

/** Names that are not those of browsers, or that mean something else there. */
const ALIASES: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  utf16: 'utf-16',
  utf16le: 'utf-16le',
  utf16be: 'utf-16be',
  'ucs-2': 'utf-16le',
  ucs2: 'utf-16le',
  cp936: 'gbk',
  ms936: 'gbk',
  cp950: 'big5',
  cp949: 'euc-kr',
  uhc: 'euc-kr',
  cp932: 'shift_jis',
  'shift-jis': 'shift_jis',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  // Browsers take these for windows-1252, which is different between 0x80 and 0x9F.
  'iso-8859-1': 'latin1',
  'iso8859-1': 'latin1',
  iso_8859_1: 'latin1',
  'us-ascii': 'ascii',
};

/** Windows code pages that are not simply `windows-` and their number. */
const CODE_PAGES: Readonly<Record<number, string>> = {
  874: 'windows-874',
  866: 'ibm866',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  1200: 'utf-16le',
  1201: 'utf-16be',
  20127: 'ascii',
  20866: 'koi8-r',
  20932: 'euc-jp',
  20936: 'gbk',
  21866: 'koi8-u',
  51932: 'euc-jp',
  51936: 'gbk',
  51949: 'euc-kr',
  54936: 'gb18030',
  65001: 'utf-8',
};

/**
 * The one name under which a charset is known here.
 *
 * @throws OptionError (`ERR_OPTION`) for anything that is neither a text nor a whole number.
 */
export function canonicalName(charset: CharsetName): string {
  if (typeof charset === 'number') return codePage(charset);
  if (typeof charset !== 'string' || charset === '') {
    throw new OptionError('charset', charset, 'the name of a charset or the number of a code page');
  }
  const name = charset.trim().toLowerCase();
  return ALIASES[name] ?? browserName(name) ?? name;
}

function codePage(number: number): string {
  if (!Number.isInteger(number) || number < 0) {
    throw new OptionError('charset', number, 'the name of a charset or the number of a code page');
  }
  if (number >= 1250 && number <= 1258) return `windows-${number}`;
  // ISO 8859: 28591 is part 1, and so on.
  if (number > 28_590 && number <= 28_606) return canonicalName(`iso-8859-${number - 28_590}`);
  return CODE_PAGES[number] ?? `cp${number}`;
}

/** The name that the Encoding standard gives to a charset it knows. */
function browserName(name: string): string | undefined {
  if (name === 'latin1' || name === 'ascii' || name === 'utf-16') return name;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return undefined;
  }
}
