import type { Fault, Faults } from './http-error.ts';
import type { LenientFlags } from './limits.ts';
import {
  CHUNKED,
  CLOSE,
  CONNECTION_UPGRADE,
  EXPECT_CONTINUE,
  EXPECT_OTHER,
  HOST,
  KEEP_ALIVE,
  OTHER_CODING,
  TRANSFER_ENCODING,
  UPGRADE,
  WEBSOCKET,
} from './parser-field-block.ts';
import { authorityIn } from './syntax/authority.ts';
import { latin1 } from './syntax/latin1.ts';
import { isBlank, isDigit } from './syntax/tables.ts';
import { isToken, trimBlank } from './syntax/text.ts';

const name = (text: string) => Buffer.from(text);
const HOST_NAME = name('host');
const EXPECT_NAME = name('expect');
const UPGRADE_NAME = name('upgrade');
const CONNECTION_NAME = name('connection');
const CONTENT_LENGTH_NAME = name('content-length');
const TRANSFER_ENCODING_NAME = name('transfer-encoding');
const KEEP_ALIVE_OPTION = name('keep-alive');
const CONNECTION_FLAGS = new Map([
  ['close', CLOSE],
  ['keep-alive', KEEP_ALIVE],
  ['upgrade', CONNECTION_UPGRADE],
]);

/** Digits of the longest Content-Length; leading zeros count. */
const MAX_DIGITS = 19;

/** What must not come behind the body: what tells where the message ends, where it goes, and what becomes of the connection. */
const FORBIDDEN_IN_TRAILERS = new Set([
  ...['content-length', 'transfer-encoding', 'host', 'connection', 'keep-alive', 'proxy-connection'],
  ...['upgrade', 'te', 'expect'],
]);

/** Takes note of what fields say about the message that they are in, and checks those fields. */
export class FieldNotes {
  /** Bits from `CLOSE` to `EXPECT_OTHER`. */
  flags = 0;
  /** What Content-Length says; -1 if there is none. */
  contentLength = -1;
  private readonly lenient: Required<LenientFlags>;
  private readonly fault: Fault;
  private readonly isRequest: boolean;

  constructor(lenient: Required<LenientFlags>, { fault, kind }: Faults) {
    this.lenient = lenient;
    this.fault = fault;
    this.isRequest = kind === 'request';
  }

  /** Begins another message. */
  reset(): void {
    this.flags = 0;
    this.contentLength = -1;
  }

  /**
   * Looks at a field in front of the body. Which one it is shows its length, mostly.
   *
   * @param at Where its name is, `length` bytes.
   * @param from Where its value is, with the white space around it.
   */
  note(bytes: Buffer, at: number, length: number, from: number, to: number): void {
    if (length === 4) {
      if (this.isRequest && isNamed(bytes, at, HOST_NAME)) this.noteHost(bytes, from, to);
    } else if (length === 6) {
      if (isNamed(bytes, at, EXPECT_NAME)) this.noteExpect(bytes, from, to);
    } else if (length === 7) {
      if (isNamed(bytes, at, UPGRADE_NAME)) this.noteUpgrade(bytes, from, to);
    } else if (length === 10) {
      if (isNamed(bytes, at, CONNECTION_NAME)) this.noteConnection(bytes, from, to);
    } else if (length === 14) {
      if (isNamed(bytes, at, CONTENT_LENGTH_NAME)) this.noteContentLength(bytes, from, to);
    } else if (length === 17) {
      if (isNamed(bytes, at, TRANSFER_ENCODING_NAME)) this.noteTransferEncoding(valueIn(bytes, from, to));
    }
  }

  /** Looks at a field behind the body. */
  checkTrailer(bytes: Buffer, at: number, length: number): void {
    const wanted = latin1(bytes, at, at + length).toLowerCase();
    if (FORBIDDEN_IN_TRAILERS.has(wanted)) throw this.fault('trailer-forbidden', wanted);
  }

  private noteHost(bytes: Buffer, from: number, to: number): void {
    if ((this.flags & HOST) !== 0) throw this.fault('host-repeated');
    this.flags |= HOST;
    if (this.lenient.anyHost) return;
    const begin = skipBlanks(bytes, from, to);
    if (authorityIn(bytes, begin, skipBlanksBack(bytes, begin, to)) === undefined)
      throw this.fault('host-malformed');
  }

