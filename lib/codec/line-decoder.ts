import { tooLong } from './faults.ts';
import type { EmittableTail } from './frame-options.ts';
import { Marker } from './marker.ts';
import { DelimitedDecoder } from './marker-decoder.ts';

const LINE_FEED = new Marker('\n');
const CARRIAGE_RETURN = 0x0d;

/** What every decoder of lines is made with. */
export interface LineDecoderSettings {
  readonly maxLength: number;
  readonly tail: EmittableTail;
}

/** Cuts lines, and takes the ending off them: a line feed, with or without a carriage return in front of it. */
export abstract class LineDecoder<M> extends DelimitedDecoder<M> {
  constructor({ maxLength, tail }: LineDecoderSettings) {
    super({ marker: LINE_FEED, trimmed: 1, maxLength, tail });
  }

  /** Makes a message of a line without its ending, and emits it. */
  protected abstract deliverLine(bytes: Buffer, from: number, to: number, emit: (message: M) => void): void;

  protected deliver(bytes: Buffer, from: number, to: number, emit: (message: M) => void): void {
    const end = to > from && bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
    if (end - from > this.maxLength) throw tooLong(end - from, this.maxLength, 'receive');
    this.deliverLine(bytes, from, end, emit);
  }
}
