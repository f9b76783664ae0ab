/**
 * Hands out ids of sessions: one after the other, never 0, beginning anew after 2^32 - 1. A program has one of these.
 *
 * The original begins with the milliseconds of its clock; a random number is harder to guess for somebody who would
 * like to join a conversation.
 */
export class ConversationIds {
  private last: number;

  /** @param seed The first id, as far as it fits into 32 bits. */
  constructor(seed: number) {
    this.last = (seed - 1) >>> 0;
  }

  /** An id that has not been used for long. */
  next(): number {
    this.last = (this.last + 1) >>> 0;
    if (this.last === 0) this.last = 1;
    return this.last;
  }
}
