import { channel } from 'node:diagnostics_channel';
import { NetworkError } from '../base/errors.ts';
import { currentGate } from './emission.ts';
import type { FlowGate } from './flow-gate.ts';

/** Settings of flow control for the whole process. */
export const flowConfig: {
  /**
   * Makes it an error (`ERR_UNTRACKED`) when a value reaches a flow-aware operator outside an emission of a gate.
   * Off, such a value is passed on as plain RxJS would, without a limit, and a diagnostic is published once per
   * operator on the channel `hpsocket-rx:untracked` of `node:diagnostics_channel`.
   * @default false
   */
  strictFlow: boolean;
} = { strictFlow: false };

/** What is published on the channel `hpsocket-rx:untracked`. */
export interface UntrackedDiagnostic {
  /** The flow-aware operator that met the value. */
  readonly operator: string;
  /** What to do about it. */
  readonly advice: string;
}

/** Options that every flow-aware operator takes. */
export interface TrackingOptions {
  /**
   * The gate on which leases are taken, for values that arrive behind an operator that delays them.
   * @default the gate that delivers the value
   */
  readonly gate?: FlowGate | undefined;
  /**
   * Whether an untracked value is an error (`ERR_UNTRACKED`).
   * @default `flowConfig.strictFlow`
   */
  readonly strictFlow?: boolean | undefined;
}

const ADVICE =
  'an operator in front of it (delay, observeOn, concatMap, ...) lets values out later than they came in: ' +
  'put the flow-aware operator first, or give it { gate: connection.flow }';

const untracked = channel('hpsocket-rx:untracked');

/** Finds the gate for each value of one subscription of an operator. */
export class Tracker {
  private readonly operator: string;
  private readonly options: TrackingOptions;
  private told = false;

  constructor(operator: string, options: TrackingOptions) {
    this.operator = operator;
    this.options = options;
  }

  /**
   * The gate of the value that is arriving; `undefined` for an untracked one.
   *
   * @throws NetworkError `ERR_UNTRACKED` for an untracked value when flow is strict.
   */
  gate(): FlowGate | undefined {
    const gate = this.options.gate ?? currentGate();
    if (gate === undefined) this.tell();
    return gate;
  }

  private tell(): void {
    if (this.options.strictFlow ?? flowConfig.strictFlow) {
      throw new NetworkError('ERR_UNTRACKED', `a value reached ${this.operator} untracked: ${ADVICE}`);
    }
    if (this.told) return;
    this.told = true;
    const diagnostic: UntrackedDiagnostic = { operator: this.operator, advice: ADVICE };
    untracked.publish(diagnostic);
  }
}
