import { ProtocolError } from '../../base/errors.ts';

/** Codes of the errors that writing HTTP messages throws, each with what it means. Nothing has been written then. */
export const HTTP_SEND_ERROR_CODES = {
  ERR_HTTP_MESSAGE:
    'a message to be sent is illegal: a character that could split it, fields that contradict each other, …',
  ERR_HTTP_BODY_LENGTH: 'a body to be sent is longer or shorter than the `Content-Length` in front of it',
} as const;

/** A message that cannot be sent as it is. */
export function badMessage(text: string): ProtocolError {
  return new ProtocolError('ERR_HTTP_MESSAGE', text, { operation: 'send' });
}

/** A body that is not what its head announced. */
export function badBodyLength(text: string): ProtocolError {
  return new ProtocolError('ERR_HTTP_BODY_LENGTH', text, { operation: 'send' });
}
