/** How many messages answer each request, sent one by one in a turn. */
export const DEPTH = 100;

export const MESSAGE = Buffer.from(Array.from({ length: 64 }, (_, i) => i));
