import { forbidsBody } from '../status.ts';
import type { FieldFacts } from './field-facts.ts';
import { badMessage } from './message-error.ts';

/**
 * How the receiver of a message knows where its body ends: there is none, by `Content-Length`, by the last chunk, or
 * because the connection ends.
 */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/**
 * What is known about a body before it is written: its length in bytes; `'chunked'` if the length is unknown;
 * `'close'` if the end of the connection is to be the end of the body (responses only); or nothing: there is none.
 */
export type BodySize = number | 'chunked' | 'close' | undefined;

/** The line about framing that is added behind the fields. */
export type FramingLine = 'none' | 'length' | 'chunked';

/** What was decided about one message. */
export interface FramingPlan {
  framing: Framing;
  /** Bytes of the body, for `'length'`; else 0. */
  length: number;
  /** Whether the connection ends with this message. */
  closes: boolean;
}

/** What decides about the framing of a response besides its fields. */
export interface ResponseKind {
  readonly status: number;
  readonly body: BodySize;
  readonly requestMethod: string;
  /** HTTP/1.0 is spoken, which has no chunks and closes unless agreed otherwise. */
  readonly old: boolean;
  readonly keepAlive: boolean;
}

/** Whether what follows a response is no HTTP any more, but the bytes of a tunnel. */
export function opensTunnel(requestMethod: string | undefined, status: number): boolean {
  return requestMethod === 'CONNECT' && status >= 200 && status < 300;
}

/**
 * Decides how the body of a response is framed (RFC 9112 section 6).
 *
 * @returns The line that is to be added.
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) if fields and body contradict each other, or the status forbids either.
 */
export function frameResponse(kind: ResponseKind, facts: FieldFacts, plan: FramingPlan): FramingLine {
  const { status, requestMethod } = kind;
  const tunnels = opensTunnel(requestMethod, status);
  if (tunnels || forbidsBody(status)) return frameNothing(kind, facts, plan, tunnels);
  plan.closes = !kind.keepAlive || facts.close;
  if (status === 205) checkReset(kind, facts);
  if (requestMethod === 'HEAD') return frameHead(kind, facts, plan);
  const { body } = kind;
  if (facts.chunked) return frameChunks(kind, plan);
  if (facts.contentLength >= 0) {
    checkLength(facts.contentLength, body);
    if (body === 'close') plan.closes = true;
    return set(plan, 'length', facts.contentLength, 'none');
  }
  if (body === undefined || typeof body === 'number') return set(plan, 'length', body ?? 0, 'length');
  if (body === 'chunked' && !kind.old) return set(plan, 'chunked', 0, 'chunked');
  plan.closes = true;
  return set(plan, 'close', 0, 'none');
}

/** 1xx, 204, 304 and the answer that opens a tunnel. */
function frameNothing(
  kind: ResponseKind,
  facts: FieldFacts,
  plan: FramingPlan,
  tunnels: boolean,
): FramingLine {
  const { status, body } = kind;
  const what = tunnels ? `an answer ${status} to CONNECT` : `an answer ${status}`;
  if (body !== undefined && body !== 0) throw badMessage(`${what} has no body, got ${shown(body)}`);
  if (facts.chunked) throw badMessage(`${what} cannot have Transfer-Encoding`);
  // A 304 may tell how long the answer would be that the client has already.
  if (facts.contentLength >= 0 && status !== 304) throw badMessage(`${what} cannot have Content-Length`);
  plan.closes = status >= 200 && !tunnels && (!kind.keepAlive || facts.close);
  return set(plan, 'none', 0, 'none');
}

/** A 205 tells to empty a form, and has itself nothing to show. */
function checkReset({ body }: ResponseKind, facts: FieldFacts): void {
  if (body !== undefined && body !== 0) throw badMessage(`an answer 205 has no body, got ${shown(body)}`);
  if (facts.chunked) throw badMessage('an answer 205 cannot have Transfer-Encoding');
}

