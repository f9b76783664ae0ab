export { MESSAGE } from './fanin-message.js';
export const BURST: number;
