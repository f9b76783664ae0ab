import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answerRange, parseRange } from '../../lib/http/range.ts';

const source = { size: 11, type: 'text/plain', boundary: 'B' };
const contents = 'hello world';

/** What is written for an answer with parts. */
function written(answer: ReturnType<typeof answerRange>): string {
  if (answer.status !== 206) throw new Error(`status ${answer.status}`);
  const parts = answer.parts.map(({ head, range }) => head + contents.slice(range.first, range.last + 1));
  return parts.join('') + answer.tail;
}

describe('Range', () => {
  it.each([
    ['bytes=0-4', [[0, 4]]],
    ['bytes=6-', [[6, 10]]],
    ['bytes=-5', [[6, 10]]],
    ['bytes=-99', [[0, 10]]],
    ['bytes=0-99999999999999999999999', [[0, 10]]],
    ['bytes=10-10', [[10, 10]]],
    ['BYTES=0-0', [[0, 0]]],
    [
      'bytes=0-0,2-2',
      [
        [0, 0],
        [2, 2],
      ],
    ],
    [
      'bytes=9-9, 0-1 ,,5-5',
      [
        [9, 9],
        [0, 1],
        [5, 5],
      ],
    ],
    ['bytes=0-1,50-', [[0, 1]]],
    ['bytes=0-4,3-6', [[0, 6]]],
    ['bytes=5-9,0-4', [[0, 9]]],
    ['bytes=0-9,2-3,5-5', [[0, 9]]],
    [
      'bytes=8-9,0-4,3-5',
      [
        [0, 5],
        [8, 9],
      ],
    ],
    ['bytes=11-', []],
    ['bytes=-0', []],
    ['bytes=20-30,11-11', []],
  ])('should be read: %s', (value, ranges) => {
    expect(parseRange(value, 11)).toEqual(ranges.map(([first, last]) => ({ first, last })));
  });

  it.each([
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=a-b',
    'bytes=4-3',
    'bytes=0-4,4-3',
    'bytes=0-4;5-6',
    'bytes=1',
    'bytes=+1-2',
    'bytes=1 -2',
    'items=0-4',
    `bytes=${','.repeat(100)}0-1`,
  ])('should be ignored if it is malformed or in other units: %j', (value) => {
    expect(parseRange(value, 11)).toBeUndefined();
    expect(answerRange(value, source)).toEqual({ status: 200 });
  });

  it('should be ignored if it asks for too much', () => {
    const many = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, index) => `${index * 2}-${index * 2}`).join(',')}`;
    expect(parseRange(many(16), 1000)).toHaveLength(16);
    expect(parseRange(many(17), 1000)).toBeUndefined();
    expect(parseRange(many(2), 1000, 1)).toBeUndefined();
    expect(parseRange(many(100_000), 1000)).toBeUndefined();
  });

  it('should be answered with the whole if there is none', () => {
    expect(answerRange(undefined, source)).toEqual({ status: 200 });
  });

  it('should be answered with the bytes if there is one', () => {
    const answer = answerRange('bytes=6-', source);
    expect(answer).toEqual({
      status: 206,
      fields: { 'Content-Range': 'bytes 6-10/11' },
      length: 5,
      parts: [{ head: '', range: { first: 6, last: 10 } }],
      tail: '',
    });
    expect(written(answer)).toBe('world');
  });

  it('should be answered with 416 if there is nothing in it', () => {
    expect(answerRange('bytes=11-', source)).toEqual({
      status: 416,
      fields: { 'Content-Range': 'bytes */11' },
    });
    expect(answerRange('bytes=0-', { ...source, size: 0 })).toMatchObject({ status: 416 });
    expect(answerRange('bytes=-5', { ...source, size: 0 })).toEqual({ status: 200 });
  });

  it('should be answered with several parts', () => {
    const answer = answerRange('bytes=0-1,-2', source);
    expect(answer).toMatchObject({ fields: { 'Content-Type': 'multipart/byteranges; boundary=B' } });
    expect(written(answer)).toBe(
      '--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/11\r\n\r\nhe' +
        '\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 9-10/11\r\n\r\nld' +
        '\r\n--B--\r\n',
    );
  });

  it('should be answered with parts of which the length is right, and no byte is there twice', () => {
    const range = fc
      .tuple(fc.nat(14), fc.nat(14), fc.constantFrom('from', 'to', 'both'))
      .map(([a, b, form]) => {
        if (form === 'from') return `${a}-`;
        return form === 'to' ? `-${b}` : `${Math.min(a, b)}-${Math.max(a, b)}`;
      });
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), (list) => {
        const answer = answerRange(`bytes=${list.join(',')}`, source);
        if (answer.status !== 206) return;
        expect(written(answer)).toHaveLength(answer.length);
        const seen = new Set<number>();
        for (const { range: part } of answer.parts) {
          for (let at = part.first; at <= part.last; at++) {
            expect(seen.has(at)).toBe(false);
            seen.add(at);
          }
        }
      }),
    );
  });

  it('should not let anything split the parts', () => {
    for (const boundary of ['', 'a b', 'a\r\n', 'x'.repeat(71)]) {
      expect(() => answerRange('bytes=0-0,2-2', { ...source, boundary })).toThrow(RangeError);
    }
    expect(() => answerRange('bytes=0-0,2-2', { ...source, type: 'a\r\nb' })).toThrow(RangeError);
  });
});
