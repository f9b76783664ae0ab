/** Bytes that a network takes towards somebody who does not read, unless it is told otherwise. */
export const WINDOW = 65_536;
