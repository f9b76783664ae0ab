import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { FlowGate } from '../../lib/flow/flow-gate.ts';
import { flowMarks } from '../../lib/flow/flow-marks.ts';
import { type FlowRecorder, recordedGate } from '../support/flow-recorder.ts';

interface Child {
  readonly gate: FlowGate;
  readonly target: FlowRecorder;
}

/** A parent with a budget, and children that have marks out of reach of their own. */
function family(children: number, marks = { high: 100, low: 50 }) {
  const scheduler = new VirtualTimeScheduler();
  const parent = recordedGate(marks, { scheduler });
  const make = (): Child => recordedGate({ high: 10_000 }, { parent: parent.gate, scheduler });
  return { parent, scheduler, children: Array.from({ length: children }, make) as [Child, Child, Child] };
}

const pausedOf = (children: readonly Child[]) => children.map(({ gate }) => gate.paused);

describe('a parent gate', () => {
  it('should own what its children own', () => {
    const { parent, children } = family(2);
    const grandchild = recordedGate({}, { parent: children[0].gate });
    const lease = grandchild.gate.lease(5);
    children[1].gate.lease(7);
    parent.gate.lease(1);
    expect([parent.gate.total, parent.gate.leased]).toEqual([13, 1]);
    expect(children[0].gate.total).toBe(5);
    lease.release();
    expect([parent.gate.total, children[0].gate.total]).toEqual([8, 0]);
    children[1].gate.close();
    expect(parent.gate.total).toBe(1);
  });

  it('should pause the children that own the most, until what the others own is low enough', () => {
    const { parent, children } = family(3);
    children[0].gate.lease(20);
    children[1].gate.lease(45);
    expect(pausedOf(children)).toEqual([false, false, false]);
    children[2].gate.lease(35);
    expect(pausedOf(children)).toEqual([false, true, true]);
    // The gate itself pauses nobody else: who owns little goes on.
    expect([parent.gate.paused, parent.target.changes]).toEqual([false, []]);
  });

  it('should pause those too that grow while it is over its mark', () => {
    const { children } = family(3);
    children[0].gate.lease(100);
    children[1].gate.lease(30);
    expect(pausedOf(children)).toEqual([true, false, false]);
    children[2].gate.lease(25);
    expect(pausedOf(children)).toEqual([true, true, false]);
  });

  it('should let the children go in the order in which they were paused', () => {
    const { parent } = family(0);
    const order: string[] = [];
    const make = (name: string) =>
      new FlowGate({
        parent: parent.gate,
        target: { flowChanged: (paused) => order.push(`${paused ? 'pause' : 'resume'} ${name}`) },
      });
    const [a, b, c] = [make('a'), make('b'), make('c')];
    const leases = [b.lease(100), c.lease(60), a.lease(55)];
    for (const lease of leases) lease.release();
    expect(order).toEqual(['pause b', 'pause c', 'pause a', 'resume b', 'resume c', 'resume a']);
  });

  it('should let all go at its low mark, and before it whoever owns nothing any more', () => {
    const { children } = family(2);
    const leases = [children[0].gate.lease(60), children[1].gate.lease(40), children[1].gate.lease(11)];
    expect(pausedOf(children)).toEqual([true, true]);
    leases[0]?.release();
    expect(pausedOf(children)).toEqual([false, true]);
    leases[2]?.release();
    expect(pausedOf(children)).toEqual([false, false]);
  });

  it('should let the others go when a paused child closes', () => {
    const { children } = family(3);
    children[0].gate.lease(45);
    children[1].gate.lease(60);
    const small = children[2].gate.lease(6);
    small.release();
    expect(pausedOf(children)).toEqual([true, true, false]);
    children[1].gate.close();
    expect(children[0].target.changes).toEqual([true, false]);
    expect(children[1].target.changes).toEqual([true]);
  });

  it('should pause no more children than before after a paused child has closed', () => {
    const { children } = family(3);
    children[0].gate.lease(100);
    expect(pausedOf(children)).toEqual([true, false, false]);
    children[0].gate.close();
    children[1].gate.lease(60);
    children[2].gate.lease(45);
    expect(pausedOf(children.slice(1))).toEqual([true, false]);
  });

  it('should not take back the pause of a child that is over its own mark', () => {
    const { parent } = family(0);
    const child = recordedGate({ high: 30, low: 10 }, { parent: parent.gate });
    const other = recordedGate({}, { parent: parent.gate });
    child.gate.lease(30);
    const lease = other.gate.lease(100);
    lease.release();
    expect([child.gate.paused, child.target.changes]).toEqual([true, [true]]);
    expect(other.target.changes).toEqual([true, false]);
  });

  it('should show in the holders of a child since when it holds it back', () => {
    const { children, scheduler } = family(1);
    scheduler.schedule(() => children[0].gate.lease(100, 'flowMap'), 30);
    scheduler.flush();
    expect(children[0].gate.holders()).toEqual([
      { kind: 'lease', by: 'flowMap', bytes: 100, items: 1, since: 30 },
      { kind: 'parent', by: 'budget', bytes: 0, items: 1, since: 30 },
    ]);
  });

  it('should not show in the holders of a child that has closed', () => {
    const { children } = family(2);
    children[0].gate.lease(100);
    children[1].gate.lease(100);
    children[0].gate.close();
    expect(children[0].gate.holders()).toEqual([]);
  });

  it('should steer its children after the emission that leased', () => {
    const { children } = family(1);
    const { gate } = children[0];
    gate.emit(() => {
      gate.lease(100);
      expect(gate.paused).toBe(false);
    });
    expect(gate.paused).toBe(true);
  });

  it('should obey new marks at once', () => {
    const { parent, children } = family(1);
    children[0].gate.lease(40);
    parent.gate.limit({ high: 40, low: 20 });
    expect(pausedOf(children)).toEqual([true]);
    parent.gate.limit({ high: 400, low: 200 });
    expect(pausedOf(children)).toEqual([false]);
  });
});

