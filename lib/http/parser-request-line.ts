import type { Fault } from './http-error.ts';
import type { HttpParserSettings } from './limits.ts';
import { VERSION_LENGTH, behindLineEnd, minorVersionIn } from './parser-line.ts';
import { latin1 } from './syntax/latin1.ts';
import {
  BEGINS_QUERY,
  CR,
  IF_HEX_FOLLOWS,
  IF_RELAXED,
  IN_QUERY,
  IN_TARGET,
  LF,
  SP,
  TARGET,
  TOKEN,
} from './syntax/tables.ts';
import { type TargetForm, formOf, hasGoodEscapes } from './syntax/target.ts';

/** Longest method that is looked at. */
const MAX_METHOD = 64;

/** Which part of the line comes next. */
const METHOD = 0;
const IN_THE_TARGET = 1;
const VERSION = 2;
const LINE_END = 3;

/**
 * Reads request lines: method, target and version, parted by one space each. Where the bytes end, it stops, and it goes
 * on when they have become more.
 */
export class RequestLineReader {
  /** What has been read; of the target, where it is, counted from where the line begins. */
  method = '';
  targetFrom = 0;
  targetTo = 0;
  targetForm: TargetForm = 'origin';
  minorVersion: 0 | 1 = 1;

  private readonly settings: HttpParserSettings;
  private readonly fault: Fault;
  private readonly version: { readonly fault: Fault; readonly reason: 'request-line' };
  private readonly lineEnd: { readonly fault: Fault; readonly bareLf: boolean };
  private readonly maxLength: number;
  private part = METHOD;
  /** How far it has come. */
  private done = 0;
  private isQuery = false;
  private hasEscapes = false;
  /** A method that has been looked up. */
  private known = '';

  constructor(settings: HttpParserSettings, fault: Fault) {
    this.settings = settings;
    this.fault = fault;
    this.version = { fault, reason: 'request-line' };
    this.lineEnd = { fault, bareLf: settings.lenient.bareLf };
    this.maxLength = settings.limits.maxStartLine;
  }

  /**
   * Reads on.
   *
   * @param from Where the line begins.
   * @returns Where the next line begins; -1 if the line has not ended at `end`.
   */
  read(bytes: Buffer, from: number, end: number): number {
    let at = from + this.done;
    if (this.part === METHOD) at = this.readMethod(bytes, from, at, end);
    if (this.part === IN_THE_TARGET) at = this.readTarget(bytes, from, at, end);
    if (this.part === VERSION) at = this.readVersion(bytes, at, end);
    if (this.part === LINE_END && at < end) {
      const next = behindLineEnd(bytes, at, end, this.lineEnd);
      if (next === -2) throw this.fault('version-malformed');
      if (at - from > this.maxLength) throw this.tooLong(at - from);
      if (next >= 0) {
        this.reset();
        return next;
      }
    }
    this.done = at - from;
    return -1;
  }

  private reset(): void {
    this.part = METHOD;
    this.done = 0;
    this.isQuery = false;
    this.hasEscapes = false;
  }

  private readMethod(bytes: Buffer, from: number, start: number, end: number): number {
    let at = start;
    while (at < end && TOKEN[bytes[at]!] === 1) at++;
    if (at - from > MAX_METHOD) throw this.fault('method-length', `more than ${MAX_METHOD} bytes`);
    if (at === end) return at;
    if (bytes[at] !== SP || at === from) throw this.fault('method-token');
    this.method = methodIn(bytes, from, at);
    if (this.method !== this.known) this.lookUp();
    this.targetFrom = at + 1 - from;
    this.part = IN_THE_TARGET;
    return at + 1;
  }

  private lookUp(): void {
    const { method } = this;
    if (method === 'PRI') throw this.fault('http2-preface');
    if (this.settings.methods?.has(method) === false)
      throw this.fault('method-unknown', JSON.stringify(method));
    this.known = method;
  }

  private readTarget(bytes: Buffer, from: number, start: number, end: number): number {
    const target = TARGET; // a variable is quicker than an import
    const inTarget = IN_TARGET;
    let at = start;
    for (; at < end; at++) {
      while (at < end && target[bytes[at]!] === inTarget) at++;
      if (at === end || !this.isPassing(target[bytes[at]!]!)) break;
    }
    if (at - from > this.maxLength) throw this.tooLong(at - from);
    if (at === end) return at;
    if (bytes[at] !== SP || at - from === this.targetFrom) throw this.badTarget(bytes[at]!, at - from);
    this.targetTo = at - from;
    this.checkTarget(bytes, from);
    this.part = VERSION;
    return at + 1;
  }

  /** Whether a byte of this kind, other than those that always may, may stand in the target. */
  private isPassing(kind: number): boolean {
    if (kind === BEGINS_QUERY) this.isQuery = true;
    else if (kind === IF_HEX_FOLLOWS) this.hasEscapes = true;
    else if (kind !== IN_QUERY || !this.isQuery)
      return this.settings.lenient.anyTarget && (kind === IF_RELAXED || kind === IN_QUERY);
    return true;
  }

  private checkTarget(bytes: Buffer, from: number): void {
    const begin = from + this.targetFrom;
    const to = from + this.targetTo;
    if (this.hasEscapes && !this.settings.lenient.anyTarget && !hasGoodEscapes(bytes, begin, to))
      throw this.fault('target-escape');
    const form = formOf(bytes, begin, to, this.method);
    if (form === 'target-form' || form === 'target-authority') throw this.fault(form);
    this.targetForm = form;
  }

  private readVersion(bytes: Buffer, at: number, end: number): number {
    const minorVersion = minorVersionIn(bytes, at, end, this.version);
    if (minorVersion < 0) return at;
    this.minorVersion = minorVersion as 0 | 1;
    this.part = LINE_END;
    return at + VERSION_LENGTH;
  }

  private badTarget(byte: number, length: number) {
    if (length === this.targetFrom || byte === CR || byte === LF) return this.fault('request-line');
    return this.fault('target-character', `0x${byte.toString(16).padStart(2, '0')}`);
  }

  private tooLong(length: number) {
    return this.fault('request-line-length', `${length} bytes and more, ${this.maxLength} are allowed`);
  }
}

/** The method as a text; the usual ones without making one. */
function methodIn(bytes: Buffer, from: number, to: number): string {
  const length = to - from;
  const first = bytes[from];
  if (length === 3 && bytes[from + 2] === 0x54) {
    if (first === 0x47 && bytes[from + 1] === 0x45) return 'GET';
    if (first === 0x50 && bytes[from + 1] === 0x55) return 'PUT';
  }
  if (length === 4 && first === 0x50 && bytes[from + 1] === 0x4f) {
    if (bytes[from + 2] === 0x53 && bytes[from + 3] === 0x54) return 'POST';
  }
  return latin1(bytes, from, to);
}
