import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { FlowGate } from '../../lib/flow/flow-gate.ts';
import { flowMarks } from '../../lib/flow/flow-marks.ts';
import { sendPolicy } from '../../lib/send/send-policy.ts';
import { fakeOutbox } from '../support/fake-sink.ts';

const packing = () => fakeOutbox({ policy: sendPolicy.pack() });

describe('the end of the turn', () => {
  it('should make one write of all sends in one emission, when the outermost has returned', () => {
    const { outbox, sink } = packing();
    const [outer, inner] = [new FlowGate(), new FlowGate()];
    outer.emit(() => {
      outbox.send(utf8('a'));
      inner.emit(() => outbox.send(utf8('b')));
      expect(sink.writes).toEqual([]);
      outbox.send(utf8('c'));
    });
    expect(sink.writes).toEqual(['abc']);
  });

  it('should write for every outbox that was sent to', () => {
    const boxes = [packing(), packing(), packing()];
    new FlowGate().emit(() => {
      for (const text of ['a', 'b']) for (const { outbox } of boxes) outbox.send(utf8(text));
    });
    expect(boxes.map(({ sink }) => sink.writes)).toEqual([['ab'], ['ab'], ['ab']]);
  });

  it('should write before the gates decide, so that what leaves at once never pauses', () => {
    const { outbox, sink } = packing();
    const changes: boolean[] = [];
    const gate = new FlowGate({
      marks: flowMarks({ high: 1, low: 0 }),
      target: { flowChanged: (paused) => changes.push(paused) },
    });
    gate.emit(() => {
      outbox.send(utf8('abc'));
      outbox.whenSent(gate.lease(3));
    });
    expect([sink.writes, gate.items, changes]).toEqual([['abc'], 0, []]);
  });

  it('should write sends from elsewhere in a microtask, in one write', async () => {
    const { outbox, sink } = packing();
    outbox.send(utf8('a'));
    outbox.send(utf8('b'));
    expect(sink.writes).toEqual([]);
    await Promise.resolve();
    await Promise.resolve();
    expect(sink.writes).toEqual(['ab']);
    outbox.send(utf8('c'));
    await Promise.resolve();
    await Promise.resolve();
    expect(sink.writes).toEqual(['ab', 'c']);
  });

  it('should make one write also of sends of which some came in an emission', async () => {
    const { outbox, sink } = packing();
    outbox.send(utf8('a'));
    new FlowGate().emit(() => outbox.send(utf8('b')));
    outbox.send(utf8('c'));
    await Promise.resolve();
    await Promise.resolve();
    expect(sink.writes).toEqual(['abc']);
  });

  it('should write in the same emission what a completed write makes others send', () => {
    const [first, second] = [packing(), packing()];
    new FlowGate().emit(() => {
      first.outbox.send(utf8('a'));
      first.outbox.whenSent({
        release: () => {
          second.outbox.send(utf8('b'));
          first.outbox.send(utf8('c'));
        },
      });
    });
    expect([first.sink.writes, second.sink.writes]).toEqual([['a', 'c'], ['b']]);
  });

  it('should write what was sent in an emission that threw', () => {
    const { outbox, sink } = packing();
    const attempt = () =>
      new FlowGate().emit(() => {
        outbox.send(utf8('a'));
        throw new Error('broken');
      });
    expect(attempt).toThrow('broken');
    expect(sink.writes).toEqual(['a']);
  });
});

describe('a policy with a scheduler', () => {
  it('should share one appointment between all connections with the same scheduler', () => {
    const scheduler = new VirtualTimeScheduler();
    const policy = sendPolicy.pack({ scheduler });
    const boxes = [fakeOutbox({ policy }), fakeOutbox({ policy })] as const;
    for (const { outbox } of boxes) outbox.send(utf8('a'));
    for (const { outbox } of boxes) outbox.send(utf8('b'));
    expect(scheduler.actions).toHaveLength(1);
    scheduler.flush();
    expect(boxes.map(({ sink }) => sink.writes)).toEqual([['ab'], ['ab']]);
  });

  it('should make a new appointment for what is sent while it flushes', () => {
    const scheduler = new VirtualTimeScheduler();
    const { outbox, sink } = fakeOutbox({ policy: sendPolicy.pack({ scheduler }) });
    outbox.send(utf8('a'));
    outbox.whenSent({ release: () => void outbox.send(utf8('b')) });
    scheduler.flush();
    expect(sink.writes).toEqual(['a', 'b']);
  });
});
