import { isFieldValue } from './syntax/text.ts';

/** A part of a resource: from byte `first` to byte `last`, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What is asked for, to be cut from. */
export interface RangeSource {
  /** Bytes of the whole. */
  readonly size: number;
  /** Value of `Content-Type` of the whole, which each of several parts repeats. */
  readonly type: string;
  /** Text that parts several ranges, 1 to 70 letters and digits. It must not occur in the contents: make it random. */
  readonly boundary: string;
  /**
   * So many ranges are answered; more are taken for an attack, and answered with the whole.
   * @default 16
   */
  readonly maxRanges?: number | undefined;
}

/** One part of an answer: text, of which each character stands for a byte, and the bytes behind it. */
export interface RangePart {
  readonly head: string;
  readonly range: ByteRange;
}

/** How a request for ranges is answered. */
export type RangeAnswer =
  /** With the whole, as if nothing had been asked. */
  | { readonly status: 200 }
  /** Not at all: there is nothing in these ranges. */
  | { readonly status: 416; readonly fields: Readonly<Record<string, string>> }
  /** With parts, and what is written behind the last one; `length` is all of it. */
  | {
      readonly status: 206;
      /** To be added to the fields of the answer, or to replace them: `Content-Range` or `Content-Type`. */
      readonly fields: Readonly<Record<string, string>>;
      readonly length: number;
      readonly parts: readonly RangePart[];
      readonly tail: string;
    };

const MAX_RANGES = 16;
const WHOLE: RangeAnswer = { status: 200 };

/**
 * Answers `Range` (RFC 9110 section 14). It is for GET only, and only if `If-Range` allows for it.
 *
 * What is malformed, or counts in other units than bytes, is ignored. Ranges that overlap or touch are made one.
 *
 * ```
 * 206, Content-Range: bytes 0-4/11              one range: just its bytes
 *
 * 206, Content-Type: multipart/byteranges; boundary=B
 * --B CR LF                                     head of the first part
 * Content-Type: text/plain CR LF
 * Content-Range: bytes 0-1/11 CR LF CR LF       its bytes follow
 * CR LF --B CR LF                               head of the second part
 * …
 * CR LF --B-- CR LF                             tail
 * ```
 *
 * @param range Value of `Range`, if there is one.
 * @throws RangeError for a boundary or a type that is malformed, where there are several parts.
 * @example
 * answerRange('bytes=-5', { size: 11, type: 'text/plain', boundary: 'B' });
 * // status 206, fields { 'Content-Range': 'bytes 6-10/11' }, length 5
 */
export function answerRange(range: string | undefined, source: RangeSource): RangeAnswer {
  const { size, maxRanges = MAX_RANGES } = source;
  const ranges = range === undefined ? undefined : parseRange(range, size, maxRanges);
  if (ranges === undefined) return WHOLE;
  const [only, second] = ranges;
  if (only === undefined) return { status: 416, fields: { 'Content-Range': `bytes */${size}` } };
  if (second !== undefined) return answerSeveral(ranges, source);
  const fields = { 'Content-Range': contentRange(only, size) };
  return { status: 206, fields, length: lengthOf(only), parts: [{ head: '', range: only }], tail: '' };
}

/**
 * Reads a value of `Range`.
 *
 * @param size Bytes of the whole.
 * @param maxRanges So many ranges are accepted.
 * @returns The ranges that there is something in, cut to what there is, those that overlap made one; an empty list if
 *   nothing is in any of them; `undefined` if the field is to be ignored.
 */
export function parseRange(value: string, size: number, maxRanges = MAX_RANGES): ByteRange[] | undefined {
  const list = /^bytes=(.*)$/i.exec(value)?.[1];
  if (list === undefined) return undefined;
  const found: ByteRange[] = [];
  let count = 0;
  // Empty elements are legal in any list, but not for ever.
  const elements = list.split(',', maxRanges * 2 + 1);
  if (elements.length > maxRanges * 2) return undefined;
  for (const text of elements) {
    const trimmed = text.trim();
    if (trimmed === '') continue;
    const range = readRange(trimmed, size);
    if (range === undefined || ++count > maxRanges) return undefined;
    if (range !== NOTHING) found.push(range);
  }
  return count === 0 ? undefined : merged(found);
}

/** A range that is well-formed, but there is nothing in it. */
const NOTHING: ByteRange = { first: 0, last: -1 };

/** `undefined` for what is malformed. */
function readRange(text: string, size: number): ByteRange | undefined {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(text) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    if (Number(last) === 0) return NOTHING;
    // The end of nothing is nothing, which Content-Range cannot say; so the answer is the whole.
    return size === 0 ? undefined : { first: Math.max(0, size - Number(last)), last: size - 1 };
  }
  if (last !== '' && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return NOTHING;
  return { first: Number(first), last: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

/** Ranges in their order; if some overlap or touch, in the order of the bytes, and those as one. */
function merged(ranges: ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last + 1) joined.push(range);
    else joined[joined.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return joined.length === ranges.length ? ranges : joined;
}

function answerSeveral(ranges: readonly ByteRange[], source: RangeSource): RangeAnswer {
  const { size, type, boundary } = source;
  if (!/^[a-z\d]{1,70}$/i.test(boundary)) {
    throw new RangeError(`boundary must be 1 to 70 letters and digits, got ${JSON.stringify(boundary)}`);
  }
  if (!isFieldValue(type)) throw new RangeError(`type is no value of Content-Type: ${JSON.stringify(type)}`);
  const parts = ranges.map((range, index) => ({
    head:
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\n` +
      `Content-Type: ${type}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
    range,
  }));
  const tail = `\r\n--${boundary}--\r\n`;
  const length = parts.reduce((sum, { head, range }) => sum + head.length + lengthOf(range), tail.length);
  const fields = { 'Content-Type': `multipart/byteranges; boundary=${boundary}` };
  return { status: 206, fields, length, parts, tail };
}

function lengthOf({ first, last }: ByteRange): number {
  return last - first + 1;
}

function contentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`;
}
