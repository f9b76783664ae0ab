import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { OptionError } from '../../lib/base/errors.ts';
import { currentGate, isEmitting } from '../../lib/flow/emission.ts';
import { FlowGate } from '../../lib/flow/flow-gate.ts';
import { type FlowMarks, flowMarks } from '../../lib/flow/flow-marks.ts';
import { recordedGate } from '../support/flow-recorder.ts';

describe('flowMarks', () => {
  it('should have the documented defaults', () => {
    expect(flowMarks()).toEqual({ high: 262_144, low: 65_536, maxItems: 1024, resumeItems: 256 });
  });

  it('should not let a default exceed the mark above it', () => {
    expect(flowMarks({ high: 1000, maxItems: 10 })).toEqual({
      high: 1000,
      low: 1000,
      maxItems: 10,
      resumeItems: 10,
    });
  });

  it.each<[FlowMarks, string, string]>([
    [{ high: 0 }, 'high', 'high must be an integer from 1 to 1099511627776, got 0'],
    [{ low: -5 }, 'low', 'low must be an integer from 0 to 1099511627776, got -5'],
    [{ high: 10, low: 11 }, 'low', 'low must be at most high, which is 10, got 11'],
    [
      { maxItems: 3, resumeItems: 4 },
      'resumeItems',
      'resumeItems must be at most maxItems, which is 3, got 4',
    ],
    [
      { hihg: 5 } as FlowMarks,
      'hihg',
      'hihg must be left out: no such option (there are high, low, maxItems, resumeItems), got 5',
    ],
  ])('should refuse %j', (marks, option, message) => {
    const attempt = () => flowMarks(marks, 'flow.');
    expect(attempt).toThrow(OptionError);
    expect(attempt).toThrow(`ERR_OPTION: flow.${message}`);
    expect(() => new FlowGate().limit(marks)).toThrow(`ERR_OPTION: ${option} must be`);
  });
});

describe('FlowGate leases', () => {
  it('should count bytes and items of the leases that are alive', () => {
    const { gate } = recordedGate();
    const first = gate.lease(10);
    const second = gate.lease(0);
    expect(first.bytes).toBe(10);
    expect([gate.leased, gate.items, gate.total]).toEqual([10, 2, 10]);
    first.release();
    expect([gate.leased, gate.items]).toEqual([0, 1]);
    second.release();
    expect([gate.leased, gate.items]).toEqual([0, 0]);
  });

  it('should end a lease only once', () => {
    const { gate } = recordedGate();
    const [first, second] = [gate.lease(10), gate.lease(5)];
    first.release();
    first.release();
    expect([gate.leased, gate.items]).toEqual([5, 1]);
    second.release();
  });

  it('should tell its target when the last lease has ended', () => {
    const { gate, target } = recordedGate();
    const [first, second] = [gate.lease(1), gate.lease(1)];
    first.release();
    expect(target.idle).toBe(0);
    second.release();
    expect(target.idle).toBe(1);
  });

  it('should pause at the high mark and resume at the low mark, not between', () => {
    const { gate, target } = recordedGate({ high: 100, low: 40 });
    const leases = [60, 39, 1].map((bytes) => {
      expect(gate.paused).toBe(false);
      return gate.lease(bytes);
    });
    expect(gate.paused).toBe(true);
    leases[1]?.release();
    expect([gate.leased, gate.paused]).toEqual([61, true]);
    leases[0]?.release();
    expect([gate.leased, gate.paused]).toEqual([1, false]);
    gate.lease(98);
    expect([gate.leased, gate.paused]).toEqual([99, false]);
    expect(target.changes).toEqual([true, false]);
  });

  it('should pause at the mark of items, however small they are', () => {
    const { gate, target } = recordedGate({ maxItems: 3, resumeItems: 1 });
    const leases = [0, 0, 0].map((bytes) => gate.lease(bytes));
    expect(target.changes).toEqual([true]);
    leases[0]?.release();
    expect(gate.paused).toBe(true);
    leases[1]?.release();
    expect(target.changes).toEqual([true, false]);
  });

  it('should resume only when bytes and items are both low enough', () => {
    const { gate } = recordedGate({ high: 100, low: 10, maxItems: 3, resumeItems: 1 });
    const big = gate.lease(100);
    const small = [gate.lease(1), gate.lease(1)];
    big.release();
    expect([gate.leased, gate.items, gate.paused]).toEqual([2, 2, true]);
    small[0]?.release();
    expect(gate.paused).toBe(false);
  });

  it('should not resume at the high mark itself when the low mark equals it', () => {
    const { gate, target } = recordedGate({ high: 10, low: 10 });
    const lease = gate.lease(10);
    gate.lease(0);
    expect(gate.paused).toBe(true);
    lease.release();
    expect(target.changes).toEqual([true, false]);
  });

  it('should apply new marks at once', () => {
    const { gate, target } = recordedGate();
    gate.lease(50);
    gate.limit({ high: 50, low: 10 });
    expect(gate.paused).toBe(true);
    gate.limit({ high: 200, low: 60 });
    expect(target.changes).toEqual([true, false]);
  });

  it('should work without a target', () => {
    const gate = new FlowGate({ marks: flowMarks({ high: 1, low: 0 }) });
    const lease = gate.lease(1);
    expect(gate.paused).toBe(true);
    lease.release();
    expect(gate.paused).toBe(false);
  });
});

