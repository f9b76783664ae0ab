import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Outbox } from '../../lib/send/outbox.ts';
import type { PulledUnit } from '../../lib/send/units.ts';
import { BLOCK_SIZE, sendPolicy } from '../../lib/send/send-policy.ts';
import { type FakeSink, fakeOutbox } from '../support/fake-sink.ts';
import { difference, pattern } from '../support/patterns.ts';

type Act =
  | { readonly do: 'send'; readonly to: number; readonly lengths: readonly number[] }
  | { readonly do: 'file'; readonly to: number; readonly lengths: readonly number[] }
  | { readonly do: 'more'; readonly to: number }
  | { readonly do: 'wait'; readonly to: number }
  | { readonly do: 'flush'; readonly to: number }
  | { readonly do: 'take'; readonly to: number; readonly bytes: number }
  | { readonly do: 'observe'; readonly to: number; readonly on: boolean };

/** Lengths around everything that matters: nothing, small, the limit of copying, the size of a block. */
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.integer({ min: 8180, max: 8200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 2 * BLOCK_SIZE }) },
);
const to = fc.nat(1);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      to,
      lengths: fc.array(length, { maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('file' as const),
      to,
      lengths: fc.array(length, { maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('more' as const), to }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), to }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const), to }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      to,
      bytes: fc.oneof(fc.nat(50), fc.nat(2 * BLOCK_SIZE)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('observe' as const), to, on: fc.boolean() }) },
);

/** A file whose blocks come in one by one. */
class SlowFile implements PulledUnit {
  readonly blocks: Uint8Array[];
  available = 0;
  taken = (bytes: number) => void (this.takenBytes += bytes);
  failed = () => undefined;
  takenBytes = 0;

  constructor(blocks: Uint8Array[]) {
    this.blocks = blocks;
  }

  pull(): Uint8Array | null | undefined {
    if (this.blocks.length === 0) return null;
    return this.available-- > 0 ? this.blocks.shift() : void (this.available = 0);
  }
}

/** An outbox next to what has to come out of it. */
class Modelled {
  readonly outbox: Outbox;
  readonly sink: FakeSink;
  readonly take: (limit?: number) => void;
  private readonly owner: { observesSent: boolean };
  private readonly expected: Buffer[] = [];
  private readonly files: SlowFile[] = [];
  private readonly released: number[] = [];
  private waiting = 0;
  private fileBytes = 0;
  private readonly safe: boolean;
  private seed: number;

  constructor(name: 'pack' | 'safe' | 'direct', atOnce: number, seed: number) {
    const { outbox, sink, take, owner } = fakeOutbox({ policy: sendPolicy[name](), atOnce });
    this.outbox = outbox;
    this.sink = sink;
    this.take = take;
    this.owner = owner;
    this.safe = name === 'safe';
    this.seed = seed;
  }

  get everything(): Buffer {
    return Buffer.concat(this.expected);
  }

  do(what: Act): void {
    const { outbox } = this;
    switch (what.do) {
      case 'send': {
        const pieces = this.make(what.lengths);
        expect(outbox.send(pieces.length === 1 ? (pieces[0] as Buffer) : pieces)).toBe('ok');
        break;
      }
      case 'file': {
        const blocks = this.make(what.lengths.filter((bytes) => bytes > 0));
        const file = new SlowFile(blocks);
        this.fileBytes += blocks.reduce((sum, block) => sum + block.length, 0);
        this.files.push(file);
        outbox.sendPulled(file);
        break;
      }
      case 'more':
        for (const file of this.files) file.available++;
        outbox.resume();
        break;
      case 'wait': {
        const number = this.waiting++;
        outbox.whenSent({ release: () => void this.released.push(number) });
        break;
      }
      case 'flush':
        outbox.flush();
        break;
      case 'take':
        this.take(what.bytes);
        break;
      case 'observe':
        this.owner.observesSent = what.on;
        break;
    }
    this.check();
  }

  /** Lets everything out that is still inside. */
  finish(): void {
    for (const file of this.files) file.available = Infinity;
    this.outbox.resume();
    this.outbox.flush();
    let before = -1;
    while (!this.outbox.isEmpty) {
      if (this.outbox.sent === before) throw new Error('the outbox is stuck');
      before = this.outbox.sent;
      this.take();
    }
    this.check();
    expect(difference(this.sink.bytes, this.everything)).toBe('nowhere');
    expect(this.outbox.pending).toBe(0);
    expect(this.released).toHaveLength(this.waiting);
    expect(this.files.reduce((sum, { takenBytes }) => sum + takenBytes, 0)).toBe(this.fileBytes);
  }

  private check(): void {
    const { outbox, sink } = this;
    const { bytes } = sink;
    // All that came out so far is what went in, from the beginning.
    expect(difference(bytes, this.everything.subarray(0, bytes.length))).toBe('nowhere');
    expect(outbox.sent).toBe(bytes.length);
    expect(this.released).toEqual(this.released.map((_, index) => index));
    if (this.safe) {
      // A block of a file is pulled whole, so it may come on top.
      const largest = this.files.length > 0 ? 3 * BLOCK_SIZE : BLOCK_SIZE;
      expect(sink.unsent).toBeLessThanOrEqual(largest);
    }
  }

  private make(lengths: readonly number[]): Buffer[] {
    const pieces = lengths.map((bytes) => pattern(bytes, this.seed++));
    // What comes out is compared with a copy: overwriting what was sent would show.
    this.expected.push(...pieces.map((piece) => Buffer.from(piece)));
    return pieces;
  }
}

const policy = fc.constantFrom('pack', 'safe', 'direct' as const);
const atOnce = fc.constantFrom(0, 1, 100, BLOCK_SIZE, Infinity);

describe('an outbox, whatever is sent and however it is taken', () => {
  it('should let every byte out exactly once and in order', () => {
    const property = (name: 'pack' | 'safe' | 'direct', room: number, acts: readonly Act[]) => {
      const modelled = new Modelled(name, room, 1);
      for (const what of acts) modelled.do(what);
      modelled.finish();
    };
    fc.assert(fc.property(policy, atOnce, fc.array(act, { maxLength: 40 }), property), { numRuns: 300 });
  });

  it('should never overwrite bytes of another outbox that are still on their way', () => {
    const property = (
      names: readonly ('pack' | 'safe' | 'direct')[],
      rooms: readonly number[],
      acts: readonly Act[],
    ) => {
      const both = names.map(
        (name, index) => new Modelled(name, rooms[index] as number, 1 + index * 1_000_000),
      );
      for (const what of acts) both[what.to]?.do(what);
      for (const modelled of both) modelled.finish();
    };
    const two = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 2, maxLength: 2 });
    fc.assert(fc.property(two(policy), two(atOnce), fc.array(act, { maxLength: 60 }), property), {
      numRuns: 200,
    });
  });
});
