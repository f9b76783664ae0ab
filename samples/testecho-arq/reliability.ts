import type { ArqOptions } from 'hpsocket-rx';
import { type Given, flag, integer } from '../support/arguments.ts';

/** How long a message may be, in bytes, which both sides have to agree on, and whether latency matters more than the network. */
export const reliability = { max: integer(4096, 1, 178_815), fast: flag };

/** What that means; twins of the setters of `IArqSocket`. */
export function arqOf({ max, fast }: Given<typeof reliability>): ArqOptions {
  const hurry = { noDelay: true, flushInterval: 10, resendByAcks: 2, congestionControl: false };
  return { maxMessageSize: max, ...(fast ? hurry : {}) };
}