describe('FlowGate holds', () => {
  it('should pause until the last hold is released', () => {
    const { gate, target } = recordedGate();
    const [first, second] = [gate.hold(), gate.hold()];
    first.release();
    first.release();
    expect(gate.paused).toBe(true);
    second.release();
    expect(target.changes).toEqual([true, false]);
  });

  it('should compose with leases', () => {
    const { gate, target } = recordedGate({ high: 10, low: 0 });
    const lease = gate.lease(10);
    const hold = gate.hold();
    lease.release();
    expect(gate.paused).toBe(true);
    const next = gate.lease(10);
    hold.release();
    expect(gate.paused).toBe(true);
    next.release();
    expect(target.changes).toEqual([true, false]);
  });
});

describe('FlowGate emissions', () => {
  it('should be the current gate while it delivers, and only then', () => {
    const { gate: outer } = recordedGate();
    const { gate: inner } = recordedGate();
    const seen: unknown[] = [currentGate(), isEmitting()];
    const answer = outer.emit(() => {
      seen.push(currentGate(), isEmitting());
      inner.deliver({ next: (value) => seen.push(currentGate(), value) }, 'value');
      seen.push(currentGate());
      return 'answer';
    });
    seen.push(currentGate(), isEmitting());
    expect(seen).toEqual([undefined, false, outer, true, inner, 'value', outer, undefined, false]);
    expect(answer).toBe('answer');
  });

  it('should restore the current gate when a delivery throws', () => {
    const { gate: outer } = recordedGate();
    const { gate: inner } = recordedGate();
    const fail = () => {
      throw new Error('broken');
    };
    outer.emit(() => {
      expect(() => inner.deliver({ next: fail }, 1)).toThrow('broken');
      expect(currentGate()).toBe(outer);
    });
    expect(() => outer.emit(fail)).toThrow('broken');
    expect([currentGate(), isEmitting()]).toEqual([undefined, false]);
  });

  it('should decide only after the outermost emission has returned', () => {
    const { gate, target } = recordedGate({ high: 10, low: 0 });
    const other = recordedGate();
    other.gate.emit(() => {
      gate.emit(() => gate.lease(10));
      expect([gate.leased, gate.paused, target.changes]).toEqual([10, false, []]);
    });
    expect(target.changes).toEqual([true]);
  });

  it('should not pause for a lease that ended within its emission', () => {
    const { gate, target } = recordedGate({ high: 10, low: 0 });
    gate.emit(() => gate.lease(1000).release());
    gate.emit(() => gate.hold().release());
    expect(target.changes).toEqual([]);
  });

  it('should decide also after an emission that threw', () => {
    const { gate, target } = recordedGate({ high: 10, low: 0 });
    const attempt = () =>
      gate.emit(() => {
        gate.lease(10);
        throw new Error('broken');
      });
    expect(attempt).toThrow('broken');
    expect(target.changes).toEqual([true]);
  });

  it('should let a target deliver the next value from inside its resume', () => {
    const seen: boolean[] = [];
    const gate: FlowGate = new FlowGate({
      marks: flowMarks({ high: 10, low: 0 }),
      target: {
        flowChanged: (paused) => {
          seen.push(paused);
          if (!paused && seen.length < 4) gate.emit(() => gate.lease(10));
        },
      },
    });
    const told: boolean[] = [];
    gate.paused$.subscribe((paused) => told.push(paused));
    gate.lease(10).release();
    expect(seen).toEqual([true, false, true]);
    expect(gate.paused).toBe(true);
    expect(told).toEqual([false, true, false, true]);
  });
});

