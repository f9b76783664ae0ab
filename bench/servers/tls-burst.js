export { MESSAGE } from './fanin-message.js';

/** How many messages answer each request, sent one by one in a turn. */
export const BURST = 32;
