import { describe, expect, it } from '@jest/globals';
import { sizeOf } from '../../lib/flow/size-of.ts';

describe('sizeOf', () => {
  it.each<[string, unknown, number]>([
    ['bytes', new Uint8Array(5), 5],
    ['an empty chunk', new Uint8Array(0), 0],
    ['a wide array, in bytes', new Uint16Array(5), 10],
    ['an ArrayBuffer', new ArrayBuffer(4), 4],
    ['a text, in characters', 'text', 4],
    ['an event by its data', { connection: {}, data: new Uint8Array(7) }, 7],
    ['an event in an event', { data: { data: 'abc' } }, 3],
    ['an array by its sum', ['ab', new Uint8Array(3), { data: 'x' }], 6],
    ['an empty array', [], 0],
    ['a number', 12_345, 1],
    ['nothing', undefined, 1],
    ['null', null, 1],
    ['an object', { text: 'abc' }, 1],
  ])('should measure %s', (_name, value, size) => {
    expect(sizeOf(value)).toBe(size);
  });
});