/** HEAD is answered with the fields that GET would get, as far as they are known, and without a body. */
function frameHead({ body, old }: ResponseKind, facts: FieldFacts, plan: FramingPlan): FramingLine {
  set(plan, 'none', 0, 'none');
  if (facts.contentLength >= 0) {
    if (typeof body === 'number' && body > 0) checkLength(facts.contentLength, body);
    return 'none';
  }
  if (facts.chunked) return 'none';
  if (typeof body === 'number') return 'length';
  return body === 'chunked' && !old ? 'chunked' : 'none';
}

/** The user wants chunks. A receiver of HTTP/1.0 gets the body in another way. */
function frameChunks({ body, old }: ResponseKind, plan: FramingPlan): FramingLine {
  if (!old) return set(plan, 'chunked', 0, 'none');
  if (typeof body === 'number') return set(plan, 'length', body, 'length');
  plan.closes = true;
  return set(plan, 'close', 0, 'none');
}

/** What decides about the framing of a request besides its fields. */
export interface RequestKind {
  readonly method: string;
  readonly body: BodySize;
  readonly old: boolean;
  readonly keepAlive: boolean;
}

/** As {@link frameResponse}, for a request. */
export function frameRequest(kind: RequestKind, facts: FieldFacts, plan: FramingPlan): FramingLine {
  const { method, body, old } = kind;
  plan.closes = !kind.keepAlive || facts.close;
  if (body === 'close') throw badMessage('the body of a request cannot end with the connection');
  if (method === 'TRACE' || method === 'CONNECT') checkBare(kind, facts);
  if (old && (facts.chunked || (body === 'chunked' && facts.contentLength < 0))) {
    throw badMessage('a request of HTTP/1.0 needs the length of its body, since it cannot have chunks');
  }
  if (facts.chunked) return set(plan, 'chunked', 0, 'none');
  if (facts.contentLength >= 0) {
    checkLength(facts.contentLength, body);
    return set(plan, 'length', facts.contentLength, 'none');
  }
  if (body === 'chunked') return set(plan, 'chunked', 0, 'chunked');
  // A body is expected with these methods, so a server might ask for the length (RFC 9110 section 8.6).
  if (body === undefined || body === 0) {
    const expected = method === 'POST' || method === 'PUT' || method === 'PATCH';
    return set(plan, expected ? 'length' : 'none', 0, expected ? 'length' : 'none');
  }
  return set(plan, 'length', body, 'length');
}

/** A body of TRACE would come back and be seen, one of CONNECT would be taken for what goes through the tunnel. */
function checkBare({ method, body }: RequestKind, facts: FieldFacts): void {
  if (body !== undefined && body !== 0)
    throw badMessage(`a request ${method} has no body, got ${shown(body)}`);
  if (facts.chunked) throw badMessage(`a request ${method} cannot have Transfer-Encoding`);
  if (facts.contentLength >= 0) throw badMessage(`a request ${method} cannot have Content-Length`);
}

function checkLength(declared: number, body: BodySize): void {
  const actual = body ?? 0;
  if (typeof actual !== 'number' || actual === declared) return;
  throw badMessage(`Content-Length is ${declared}, but the body has ${actual} bytes`);
}

function set(plan: FramingPlan, framing: Framing, length: number, line: FramingLine): FramingLine {
  plan.framing = framing;
  plan.length = length;
  return line;
}

function shown(body: BodySize): string {
  return typeof body === 'number' ? `${body} bytes` : `one that is ${String(body)}`;
}

/** Throws for a body size that is none. */
export function checkBody(body: BodySize): void {
  if (body === undefined || body === 'chunked' || body === 'close') return;
  if (typeof body === 'number' && Number.isSafeInteger(body) && body >= 0) return;
  throw badMessage(
    `body must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, 'chunked', 'close' or left out, got ${String(body)}`,
  );
}