  private noteExpect(bytes: Buffer, from: number, to: number): void {
    const isKnown = valueIn(bytes, from, to).toLowerCase() === '100-continue';
    this.flags |= isKnown ? EXPECT_CONTINUE : EXPECT_OTHER;
  }

  private noteUpgrade(bytes: Buffer, from: number, to: number): void {
    const isAlone = (this.flags & UPGRADE) === 0 && valueIn(bytes, from, to).toLowerCase() === 'websocket';
    this.flags = (this.flags & ~WEBSOCKET) | UPGRADE | (isAlone ? WEBSOCKET : 0);
  }

  private noteConnection(bytes: Buffer, from: number, to: number): void {
    const begin = skipBlanks(bytes, from, to);
    const end = skipBlanksBack(bytes, begin, to);
    if (end - begin === KEEP_ALIVE_OPTION.length && isNamed(bytes, begin, KEEP_ALIVE_OPTION)) {
      this.flags |= KEEP_ALIVE;
      return;
    }
    // Options are tokens, so that a quotation mark does not hide what is behind it.
    for (const option of latin1(bytes, begin, end).toLowerCase().split(','))
      this.flags |= CONNECTION_FLAGS.get(trimBlank(option)) ?? 0;
  }

  private noteContentLength(bytes: Buffer, from: number, to: number): void {
    const begin = skipBlanks(bytes, from, to);
    const end = skipBlanksBack(bytes, begin, to);
    let length = 0;
    for (let at = begin; at < end; at++) {
      const byte = bytes[at]!;
      if (!isDigit(byte)) {
        this.noteLengths(latin1(bytes, begin, end));
        return;
      }
      length = length * 10 + byte - 0x30;
    }
    if (begin === end) throw this.fault('content-length-malformed', 'it is empty');
    this.noteLength(length, end - begin);
  }

  private noteLength(length: number, digits: number): void {
    if (digits > MAX_DIGITS || length > Number.MAX_SAFE_INTEGER) throw this.fault('content-length-overflow');
    if (this.contentLength >= 0 && !(this.lenient.repeatedContentLength && this.contentLength === length))
      throw this.fault('content-length-repeated');
    this.contentLength = length;
  }

  /** Content-Length with something else in it than digits: a list at best. */
  private noteLengths(value: string): void {
    const items = value.split(',').map(trimBlank);
    if (items.length < 2 || !items.every((item) => /^\d+$/.test(item)))
      throw this.fault('content-length-malformed', JSON.stringify(value.slice(0, 40)));
    if (!this.lenient.repeatedContentLength) throw this.fault('content-length-repeated');
    for (const item of items) this.noteLength(Number(item), item.length);
  }

  private noteTransferEncoding(value: string): void {
    this.flags |= TRANSFER_ENCODING;
    for (const coding of value.split(',')) {
      const [codingName = '', ...parameters] = trimBlank(coding).toLowerCase().split(';');
      const isChunked = codingName === 'chunked';
      if (!isToken(trimBlank(codingName)) || (isChunked && parameters.length > 0))
        throw this.fault('transfer-encoding-malformed', JSON.stringify(value.slice(0, 40)));
      if ((this.flags & CHUNKED) !== 0)
        throw this.fault(isChunked ? 'transfer-encoding-repeated' : 'transfer-encoding-not-chunked');
      this.flags |= isChunked ? CHUNKED : OTHER_CODING;
    }
  }
}

function valueIn(bytes: Buffer, from: number, to: number): string {
  const begin = skipBlanks(bytes, from, to);
  return latin1(bytes, begin, skipBlanksBack(bytes, begin, to));
}

function skipBlanks(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(bytes[at]!)) at++;
  return at;
}

function skipBlanksBack(bytes: Buffer, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(bytes[at - 1]!)) at--;
  return at;
}

/** Whether a name is `wanted`, whatever its case: `| 0x20` makes small letters, and of other token bytes no such one. */
function isNamed(bytes: Buffer, at: number, wanted: Buffer): boolean {
  for (let index = 0; index < wanted.length; index++)
    if ((bytes[at + index]! | 0x20) !== wanted[index]) return false;
  return true;
}
