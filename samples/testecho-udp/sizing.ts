import { integer } from '../support/arguments.ts';

/** How long a datagram may be, in bytes; both sides should say the same. */
export const sizing = { max: integer(1432, 1, 65_507) };
