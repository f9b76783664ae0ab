import { type Direction, malformed } from './faults.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a byte outside of strings is to the scanner; from `OPEN` on it changes something. */
const OTHER = 0;
const SPACE = 1;
const SCALAR = 2;
const OPEN = 3;
const CLOSE = 4;
const STRING = 5;

const KINDS = kinds({ ' \t\n\r': SPACE, '+-.': SCALAR, '{[': OPEN, '}]': CLOSE, '"': STRING });

function kinds(known: Record<string, number>): Uint8Array {
  const table = new Uint8Array(256).fill(OTHER);
  for (let byte = 0; byte < 128; byte++) {
    if (/[0-9A-Za-z]/.test(String.fromCharCode(byte))) table[byte] = SCALAR;
  }
  for (const [characters, kind] of Object.entries(known)) {
    for (const byte of Buffer.from(characters)) table[byte] = kind;
  }
  return table;
}

/** Index of the first byte from `from` on that is not white space; `to` when there is none. */
export function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && KINDS[bytes[at]!] === SPACE) at++;
  return at;
}

/**
 * Finds where a JSON value ends, however it is cut. It knows strings and depth, and nothing else of JSON: whether what
 * it found is a value is up to the parser.
 */
export class JsonScanner {
  private readonly maxDepth: number;
  private readonly operation: Direction;
  private depth = 0;
  private inString = false;
  private isEscaped = false;
  private inScalar = false;

  constructor(maxDepth: number, operation: Direction) {
    this.maxDepth = maxDepth;
    this.operation = operation;
  }

  /** Whether the value under way is a number or a word, which ends where white space or the stream's end follows. */
  get endsWithStream(): boolean {
    return this.inScalar;
  }

  /** Forgets the value under way. */
  reset(): void {
    this.depth = 0;
    this.inString = false;
    this.isEscaped = false;
    this.inScalar = false;
  }

  /**
   * Goes on with a value, or begins one, at `bytes[from]`. A value must not begin with white space, nor must there be
   * nothing to scan.
   *
   * @returns The index behind the value; -1 when its end has not been seen in front of index `to`.
   * @throws ProtocolError `ERR_FRAME_DATA` for what cannot begin a value or go on with it, and for too much depth.
   */
  scan(bytes: Uint8Array, from: number, to: number): number {
    let at = this.isBetween() ? this.start(bytes, from) : from;
    if (this.inScalar) return this.scanScalar(bytes, at, to);
    while (at < to) {
      at = this.inString ? this.scanString(bytes, at, to) : this.scanContainer(bytes, at, to);
      if (this.isBetween()) return at;
    }
    return -1;
  }

  private isBetween(): boolean {
    return this.depth === 0 && !this.inString && !this.inScalar;
  }

  private start(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!;
    const kind = KINDS[byte];
    if (kind === OPEN) this.descend();
    else if (kind === STRING) this.inString = true;
    else if (kind === SCALAR) this.inScalar = true;
    else throw this.unexpected(byte, 'cannot begin a JSON value');
    return at + 1;
  }

  private scanScalar(bytes: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      const kind = KINDS[byte];
      if (kind === SCALAR) continue;
      if (kind !== SPACE) throw this.unexpected(byte, 'cannot follow a number, true, false or null');
      this.inScalar = false;
      return at;
    }
    return -1;
  }

  private scanString(bytes: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (this.isEscaped) {
        this.isEscaped = false;
      } else if (byte === BACKSLASH) {
        this.isEscaped = true;
      } else if (byte === QUOTE) {
        this.inString = false;
        return at + 1;
      }
    }
    return to;
  }

  /** Stops where a string begins or the outermost container ends. */
  private scanContainer(bytes: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const kind = KINDS[bytes[at]!]!;
      if (kind < OPEN) continue;
      if (kind === OPEN) {
        this.descend();
      } else if (kind === STRING) {
        this.inString = true;
        return at + 1;
      } else if (--this.depth === 0) {
        return at + 1;
      }
    }
    return to;
  }

  private descend(): void {
    if (++this.depth <= this.maxDepth) return;
    throw malformed(
      `JSON nested ${this.depth} deep exceeds maxDepth, which is ${this.maxDepth}`,
      this.operation,
    );
  }

  private unexpected(byte: number, what: string): Error {
    return malformed(`byte 0x${byte.toString(16).padStart(2, '0')} ${what}`, this.operation);
  }
}
