import { type Given, integer } from '../support/arguments.ts';
import { plan as common } from '../testecho-pfm/plan.ts';

/** The options of a performance test over UDP. */
export const plan = {
  ...common,
  /** Bytes a datagram; four of them number it. */
  size: integer(1000, 4, 65_507),
};

export type Plan = Given<typeof plan>;

/** So that as few datagrams as possible are lost at either end, however long they are. */
export const buffers = { maxDatagramSize: 65_507, receiveBuffer: 4 * 1024 * 1024 };
