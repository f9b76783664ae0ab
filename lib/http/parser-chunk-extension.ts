import type { Fault } from './http-error.ts';
import type { HttpParserSettings } from './limits.ts';
import type { KeptBytes } from './parser-kept.ts';
import { latin1 } from './syntax/latin1.ts';
import {
  BACKSLASH,
  CR,
  DQUOTE,
  EQUALS,
  FIELD_VALUE,
  LF,
  QUOTED_TEXT,
  SEMICOLON,
  TOKEN,
  isBlank,
} from './syntax/tables.ts';

/** Where in the extensions it is: in front of a semicolon, … */
const BEFORE_SEMICOLON = 0;
/** … in front of a name, … */
const BEFORE_NAME = 1;
/** … in it, … */
const NAME = 2;
/** … behind white space that follows it, … */
const BEHIND_NAME = 3;
/** … in front of a value, … */
const BEFORE_VALUE = 4;
/** … in one that is a token, … */
const TOKEN_VALUE = 5;
/** … in one in quotes, … */
const QUOTED = 6;
/** … behind a backslash there; … */
const ESCAPED = 7;
/** … or they are malformed. */
const WRONG = 8;

/**
 * Reads the extensions of a chunk up to the line end: `;name;name=token;name="quoted"` (RFC 9112 section 7.1.1). It
 * counts their bytes, those of all chunks of a message together.
 */
export class ChunkExtensionReader {
  /** The extensions that have been read, without the first semicolon. */
  text = '';

  private readonly fault: Fault;
  private readonly kept: KeptBytes;
  private readonly takesSpaces: boolean;
  private readonly max: number;
  private part = BEFORE_SEMICOLON;
  private total = 0;

  /** @param kept Holds extensions that are cut. */
  constructor({ limits, lenient }: HttpParserSettings, fault: Fault, kept: KeptBytes) {
    this.fault = fault;
    this.kept = kept;
    this.takesSpaces = lenient.spacesInChunkLines;
    this.max = limits.maxChunkExtensions;
  }

  /** Begins another message. */
  reset(): void {
    this.total = 0;
  }

  /**
   * Reads on; what has been read must not be read again.
   *
   * @returns Where the line end is; -1 if it has not come before `end`.
   */
  read(bytes: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = bytes[at]!;
      if ((byte === CR || byte === LF) && this.mayEnd()) {
        this.finish(bytes, from, at);
        return at;
      }
      if (++this.total > this.max)
        throw this.fault('chunk-extension-length', `more than the ${this.max} bytes that are allowed`);
      this.part = this.behind(byte);
      if (this.part === WRONG) throw this.fault('chunk-extension');
    }
    this.kept.append(bytes, from, end);
    return -1;
  }

  private mayEnd(): boolean {
    const { part } = this;
    return part === NAME || part === TOKEN_VALUE || part === BEFORE_SEMICOLON || part === BEHIND_NAME;
  }

  private finish(bytes: Buffer, from: number, to: number): void {
    const { kept } = this;
    let text = latin1(kept.bytes, 0, kept.length) + latin1(bytes, from, to);
    if (this.takesSpaces) text = text.trim();
    this.text = text.slice(1);
    this.part = BEFORE_SEMICOLON;
    kept.clear();
  }

  /** Where it is behind this byte. */
  private behind(byte: number): number {
    const { part } = this;
    if (part === QUOTED) {
      if (byte === DQUOTE) return BEFORE_SEMICOLON;
      if (byte === BACKSLASH) return ESCAPED;
      return QUOTED_TEXT[byte] === 1 ? QUOTED : WRONG;
    }
    if (part === ESCAPED) return FIELD_VALUE[byte] === 1 ? QUOTED : WRONG;
    if (isBlank(byte)) return this.takesSpaces ? BEHIND_BLANK[part]! : WRONG;
    if (byte === SEMICOLON) return part === BEFORE_NAME || part === BEFORE_VALUE ? WRONG : BEFORE_NAME;
    if (byte === EQUALS) return part === NAME || part === BEHIND_NAME ? BEFORE_VALUE : WRONG;
    if (byte === DQUOTE) return part === BEFORE_VALUE ? QUOTED : WRONG;
    if (TOKEN[byte] !== 1) return WRONG;
    return BEHIND_TOKEN[part]!;
  }
}

/** Where it is behind white space, by where it was; and behind a byte of a token. */
const BEHIND_BLANK = [
  BEFORE_SEMICOLON,
  BEFORE_NAME,
  BEHIND_NAME,
  BEHIND_NAME,
  BEFORE_VALUE,
  BEFORE_SEMICOLON,
];
const BEHIND_TOKEN = [WRONG, NAME, NAME, WRONG, TOKEN_VALUE, TOKEN_VALUE];
