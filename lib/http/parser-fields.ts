import type { Fault } from './http-error.ts';
import type { LenientFlags } from './limits.ts';
import { FieldNotes } from './parser-field-notes.ts';
import type { HeadContext } from './parser-framing.ts';
import { behindLineEnd } from './parser-line.ts';
import { isText, wordsOf } from './parser-words.ts';
import { COLON, CR, FIELD_VALUE, FIELD_VALUE_RELAXED, LF, SP, TOKEN, isBlank } from './syntax/tables.ts';

/** Which part of a line comes next. */
const NAME = 0;
const BLANK = 1;
const VALUE = 2;

/**
 * Reads the lines of fields up to the empty line behind them. Every byte is checked. Where the bytes end, it stops, and
 * it goes on when they have become more.
 */
export class FieldReader {
  /** What the fields say that have been read. */
  readonly notes: FieldNotes;
  /** How many there are. */
  count = 0;

  private readonly isTrailer: boolean;
  private readonly lenient: Required<LenientFlags>;
  private readonly maxFields: number;
  private readonly fault: Fault;
  private readonly values: Uint8Array;
  private readonly lineEnd: { readonly fault: Fault; readonly bareLf: boolean };
  private part = NAME;
  /** How far it has come, and where the line and the parts of it begin: counted from where the first line begins. */
  private done = 0;
  private line = 0;
  private nameEnd = 0;
  private value = 0;

  /** @param isTrailer Whether the fields come behind the body: then nothing is noted, and some may not be there. */
  constructor(context: HeadContext, isTrailer: boolean) {
    const { fault, settings } = context;
    const { limits, lenient } = settings;
    this.lenient = lenient;
    this.maxFields = limits.maxFields;
    this.fault = fault;
    this.isTrailer = isTrailer;
    this.notes = new FieldNotes(lenient, context);
    this.values = lenient.controlsInValues ? FIELD_VALUE_RELAXED : FIELD_VALUE;
    this.lineEnd = { fault, bareLf: lenient.bareLf };
  }

  /** Begins anew. */
  reset(): void {
    this.notes.reset();
    this.count = 0;
    this.part = NAME;
    this.done = 0;
    this.line = 0;
  }

  /**
   * Reads on. (This is where the time goes; hence variables for what could be fields and imports, and no calls.)
   *
   * @param from Where the first line begins.
   * @returns Where the empty line ends; -1 if that has not come before `end`.
   */
  read(bytes: Buffer, from: number, end: number): number {
    const { values, maxFields } = this;
    const token = TOKEN;
    const colon = COLON;
    const cr = CR;
    const lf = LF;
    const words = wordsOf(bytes.buffer);
    const offset = bytes.byteOffset;
    const lastWord = Math.min((offset + end) >> 2, words.length);
    let { part, count } = this;
    let line = from + this.line;
    let nameEnd = from + this.nameEnd;
    let value = from + this.value;
    let at = from + this.done;
    for (;;) {
      if (part === NAME) {
        while (at < end && token[bytes[at]!] === 1) at++;
        if (at === end) break;
        nameEnd = at;
        if (bytes[at] === colon && at > line) {
          part = VALUE;
          value = ++at;
          if (++count > maxFields) throw this.tooMany();
        } else {
          if (at === line && (bytes[at] === cr || bytes[at] === lf)) {
            const behind = behindLineEnd(bytes, at, end, this.lineEnd);
            if (behind < 0) break;
            this.count = count;
            return behind;
          }
          this.checkBlank(bytes[at]!, at === line);
          part = BLANK;
        }
      }
      if (part === BLANK) {
        while (at < end && isBlank(bytes[at]!)) at++;
        if (at === end) break;
        if (bytes[at] !== colon) throw this.fault('field-name');
        part = VALUE;
        value = ++at;
        if (++count > maxFields) throw this.tooMany();
      }
      while (((offset + at) & 3) !== 0 && at < end && values[bytes[at]!] === 1) at++;
      let word = (offset + at) >> 2;
      if (((offset + at) & 3) === 0 && word < lastWord) {
        while (word < lastWord && isText(words[word]!)) word++;
        at = (word << 2) - offset;
      }
      while (at < end && values[bytes[at]!] === 1) at++;
      if (at === end) break;
      let next = at + 2;
      if (bytes[at] !== cr || next > end || bytes[at + 1] !== lf || this.lenient.foldedFields) {
        next = this.endValue(bytes, at, end);
        if (next === -1) break;
        if (isBlank(bytes[next]!) && this.lenient.foldedFields) {
          bytes.fill(SP, at, next);
          at = next;
          continue;
        }
      }
      if (this.isTrailer) this.notes.checkTrailer(bytes, line, nameEnd - line);
      else this.notes.note(bytes, line, nameEnd - line, value, at);
      line = at = next;
      part = NAME;
    }
    this.part = part;
    this.count = count;
    this.line = line - from;
    this.nameEnd = nameEnd - from;
    this.value = value - from;
    this.done = at - from;
    return -1;
  }

  /** Something else than a colon is behind the name: white space at best. */
  private checkBlank(byte: number, isEmpty: boolean): void {
    if (!isBlank(byte)) throw this.fault('field-name', shown(byte));
    if (isEmpty) throw this.fault('field-fold');
    if (!this.lenient.spaceBeforeColon) throw this.fault('field-name-space');
  }

  /**
   * The byte behind a value has come; it should be CR.
   *
   * @returns Where the next line begins; -1 if that takes more bytes.
   */
  private endValue(bytes: Buffer, at: number, end: number): number {
    const next = behindLineEnd(bytes, at, end, this.lineEnd);
    if (next === -2) throw this.fault('field-value', shown(bytes[at]!));
    // Whether it goes on shows the byte behind it.
    return next === end && this.lenient.foldedFields ? -1 : next;
  }

  private tooMany() {
    return this.fault('field-count', `more than the ${this.maxFields} that are allowed`);
  }
}

function shown(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
