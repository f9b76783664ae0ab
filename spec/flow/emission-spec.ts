import { describe, expect, it } from '@jest/globals';
import { afterEmission, currentGate, isEmitting } from '../../lib/flow/emission.ts';
import { FlowGate } from '../../lib/flow/flow-gate.ts';
import { flowMarks } from '../../lib/flow/flow-marks.ts';

/** A gate that pauses at one item and writes down what it asks for. */
function loggingGate(log: string[]): FlowGate {
  return new FlowGate({
    marks: flowMarks({ maxItems: 1, resumeItems: 0 }),
    target: { flowChanged: (paused) => log.push(paused ? 'pause' : 'resume') },
  });
}

describe('afterEmission', () => {
  it('should run its task when the outermost emission has returned, before any gate decides', () => {
    const log: string[] = [];
    const gate = loggingGate(log);
    gate.emit(() => {
      gate.emit(() => {
        gate.lease(1);
        afterEmission({ flush: () => void log.push('task') });
      });
      log.push('inner returned');
    });
    expect(log).toEqual(['inner returned', 'task', 'pause']);
  });

  it('should let a task end what would have been a reason to pause', () => {
    const log: string[] = [];
    const gate = loggingGate(log);
    gate.emit(() => {
      const lease = gate.lease(1);
      afterEmission({ flush: () => lease.release() });
    });
    expect(log).toEqual([]);
  });

  it('should count a task as part of the emission, though no gate is current', () => {
    const seen: unknown[] = [];
    new FlowGate().emit(() => {
      afterEmission({
        flush: () => {
          seen.push(isEmitting(), currentGate());
          afterEmission({ flush: () => void seen.push('task of a task') });
        },
      });
    });
    expect(seen).toEqual([true, undefined, 'task of a task']);
    expect(isEmitting()).toBe(false);
  });

  it('should let the gates decide even when a task throws', () => {
    const log: string[] = [];
    const gate = loggingGate(log);
    const attempt = () =>
      gate.emit(() => {
        gate.lease(1);
        afterEmission({
          flush: () => {
            throw new Error('broken');
          },
        });
      });
    expect(attempt).toThrow('broken');
    expect([log, isEmitting()]).toEqual([['pause'], false]);
    gate.emit(() => log.push('next emission'));
    expect(log).toEqual(['pause', 'next emission']);
  });
});
