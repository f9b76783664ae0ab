import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { NetworkError } from '../../base/errors.ts';
import type { Address } from '../address.ts';
import { SocketWire, TcpWire } from '../tcp-wire.ts';
import type { Wire } from '../wire.ts';
import { tlsFailure } from './tls-error.ts';
import type { TlsInfo } from './tls-info.ts';
import { WireStream } from './wire-stream.ts';

/** A wire that TLS protects, over another wire. */
export class TlsWire extends SocketWire {
  readonly tls: TlsInfo;
  /** No write is taken at once; what waits above would be written later, and in smaller pieces. */
  readonly mostInFlight = 512 * 1024;
  private readonly below: Wire;
  private broken = false;

  /** The handshake has to be done and the socket to be paused. */
  constructor(socket: TLSSocket, below: Wire, tls: TlsInfo) {
    super(socket);
    this.below = below;
    this.tls = tls;
  }

  get local(): Address {
    return this.below.local;
  }

  get remote(): Address {
    return this.below.remote;
  }

  reset(): void {
    this.below.reset();
  }

  /** @internal Of an alert of the peer Node only tells, followed by an end that is none; the socket stays open. */
  override failed(error: unknown): void {
    super.failed(error);
    this.broken = true;
    this.socket.destroy();
  }

  /** @internal */
  override ended(): void {
    if (!this.broken) super.ended();
  }

  protected override rememberEnds(): void {
    // The wire below has noted them.
  }

  protected override describe(error: unknown): NetworkError {
    return tlsFailure(error);
  }
}

/** A wire as a stream that TLS can work on: the socket itself, since Node is fastest on that, if there is one. */
export function streamOf(wire: Wire): Duplex {
  return wire instanceof TcpWire ? wire.release() : new WireStream(wire);
}
