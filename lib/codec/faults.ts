import { type Operation, ProtocolError } from '../base/errors.ts';

/** Which way a codec was working when it found a fault. */
export type Direction = Extract<Operation, 'receive' | 'send'>;

/** A message of `length` bytes, which is more than `maxLength`. */
export function tooLong(length: number, maxLength: number, operation: Direction): ProtocolError {
  const message = `a message of ${length} bytes exceeds maxLength, which is ${maxLength}`;
  return new ProtocolError('ERR_FRAME_LENGTH', message, { operation });
}

/** A message that is not complete has more than `maxLength` bytes already. */
export function growsTooLong(length: number, maxLength: number): ProtocolError {
  const message = `an unfinished message of ${length} bytes and more exceeds maxLength, which is ${maxLength}`;
  return new ProtocolError('ERR_FRAME_LENGTH', message, { operation: 'receive' });
}

/** A length that is wrong in another way than being too much. */
export function badLength(message: string, operation: Direction): ProtocolError {
  return new ProtocolError('ERR_FRAME_LENGTH', message, { operation });
}

/** Something that the codec does not speak. */
export function malformed(message: string, operation: Direction, cause?: unknown): ProtocolError {
  return new ProtocolError('ERR_FRAME_DATA', message, { operation, ...because(cause) });
}

/** The stream ended `residue` bytes into a message. */
export function truncated(residue: number, cause?: unknown): ProtocolError {
  const message = `the stream ended within a message, of which ${residue} bytes had come`;
  return new ProtocolError('ERR_FRAME_TRUNCATED', message, { operation: 'receive', ...because(cause) });
}

/** No cause at all where there is none, rather than one that is `undefined`. */
function because(cause: unknown): { cause?: unknown } {
  return cause === undefined ? {} : { cause };
}
