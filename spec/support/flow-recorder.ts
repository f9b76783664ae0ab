import { FlowGate, type FlowGateOptions, type FlowTarget } from '../../lib/flow/flow-gate.ts';
import { type FlowMarks, flowMarks } from '../../lib/flow/flow-marks.ts';

/** A target that remembers what its gate asked for. */
export class FlowRecorder implements FlowTarget {
  readonly changes: boolean[] = [];
  /** How often the gate said that no lease is left. */
  idle = 0;

  flowChanged(paused: boolean): void {
    this.changes.push(paused);
  }

  flowIdle(): void {
    this.idle++;
  }
}

/** A gate with these marks, and the target that it steers. */
export function recordedGate(
  marks: FlowMarks = {},
  options: FlowGateOptions = {},
): { gate: FlowGate; target: FlowRecorder } {
  const target = new FlowRecorder();
  return { gate: new FlowGate({ marks: flowMarks(marks), target, ...options }), target };
}
