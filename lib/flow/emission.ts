import { Fifo } from '../base/fifo.ts';
import type { FlowGate } from './flow-gate.ts';

/**
 * The emission in progress: which gate delivers a value right now, and what has to happen when the outermost
 * emission has returned. JavaScript runs one emission at a time, so this is module state, saved and restored.
 */
let current: FlowGate | undefined;
let depth = 0;

const tasks = new Fifo<EmissionTask>();
const touched: Settling[] = [];

/** Something put off until the outermost emission has returned. */
export interface EmissionTask {
  flush(): void;
}

/** Something that decides when the outermost emission has returned. */
export interface Settling {
  settle(): void;
}

/** The gate whose value is being delivered; `undefined` outside every emission. */
export function currentGate(): FlowGate | undefined {
  return current;
}

/** Whether a value is being delivered. */
export function isEmitting(): boolean {
  return depth > 0;
}

/** Begins an emission; answers with what {@link leave} wants back. */
export function enter(gate: FlowGate): FlowGate | undefined {
  const outer = current;
  current = gate;
  depth++;
  return outer;
}

/** Ends an emission. The outermost one runs what was put off: first the tasks (batched writes), then the gates. */
export function leave(outer: FlowGate | undefined): void {
  current = outer;
  if (depth > 1) depth--;
  else settleAll();
}

/** Runs a task when the outermost emission has returned, before any gate decides to pause. */
export function afterEmission(task: EmissionTask): void {
  tasks.push(task);
}

/** Lets a gate decide when the outermost emission has returned. */
export function settleLater(gate: Settling): void {
  touched.push(gate);
}

function settleAll(): void {
  try {
    // Still counted as inside: what a task sends joins the tasks of this turn.
    while (tasks.length > 0) tasks.shift().flush();
  } finally {
    depth = 0;
    for (let gate = touched.pop(); gate !== undefined; gate = touched.pop()) gate.settle();
  }
}
