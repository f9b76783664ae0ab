import type { Fault } from './http-error.ts';
import type { HttpParserSettings } from './limits.ts';
import { VERSION_LENGTH, behindLineEnd, minorVersionIn } from './parser-line.ts';
import { CR, FIELD_VALUE, LF, SP, isDigit } from './syntax/tables.ts';

/** Which part of the line comes next. */
const VERSION = 0;
const CODE = 1;
const REASON = 2;

/** Bytes of a space and three digits. */
const CODE_LENGTH = 4;

/**
 * Reads status lines: version, code, and maybe a reason phrase, parted by one space each. Where the bytes end, it stops,
 * and it goes on when they have become more.
 */
export class StatusLineReader {
  /** What has been read; of the reason phrase, where it is, counted from where the line begins. */
  status = 0;
  reasonFrom = 0;
  reasonTo = 0;
  minorVersion: 0 | 1 = 1;

  private readonly fault: Fault;
  private readonly version: { readonly fault: Fault; readonly reason: 'status-line' };
  private readonly lineEnd: { readonly fault: Fault; readonly bareLf: boolean };
  private readonly maxLength: number;
  private part = VERSION;
  /** How far it has come. */
  private done = 0;

  constructor({ limits, lenient }: HttpParserSettings, fault: Fault) {
    this.fault = fault;
    this.version = { fault, reason: 'status-line' };
    this.lineEnd = { fault, bareLf: lenient.bareLf };
    this.maxLength = limits.maxStartLine;
  }

  /**
   * Reads on.
   *
   * @param from Where the line begins.
   * @returns Where the next line begins; -1 if the line has not ended at `end`.
   */
  read(bytes: Buffer, from: number, end: number): number {
    let at = from + this.done;
    if (this.part === VERSION) at = this.readVersion(bytes, at, end);
    if (this.part === CODE) at = this.readCode(bytes, from, at, end);
    if (this.part === REASON) {
      while (at < end && FIELD_VALUE[bytes[at]!] === 1) at++;
      if (at - from > this.maxLength) throw this.tooLong(at - from);
      const next = at < end ? this.endLine(bytes, from, at, end) : -1;
      if (next >= 0) return next;
    }
    this.done = at - from;
    return -1;
  }

  private readVersion(bytes: Buffer, at: number, end: number): number {
    const minorVersion = minorVersionIn(bytes, at, end, this.version);
    if (minorVersion < 0) return at;
    this.minorVersion = minorVersion as 0 | 1;
    this.part = CODE;
    return at + VERSION_LENGTH;
  }

  /** Reads the space and the digits, and the space behind them, if there is one. */
  private readCode(bytes: Buffer, from: number, at: number, end: number): number {
    const length = Math.min(end - at, CODE_LENGTH);
    for (let index = 0; index < length; index++) {
      const byte = bytes[at + index]!;
      const isRight = index === 0 ? byte === SP : isDigit(byte) && (index > 1 || byte !== 0x30);
      if (!isRight) throw this.fault('status-code');
    }
    const behind = at + CODE_LENGTH;
    if (behind >= end) return at;
    this.status = (bytes[at + 1]! - 0x30) * 100 + (bytes[at + 2]! - 0x30) * 10 + bytes[at + 3]! - 0x30;
    this.part = REASON;
    const isSpace = bytes[behind] === SP;
    if (!isSpace && bytes[behind] !== CR && bytes[behind] !== LF) throw this.fault('status-code');
    this.reasonFrom = (isSpace ? behind + 1 : behind) - from;
    return from + this.reasonFrom;
  }

  private endLine(bytes: Buffer, from: number, at: number, end: number): number {
    const next = behindLineEnd(bytes, at, end, this.lineEnd);
    if (next === -2) throw this.fault('reason-phrase');
    if (next < 0) return -1;
    this.reasonTo = at - from;
    this.part = VERSION;
    this.done = 0;
    return next;
  }

  private tooLong(length: number) {
    return this.fault('status-line-length', `${length} bytes and more, ${this.maxLength} are allowed`);
  }
}
