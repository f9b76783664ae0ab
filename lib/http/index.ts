/**
 * hpsocket-rx/http: HTTP/1.1, from the parser to servers and clients.
 *
 * @packageDocumentation
 */
export type { HttpUpgraded } from './client/client-exchange.ts';
export {
  HTTP_CLIENT_ERROR_CODES,
  type HttpClientErrorCode,
  HttpUpgradeError,
} from './client/client-error.ts';
export type {
  ClientTimeouts,
  HttpAgentOptions,
  HttpAgentSettings,
  HttpClientOptions,
  HttpClientSettings,
  HttpSingleSettings,
  ResponseTimeouts,
} from './client/client-options.ts';
export type { FileBody, HttpRequestInit, RequestBody } from './client/client-request.ts';
export { HttpClientResponse } from './client/client-response.ts';
export { decompressed, type DecompressedOptions } from './client/decompressed.ts';
export {
  followRedirects,
  type FollowRedirectsOptions,
  type HttpRedirection,
} from './client/follow-redirects.ts';
export { HttpAgent } from './client/http-agent.ts';
export { HttpClient } from './client/http-client.ts';
export type { HttpRequester, HttpShortcutInit, HttpUpgradeInit } from './client/requester.ts';
export { type HttpRetry, retryIdempotent, type RetryIdempotentOptions } from './client/retry-idempotent.ts';
export { formatHttpDate, HttpClock, parseHttpDate } from './date.ts';
export { BodyWriter, type EmitPiece } from './encode/body-writer.ts';
export { HTTP_SEND_ERROR_CODES } from './encode/message-error.ts';
export type { BodySize, Framing } from './encode/framing.ts';
export { RequestEncoder, type RequestHeadInit } from './encode/request-head.ts';
export {
  ResponseEncoder,
  type ResponseEncoderOptions,
  type ResponseHeadInit,
} from './encode/response-head.ts';
export { type EncodedHead, encodeRequestHead, encodeResponseHead } from './encode/whole.ts';
export type { FieldsInit } from './encode/write-fields.ts';
export { HttpFields, type HttpField } from './fields.ts';
export { type MessageHead, RequestHead, ResponseHead, type UpgradeKind } from './head.ts';
export {
  HTTP_ERROR_CODES,
  HTTP_ERROR_REASONS,
  HttpError,
  type HttpErrorCode,
  type HttpErrorReason,
} from './http-error.ts';
export {
  type HttpLimits,
  type HttpParserOptions,
  HttpParserSettings,
  type LenientFlags,
  METHODS,
} from './limits.ts';
export { type HttpAnswer, httpAnswers, type HttpAnswersOptions } from './operators/http-answers.ts';
export type { HttpEvent } from './operators/http-event.ts';
export { httpEvents, type HttpEventsOptions } from './operators/http-events.ts';
export { type HttpMessage, httpMessages, type HttpMessagesOptions } from './operators/http-messages.ts';
export { type HeadOf, HttpParser, type MessageKind } from './parser.ts';
export type { HeadDecision, HttpSink } from './parser-sink.ts';
export { compressed, type CompressedOptions } from './server/compressed.ts';
export type { HttpEffect } from './server/effect-line.ts';
export { HttpExchange } from './server/http-exchange.ts';
export type { HttpReply, HttpResponse } from './server/http-response.ts';
export { HttpServer } from './server/http-server.ts';
export { serveFiles, type ServeFilesOptions } from './server/serve-files.ts';
export type { CollectOptions } from './shared/collect-body.ts';
export type { HttpServerOptions, HttpServerSettings, RequestTimeouts } from './server/server-options.ts';
