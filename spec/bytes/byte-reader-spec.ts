import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteReader } from '../../lib/bytes/byte-reader.ts';
import { ByteSearch } from '../../lib/bytes/byte-search.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';

/** The reader next to what it stands for: all bytes in one array. What was handed out has to stay as it was. */
interface Model {
  bytes: number[];
  readonly out: { readonly bytes: Uint8Array; readonly copy: number[] }[];
}

type Step = fc.Command<Model, ByteReader>;

class Push implements Step {
  readonly chunk: Uint8Array;
  constructor(chunk: Uint8Array) {
    this.chunk = chunk;
  }
  check = () => true;
  run(model: Model, reader: ByteReader): void {
    reader.push(this.chunk.slice());
    model.bytes.push(...this.chunk);
    expect(reader.length).toBe(model.bytes.length);
  }
  toString = () => `push(${this.chunk.length})`;
}

/** Takes a part of what is there. */
class Take implements Step {
  readonly how: 'fetch' | 'peek' | 'skip' | 'text' | 'read';
  readonly share: number;
  constructor(how: 'fetch' | 'peek' | 'skip' | 'text' | 'read', share: number) {
    this.how = how;
    this.share = share;
  }
  check = () => true;
  run(model: Model, reader: ByteReader): void {
    const count = Math.round(model.bytes.length * this.share);
    const expected = model.bytes.slice(0, count);
    if (this.how !== 'peek') model.bytes.splice(0, count);
    switch (this.how) {
      case 'skip':
        reader.skip(count);
        break;
      case 'text':
        expect(reader.text(count)).toBe(toText(Uint8Array.from(expected)));
        break;
      case 'read':
        expect(reader.read(count, (chunk, at) => [...chunk.subarray(at, at + count)])).toEqual(expected);
        break;
      default: {
        const bytes = reader[this.how](count);
        expect([...bytes]).toEqual(expected);
        model.out.push({ bytes, copy: expected });
      }
    }
    expect(reader.length).toBe(model.bytes.length);
    for (const { bytes, copy } of model.out) expect([...bytes]).toEqual(copy);
  }
  toString = () => `${this.how}(${this.share})`;
}

class Clear implements Step {
  check = () => true;
  run(model: Model, reader: ByteReader): void {
    reader.clear();
    model.bytes = [];
    expect(reader.length).toBe(0);
  }
  toString = () => 'clear()';
}

const small = fc.uint8Array({ maxLength: 6 });
const large = fc.uint8Array({ minLength: 1020, maxLength: 1100, size: 'max' });
const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const how = fc.constantFrom('fetch', 'peek', 'skip', 'text', 'read' as const);
const push = small.map((bytes) => new Push(bytes));

describe('ByteReader', () => {
  it('should behave as one array of bytes', () => {
    const steps = [
      push,
      push,
      push,
      large.map((bytes) => new Push(bytes)),
      fc.tuple(how, share).map(([what, part]) => new Take(what, part)),
      fc.constant(new Clear()),
    ];
    const run = (commands: Iterable<Step>) => {
      fc.modelRun(() => ({ model: { bytes: [], out: [] }, real: new ByteReader() }), commands);
    };
    fc.assert(fc.property(fc.commands(steps, { maxCommands: 40, size: 'large' }), run), { numRuns: 150 });
  });

  it('should hand out views of a chunk, but join what lies in several', () => {
    const reader = new ByteReader();
    const first = Uint8Array.of(1, 2, 3, 4);
    reader.push(first);
    reader.push(Uint8Array.of(5, 6));
    expect(reader.fetch(2).buffer).toBe(first.buffer);
    const peeked = reader.peek(3);
    expect([...peeked]).toEqual([3, 4, 5]);
    const fetched = reader.fetch(3);
    expect(fetched.buffer).toBe(peeked.buffer);
    expect(fetched.byteOffset).toBe(peeked.byteOffset);
    expect(reader.length).toBe(1);
  });

  it('should hand out Buffers, whatever was pushed', () => {
    const reader = new ByteReader();
    reader.push(utf8('ab'));
    expect(Buffer.isBuffer(reader.fetch(2))).toBe(true);
    reader.push(Uint8Array.of(104, 105));
    expect(reader.fetch(2).toString()).toBe('hi');
  });

  it('should give nothing when nothing is asked for', () => {
    const reader = new ByteReader();
    reader.push(new Uint8Array(0));
    expect(reader.length).toBe(0);
    expect(reader.fetch(0)).toHaveLength(0);
    reader.skip(0);
    reader.clear();
    reader.push(Uint8Array.of(1));
    expect(reader.peek(0)).toHaveLength(0);
    expect(reader.length).toBe(1);
  });

  it('should refuse to take what is not there and stay as it is', () => {
    const reader = new ByteReader();
    reader.push(Uint8Array.of(1, 2));
    reader.push(Uint8Array.of(3));
    for (const count of [-1, 4, NaN]) {
      expect(() => reader.peek(count)).toThrow(RangeError);
      expect(() => reader.fetch(count)).toThrow(RangeError);
      expect(() => reader.text(count)).toThrow(RangeError);
      expect(() => {
        reader.skip(count);
      }).toThrow(`${count} bytes cannot be taken from the 3 that wait`);
    }
    expect([...reader.fetch(3)]).toEqual([1, 2, 3]);
  });

  it('should keep many small chunks in few pieces of memory', () => {
    const reader = new ByteReader();
    const count = 50_000;
    for (let i = 0; i < count; i++) reader.push(Uint8Array.of(i & 255));
    const memories = new Set<ArrayBufferLike>();
    for (let i = 0; i < count; i++) {
      const byte = reader.fetch(1);
      if (byte[0] !== (i & 255)) throw new Error(`byte ${i} is wrong`);
      memories.add(byte.buffer);
    }
    expect(memories.size).toBeLessThan(20);
  });
});

