import { type Operation, ProtocolError } from '../base/errors.ts';

/** Codes of an {@link HttpError}, each with what it means. They are stable. */
export const HTTP_ERROR_CODES = {
  ERR_HTTP_REQUEST_LINE: 'what came first is no request line',
  ERR_HTTP_STATUS_LINE: 'what came first is no status line',
  ERR_HTTP_METHOD: 'the method is no token, or none that is known',
  ERR_HTTP_TARGET: 'the request-target is malformed, or of no use with the method',
  ERR_HTTP_VERSION: 'the version is malformed, or neither 1.0 nor 1.1',
  ERR_HTTP_LINE_END: 'a line does not end with CR and LF',
  ERR_HTTP_FIELD: 'a field has an illegal name or value, or is folded',
  ERR_HTTP_HOST: 'Host is missing, repeated, malformed, or not what the target says',
  ERR_HTTP_CONTENT_LENGTH: 'Content-Length is malformed, repeated, or not to be there',
  ERR_HTTP_TRANSFER_ENCODING: 'Transfer-Encoding is malformed or unknown, or not to be there',
  ERR_HTTP_EXPECT: 'the client expects something that is unknown',
  ERR_HTTP_CHUNK: 'a chunk is malformed',
  ERR_HTTP_TRAILER: 'a field came behind the body that has to be in front of it',
  ERR_HTTP_CONTENT: 'the body is not what it was to be, such as JSON',
  ERR_HTTP_TOO_LONG: 'something is longer than its limit',
  ERR_HTTP_AFTER_CLOSE: 'something follows a message that was to be the last one',
  ERR_HTTP_TRUNCATED: 'the connection ended within a message',
} as const;

/** A code of {@link HTTP_ERROR_CODES}. */
export type HttpErrorCode = keyof typeof HTTP_ERROR_CODES;

/**
 * What exactly is wrong: for each reason the code that it belongs to, the status that a server answers it with, and
 * what it means. Reasons may become more; codes stay.
 */
export const HTTP_ERROR_REASONS = {
  'blank-lines': ['ERR_HTTP_REQUEST_LINE', 400, 'too many empty lines in front of a message'],
  'request-line': [
    'ERR_HTTP_REQUEST_LINE',
    400,
    'a request line is method, target and version, parted by one space each',
  ],
  'status-line': ['ERR_HTTP_STATUS_LINE', 400, 'a status line begins with HTTP/'],
  'status-code': ['ERR_HTTP_STATUS_LINE', 400, 'a status code is three digits, 100 to 999, and a space'],
  'reason-phrase': ['ERR_HTTP_STATUS_LINE', 400, 'an illegal byte in the reason phrase'],
  'method-token': ['ERR_HTTP_METHOD', 400, 'an illegal byte in the method, or none at all'],
  'method-unknown': ['ERR_HTTP_METHOD', 501, 'no known method'],
  'target-character': ['ERR_HTTP_TARGET', 400, 'an illegal byte in the request-target'],
  'target-escape': [
    'ERR_HTTP_TARGET',
    400,
    'a percent sign without two hexadecimal digits in the request-target',
  ],
  'target-form': ['ERR_HTTP_TARGET', 400, 'a request-target that does not go with the method'],
  'target-authority': ['ERR_HTTP_TARGET', 400, 'a malformed authority in the request-target'],
  'version-malformed': ['ERR_HTTP_VERSION', 400, 'a version is a digit, a dot and a digit'],
  'version-unsupported': ['ERR_HTTP_VERSION', 505, 'neither HTTP/1.0 nor HTTP/1.1'],
  'http2-preface': ['ERR_HTTP_VERSION', 505, 'the peer speaks HTTP/2'],
  'bare-cr': ['ERR_HTTP_LINE_END', 400, 'CR without LF'],
  'bare-lf': ['ERR_HTTP_LINE_END', 400, 'LF without CR'],
  'field-name': ['ERR_HTTP_FIELD', 400, 'an illegal byte in a field name, or no name, or no colon'],
  'field-name-space': ['ERR_HTTP_FIELD', 400, 'white space between field name and colon'],
  'field-value': ['ERR_HTTP_FIELD', 400, 'an illegal byte in a field value'],
  'field-fold': ['ERR_HTTP_FIELD', 400, 'white space at the begin of a line'],
  'host-missing': ['ERR_HTTP_HOST', 400, 'there is no Host'],
  'host-repeated': ['ERR_HTTP_HOST', 400, 'there is more than one Host'],
  'host-malformed': ['ERR_HTTP_HOST', 400, 'Host is no authority'],
  'host-mismatch': ['ERR_HTTP_HOST', 400, 'Host and request-target name different authorities'],
  'content-length-malformed': ['ERR_HTTP_CONTENT_LENGTH', 400, 'Content-Length is not just digits'],
  'content-length-overflow': ['ERR_HTTP_CONTENT_LENGTH', 400, 'Content-Length has too many digits'],
  'content-length-repeated': ['ERR_HTTP_CONTENT_LENGTH', 400, 'there is more than one Content-Length'],
  'content-length-conflict': [
    'ERR_HTTP_CONTENT_LENGTH',
    400,
    'there are Content-Length and Transfer-Encoding',
  ],
  'content-in-connect': ['ERR_HTTP_CONTENT_LENGTH', 400, 'CONNECT has no content'],
  'transfer-encoding-malformed': [
    'ERR_HTTP_TRANSFER_ENCODING',
    400,
    'Transfer-Encoding is no list of codings',
  ],
  'transfer-encoding-not-chunked': [
    'ERR_HTTP_TRANSFER_ENCODING',
    400,
    'Transfer-Encoding does not end in chunked',
  ],
  'transfer-encoding-repeated': ['ERR_HTTP_TRANSFER_ENCODING', 400, 'chunked more than once'],
  'transfer-encoding-unknown': ['ERR_HTTP_TRANSFER_ENCODING', 501, 'a transfer coding besides chunked'],
  'transfer-encoding-version': [
    'ERR_HTTP_TRANSFER_ENCODING',
    400,
    'there is no Transfer-Encoding in HTTP/1.0',
  ],
  expectation: ['ERR_HTTP_EXPECT', 417, 'something else than 100-continue is expected'],
  'chunk-size': ['ERR_HTTP_CHUNK', 400, 'the size of a chunk is not just hexadecimal digits'],
  'chunk-size-overflow': ['ERR_HTTP_CHUNK', 400, 'the size of a chunk has too many digits'],
  'chunk-extension': ['ERR_HTTP_CHUNK', 400, 'a malformed extension of a chunk'],
  'chunk-end': ['ERR_HTTP_CHUNK', 400, 'no CR and LF behind a chunk'],
  'trailer-forbidden': ['ERR_HTTP_TRAILER', 400, 'a field for framing or routing behind the body'],
  'method-length': ['ERR_HTTP_TOO_LONG', 501, 'the method is too long'],
  'request-line-length': ['ERR_HTTP_TOO_LONG', 414, 'the request line is too long'],
  'status-line-length': ['ERR_HTTP_TOO_LONG', 400, 'the status line is too long'],
  'head-length': ['ERR_HTTP_TOO_LONG', 431, 'start line and fields are too long'],
  'field-count': ['ERR_HTTP_TOO_LONG', 431, 'too many fields'],
  'trailer-length': ['ERR_HTTP_TOO_LONG', 431, 'the fields behind the body are too long'],
  'chunk-extension-length': ['ERR_HTTP_TOO_LONG', 413, 'the extensions of the chunks are too long'],
  'content-syntax': ['ERR_HTTP_CONTENT', 400, 'the body is not what it was to be'],
  'body-length': ['ERR_HTTP_TOO_LONG', 413, 'the body is too long'],
  'data-after-close': ['ERR_HTTP_AFTER_CLOSE', 400, 'data behind a message with Connection: close'],
  truncated: ['ERR_HTTP_TRUNCATED', 400, 'the connection ended within a message'],
} as const satisfies Record<string, readonly [HttpErrorCode, number, string]>;

