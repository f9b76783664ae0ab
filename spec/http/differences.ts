import type { HttpErrorReason } from '../../lib/http/http-error.ts';
import type { MessageKind } from '../../lib/http/parser.ts';
import type { Told } from './node-parser.ts';

/** What we refuse and Node takes, and why. */
export const STRICTER: Partial<Record<HttpErrorReason, string>> = {
  'blank-lines':
    'RFC 9112 section 2.2 speaks of one empty line; Node skips CR and LF without end and in any order',
  'bare-cr': 'Node skips a CR in front of a message',
  'bare-lf': 'Node skips an LF in front of a message',
  'request-line':
    'Node takes requests without version (HTTP/0.9), several spaces, and what only begins like a version',
  'version-malformed': 'what Node takes for HTTP/0.9',
  'version-unsupported': 'Node takes 0.9 and 2.0; what they mean would be another matter',
  'http2-preface': 'Node takes the begin of HTTP/2 for HTTP/0.9 if its version is damaged',
  'status-line': 'Node takes RTSP and ICE for HTTP',
  'status-code': 'Node takes codes below 100, and white space in odd places',
  'reason-phrase': 'Node takes controls in it (RFC 9112 section 4)',
  'target-character': 'Node takes quotes, angles, braces and `#`; RFC 3986 does not',
  'target-escape': 'Node does not look behind a percent sign',
  'target-form': 'Node takes `*` with any method (RFC 9112 section 3.2.4), and schemes without authority',
  'target-authority':
    'Node hardly looks at authorities; CONNECT has to have a host and a port (section 3.2.3)',
  'host-missing': 'for Node this is a matter of the server (section 3.2)',
  'host-repeated': 'Node takes the first (section 3.2)',
  'host-malformed': 'Node does not look at it (section 3.2)',
  'host-mismatch': 'Node does not compare it with the target (section 3.2.2)',
  expectation: 'for Node this is a matter of the server (RFC 9110 section 10.1.1)',
  'content-in-connect':
    'Node takes content of CONNECT for the begin of the tunnel: a length that counts for some',
  'transfer-encoding-malformed': 'Node only looks for chunked at the end of the value',
  'transfer-encoding-not-chunked':
    'Node lets a response end with the connection, and does not look at all where there is no body',
  'transfer-encoding-repeated': 'Node takes chunked twice (RFC 9112 section 7.1)',
  'transfer-encoding-unknown': 'Node hands on what other codings have made of the body',
  'transfer-encoding-version': 'Node takes chunked in HTTP/1.0 (section 6.1)',
  'content-length-conflict': 'Node does not look at it where there is no body',
  'content-length-repeated': 'Node does not look at it where there is no body',
  'chunk-extension': 'Node takes `;a=` without value, and white space and controls in odd places',
  'trailer-forbidden': 'Node hands on any field behind a body (RFC 9110 section 6.5.1)',
  truncated: 'Node does not mind an end within the body of a message that asks for an upgrade',
  'data-after-close': 'Node forgets it where HTTP/1.0 says both close and keep-alive',
};

/** HTAB behind the name of a coding or option: white space (RFC 9110 section 5.6.3), which Node takes for a part of it. */
const TAB_BEHIND = /^(connection|transfer-encoding|upgrade):.*\t/im;

/** What Node refuses and we take. */
export interface Laxer {
  /** Node's code. */
  readonly code: string;
  readonly why: string;
  applies(input: string): boolean;
}

export const LAXER: readonly Laxer[] = [
  {
    code: 'HPE_INVALID_TRANSFER_ENCODING',
    why: 'Node does not know chunked if there is HTAB behind it',
    applies: (input) => TAB_BEHIND.test(input),
  },
  {
    code: 'HPE_INVALID_CONTENT_LENGTH',
    why: 'Node does not take HTAB behind the digits for white space',
    applies: (input) => /^content-length:.*\t/im.test(input),
  },
];

/** What both take, but not for the same. */
export interface OtherMeaning {
  readonly name: string;
  readonly why: string;
  readonly kinds: readonly MessageKind[];
  applies(ours: Told, theirs: Told, input: string): boolean;
}

export const OTHER: readonly OtherMeaning[] = [
  {
    name: 'close and keep-alive at once in HTTP/1.0',
    why: 'close is the safer answer (RFC 9112 section 9.3); Node goes on',
    kinds: ['request', 'response'],
    applies: (ours, theirs) => ours.minorVersion === 0 && !ours.keepAlive && theirs.keepAlive && valueOf(ours, 'connection').includes('close'), // prettier-ignore
  },
  {
    name: 'an upgrade in HTTP/1.0',
    why: 'has to be ignored (RFC 9110 section 7.8)',
    kinds: ['request'],
    applies: (ours, theirs) => ours.minorVersion === 0 && !ours.upgrade && theirs.upgrade,
  },
  {
    name: 'an upgrade behind a chunked body',
    why: 'Node leaves HTTP in front of the body, and hands that on as if it were the other protocol',
    kinds: ['request'],
    applies: (ours, theirs) => ours.upgrade && theirs.upgrade && valueOf(ours, 'transfer-encoding') !== '',
  },
  {
    name: '101 without Upgrade or Connection',
    why: 'what follows 101 is not HTTP (RFC 9110 section 15.2.2); Node stops there, too, but does not say why',
    kinds: ['response'],
    applies: (ours, theirs) => ours.start[0] === 101 && ours.upgrade && !theirs.upgrade,
  },
  {
    name: 'HTAB behind chunked, close or upgrade',
    why: 'is white space; Node takes it for a part of the word',
    kinds: ['request', 'response'],
    applies: (ours, theirs, input) => TAB_BEHIND.test(input) && (ours.keepAlive !== theirs.keepAlive || ours.upgrade !== theirs.upgrade), // prettier-ignore
  },
  {
    name: 'Proxy-Connection',
    why: 'means nothing (RFC 9112 appendix C.2.2); Node takes it for Connection',
    kinds: ['request', 'response'],
    applies: (ours, theirs) =>
      ours.keepAlive !== theirs.keepAlive && valueOf(ours, 'proxy-connection') !== '',
  },
  {
    name: '1xx with Content-Length',
    why: 'has no body (RFC 9112 section 6.3); Node reads one after the codes that it does not know',
    kinds: ['response'],
    applies: ({ start: [status] }) => typeof status === 'number' && status > 101 && status < 200,
  },
];

function valueOf({ fields }: Told, wanted: string): string {
  return fields
    .filter(([name]) => name!.toLowerCase() === wanted)
    .map(([, value]) => value!.toLowerCase())
    .join();
}
