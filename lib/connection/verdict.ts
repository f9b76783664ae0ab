import { type NetworkError, NetworkTimeoutError, type Operation, ProtocolError } from '../base/errors.ts';
import type { CloseReason, Closed } from './closed.ts';

/** Why a connection is going to end, noted before it has. */
export interface Verdict {
  readonly reason: CloseReason;
  readonly error: NetworkError | undefined;
}

/** What is known when a wire has closed. */
interface Evidence {
  readonly verdict: Verdict | undefined;
  /** Of the wire. */
  readonly failure: NetworkError | undefined;
  /** Whether the connection was cut off by our side. */
  readonly forced: boolean;
  /** Whether our side had nothing more to hear. */
  readonly deaf: boolean;
  /** Bytes that were still to be sent. */
  readonly unsent: number;
}

/** Says how a connection has ended: what was decided before counts, unless the wire broke where it mattered. */
export function judge(evidence: Evidence): Pick<Closed, 'reason' | 'operation' | 'error'> {
  const { verdict, failure, forced, deaf, unsent } = evidence;
  // A reset that comes after everything was said and heard takes nothing away.
  const broken = failure !== undefined && !forced && (unsent > 0 || !deaf);
  const error = verdict?.error ?? (broken ? failure : undefined);
  let reason: CloseReason = verdict?.reason ?? 'peer';
  if (broken && verdict?.error === undefined) reason = reasonOf(failure);
  return { reason, operation: OPERATIONS[reason] ?? error?.operation ?? 'close', error };
}

/** Why a connection ends whose handshake has failed; without an error the peer left without a word. */
export function failedHandshake(error: NetworkError | undefined): Verdict {
  return error === undefined ? { reason: 'peer', error } : { reason: reasonOf(error), error };
}

function reasonOf(failure: NetworkError): CloseReason {
  if (failure.code.startsWith('ERR_TLS_')) return 'tls';
  if (failure instanceof NetworkTimeoutError) return 'timeout';
  if (failure instanceof ProtocolError) return 'protocol';
  return PEER_GONE.has(failure.code) ? 'reset' : 'error';
}

const OPERATIONS: Partial<Record<CloseReason, Operation>> = { connect: 'connect', handler: 'receive' };

const PEER_GONE = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ECONNABORTED',
  'ESHUTDOWN',
  'ERR_PEER_RESTARTED',
]);
