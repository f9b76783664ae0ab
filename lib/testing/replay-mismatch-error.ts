import { firstDifference, show } from './same.ts';

/** What was sent in a replay is not what was sent when it was recorded. */
export class ReplayMismatchError extends Error {
  /** Number of the first byte that differs, counted from 0. */
  readonly at: number;
  /** All that was sent when it was recorded. */
  readonly expected: Uint8Array;
  /** All that has been sent in the replay. */
  readonly actual: Uint8Array;

  constructor(expected: Uint8Array, actual: Uint8Array) {
    const at = firstDifference(expected, actual);
    super(
      `what was sent differs from the recording at byte ${at}\n` +
        `  recorded: ${show(expected, at)}\n` +
        `  sent:     ${show(actual, at)}`,
    );
    this.name = 'ReplayMismatchError';
    this.at = at;
    this.expected = expected;
    this.actual = actual;
  }
}
