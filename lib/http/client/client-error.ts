import { NetworkError, type NetworkErrorOptions, NetworkTimeoutError } from '../../base/errors.ts';
import type { Closed } from '../../connection/closed.ts';
import type { HttpClientResponse } from './client-response.ts';

/** Codes of the errors that only clients of HTTP make, each with what it means. They are stable. */
export const HTTP_CLIENT_ERROR_CODES = {
  ERR_HTTP_QUEUE: 'as many requests wait for a connection as may wait (`http.maxQueued`)',
  ERR_HTTP_UNASKED: 'the server sent something that no request has asked for; its connection is closed',
  ERR_HTTP_UPGRADE: 'the server did not change to the protocol that it was asked for',
  ERR_HTTP_REDIRECT: 'a redirection that leads nowhere, too often on, or cannot be followed',
  ERR_HTTP_CODING: 'a body is not what Content-Encoding says, or longer than it may be when it is unpacked',
} as const;

/** A code of {@link HTTP_CLIENT_ERROR_CODES}. */
export type HttpClientErrorCode = keyof typeof HTTP_CLIENT_ERROR_CODES;

/** An error with a code of this layer. */
export function clientError(
  code: HttpClientErrorCode,
  text: string,
  options: NetworkErrorOptions = { operation: 'receive' },
): NetworkError {
  return new NetworkError(code, text, options);
}

/** The server has answered in another way than by changing the protocol: the response says how. */
export class HttpUpgradeError extends NetworkError {
  /** What the server has answered; its body can be read as that of any other response. */
  readonly response: HttpClientResponse;

  constructor(response: HttpClientResponse) {
    const text = `the server answered with ${response.status} instead of changing the protocol`;
    super('ERR_HTTP_UPGRADE', text, { operation: 'receive' });
    this.response = response;
  }
}

/** Something of a request took too long. */
export function requestTimeout(option: string, milliseconds: number, what: string): NetworkTimeoutError {
  return new NetworkTimeoutError('request', milliseconds, what, `http.timeouts.${option}`);
}

/** The connection has ended, and there will be no response. */
export function noResponse(closed: Closed | undefined): NetworkError {
  if (closed?.error !== undefined) return closed.error;
  const why = closed === undefined ? 'peer' : closed.reason;
  const text = `the connection has closed (${why}) before the response had come`;
  return new NetworkError('ERR_CLOSED', text, { operation: 'receive' });
}
