import type { RequestHead, ResponseHead, UpgradeKind } from '../head.ts';

/**
 * What happens while messages of HTTP are being received; one to one, and in the same order, with the events of the
 * original (guide chapter 4): `OnMessageBegin`, `OnRequestLine` or `OnStatusLine`, `OnHeader` for each field,
 * `OnHeadersComplete`, `OnBody` for each piece, `OnChunkHeader` and `OnChunkComplete` around them, `OnMessageComplete`,
 * `OnUpgrade`. `OnParseError` is the error of the stream.
 *
 * By body length: begin, line, header*, headers, body*, complete. In chunks: begin, line, header*, headers, (chunk header,
 * body*, chunk complete)*, chunk header of 0, header* of the trailers, chunk complete, complete. The events of a head come
 * together, when it is complete and checked.
 */
export type HttpEvent<Head extends RequestHead | ResponseHead = RequestHead | ResponseHead> =
  | { readonly type: 'message-begin' }
  | { readonly type: 'request-line'; readonly method: string; readonly target: string }
  | { readonly type: 'status-line'; readonly status: number; readonly reason: string }
  | {
      readonly type: 'header';
      /** As it was written. */
      readonly name: string;
      readonly value: string;
      /** Whether it came behind the body. */
      readonly trailer: boolean;
    }
  | { readonly type: 'headers-complete'; readonly head: Head }
  | { readonly type: 'body'; readonly data: Uint8Array }
  | {
      readonly type: 'chunk-header';
      /** Bytes of the chunk; 0 for the last one. */
      readonly length: number;
      /** What stands behind the length, mostly nothing. */
      readonly extensions: string;
    }
  | { readonly type: 'chunk-complete' }
  | { readonly type: 'message-complete' }
  | {
      readonly type: 'upgrade';
      /** What follows; `undefined` if only the decision said so. */
      readonly kind: UpgradeKind | undefined;
      /** What has come behind the message. All later bytes come as events of this type, too. */
      readonly rest: Uint8Array;
    };
