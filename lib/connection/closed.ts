import type { NetworkError, Operation } from '../base/errors.ts';

/**
 * Why a connection ended; the same words for every component and platform.
 *
 * - `peer`: the peer ended it in an orderly way.
 * - `local`: `end()` or `disconnect()`, everything was handed to the system.
 * - `forced`: `disconnect(true)` or `reset()`.
 * - `stop`: the component stopped, or the Observable that owned the connection was unsubscribed from.
 * - `reset`: the peer reset it, or was found gone while writing.
 * - `connect`: it never came about.
 * - `timeout`: a timeout expired; the error says which.
 * - `overflow`: more was sent than may wait, with overflow policy `close`.
 * - `handler`: a handler threw or its Observable failed.
 * - `protocol`: the peer broke the protocol of a codec.
 * - `tls`: the TLS handshake failed, or the peer broke TLS later; the error says how.
 * - `error`: the operating system failed in another way.
 */
export const CLOSE_REASONS = [
  'peer',
  'local',
  'forced',
  'stop',
  'reset',
  'connect',
  'timeout',
  'overflow',
  'handler',
  'protocol',
  'tls',
  'error',
] as const;

/** One of {@link CLOSE_REASONS}. */
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** How a connection ended; the reactive twin of `OnClose(operation, errorCode)` (guide chapter 4). */
export interface Closed {
  /** Id of the connection. */
  readonly id: number;
  readonly reason: CloseReason;
  /** What was being done when it ended; `close` for an orderly end. */
  readonly operation: Operation;
  /** What went wrong; `undefined` for an orderly end. */
  readonly error: NetworkError | undefined;
  /** Bytes received. */
  readonly bytesIn: number;
  /** Bytes taken by the operating system for sending. */
  readonly bytesOut: number;
  /** Bytes accepted by `send()` that were lost. */
  readonly unsent: number;
  /** Milliseconds since the connection was accepted or dialled. */
  readonly age: number;
}
