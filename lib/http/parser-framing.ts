import { RequestHead, ResponseHead, type UpgradeKind } from './head.ts';
import type { Faults } from './http-error.ts';
import type { HttpParserSettings } from './limits.ts';
import {
  CHUNKED,
  CLOSE,
  CONNECTION_UPGRADE,
  EXPECT_CONTINUE,
  EXPECT_OTHER,
  type FieldBlock,
  HOST,
  KEEP_ALIVE,
  OTHER_CODING,
  TRANSFER_ENCODING,
  UPGRADE,
  WEBSOCKET,
} from './parser-field-block.ts';
import type { RequestLineReader } from './parser-request-line.ts';
import type { StatusLineReader } from './parser-status-line.ts';
import { isSameAuthority } from './syntax/authority.ts';
import { absoluteParts } from './syntax/target.ts';

/** There is no body, … */
export const NO_BODY = 0;
/** … or Content-Length says how long it is, … */
export const BY_LENGTH = 1;
/** … or it comes in chunks, … */
export const BY_CHUNKS = 2;
/** … or it ends with the connection. */
export const BY_CLOSE = 3;

/** How the end of a body is found. */
export type Framing = typeof NO_BODY | typeof BY_LENGTH | typeof BY_CHUNKS | typeof BY_CLOSE;

const DEFAULT_PORTS: Record<string, number> = { http: 80, ws: 80, https: 443, wss: 443, ftp: 21 };

/** What the heads of one kind of message are checked against and made with. */
export interface HeadContext extends Faults {
  readonly settings: HttpParserSettings;
}

/** Makes the head of a request; what line and fields say together is checked here (RFC 9112 sections 3.2 and 6). */
export function requestHead(
  line: RequestLineReader,
  block: FieldBlock,
  target: string,
  context: HeadContext,
): RequestHead {
  const { settings, fault } = context;
  const { method, minorVersion, targetForm } = line;
  const { flags, fields } = block;
  const isConnect = targetForm === 'authority';
  if ((flags & HOST) === 0) {
    if (minorVersion === 1 && !settings.lenient.missingHost) throw fault('host-missing');
  } else if (targetForm === 'absolute') checkHost(target, fields.get('host') ?? '', context);
  const chunked = (flags & TRANSFER_ENCODING) !== 0 && isChunked(block, minorVersion, context);
  if ((flags & TRANSFER_ENCODING) !== 0 && !chunked) throw fault('transfer-encoding-not-chunked');
  const contentLength = chunked ? -1 : block.contentLength;
  const hasBody = chunked || contentLength > 0;
  if (contentLength > settings.limits.maxBody) throw bodyTooLong(contentLength, context);
  if (isConnect && hasBody) throw fault('content-in-connect');
  // An old client cannot expect anything (RFC 9110 section 10.1.1), nor change to anything (section 7.8).
  if (minorVersion === 1 && (flags & EXPECT_OTHER) !== 0) throw fault('expectation');
  return new RequestHead({
    method,
    target,
    targetForm,
    minorVersion,
    fields,
    contentLength: contentLength < 0 ? undefined : contentLength,
    chunked,
    keepAlive: staysAlive(block, minorVersion),
    upgrade: isConnect ? 'tunnel' : minorVersion === 1 ? upgradeIn(flags) : undefined,
    expectContinue: minorVersion === 1 && hasBody && (flags & EXPECT_CONTINUE) !== 0,
  });
}

/** How the body of a request ends. */
export function framingOfRequest({ chunked, contentLength }: RequestHead): Framing {
  if (chunked) return BY_CHUNKS;
  return contentLength === undefined || contentLength === 0 ? NO_BODY : BY_LENGTH;
}

/**
 * Makes the head of a response (RFC 9112 section 6.3).
 *
 * @param method The method of the request that it answers, if it is known.
 */