describe('a tree of three gates', () => {
  const marks = (high: number, low: number) => ({ marks: flowMarks({ high, low }) });

  it('should let the root pause a leaf through the gate between, once it is adopted', () => {
    const root = new FlowGate(marks(100, 50));
    const middle = new FlowGate({ ...marks(1000, 500), parent: root });
    const leaf = recordedGate({}, { parent: middle });
    middle.adopt(leaf.gate);
    const lease = leaf.gate.lease(100);
    expect([middle.paused, leaf.gate.paused]).toEqual([true, true]);
    lease.release();
    expect([middle.paused, leaf.gate.paused, leaf.target.changes]).toEqual([false, false, [true, false]]);
  });
});

describe('a hold on a parent', () => {
  it('should reach the children that it has adopted', () => {
    const { parent, children } = family(2);
    parent.gate.adopt(children[0].gate);
    const hold = parent.gate.hold();
    expect(pausedOf(children)).toEqual([true, false]);
    parent.gate.adopt(children[1].gate);
    expect(pausedOf(children)).toEqual([true, true]);
    hold.release();
    expect(children.map(({ target }) => target.changes)).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  it('should not reach a child any more that was disowned', () => {
    const { parent, children } = family(1);
    parent.gate.adopt(children[0].gate);
    parent.gate.disown(children[0].gate);
    parent.gate.hold();
    expect(pausedOf(children)).toEqual([false]);
  });

  it('should not let a child go when it ends while the budget still holds the child back', () => {
    const { parent, children } = family(1);
    const [child] = children;
    parent.gate.adopt(child.gate);
    const lease = child.gate.lease(100);
    parent.gate.hold().release();
    expect(child.gate.paused).toBe(true);
    lease.release();
    expect(child.target.changes).toEqual([true, false]);
  });

  it('should keep a child paused when the budget lets it go', () => {
    const { parent, children } = family(1);
    const [child] = children;
    parent.gate.adopt(child.gate);
    const hold = parent.gate.hold();
    child.gate.lease(100).release();
    expect(child.gate.paused).toBe(true);
    hold.release();
    expect(child.target.changes).toEqual([true, false]);
  });
});
