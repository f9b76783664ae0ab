import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { type Deadline, DeadlineQueue } from '../../lib/connection/deadline-queue.ts';

class Marked implements Deadline {
  slot = -1;
  at = 0;
  readonly due: () => void;

  constructor(due: () => void) {
    this.due = due;
  }
}

/** A queue on a clock that is moved by hand. */
class Clocked {
  readonly clock = new VirtualTimeScheduler();
  readonly queue = new DeadlineQueue(this.clock);

  advance(milliseconds: number): void {
    this.clock.maxFrames = this.clock.frame + milliseconds;
    this.clock.flush();
    this.clock.frame = this.clock.maxFrames;
  }

  get timers(): number {
    return this.clock.actions.length;
  }
}

const COUNT = 12;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ set: fc.nat(COUNT - 1), delay: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ clear: fc.nat(COUNT - 1) }) },
  { weight: 2, arbitrary: fc.record({ advance: fc.nat(40) }) },
);

describe('DeadlineQueue', () => {
  it('should ring as a sorted list of deadlines would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const clocked = new Clocked();
        const { clock, queue } = clocked;
        const model = new Map<number, number>();
        const rung: [number, number][] = [];
        const deadlines = Array.from(
          { length: COUNT },
          (_, i) => new Marked(() => rung.push([clock.frame, i])),
        );
        for (const action of steps) {
          if ('set' in action) {
            const at = clock.frame + action.delay;
            queue.set(deadlines[action.set] as Marked, at);
            model.set(action.set, at);
          } else if ('clear' in action) {
            queue.clear(deadlines[action.clear] as Marked);
            model.delete(action.clear);
          } else {
            clocked.advance(action.advance);
            const due = [...model].filter(([, at]) => at <= clock.frame).sort(([, a], [, b]) => a - b);
            for (const [i] of due) model.delete(i);
            expect(rung.map(([at]) => at)).toEqual(due.map(([, at]) => at));
            expect(rung.map(([, i]) => i).sort()).toEqual(due.map(([i]) => i).sort());
            rung.length = 0;
          }
          expect(queue.size).toBe(model.size);
          expect(clocked.timers).toBe(model.size === 0 ? 0 : 1);
        }
      }),
    );
  });

  it('should let a deadline be set again from where it is due', () => {
    const clocked = new Clocked();
    const { clock, queue } = clocked;
    const rung: number[] = [];
    const repeating = new Marked(() => {
      rung.push(clock.frame);
      if (rung.length < 3) queue.set(repeating, clock.frame + 10);
    });
    queue.set(repeating, 5);
    clocked.advance(100);
    expect(rung).toEqual([5, 15, 25]);
    expect(clocked.timers).toBe(0);
  });

  it('should not ring a deadline that another one clears when both are due', () => {
    const clocked = new Clocked();
    const { queue } = clocked;
    const rung: string[] = [];
    const second = new Marked(() => rung.push('second'));
    const first = new Marked(() => {
      rung.push('first');
      queue.clear(second);
    });
    queue.set(first, 5);
    queue.set(second, 6);
    clocked.clock.frame = 10;
    clocked.advance(10);
    expect(rung).toEqual(['first']);
    expect(queue.size).toBe(0);
  });

  it('should ring at once what was due in the past', () => {
    const clocked = new Clocked();
    const { clock, queue } = clocked;
    clocked.advance(50);
    const rung: number[] = [];
    queue.set(new Marked(() => rung.push(clock.frame)), 20);
    clocked.advance(0);
    expect(rung).toEqual([50]);
  });

  it('should ignore the clearing of a deadline that is not set', () => {
    const { queue } = new Clocked();
    queue.clear(new Marked(() => undefined));
    expect(queue.size).toBe(0);
  });
});
