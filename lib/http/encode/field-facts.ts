import { isAuthority } from '../syntax/authority.ts';
import { checkText, quoted } from './characters.ts';
import { CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING } from './field-name.ts';
import { badMessage } from './message-error.ts';

/** What fields say about framing and connection, gathered while they are written. */
export class FieldFacts {
  /** Value of `Content-Length`, -1 if it is not given. */
  contentLength = -1;
  /** `Transfer-Encoding: chunked` is given. */
  chunked = false;
  /** `Connection` has the option `close`. */
  close = false;
  /** `Connection` has the option `keep-alive`. */
  keepAlive = false;
  date = false;
  host = false;

  /** Takes note of a field that the writer has to know about; throws if it makes the message ambiguous. */
  note(kind: number, value: string): void {
    if (kind === CONTENT_LENGTH) this.noteLength(value);
    else if (kind === TRANSFER_ENCODING) this.noteCoding(value);
    else if (kind === CONNECTION) this.noteConnection(value);
    else if (kind === DATE) this.date = true;
    else this.noteHost(value);
  }

  private noteLength(value: string): void {
    const length = /^\d{1,16}$/.test(value) ? Number(value) : NaN;
    if (!Number.isSafeInteger(length)) {
      throw badMessage(
        `Content-Length must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, got ${quoted(value)}`,
      );
    }
    if (this.contentLength >= 0) throw badMessage('Content-Length is given more than once');
    this.contentLength = length;
    this.checkFraming();
  }

  private noteCoding(value: string): void {
    if (value.toLowerCase() !== 'chunked') {
      throw badMessage(`Transfer-Encoding can only be chunked, got ${quoted(value)}`);
    }
    if (this.chunked) throw badMessage('Transfer-Encoding is given more than once');
    this.chunked = true;
    this.checkFraming();
  }

  private checkFraming(): void {
    if (this.chunked && this.contentLength >= 0) {
      throw badMessage('Content-Length and Transfer-Encoding contradict each other');
    }
  }

  private noteConnection(value: string): void {
    for (const option of value.toLowerCase().split(',')) {
      const name = option.trim();
      if (name === 'close') this.close = true;
      else if (name === 'keep-alive') this.keepAlive = true;
    }
  }

  private noteHost(value: string): void {
    if (this.host) throw badMessage('Host is given more than once');
    checkHost(value);
    this.host = true;
  }
}

/** Throws unless a text is a host, with or without a port, or nothing, which is legal for `Host`. */
export function checkHost(host: string): void {
  checkText(host, 'host');
  if (host !== '' && !isAuthority(host))
    throw badMessage(`Host must be a host or host:port, got ${quoted(host)}`);
}
