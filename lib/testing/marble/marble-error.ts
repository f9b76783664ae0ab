/** A marble diagram, or what goes with it, makes no sense; the message shows the diagram and points at the place. */
export class MarbleError extends Error {
  /** The diagram as it was given. */
  readonly marbles: string;
  /** Where in it, counted in characters from 0. */
  readonly position: number;

  /** @param what Whose diagram it is, such as `peer`. */
  constructor(what: string, marbles: string, position: number, complaint: string) {
    super(`${what}: ${complaint}\n  ${marbles}\n  ${' '.repeat(position)}^`);
    this.name = 'MarbleError';
    this.marbles = marbles;
    this.position = position;
  }
}
