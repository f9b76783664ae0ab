import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteQueue } from '../../lib/bytes/byte-queue.ts';

/** The queue next to what it stands for: all bytes in one array. */
interface Model {
  bytes: number[];
}

type Step = fc.Command<Model, ByteQueue>;

class Push implements Step {
  readonly chunk: Uint8Array;
  constructor(chunk: Uint8Array) {
    this.chunk = chunk;
  }
  check = () => true;
  run(model: Model, queue: ByteQueue): void {
    queue.push(this.chunk);
    model.bytes.push(...this.chunk);
    expect(queue.length).toBe(model.bytes.length);
  }
  toString = () => `push(${this.chunk.length})`;
}

class Unshift implements Step {
  readonly chunk: Uint8Array;
  constructor(chunk: Uint8Array) {
    this.chunk = chunk;
  }
  check = () => true;
  run(model: Model, queue: ByteQueue): void {
    queue.unshift(this.chunk);
    model.bytes.unshift(...this.chunk);
    expect(queue.length).toBe(model.bytes.length);
  }
  toString = () => `unshift(${this.chunk.length})`;
}

class Take implements Step {
  readonly limit: number | undefined;
  constructor(limit: number | undefined) {
    this.limit = limit;
  }
  check = () => true;
  run(model: Model, queue: ByteQueue): void {
    const chunk = queue.take(this.limit);
    if (model.bytes.length === 0) {
      expect(chunk).toBeUndefined();
    } else {
      expect(chunk?.length).toBeGreaterThan(0);
      expect(chunk?.length).toBeLessThanOrEqual(this.limit ?? Infinity);
      expect([...(chunk ?? [])]).toEqual(model.bytes.splice(0, chunk?.length));
    }
    expect(queue.length).toBe(model.bytes.length);
  }
  toString = () => `take(${this.limit ?? ''})`;
}

class Clear implements Step {
  check = () => true;
  run(model: Model, queue: ByteQueue): void {
    queue.clear();
    model.bytes = [];
    expect(queue.length).toBe(0);
  }
  toString = () => 'clear()';
}

const chunk = fc.uint8Array({ maxLength: 6 });
const steps = [
  chunk.map((bytes) => new Push(bytes)),
  chunk.map((bytes) => new Push(bytes)),
  chunk.map((bytes) => new Unshift(bytes)),
  fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }).map((limit) => new Take(limit)),
];

describe('ByteQueue', () => {
  it('should behave as one array of bytes', () => {
    const run = (commands: Iterable<Step>) => {
      fc.modelRun(() => ({ model: { bytes: [] }, real: new ByteQueue() }), commands);
    };
    fc.assert(fc.property(fc.commands([...steps, fc.constant(new Clear())], { size: 'large' }), run));
  });

  it('should keep its order through long runs of pushing and taking', () => {
    const run = (backlog: number, rounds: number) => {
      const queue = new ByteQueue();
      let next = 0;
      let expected = 0;
      const push = () => queue.push(Uint8Array.of(next++ & 255));
      for (let i = 0; i < backlog; i++) push();
      for (let i = 0; i < rounds; i++) {
        push();
        expect(queue.take()).toEqual(Uint8Array.of(expected++ & 255));
      }
      expect(queue.length).toBe(backlog);
    };
    fc.assert(fc.property(fc.nat(200), fc.nat(300), run), { numRuns: 30 });
  });

  it('should hand chunks out as they came, without a copy', () => {
    const queue = new ByteQueue();
    const first = Uint8Array.of(1, 2, 3, 4);
    queue.push(first);
    expect(queue.take()).toBe(first);
    queue.push(first);
    expect(queue.take(1)?.buffer).toBe(first.buffer);
    expect(queue.take()).toEqual(Uint8Array.of(2, 3, 4));
  });

  it('should take nothing from an empty queue', () => {
    const queue = new ByteQueue();
    queue.push(new Uint8Array(0));
    queue.unshift(new Uint8Array(0));
    expect(queue.take()).toBeUndefined();
    expect(queue.length).toBe(0);
  });
});
