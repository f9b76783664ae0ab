/** How a stretch ends that has to be refused. */
export interface Refusal {
  readonly code: string;
  /** Whether the last byte brings it or the end of the stream. */
  readonly when: 'push' | 'end';
}

/** An example as it is fed: bytes, and what has to come of them. */
export interface Stretch {
  /** Such as `examples[2]`. */
  readonly name: string;
  readonly wire: Uint8Array;
  /** Messages that are there with the last byte. */
  readonly messages: readonly unknown[];
  /** Messages that the end of the stream brings. */
  readonly atEnd: readonly unknown[];
  /** Bytes kept after the last byte; `undefined` if nobody said. */
  readonly residue: number | undefined;
  readonly refusal?: Refusal;
}

/** Whether more can follow. */
export function isComplete(stretch: Stretch): boolean {
  return stretch.residue === 0 && stretch.atEnd.length === 0 && stretch.refusal === undefined;
}

/** A message that has to come. */
export interface Due {
  readonly message: unknown;
  /** The example that it belongs to. */
  readonly example: string;
  /** Bytes with which it has to be there. */
  readonly by: number;
}

/** Several stretches behind one another; only the last one may be incomplete. */
export class ExampleStream {
  readonly name: string;
  readonly wire: Uint8Array;
  readonly due: readonly Due[];
  /** Where stretches end and the next one begins. */
  readonly seams: readonly number[];
  readonly last: Stretch;

  constructor(name: string, stretches: readonly [Stretch, ...Stretch[]]) {
    this.name = name;
    this.wire = new Uint8Array(Buffer.concat(stretches.map(({ wire }) => wire)));
    const due: Due[] = [];
    const ends: number[] = [];
    let end = 0;
    for (const { name: example, wire, messages } of stretches) {
      end += wire.length;
      ends.push(end);
      for (const message of messages) due.push({ message, example, by: end });
    }
    this.due = due;
    this.seams = ends.slice(0, -1);
    this.last = stretches.at(-1) as Stretch;
  }
}
