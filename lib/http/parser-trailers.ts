import { HttpFields } from './fields.ts';
import { FieldReader } from './parser-fields.ts';
import type { HeadContext } from './parser-framing.ts';
import type { KeptBytes } from './parser-kept.ts';
import { latin1 } from './syntax/latin1.ts';

/** Reads the fields behind the last chunk, and the empty line behind them. */
export class TrailerReader {
  /** What has been read; `undefined` if there were no fields. */
  fields: HttpFields | undefined;

  private readonly context: HeadContext;
  private readonly reader: FieldReader;
  private readonly kept: KeptBytes;
  private readonly max: number;

  /** @param kept Holds fields that are cut. */
  constructor(context: HeadContext, kept: KeptBytes) {
    this.context = context;
    this.kept = kept;
    this.max = context.settings.limits.maxTrailers;
    this.reader = new FieldReader(context, true);
  }

  /**
   * Reads on; what has been read must not be read again.
   *
   * @returns Where the empty line ends; -1 if that has not come before `end`.
   */
  read(chunk: Buffer, at: number, end: number): number {
    const { kept } = this;
    const before = kept.length;
    const most = Math.min(end, at + this.max - before);
    if (before > 0) kept.append(chunk, at, most);
    const [bytes, from, to] = before > 0 ? [kept.bytes, 0, kept.length] : [chunk, at, most];
    const behind = this.reader.read(bytes, from, to);
    if (behind >= 0) {
      this.finish(bytes, from, behind);
      return behind - from + at - before;
    }
    if (before + most - at === this.max)
      throw this.context.fault('trailer-length', `more than the ${this.max} bytes that are allowed`);
    if (before === 0) kept.append(chunk, at, most);
    return -1;
  }

  private finish(bytes: Buffer, from: number, to: number): void {
    const { count } = this.reader;
    this.fields = count === 0 ? undefined : new HttpFields(latin1(bytes, from, to), 0, count);
    this.reader.reset();
    this.kept.clear();
  }
}