describe('FlowGate.paused$', () => {
  it('should tell the present state and every change, and complete when the gate closes', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ cold, expectObservable }) => {
        const { gate } = recordedGate();
        const hold = { current: gate.hold() };
        cold('---r--h--c|').subscribe((step) => {
          if (step === 'r') hold.current.release();
          if (step === 'h') hold.current = gate.hold();
          if (step === 'c') gate.close();
        });
        expectObservable(gate.paused$).toBe('t--f--t--|', { t: true, f: false });
        expectObservable(gate.paused$, '----^').toBe('----f-t--|', { t: true, f: false });
        expectObservable(gate.paused$, '-^-----!').toBe('-t-f--t-', { t: true, f: false });
      },
    );
  });

  it('should complete at once when the gate has closed', () => {
    const { gate } = recordedGate();
    gate.close();
    const seen: unknown[] = [];
    gate.paused$.subscribe({ next: (paused) => seen.push(paused), complete: () => seen.push('complete') });
    expect(seen).toEqual([false, 'complete']);
  });
});

describe('FlowGate.holders', () => {
  it('should tell who holds how much since when', () => {
    const scheduler = new VirtualTimeScheduler();
    const { gate } = recordedGate({}, { scheduler });
    const at = (time: number, work: () => void) => scheduler.schedule(work, time);
    at(10, () => gate.lease(100, 'flowMap'));
    at(20, () => gate.emit(() => gate.lease(1, 'flowMap')));
    at(30, () => gate.lease(7, 'sendTo'));
    at(40, () => gate.hold('PauseReceive'));
    at(50, () => gate.hold('PauseReceive'));
    scheduler.flush();
    expect(gate.holders()).toEqual([
      { kind: 'lease', by: 'sendTo', bytes: 7, items: 1, since: 30 },
      { kind: 'lease', by: 'flowMap', bytes: 101, items: 2, since: 10 },
      { kind: 'hold', by: 'PauseReceive', bytes: 0, items: 2, since: 40 },
    ]);
  });

  it('should forget those who let go', () => {
    const scheduler = new VirtualTimeScheduler();
    const { gate } = recordedGate({}, { scheduler });
    const [oldest, middle, newest] = [gate.lease(1, 'a'), gate.lease(2, 'b'), gate.lease(3, 'c')];
    const hold = gate.hold('h');
    const names = () => gate.holders().map(({ by }) => by);
    middle.release();
    expect(names()).toEqual(['c', 'a', 'h']);
    newest.release();
    hold.release();
    expect(names()).toEqual(['a']);
    oldest.release();
    expect(names()).toEqual([]);
  });

  it('should know a lease while its emission is still running', () => {
    const scheduler = new VirtualTimeScheduler();
    scheduler.frame = 5;
    const { gate } = recordedGate({}, { scheduler });
    gate.emit(() => {
      gate.lease(1, 'a');
      expect(gate.holders()).toEqual([{ kind: 'lease', by: 'a', bytes: 1, items: 1, since: 5 }]);
    });
  });
});

describe('FlowGate.close', () => {
  it('should end all leases and holds', () => {
    const { gate } = recordedGate({ high: 10, low: 0 });
    const [lease, hold] = [gate.lease(10), gate.hold()];
    gate.close();
    expect([gate.leased, gate.items, gate.total, gate.holders()]).toEqual([0, 0, 0, []]);
    lease.release();
    hold.release();
    gate.close();
    expect([gate.leased, gate.items]).toEqual([0, 0]);
  });

  it('should count nothing afterwards, and ask for nothing', () => {
    const { gate, target } = recordedGate({ high: 10, low: 0 });
    gate.close();
    const lease = gate.lease(100);
    gate.hold();
    gate.emit(() => gate.lease(100));
    expect([gate.leased, gate.items, gate.paused, target.changes]).toEqual([0, 0, false, []]);
    lease.release();
    expect(gate.leased).toBe(0);
  });

  it('should ask for nothing when it closes within an emission that leased', () => {
    const { gate, target } = recordedGate({ high: 10, low: 0 });
    gate.emit(() => {
      gate.lease(10);
      gate.close();
    });
    expect([gate.leased, target.changes]).toEqual([0, []]);
  });
});