/** All that is found, with the reader pushed piece by piece and asked after each. */
function findAll(pieces: readonly Uint8Array[], pattern: Uint8Array): string[] {
  const reader = new ByteReader();
  const search = new ByteSearch(pattern);
  const found: string[] = [];
  for (const piece of pieces) {
    reader.push(piece.slice());
    for (let end = reader.find(search); end >= 0; end = reader.find(search)) found.push(reader.text(end));
  }
  return found;
}

describe('ByteReader.find', () => {
  const ab = fc.array(fc.constantFrom(97, 98), { maxLength: 60 });
  const patterns = fc.array(fc.constantFrom(97, 98), { minLength: 1, maxLength: 6 });
  const cuts = fc.array(fc.nat(9), { minLength: 1, maxLength: 20 });

  it('should find what indexOf finds, wherever the bytes are cut', () => {
    const property = (content: number[], pattern: number[], sizes: number[]) => {
      const bytes = Buffer.from(content);
      const needle = Buffer.from(pattern);
      const expected: string[] = [];
      for (let at = 0, end; (end = bytes.indexOf(needle, at)) >= 0; at = end + needle.length)
        expected.push(toText(bytes.subarray(at, end + needle.length)));
      const pieces: Uint8Array[] = [];
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const size = sizes[cut % sizes.length]! + 1;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(findAll(pieces, needle)).toEqual(expected);
    };
    fc.assert(fc.property(ab, patterns, cuts, property), { numRuns: 500 });
  });

  it('should look into everything that waits when the search begins', () => {
    const reader = new ByteReader();
    for (const text of ['one', ' tw', 'o\r', '\nthree']) reader.push(utf8(text));
    expect(reader.find(new ByteSearch(utf8('\r\n')))).toBe(9);
    reader.skip(4);
    expect(reader.find(new ByteSearch(utf8('\r\n')))).toBe(5);
    expect(reader.find(new ByteSearch(utf8('e')))).toBe(9);
    expect(reader.find(new ByteSearch(utf8('four')))).toBe(-1);
  });

  it('should say how much of the pattern the bytes end with', () => {
    const reader = new ByteReader();
    const search = new ByteSearch(utf8('\r\n\r\n'));
    expect(reader.find(search)).toBe(-1);
    for (const [text, matched] of [
      ['a\r', 1],
      ['\n', 2],
      ['\r', 3],
      ['\r', 1],
      ['\n\r', 3],
    ] as const) {
      reader.push(utf8(text));
      expect(reader.find(search)).toBe(-1);
      expect(search.matched).toBe(matched);
    }
    reader.push(utf8('\nb'));
    expect(reader.find(search)).toBe(8);
    expect(search.matched).toBe(0);
  });

  it('should look at every byte once, however long it takes', () => {
    const reader = new ByteReader();
    const search = new ByteSearch(utf8('aaaaaaab'));
    let looked = 0;
    const within = search.within.bind(search);
    search.within = (chunk, from) => {
      looked += chunk.length - from;
      return within(chunk, from);
    };
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      reader.push(Uint8Array.of(97));
      reader.find(search);
      reader.find(search);
    }
    expect(looked).toBe(count);
  });
});
