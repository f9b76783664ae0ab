import { NetworkError } from '../base/errors.ts';

/** Codes of a {@link SysError}, each with what it means. They are stable. */
export const SYS_ERROR_CODES = {
  ERR_BASE64:
    'a text is not Base64: a foreign character, padding in the wrong place, or one character too many',
  ERR_URL_ENCODING: 'a percent sign without two hexadecimal digits behind it',
  ERR_CHARSET: 'the charset is unknown here, or can only be read; `useCharsets` brings more',
  ERR_CHARSET_DATA: 'bytes that do not exist in the charset, or text that it cannot express',
  ERR_COMPRESSED_DATA: 'what should be decompressed is damaged, or of another format',
  ERR_COMPRESSED_TRUNCATED: 'what should be decompressed ends too early',
  ERR_INFLATED_LENGTH: 'what is decompressed is longer than `maxLength`',
} as const;

/** A code of {@link SYS_ERROR_CODES}. */
export type SysErrorCode = keyof typeof SYS_ERROR_CODES;

/** Details of a {@link SysError}. */
export interface SysErrorOptions {
  /** Where the fault is: index of a byte or a character. */
  readonly position?: number;
  /** The error underneath, kept whole. */
  readonly cause?: unknown;
}

/**
 * A helper function cannot do anything with what it was given. Where HP-Socket answers -3 (bad data) or -5 (no room),
 * and programs have to look, this is thrown. Match on `code`; messages are for people and may change.
 */
export class SysError extends NetworkError {
  declare readonly code: SysErrorCode;
  /** Where the fault is, index of a byte or a character; `undefined` where that is not known. */
  readonly position: number | undefined;

  constructor(code: SysErrorCode, message: string, { position, ...options }: SysErrorOptions = {}) {
    super(code, message, options);
    this.position = position;
  }
}
