import { FlowGate } from './flow-gate.ts';
import { flowMarks } from './flow-marks.ts';

const MIB = 1024 * 1024;

/**
 * The gate above all components: one memory budget for the whole process, 512 MiB of leased bytes by default. Over
 * it, the components and connections that own the most are paused until it is down to half.
 *
 * @example
 * processFlow.limit({ high: 64 * 1024 * 1024 });
 * console.log(processFlow.total);
 */
export const processFlow: FlowGate = new FlowGate({
  marks: flowMarks({ high: 512 * MIB, low: 256 * MIB, maxItems: 2 ** 40, resumeItems: 2 ** 40 }),
});
