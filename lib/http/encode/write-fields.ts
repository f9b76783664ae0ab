import { NetworkError } from '../../base/errors.ts';
import { quoted } from './characters.ts';
import { FieldFacts } from './field-facts.ts';
import { fieldName, OTHER, TRANSFER_ENCODING } from './field-name.ts';
import { badMessage } from './message-error.ts';
import { NO_ROOM } from './put.ts';
import { putValue } from './put-value.ts';

/**
 * Fields of a message to be sent: an object with a property for each name, an array standing for repeated fields, or
 * anything that iterates over pairs of name and value, which keeps any order. Names are written as they are given, and
 * compared without regard to case.
 *
 * A value is text of Latin-1 without control characters except TAB, or a finite number. An object or an array that is
 * frozen, with all that is in it, is checked and encoded only once.
 *
 * @example
 * const fields: FieldsInit = { 'Content-Type': 'text/plain', 'Set-Cookie': ['a=1', 'b=2'], 'X-Count': 3 };
 */
export type FieldsInit =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [name: string, value: string | number]>;

let writing = false;

/**
 * Throws while fields are being written. Reading them can run code of the user (an iterator, a getter), and if that
 * sent a message of its own, both would go to the same place.
 */
export function checkNotWriting(): void {
  if (writing) {
    throw new NetworkError('ERR_STATE', 'what lists the fields of a message sends another message', {
      operation: 'send',
    });
  }
}

/** Writes the lines of fields, checked, and gathers what they say about framing and connection. */
export class FieldLines {
  readonly facts = new FieldFacts();
  /** Where the lines end so far; `NO_ROOM` if the target is too small for them. */
  at: number;
  private readonly target: Buffer;
  private readonly omitCoding: boolean;

  /**
   * @param at Where to begin, or `NO_ROOM`.
   * @param omitCoding Leave out `Transfer-Encoding`, though it is taken note of: the receiver does not know it.
   */
  constructor(target: Buffer, at: number, omitCoding = false) {
    this.target = target;
    this.at = at;
    this.omitCoding = omitCoding;
  }

  /**
   * Adds a line for each field.
   *
   * @throws ProtocolError (`ERR_HTTP_MESSAGE`) naming the field and what is wrong with it.
   */
  addAll(fields: FieldsInit): this {
    checkNotWriting();
    writing = true;
    try {
      if (Symbol.iterator in fields) this.addPairs(fields as Iterable<readonly [string, string | number]>);
      else this.addObject(fields);
    } finally {
      writing = false;
    }
    return this;
  }

  private addPairs(fields: Iterable<readonly [string, string | number]>): void {
    for (const [name, value] of fields) this.add(name, value);
  }

  private addObject(fields: Readonly<Record<string, string | number | readonly string[]>>): void {
    for (const name of Object.keys(fields)) {
      const value = fields[name]!;
      if (Array.isArray(value)) for (const one of value as readonly string[]) this.add(name, one);
      else this.add(name, value as string | number);
    }
  }

  private add(name: string, value: string | number): void {
    const { start, kind } = fieldName(name);
    const text = typeof value === 'string' ? value : numberText(name, value);
    if (kind !== OTHER) {
      this.facts.note(kind, text);
      if (kind === TRANSFER_ENCODING && this.omitCoding) return;
    }
    const { target, at } = this;
    const valueAt = at + start.length;
    const end = valueAt + text.length + 2;
    if (at < 0 || end > target.length) {
      this.at = NO_ROOM;
      return;
    }
    target.set(start, at);
    putValue(target, valueAt, text, name);
    target[end - 2] = 13; // CR
    target[end - 1] = 10; // LF
    this.at = end;
  }
}

function numberText(name: string, value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  const shown = typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value;
  throw badMessage(`the field ${quoted(name)} must be a text or a finite number, got ${shown}`);
}