/** A reason of {@link HTTP_ERROR_REASONS}. */
export type HttpErrorReason = keyof typeof HTTP_ERROR_REASONS;

/** Details of an {@link HttpError}. */
export interface HttpErrorOptions {
  /** What was being done. */
  readonly operation?: Operation;
  /** Another status than that of the reason. */
  readonly status?: number;
}

/**
 * What a peer sends is not HTTP/1.1, or more than the limits allow; or what shall be sent is not. Match on `code`, or on
 * `reason` where it has to be finer; messages are for people and may change.
 */
export class HttpError extends ProtocolError {
  /** What exactly is wrong: a key of {@link HTTP_ERROR_REASONS}. */
  readonly reason: HttpErrorReason;
  /**
   * The status that is the right answer: of a server to its client, if the request is at fault; of a gateway (502), if
   * it is the response of the server behind it.
   */
  readonly status: number;

  /** @param detail What was seen and what is allowed, such as "8193 bytes, 8192 are allowed". */
  constructor(reason: HttpErrorReason, detail?: string, options: HttpErrorOptions = {}) {
    const [code, status, text] = HTTP_ERROR_REASONS[reason];
    super(code, detail === undefined ? text : `${text}: ${detail}`, {
      operation: options.operation ?? 'receive',
    });
    this.reason = reason;
    this.status = options.status ?? status;
  }
}

/** Makes the error for a fault in what is received. */
export type Fault = (reason: HttpErrorReason, detail?: string) => HttpError;

/** A fault in a request. */
export const faultInRequest: Fault = (reason, detail) => new HttpError(reason, detail);

/** A fault in a response: for whoever asked us, we are a gateway with a bad server behind it. */
export const faultInResponse: Fault = (reason, detail) => new HttpError(reason, detail, { status: 502 });

/** Makes errors for what is wrong in one kind of message. */
export interface Faults {
  readonly kind: 'request' | 'response';
  readonly fault: Fault;
}

/** Faults in requests, and in responses. */
export const REQUEST_FAULTS: Faults = { kind: 'request', fault: faultInRequest };
export const RESPONSE_FAULTS: Faults = { kind: 'response', fault: faultInResponse };
