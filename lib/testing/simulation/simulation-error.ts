/** What is known of a {@link SimulationError}. */
export interface SimulationFailure {
  readonly seed: number;
  readonly time: number;
  readonly events: readonly string[];
  readonly cause: unknown;
}

/** A scenario has failed. The message tells how to see it again, and what happened last. */
export class SimulationError extends Error {
  /** The seed with which it fails again, in the same way. */
  readonly seed: number;
  /** When, in virtual milliseconds. */
  readonly time: number;
  /** What happened last, the latest at the end. */
  readonly events: readonly string[];

  constructor({ seed, time, events, cause }: SimulationFailure) {
    const what = cause instanceof Error ? cause.message : String(cause);
    const story = events.length === 0 ? '' : `\nlast events:\n  ${events.join('\n  ')}`;
    super(`seed ${seed}, at ${time} ms: ${what}${story}`, { cause });
    this.name = new.target.name;
    this.seed = seed;
    this.time = time;
    this.events = events;
  }
}
