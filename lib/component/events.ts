import type { NetworkError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Closed } from '../connection/closed.ts';
import type { Connection } from '../connection/connection.ts';
import type { Address, Endpoint } from '../transport/address.ts';
import type { DatagramDropReason } from '../transport/wire.ts';

/** State of a component; twin of `EnServiceState` (guide chapter 2). A client is `starting` until it is connected. */
export type ComponentState = 'stopped' | 'starting' | 'started' | 'stopping';

/** A component is about to listen; twin of `OnPrepareListen`. */
export interface PrepareListen {
  /** Where it is going to listen. */
  readonly endpoint: Endpoint;
  /** Makes the start fail with `ERR_REFUSED`. */
  refuse(reason?: string): void;
}

/** A connection is about to be dialled; twin of `OnPrepareConnect`. */
export interface PrepareConnect<In = Uint8Array, Out = BytesLike> {
  readonly connection: Connection<In, Out>;
  /** Makes the connect fail with `ERR_REFUSED`. */
  refuse(reason?: string): void;
}

/** A connection has received something; twin of `OnReceive`. */
export interface Received<In = Uint8Array, Out = BytesLike> {
  readonly connection: Connection<In, Out>;
  readonly data: In;
}

/** The operating system has taken bytes of a connection; twin of `OnSend`. */
export interface Sent<In = Uint8Array, Out = BytesLike> {
  readonly connection: Connection<In, Out>;
  /** Valid only while this is being delivered. */
  readonly data: Uint8Array;
}

/** A secret of a TLS connection. */
export interface KeyLog<In = Uint8Array, Out = BytesLike> {
  readonly connection: Connection<In, Out>;
  /** A line as it is to be written to a key log file, line end included. */
  readonly line: Uint8Array;
}

/** A connection has ended; twin of `OnClose`. */
export interface ConnectionClosed<In = Uint8Array, Out = BytesLike> extends Closed {
  readonly connection: Connection<In, Out>;
}

/** Something went wrong. Faults are values: they end no stream. */
export interface Fault<In = Uint8Array, Out = BytesLike> {
  readonly error: NetworkError;
  /** The connection it concerns, if it concerns one. */
  readonly connection: Connection<In, Out> | undefined;
}

/**
 * Why something was turned away or thrown away.
 *
 * - `max-connections`: a peer, because there are as many as may be.
 * - `refused`: a peer that `admit` turned away.
 * - `overflow`: bytes to be sent, because of `maxPending`.
 * - and datagrams of a peer: see {@link DatagramDropReason}.
 */
export type DropReason = 'max-connections' | 'refused' | 'overflow' | DatagramDropReason;

/** Something was turned away or thrown away because of a limit or a rule. */
export interface Dropped<In = Uint8Array, Out = BytesLike> {
  readonly reason: DropReason;
  readonly remote: Address | undefined;
  readonly connection: Connection<In, Out> | undefined;
  /** Bytes lost; 0 for a peer. */
  readonly bytes: number;
}

/** What a stop did. */
export interface StopReport {
  /** Connections that came to an orderly end. */
  readonly closed: number;
  /** Connections that were cut off, at the deadline or because the stop did not drain. */
  readonly forced: number;
  /** Bytes that had been accepted for sending and were lost. */
  readonly dropped: number;
}

/** How to stop. */
export interface StopOptions {
  /**
   * Whether work in progress and bytes waiting to be sent may come to their end first.
   * @default true
   */
  readonly drain?: boolean;
  /**
   * Milliseconds after which what is left is cut off. 0 to 2147483647.
   * @default 5000
   */
  readonly deadline?: number;
}
