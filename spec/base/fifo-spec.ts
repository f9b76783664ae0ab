import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from '../../lib/base/fifo.ts';

/** How often something is done to the queue; long runs pass the size at which it lets go of memory. */
const run = fc.record({ do: fc.constantFrom('push', 'shift', 'set', 'clear' as const), times: fc.nat(700) });

describe('Fifo', () => {
  it('should behave as an array that is pushed and shifted', () => {
    const property = (runs: readonly { do: 'push' | 'shift' | 'set' | 'clear'; times: number }[]) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      let next = 0;
      for (const { do: what, times } of runs) {
        if (what === 'clear') {
          expect(fifo.clear()).toEqual(model);
          model = [];
        }
        for (let i = 0; i < times; i++) {
          if (what === 'push') {
            fifo.push(next);
            model.push(next++);
          } else if (what === 'shift' && model.length > 0) {
            expect(fifo.shift()).toBe(model.shift());
          } else if (what === 'set' && model.length > 0) {
            const place = (times * 31) % model.length;
            fifo.set(place, next);
            model[place] = next++;
          }
        }
        expect(fifo.length).toBe(model.length);
        expect(model.map((_, place) => fifo.at(place))).toEqual(model);
      }
    };
    fc.assert(fc.property(fc.array(run, { maxLength: 20 }), property), { numRuns: 50 });
  });

  it('should let go of an item that was taken', () => {
    const fifo = new Fifo<object>();
    const items = [{}, {}];
    for (const item of items) fifo.push(item);
    expect(fifo.shift()).toBe(items[0]);
    expect(Object.values(fifo).flat()).not.toContain(items[0]);
    expect(Object.values(fifo).flat()).toContain(items[1]);
  });
});
