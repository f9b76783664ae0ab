import type { Fault } from './http-error.ts';
import type { HttpParserSettings } from './limits.ts';
import { ChunkExtensionReader } from './parser-chunk-extension.ts';
import type { KeptBytes } from './parser-kept.ts';
import { CR, HEX, LF, SEMICOLON, isBlank } from './syntax/tables.ts';

/** Hexadecimal digits of the longest size; leading zeros count. */
const MAX_DIGITS = 16;

/** Which part of the line comes next. */
const SIZE = 0;
const EXTENSIONS = 1;
const LINE_END = 2;
const LINE_FEED = 3;

/**
 * Reads the line in front of a chunk: its size, and maybe extensions (RFC 9112 section 7.1).
 *
 *     1a3;name=value;other="in quotes" CR LF
 */
export class ChunkLineReader {
  /** The size that has been read. */
  size = 0;
  /** The extensions as text, without the first semicolon; empty if there are none. */
  extensions = '';

  private readonly fault: Fault;
  private readonly bareLf: boolean;
  private readonly takesSpaces: boolean;
  private readonly extension: ChunkExtensionReader;
  private part = SIZE;
  private digits = 0;

  /** @param kept Holds extensions that are cut. */
  constructor(settings: HttpParserSettings, fault: Fault, kept: KeptBytes) {
    this.fault = fault;
    this.bareLf = settings.lenient.bareLf;
    this.takesSpaces = settings.lenient.spacesInChunkLines;
    this.extension = new ChunkExtensionReader(settings, fault, kept);
  }

  /** Begins another message. */
  reset(): void {
    this.extension.reset();
  }

  /**
   * Reads on; what has been read must not be read again.
   *
   * @returns Where the line ends; -1 if that has not come before `end`.
   */
  read(bytes: Buffer, from: number, end: number): number {
    let at = from;
    if (this.part === SIZE) {
      at = this.readSize(bytes, at, end);
      if (at === end) return -1;
      this.part = this.partBehindSize(bytes[at]!);
    }
    if (this.part === EXTENSIONS) {
      at = this.extension.read(bytes, at, end);
      if (at < 0) return -1;
      this.extensions = this.extension.text;
      this.part = LINE_END;
    }
    if (this.part === LINE_END) this.part = this.partBehindEnd(bytes[at++]!);
    if (this.part === LINE_FEED) {
      if (at === end) return -1;
      if (bytes[at++] !== LF) throw this.fault('bare-cr');
    }
    this.part = SIZE;
    this.digits = 0;
    return at;
  }

  private readSize(bytes: Buffer, from: number, end: number): number {
    let size = this.digits === 0 ? 0 : this.size;
    let at = from;
    for (; at < end; at++) {
      const value = HEX[bytes[at]!]!;
      if (value < 0) break;
      if (++this.digits > MAX_DIGITS) throw this.fault('chunk-size-overflow');
      size = size * 16 + value;
    }
    this.size = size;
    return at;
  }

  private partBehindSize(byte: number): number {
    if (this.digits === 0) throw this.fault('chunk-size');
    if (this.size > Number.MAX_SAFE_INTEGER) throw this.fault('chunk-size-overflow');
    this.extensions = '';
    if (byte === CR || byte === LF) return LINE_END;
    if (byte === SEMICOLON || (this.takesSpaces && isBlank(byte))) return EXTENSIONS;
    throw this.fault('chunk-size');
  }

  /** CR or LF has come. */
  private partBehindEnd(byte: number): number {
    if (byte === CR) return LINE_FEED;
    if (this.bareLf) return SIZE;
    throw this.fault('bare-lf');
  }
}
