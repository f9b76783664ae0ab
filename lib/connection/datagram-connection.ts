import { type Observable, throwError } from 'rxjs';
import { NetworkError, ProtocolError } from '../base/errors.ts';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import type { Endpoint } from '../transport/address.ts';
import type { TlsInfo } from '../transport/tls/tls-info.ts';
import type { DatagramDropReason, Wire } from '../transport/wire.ts';
import type { ConnectionHost } from './host.ts';
import { StreamConnection } from './stream-connection.ts';

/** How long a message may be. */
export interface MessageLimit {
  /** Bytes. */
  readonly most: number;
  /** The option that says so. */
  readonly option: string;
}

/**
 * The connection over a wire that carries datagrams, or messages that stay whole: one send is one of them, and one
 * value of `receive$` is. It has no half-close: `end()` is `disconnect()`.
 */
export class DatagramConnection extends StreamConnection {
  private readonly limit: MessageLimit;

  constructor(
    host: ConnectionHost,
    id: number,
    wire: Wire | undefined,
    target: Endpoint | undefined,
    limit: MessageLimit,
  ) {
    super(host, id, wire, target);
    this.limit = limit;
  }

  override get writesAtOnce(): boolean {
    return true;
  }

  override send(...data: BytesLike[]): SendResult {
    const message = data.length === 1 ? toBytes(data[0] as BytesLike) : joined(data);
    const { length } = message;
    const { most, option } = this.limit;
    if (length > 0 && length <= most) return super.send(message);
    const what = length === 0 ? 'nothing to send' : `${length} bytes in one`;
    const text = `${what}; a message has 1 to ${most} bytes (option ${option})`;
    return this.refuse(new ProtocolError('ERR_FRAME_LENGTH', text, { operation: 'send' }));
  }

  override accepts(bytes: number): SendResult {
    return bytes <= this.limit.most ? super.accepts(bytes) : 'refused';
  }

  override sendFile(): Observable<number> {
    return throwError(() => unsupported('files cannot be sent as one datagram'));
  }

  override startTls(): Promise<TlsInfo> {
    return Promise.reject(unsupported('there is no TLS over datagrams'));
  }

  override end(): void {
    this.disconnect();
  }

  wireFault(error: NetworkError): void {
    this.lastError = error;
    this.host.fault(this, error);
  }

  wireDropped(reason: DatagramDropReason, bytes: number): void {
    this.host.dropped(this, reason, bytes);
  }
}

/** Several pieces as one datagram. */
function joined(data: readonly BytesLike[]): Uint8Array {
  const pieces = data.map(toBytes);
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function unsupported(why: string): NetworkError {
  return new NetworkError('ERR_UNSUPPORTED', why, { operation: 'send' });
}
