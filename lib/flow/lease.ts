import type { FlowGate } from './flow-gate.ts';

/** The claim on one value that somebody keeps. */
export interface Lease {
  readonly bytes: number;
  /** Ends the claim. A second call does nothing, nor does a call after the gate has closed. */
  release(): void;
}

/** An explicit pause. */
export interface Hold {
  /** Ends the pause, unless others hold too. A second call does nothing. */
  release(): void;
}

/** @internal A lease that ends with the emission it began in needs no time of beginning. */
export const UNSTAMPED = -1;

/** @internal The lease that a gate hands out: a node of the list of its leases. */
export class GateLease implements Lease {
  since = UNSTAMPED;
  newer: GateLease | undefined = undefined;
  gate: FlowGate | undefined;
  readonly bytes: number;
  readonly by: string;
  older: GateLease | undefined;

  constructor(gate: FlowGate, bytes: number, by: string, older: GateLease | undefined) {
    this.gate = gate;
    this.bytes = bytes;
    this.by = by;
    this.older = older;
  }

  release(): void {
    const { gate } = this;
    if (gate === undefined) return;
    this.gate = undefined;
    gate.endLease(this);
    this.older = undefined;
    this.newer = undefined;
  }
}

/** @internal The hold that a gate hands out. */
export class GateHold implements Hold {
  readonly by: string;
  readonly since: number;
  private gate: FlowGate | undefined;

  constructor(gate: FlowGate, by: string, since: number) {
    this.gate = gate;
    this.by = by;
    this.since = since;
  }

  release(): void {
    const { gate } = this;
    this.gate = undefined;
    gate?.endHold(this);
  }
}

/** What a closed gate hands out. */
export const ENDED_LEASE: Lease = { bytes: 0, release: () => undefined };
