import type { SchedulerLike } from 'rxjs';
import type { NetworkError } from '../base/errors.ts';
import type { ByteSink } from '../send/outbox.ts';
import type { Address, Endpoint } from './address.ts';
import type { TlsInfo } from './tls/tls-info.ts';

/**
 * One established byte stream, whatever carries it. It starts paused.
 *
 * A wire never calls its handler from inside a call of one of its own methods, so that nothing happens in the
 * middle of somebody's code.
 */
export interface Wire extends ByteSink {
  readonly local: Address;
  readonly remote: Address;
  /** What TLS has agreed on; only on a wire that it protects. */
  readonly tls?: TlsInfo;
  /** Sets who is told of events; before anything else is called. */
  attach(handler: WireHandler): void;
  /** Lets bytes come. */
  resume(): void;
  /** Stops bytes from coming; none is lost. */
  pause(): void;
  /** Gives back the rest of a chunk while paused; it comes again before anything else. */
  unread(rest: Uint8Array): void;
  /** Sends FIN after everything written. */
  end(): void;
  /** Ends both directions with RST, or with what comes closest. */
  reset(): void;
  /** Ends both directions; what the system has not taken is lost. */
  destroy(): void;
}

/** Told of what happens on a wire. */
export interface WireHandler {
  /** One read. The bytes belong to the handler. */
  wireReceived(bytes: Uint8Array): void;
  /** The peer has sent FIN, and everything before it has been received. */
  wireEnded(): void;
  /** {@link Wire.unsent} may have become less. */
  wireWritten(): void;
  /** Both directions have ended. Comes exactly once; nothing follows. */
  wireClosed(error: NetworkError | undefined): void;
  /** Of a wire that carries datagrams: the system could not send one, or refused it; the wire goes on. */
  wireFault?(error: NetworkError): void;
  /** Of a wire that carries datagrams: one that the peer sent was thrown away. */
  wireDropped?(reason: DatagramDropReason, bytes: number): void;
}

/**
 * Why a datagram that has come was thrown away.
 *
 * - `oversized`: it is longer than `maxDatagramSize`.
 * - `queue-full`: nobody reads as fast as the peer sends.
 * - `unknown-peer`: it is not of anybody who may send.
 * - `malformed`: it is nothing that the protocol knows.
 */
export type DatagramDropReason = 'oversized' | 'queue-full' | 'unknown-peer' | 'malformed';

/** What a stream socket can be told, as far as the transport has it. */
export interface StreamSocketOptions {
  readonly noDelay: boolean;
  readonly keepAliveTime: number;
  readonly keepAliveInterval: number;
}

/** What listening needs. */
export interface ListenRequest extends StreamSocketOptions {
  readonly endpoint: Endpoint;
  readonly backlog: number;
  readonly maxConnections: number;
  readonly dualStack: boolean;
  readonly reusePort: boolean;
}

/** Told of what happens to a listener; never from inside {@link Transport.listen}. */
export interface ListenHandler {
  listening(address: Address): void;
  accepted(wire: Wire): void;
  /** A peer was turned away because there are `maxConnections` already. */
  turnedAway(remote: Address | undefined): void;
  /** One accept failed; the listener goes on. */
  fault(error: NetworkError): void;
  /** Listening could not begin. Nothing follows. */
  failed(error: NetworkError): void;
}

/** A listener that is starting or listening. */
export interface Listening {
  /** Stops listening at once; accepted wires live on. */
  close(): void;
}

/** How a host name becomes addresses; by default the system's resolver. */
export type Lookup = (
  hostname: string,
  callback: (
    error: unknown,
    addresses: readonly { readonly address: string; readonly family: 4 | 6 }[],
  ) => void,
) => void;

/** What connecting needs. */
export interface ConnectRequest extends StreamSocketOptions {
  readonly endpoint: Endpoint;
  readonly localAddress: string | undefined;
  readonly localPort: number;
  readonly attemptDelay: number;
  readonly lookup: Lookup | undefined;
  readonly scheduler: SchedulerLike;
}

/** Told how an attempt to connect ends: exactly once, never from inside {@link Transport.connect}. */
export interface ConnectHandler {
  connected(wire: Wire): void;
  failed(error: NetworkError): void;
}

/** An attempt to connect. */
export interface Connecting {
  /** Gives up; the handler is not called any more. */
  abort(): void;
}

/** Makes wires. The library brings {@link tcp} and {@link MemoryNetwork}. */
export interface Transport {
  listen(request: ListenRequest, handler: ListenHandler): Listening;
  connect(request: ConnectRequest, handler: ConnectHandler): Connecting;
}
