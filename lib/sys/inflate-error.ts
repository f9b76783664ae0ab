import { SysError } from './sys-error.ts';

/** An error of node:zlib while decompressing, in the words of this library. */
export function inflateError(cause: unknown, maxLength: number): SysError {
  const { code, message } = cause as { code?: string; message?: string };
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLong(maxLength);
  if (code === 'Z_BUF_ERROR')
    return new SysError('ERR_COMPRESSED_TRUNCATED', 'compressed data ends too early', { cause });
  return new SysError('ERR_COMPRESSED_DATA', message ?? 'damaged', { cause });
}

/** More comes out than may. */
export function tooLong(maxLength: number): SysError {
  return new SysError('ERR_INFLATED_LENGTH', `decompressed data exceeds maxLength, which is ${maxLength}`);
}
