/** A recording is not as its format says; the message tells in which line, and what was found there. */
export class RecordingError extends Error {
  /** Number of the line, counted from 1. */
  readonly line: number;

  constructor(line: number, what: string, options?: ErrorOptions) {
    super(`line ${line}: ${what}`, options);
    this.name = 'RecordingError';
    this.line = line;
  }
}
