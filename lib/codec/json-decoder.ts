import { Accumulator } from './accumulator.ts';
import type { Decoder } from './codec.ts';
import { growsTooLong, tooLong, truncated } from './faults.ts';
import type { Tail } from './frame-options.ts';
import { JsonScanner, skipSpace } from './json-scanner.ts';
import { DepthCheck, parseJson } from './json-text.ts';
import { LineDecoder } from './line-decoder.ts';
import { bufferOf } from './marker.ts';

/** What the decoders of JSON are made with. */
export interface JsonDecoderSettings {
  readonly maxLength: number;
  readonly maxDepth: number;
  readonly tail: Tail;
}

/** One value on every line. */
export class JsonLineDecoder<T> extends LineDecoder<T> {
  private readonly depth: DepthCheck;
  private readonly jsonTail: Tail;

  constructor({ maxLength, maxDepth, tail }: JsonDecoderSettings) {
    super({ maxLength, tail: 'emit' });
    this.jsonTail = tail;
    this.depth = new DepthCheck(maxDepth, 'receive');
  }

  protected deliverLine(bytes: Buffer, from: number, to: number, emit: (value: T) => void): void {
    const start = skipSpace(bytes, from, to);
    if (start < to) emit(this.parse(bytes, start, to));
  }

  /** A last line is complete if it is JSON. */
  protected override deliverTail(rest: Buffer, emit: (value: T) => void): void {
    const found: T[] = [];
    try {
      super.deliverTail(rest, (value) => found.push(value));
    } catch (cause) {
      if (this.jsonTail === 'error') throw truncated(rest.length, cause);
    }
    for (const value of found) emit(value);
  }

  private parse(bytes: Buffer, from: number, to: number): T {
    this.depth.check(bytes, from, to);
    return parseJson(bytes, from, to) as T;
  }
}

/** Values one after the other. */
export class JsonStreamDecoder<T> implements Decoder<Uint8Array, T> {
  private readonly maxLength: number;
  private readonly tail: Tail;
  private readonly scanner: JsonScanner;
  private readonly kept = new Accumulator();

  constructor({ maxLength, maxDepth, tail }: JsonDecoderSettings) {
    this.maxLength = maxLength;
    this.tail = tail;
    this.scanner = new JsonScanner(maxDepth, 'receive');
  }

  get residue(): number {
    return this.kept.length;
  }

  push(chunk: Uint8Array, emit: (value: T) => void): void {
    const bytes = bufferOf(chunk);
    const { length } = bytes;
    let at = 0;
    while (at < length) {
      const start = this.kept.length > 0 ? at : skipSpace(bytes, at, length);
      if (start === length) return;
      // One byte more than a value may have, and no further: what is behind it makes no difference then.
      const limit = Math.min(length, start + this.maxLength - this.kept.length + 1);
      const end = this.scanner.scan(bytes, start, limit);
      if (end < 0) {
        this.keep(bytes, start, limit);
        return;
      }
      at = end;
      emit(this.finish(bytes, start, end));
    }
  }

  end(emit: (value: T) => void): void {
    const { residue } = this;
    if (residue === 0) return;
    const rest = this.kept.finish();
    const last = this.scanner.endsWithStream ? lastValue(rest) : { fault: undefined };
    this.scanner.reset();
    if ('value' in last) emit(last.value as T);
    else if (this.tail === 'error') throw truncated(residue, last.fault);
  }

  private keep(bytes: Buffer, from: number, to: number): void {
    const length = this.kept.length + to - from;
    if (length > this.maxLength) throw growsTooLong(length, this.maxLength);
    this.kept.append(bytes, from, to);
  }

  private finish(bytes: Buffer, from: number, to: number): T {
    const { kept } = this;
    const length = kept.length + to - from;
    if (length > this.maxLength) throw tooLong(length, this.maxLength, 'receive');
    if (kept.length === 0) return parseJson(bytes, from, to) as T;
    kept.append(bytes, from, to);
    return parseJson(kept.finish(), 0, length) as T;
  }
}

/** A number or word that the end of the stream has ended, or why it is none. */
function lastValue(rest: Buffer): { value: unknown } | { fault: unknown } {
  try {
    return { value: parseJson(rest, 0, rest.length) };
  } catch (fault) {
    return { fault };
  }
}
