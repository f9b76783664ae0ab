import { NetworkError, NetworkTimeoutError, type TimeoutName } from '../base/errors.ts';
import type { Closed } from './closed.ts';

/** Why nothing can be sent any more. */
export function closedError(closed: Closed | undefined): NetworkError {
  const why = closed === undefined ? 'is closing' : `has closed (${closed.reason})`;
  return new NetworkError('ERR_CLOSED', `the connection ${why}`, { operation: 'send', cause: closed?.error });
}

/** Connecting was given up by our own side. */
export function abortedError(): NetworkError {
  return new NetworkError('ERR_ABORTED', 'connecting was given up', { operation: 'connect' });
}

/** Why nothing can be sent yet. */
export function notOpenError(): NetworkError {
  return new NetworkError(
    'ERR_NOT_OPEN',
    'the connection is not established yet, or its handshake is under way',
    { operation: 'send' },
  );
}

/** A start that had to wait, or was under way, and then came a stop. */
export function stoppedMeanwhile(): NetworkError {
  return new NetworkError('ERR_ABORTED', 'the component was stopped while it was to start');
}

/** Says on the process's own channel for warnings what a handler threw, where nobody else would hear of it. */
export function warnOf(error: NetworkError): void {
  const { stack } = (error.cause ?? error) as { stack?: unknown };
  process.emitWarning(typeof stack === 'string' ? stack : error.message, 'HandlerError', error.code);
}

/** What a handler threw, as an error of this library. */
export function handlerError(cause: unknown): NetworkError {
  const { message } = (cause ?? {}) as { message?: unknown };
  return new NetworkError('ERR_HANDLER', typeof message === 'string' ? message : String(cause), {
    operation: 'receive',
    cause,
  });
}

/** A timeout has expired. */
export function timeoutError(name: TimeoutName, milliseconds: number): NetworkTimeoutError {
  return new NetworkTimeoutError(name, milliseconds, TIMED_OUT[name]);
}

const TIMED_OUT: Record<TimeoutName, string> = {
  connect: 'the connection was not established',
  handshake: 'the handshake was not done',
  firstByte: 'the peer sent nothing',
  readIdle: 'the peer sent nothing more',
  writeStall: 'the peer took nothing of what was sent',
  frame: 'a message did not come to its end',
  detect: 'the peer gave no sign of life',
  request: 'the request was not complete',
  drain: 'the peer did not take what was still to be sent',
};