export function responseHead(
  line: StatusLineReader,
  block: FieldBlock,
  reason: string,
  method: string | undefined,
  context: HeadContext,
): ResponseHead {
  const { status, minorVersion } = line;
  const { flags, fields } = block;
  const isTunnel = method === 'CONNECT' && status >= 200 && status < 300;
  const chunked = (flags & TRANSFER_ENCODING) !== 0 && isChunked(block, minorVersion, context);
  const hasCodings = (flags & TRANSFER_ENCODING) !== 0;
  const contentLength = hasCodings || isTunnel ? -1 : block.contentLength;
  const isOpen = contentLength < 0 && !chunked && mayHaveBody(status, method) && !isTunnel;
  const head = new ResponseHead({
    status,
    reason,
    minorVersion,
    fields,
    contentLength: contentLength < 0 ? undefined : contentLength,
    chunked: chunked && !isTunnel,
    keepAlive: !isOpen && staysAlive(block, minorVersion),
    upgrade: isTunnel ? 'tunnel' : status === 101 ? (upgradeIn(flags) ?? 'other') : undefined,
  });
  const { maxBody } = context.settings.limits;
  if (contentLength > maxBody && framingOfResponse(head, method) === BY_LENGTH)
    throw bodyTooLong(contentLength, context);
  return head;
}

/** How the body of a response ends. */
export function framingOfResponse(head: ResponseHead, method: string | undefined): Framing {
  const { status, chunked, contentLength, upgrade } = head;
  if (upgrade !== undefined || !mayHaveBody(status, method)) return NO_BODY;
  if (chunked) return BY_CHUNKS;
  if (contentLength === undefined) return BY_CLOSE;
  return contentLength === 0 ? NO_BODY : BY_LENGTH;
}

/** A body of so many bytes, and that is too many. */
export function bodyTooLong(length: number, { settings, fault }: HeadContext) {
  return fault('body-length', `${length} bytes, ${settings.limits.maxBody} are allowed`);
}

function mayHaveBody(status: number, method: string | undefined): boolean {
  return status >= 200 && status !== 204 && status !== 304 && method !== 'HEAD';
}

/** Whether chunked is the last transfer coding; there is at least one. */
function isChunked(block: FieldBlock, minorVersion: number, { settings, fault }: HeadContext): boolean {
  const { flags, contentLength } = block;
  const { contentLengthBesideChunked, otherTransferCodings } = settings.lenient;
  if (minorVersion === 0) throw fault('transfer-encoding-version');
  if (contentLength >= 0 && !contentLengthBesideChunked) throw fault('content-length-conflict');
  const chunked = (flags & CHUNKED) !== 0;
  if (!chunked && !otherTransferCodings) throw fault('transfer-encoding-not-chunked');
  if ((flags & OTHER_CODING) !== 0 && !otherTransferCodings) throw fault('transfer-encoding-unknown');
  return chunked;
}

/** RFC 9112 section 9.3; and section 6.1: after both lengths at once, nobody knows where the next message begins. */
function staysAlive({ flags, contentLength }: FieldBlock, minorVersion: number): boolean {
  if ((flags & CLOSE) !== 0 || ((flags & TRANSFER_ENCODING) !== 0 && contentLength >= 0)) return false;
  return minorVersion === 1 || (flags & KEEP_ALIVE) !== 0;
}

function upgradeIn(flags: number): UpgradeKind | undefined {
  if ((flags & UPGRADE) === 0 || (flags & CONNECTION_UPGRADE) === 0) return undefined;
  return (flags & WEBSOCKET) !== 0 ? 'websocket' : 'other';
}

/** A target in absolute form says the same as Host (RFC 9112 section 3.2.2). */
function checkHost(target: string, host: string, { settings, fault }: HeadContext): void {
  const { scheme, authority } = absoluteParts(target);
  const isSame = isSameAuthority(authority, host, DEFAULT_PORTS[scheme] ?? 80);
  if (!isSame && !settings.lenient.anyHost) throw fault('host-mismatch', `${host} and ${authority}`);
}
