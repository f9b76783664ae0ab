import { type Given, common, integer } from '../support/arguments.ts';

/** The options of a performance test; the defaults are the original's. */
export const plan = {
  ...common,
  connections: integer(100, 1, 50_000),
  /** Messages a connection. */
  messages: integer(100, 1, 1_000_000_000),
  /** Bytes a message. */
  size: integer(5000, 1, 16_777_216),
  /** Milliseconds between two messages of a connection; 0 sends the next as soon as the system has taken the last. */
  interval: integer(1, 0, 60_000),
};

export type Plan = Given<typeof plan>;
