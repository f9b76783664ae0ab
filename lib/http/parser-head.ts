import { HttpFields } from './fields.ts';
import { type FieldBlock, FieldMemo } from './parser-field-block.ts';
import { FieldReader } from './parser-fields.ts';
import type { HeadContext } from './parser-framing.ts';
import type { KeptBytes } from './parser-kept.ts';
import { latin1 } from './syntax/latin1.ts';

/** Reads the first line of a message. */
export interface LineReader {
  /** Reads on; answers with where the next line begins, -1 if the line has not ended at `end`. */
  read(bytes: Buffer, from: number, end: number): number;
}

/**
 * Reads the head of a message: its first line and its fields. A head that is whole within a chunk is read in place; what
 * is cut is kept, up to the limit, and each byte of it is looked at once.
 */
export class HeadReader<Line extends LineReader> {
  /** What has been read in the first line. */
  readonly line: Line;

  private readonly context: HeadContext;
  private readonly fields: FieldReader;
  private readonly memo = new FieldMemo();
  private readonly kept: KeptBytes;
  private readonly max: number;
  /** Where the fields begin, counted from where the head begins; 0 while that is not known. */
  private fieldsAt = 0;
  private found: FieldBlock | undefined;
  /** The head as text, if it had to be made; else its bytes. */
  private text = '';
  private bytes: Buffer | undefined;
  private from = 0;

  /** @param kept Holds a head that is cut. */
  constructor(line: Line, context: HeadContext, kept: KeptBytes) {
    this.line = line;
    this.context = context;
    this.kept = kept;
    this.max = context.settings.limits.maxHead;
    this.fields = new FieldReader(context, false);
  }

  /** The fields that have been read. */
  get block(): FieldBlock {
    return this.found!;
  }

  /**
   * Reads on; what has been read must not be read again.
   *
   * @returns Where the head ends; -1 if that has not come before `end`.
   */
  read(chunk: Buffer, at: number, end: number): number {
    if (this.kept.length > 0) return this.readKept(chunk, at, end);
    const most = Math.min(end, at + this.max);
    const behind = this.walk(chunk, at, most);
    if (behind >= 0) return behind;
    if (most - at === this.max) throw this.tooLong();
    this.kept.append(chunk, at, end);
    return -1;
  }

  /** A part of the first line as text; only before anything else is read. */
  slice(from: number, to: number): string {
    const { bytes } = this;
    if (bytes === undefined) return this.text.slice(from, to);
    return latin1(bytes, this.from + from, this.from + to);
  }

  /** Lets go of the bytes. */
  release(): void {
    this.bytes = undefined;
    this.text = '';
    this.found = undefined;
    this.kept.clear();
  }

  /** Reads on in what is kept, to which the chunk is appended piece by piece. */
  private readKept(chunk: Buffer, from: number, end: number): number {
    const { kept } = this;
    let at = from;
    while (at < end) {
      const before = kept.length;
      const piece = Math.min(end - at, this.max - before, PIECE);
      kept.append(chunk, at, at + piece);
      const behind = this.walk(kept.bytes, 0, kept.length);
      if (behind >= 0) return at + behind - before;
      if (kept.length === this.max) throw this.tooLong();
      at += piece;
    }
    return -1;
  }

  private walk(bytes: Buffer, from: number, end: number): number {
    if (this.fieldsAt === 0) {
      const behind = this.line.read(bytes, from, end);
      if (behind < 0) return -1;
      this.fieldsAt = behind - from;
      const { memo } = this;
      const found = memo.find(bytes, behind, end);
      if (found !== undefined) {
        this.finish(bytes, from, found);
        return behind + memo.found;
      }
    }
    const start = from + this.fieldsAt;
    const behind = this.fields.read(bytes, start, end);
    if (behind >= 0) this.makeBlock(bytes, from, start, behind);
    return behind;
  }

  private makeBlock(bytes: Buffer, from: number, start: number, behind: number): void {
    const { fields } = this;
    const { flags, contentLength } = fields.notes;
    const text = latin1(bytes, from, behind);
    const block = { fields: new HttpFields(text, start - from, fields.count), flags, contentLength };
    fields.reset();
    this.memo.remember(bytes, start, behind, block);
    this.finish(undefined, from, block);
    this.text = text;
  }

  private finish(bytes: Buffer | undefined, from: number, block: FieldBlock): void {
    this.fieldsAt = 0;
    this.found = block;
    this.bytes = bytes;
    this.from = from;
  }

  private tooLong() {
    return this.context.fault('head-length', `more than the ${this.max} bytes that are allowed`);
  }
}

/** What is appended at once: heads are short, and what follows them is not wanted. */
const PIECE = 1024;
