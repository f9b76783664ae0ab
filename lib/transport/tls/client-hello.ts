import { ByteReader } from '../../bytes/byte-reader.ts';
import { badHello, longHello, notTls, SHOWN } from './hello-faults.ts';
import { type ClientHello, parseHello } from './hello-message.ts';
import type { TlsError } from './tls-error.ts';

export type { ClientHello } from './hello-message.ts';

/**
 * Most bytes that a hello may take, its headers included: 65536. Real ones take a few hundred, or up to two thousand
 * with keys that withstand quantum computers; the headers weigh if a client cuts it into many small records.
 */
export const MAX_HELLO = 64 * 1024;

/** Content type of the records that a handshake travels in. */
const HANDSHAKE = 22;
/** First byte of the version, since SSL 3.0 and still in TLS 1.3. */
const VERSION = 3;
/** Type of the handshake message that comes first. */
const CLIENT_HELLO = 1;

const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** Longest record, with room for what older versions add to the 2^14 bytes of its content. */
const MAX_RECORD = 2 ** 14 + 256;

/**
 * Whether a connection that begins with this byte can only be TLS. For a server that serves TLS and something else on
 * the same port: text never begins so, and of binary protocols few do.
 *
 * @param firstByte 0 to 255.
 *
 * @example
 * looksLikeTls(0x16); // true
 * looksLikeTls('G'.charCodeAt(0)); // false
 */
export function looksLikeTls(firstByte: number): boolean {
  return firstByte === HANDSHAKE;
}

/**
 * Reads the beginning of a TLS connection on the server's side, before it is decided who answers and with which
 * certificate. Changes nothing: what it was fed is handed on to whoever does the handshake.
 *
 * The hello is one message, in one record or cut into several (RFC 8446, 5.1), and those cut into chunks anywhere:
 *
 * ```text
 * | 22 | 3 | x | length | 1 |    length    | hello ... |   | 22 | 3 | x | length | ... hello |
 * |  1 | 1 | 1 |   2    | 1 |      3       |           |   |  1 | 1 | 1 |   2    |           |
 * |<-- record header -->|<-message header->|               |<-- record header -->|
 * ```
 *
 * It looks no further than it has to: ciphers and versions are the business of whoever answers, and so is everything
 * behind the hello, be it in the same record.
 *
 * @example
 * const reader = new HelloReader();
 * const feed = (chunk: Uint8Array) => {
 *   const hello = reader.push(chunk);
 *   if (hello !== undefined) answer(hello.serverName, reader.take());
 * };
 */
export class HelloReader {
  private readonly fed = new ByteReader();
  private hello: ClientHello | undefined = undefined;
  /** Bytes that have been looked at; behind the hello nothing is. */
  private seen = 0;
  /** Records whose header is complete. */
  private records = 0;
  /** Bytes read of a record's header, the length in it, and what is still to come of the record's content. */
  private header = 0;
  private recordLength = 0;
  private content = 0;
  /** Bytes read of the message's header, the length in it, and what is surely still to come of the message. */
  private intro = 0;
  private messageLength = 0;
  private missing = MESSAGE_HEADER;

  /** Bytes that have been fed and not been taken. */
  get length(): number {
    return this.fed.length;
  }

  /**
   * Takes the next bytes, which must not be changed any more.
   *
   * @returns The hello, as soon as it is complete, and then always; `undefined` as long as it is not.
   * @throws TlsError `ERR_TLS_PLAIN` as soon as the first record shows that the peer does not speak TLS, mostly
   * with its first byte; `ERR_TLS_HANDSHAKE` when the hello is malformed or takes more than {@link MAX_HELLO} bytes.
   * Then nothing may be pushed any more, but what was fed can be taken.
   */
  push(chunk: Uint8Array): ClientHello | undefined {
    this.fed.push(chunk);
    if (this.hello === undefined && this.scan(chunk)) this.hello = parseHello(this.body());
    return this.hello;
  }

  /** Removes and returns everything that was fed, unchanged, in one piece; without a copy if it came as one chunk. */
  take(): Buffer {
    return this.fed.fetch(this.fed.length);
  }

  /** Looks for the end of the hello. */
  private scan(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.content === 0) this.readHeader(chunk[at++]!);
      else if (this.intro < MESSAGE_HEADER) this.readIntro(chunk[at++]!);
      else at += this.pass(chunk.length - at);
      if (this.missing === 0) return true;
    }
    return false;
  }

  private readHeader(byte: number): void {
    this.seen++;
    const place = this.header++;
    if (place === 0 && byte !== HANDSHAKE) throw this.broken(`a record of type ${byte}`);
    if (place === 1 && byte !== VERSION) throw this.broken(`a record of version ${byte}`);
    if (place >= 3) this.recordLength = ((this.recordLength << 8) | byte) & 0xffff;
    if (this.header < RECORD_HEADER) return;
    const { recordLength } = this;
    if (recordLength === 0 || recordLength > MAX_RECORD)
      throw this.broken(`a record of ${recordLength} bytes, where 1 to ${MAX_RECORD} are allowed`);
    this.header = 0;
    this.records++;
    this.content = recordLength;
    this.checkLimit();
  }

  private readIntro(byte: number): void {
    const place = this.intro++;
    if (place === 0 && byte !== CLIENT_HELLO)
      throw notTls(this.begin(), `a message of type ${byte} where a hello has ${CLIENT_HELLO}`);
    if (place > 0) this.messageLength = (this.messageLength << 8) | byte;
    this.pass(1);
    if (this.intro < MESSAGE_HEADER) return;
    this.missing = this.messageLength;
    this.checkLimit();
  }

  /** Goes on within the hello, by at most `most` bytes. */
  private pass(most: number): number {
    const passed = Math.min(most, this.content, this.missing);
    this.seen += passed;
    this.content -= passed;
    this.missing -= passed;
    return passed;
  }

  /** Refuses a hello that is known to become too long, before the rest of it comes. */
  private checkLimit(): void {
    const least = this.seen + this.missing;
    if (least > MAX_HELLO) throw longHello(least, MAX_HELLO);
  }

  /** A record that does not belong where it is: no TLS if it is the first, a broken hello otherwise. */
  private broken(what: string): TlsError {
    return this.records === 0 ? notTls(this.begin(), what) : badHello(`it is interrupted by ${what}`);
  }

  private begin(): Buffer {
    return this.fed.peek(Math.min(this.fed.length, SHOWN));
  }

  /** The body of the hello, without headers. */
  private body(): Buffer {
    const bytes = this.fed.peek(this.seen);
    if (this.records === 1) return bytes.subarray(RECORD_HEADER + MESSAGE_HEADER);
    const joined = Buffer.allocUnsafe(MESSAGE_HEADER + this.messageLength);
    let filled = 0;
    for (let at = 0; at < bytes.length;) {
      const begin = at + RECORD_HEADER;
      at = begin + bytes.readUInt16BE(begin - 2);
      filled += bytes.copy(joined, filled, begin, at);
    }
    return joined.subarray(MESSAGE_HEADER);
  }
}
