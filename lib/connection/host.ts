import type { NetworkError } from '../base/errors.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import type { DatagramDropReason } from '../transport/wire.ts';
import type { Closed } from './closed.ts';
import type { DeadlineQueue } from './deadline-queue.ts';
import type { ConnectionSettings } from './settings.ts';
import type { StreamConnection } from './stream-connection.ts';

/** What a connection belongs to: a component. */
export interface ConnectionHost {
  readonly settings: ConnectionSettings;
  readonly flow: FlowGate;
  readonly deadlines: DeadlineQueue;
  /** Whether anybody observes the component's own `receive$`. */
  readonly observesReceive: boolean;
  /** Whether anybody observes the component's own `sent$`. */
  readonly observesSent: boolean;
  /** Whether anybody observes the component's own `keylog$`. */
  readonly observesKeys: boolean;
  /** What comes before a connection can be used; `undefined` for none. */
  readonly handshaker: Handshaker | undefined;
  /** Milliseconds since the component was made. */
  now(): number;
  /** The same for marking a received chunk: cheap, and as exact as `silence` has to be. */
  markingTime(): number;
  received(connection: StreamConnection, data: Uint8Array): void;
  sent(connection: StreamConnection, data: Uint8Array): void;
  /** A TLS handshake is done, or the peer may do without; the connection can be used. */
  handshakeDone(connection: StreamConnection): void;
  keylog(connection: StreamConnection, line: Uint8Array): void;
  dropped(connection: StreamConnection, reason: 'overflow' | DatagramDropReason, bytes: number): void;
  fault(connection: StreamConnection, error: NetworkError): void;
  /** The connection is over and no longer one of the component's; its last events follow. */
  ended(connection: StreamConnection): void;
  closed(connection: StreamConnection, closed: Closed): void;
}
