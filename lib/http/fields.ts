import { HttpError } from './http-error.ts';
import { COLON } from './syntax/tables.ts';
import { isFieldValue, isToken, trimBlank } from './syntax/text.ts';

/** A field: its name as it was written, and its value. */
export type HttpField = readonly [name: string, value: string];

/**
 * The fields of a message in the order in which they came, their names as they were written.
 *
 * They are one text, which is taken apart when somebody asks: what nobody reads costs nothing. It cannot be changed. Each
 * byte of a value is one character, U+0000 to U+00FF.
 *
 * @example
 * const fields = HttpFields.from([['Content-Type', 'text/html'], ['Vary', 'Accept'], ['vary', 'Cookie']]);
 * fields.get('content-type'); // 'text/html'
 * fields.get('Vary'); // 'Accept, Cookie'
 * [...fields]; // the three pairs
 */
export class HttpFields implements Iterable<HttpField> {
  /** How many there are; one that is repeated counts each time. */
  readonly size: number;
  private readonly block: string;
  private readonly from: number;
  private starts: readonly number[] | undefined;

  /**
   * For parsers; others use {@link HttpFields.from}.
   *
   * @param block A text with the lines of valid fields in it, each ended by LF or CR and LF.
   * @param from Where in it the first line begins.
   * @param size How many lines there are.
   */
  constructor(block: string, from: number, size: number) {
    this.block = block;
    this.from = from;
    this.size = size;
  }

  /**
   * Makes fields of names and values.
   *
   * @throws HttpError `ERR_HTTP_FIELD` for a name that is no token, or a value that cannot be sent.
   */
  static from(pairs: Iterable<HttpField>): HttpFields {
    let block = '';
    let size = 0;
    for (const [name, value] of pairs) {
      const operation = 'send';
      if (!isToken(name)) throw new HttpError('field-name', JSON.stringify(name), { operation });
      if (!isFieldValue(value)) throw new HttpError('field-value', `in ${name}`, { operation });
      block += `${name}: ${value}\r\n`;
      size++;
    }
    return new HttpFields(block, 0, size);
  }

  /** Whether there is a field with this name, in whatever case. */
  has(name: string): boolean {
    return this.indexOf(name.toLowerCase(), 0) >= 0;
  }

  /**
   * The value of a field, whatever the case of its name. If the field is repeated, the values are joined to a list, which
   * means the same (RFC 9110 section 5.3); of Set-Cookie, which cannot be joined, it is the first value.
   */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    const first = this.indexOf(wanted, 0);
    if (first < 0) return undefined;
    const value = this.valueAt(first);
    const next = this.indexOf(wanted, first + 1);
    if (next < 0 || wanted === 'set-cookie') return value;
    return [value, ...this.valuesFrom(next, wanted)].join(wanted === 'cookie' ? '; ' : ', ');
  }

  /** The values of all fields with this name, in whatever case; empty if there is none. */
  getAll(name: string): readonly string[] {
    return this.valuesFrom(0, name.toLowerCase());
  }

  *[Symbol.iterator](): Generator<HttpField, void> {
    for (let index = 0; index < this.size; index++) yield [this.nameAt(index), this.valueAt(index)];
  }

  /** All fields by their names in lower case, each as {@link get} gives it. The object has no prototype. */
  toObject(): Record<string, string> {
    const made = Object.create(null) as Record<string, string>;
    for (let index = 0; index < this.size; index++) {
      const name = this.nameAt(index).toLowerCase();
      if (!(name in made)) made[name] = this.get(name)!;
    }
    return made;
  }

  private valuesFrom(first: number, wanted: string): string[] {
    const values: string[] = [];
    for (let index = this.indexOf(wanted, first); index >= 0; index = this.indexOf(wanted, index + 1))
      values.push(this.valueAt(index));
    return values;
  }

  /** Where the next field with this name is, from `index` on; -1 if there is none. */
  private indexOf(wanted: string, index: number): number {
    const starts = this.lines();
    for (let place = index; place < this.size; place++)
      if (this.isNamed(starts[place]!, wanted)) return place;
    return -1;
  }

  private isNamed(start: number, wanted: string): boolean {
    const { block } = this;
    const { length } = wanted;
    if (block.charCodeAt(start + length) !== COLON && endOfName(block, start) !== start + length)
      return false;
    for (let index = 0; index < length; index++) {
      const code = block.charCodeAt(start + index);
      const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
      if (lower !== wanted.charCodeAt(index)) return false;
    }
    return true;
  }

  private nameAt(index: number): string {
    const start = this.lines()[index]!;
    return this.block.slice(start, endOfName(this.block, start));
  }

  private valueAt(index: number): string {
    const { block } = this;
    const start = this.lines()[index]!;
    let end = block.indexOf('\n', start);
    if (block.charCodeAt(end - 1) === 0x0d) end--;
    return trimBlank(block.slice(block.indexOf(':', start) + 1, end));
  }

  /** Where the lines begin. */
  private lines(): readonly number[] {
    return (this.starts ??= this.findLines());
  }

  private findLines(): readonly number[] {
    const starts: number[] = [];
    let at = this.from;
    for (let index = 0; index < this.size; index++) {
      starts.push(at);
      at = this.block.indexOf('\n', at) + 1;
    }
    return starts;
  }
}

/** Where a name ends: at the colon, or at the white space that is put up with in front of it. */
function endOfName(block: string, start: number): number {
  let end = block.indexOf(':', start);
  while (block.charCodeAt(end - 1) === 0x20 || block.charCodeAt(end - 1) === 0x09) end--;
  return end;
}

/** No fields. */
export const NO_FIELDS = new HttpFields('', 0, 0);
