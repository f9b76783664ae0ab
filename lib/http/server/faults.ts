import { NetworkError, NetworkTimeoutError, OptionError, ProtocolError } from '../../base/errors.ts';
import { handlerError } from '../../connection/errors.ts';
import { HttpError } from '../http-error.ts';

/** How a connection ends because of an error. */
export interface Blame {
  readonly reason: 'protocol' | 'timeout' | 'handler';
  readonly error: NetworkError;
}

/** What a handler threw: an error of the network as it is, everything else as a fault of the handler. */
export function asFault(error: unknown): NetworkError {
  return error instanceof NetworkError && !(error instanceof OptionError) ? error : handlerError(error);
}

/** Who is to blame for what a handler threw: the client, if the handler passes on what is wrong with a body. */
export function blameFor(error: unknown): Blame {
  return { reason: error instanceof ProtocolError ? 'protocol' : 'handler', error: asFault(error) };
}

/** What the client is told. */
export function statusFor(error: unknown): number {
  if (error instanceof NetworkTimeoutError && error.timeout === 'request') return 408;
  return error instanceof HttpError ? error.status : 500;
}
