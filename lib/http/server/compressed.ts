import { type MonoTypeOperatorFunction, map, of } from 'rxjs';
import { check, flag, integer, table } from '../../base/options.ts';
import { byteLength } from '../encode/whole.ts';
import type { FieldsInit } from '../encode/write-fields.ts';
import { isCompressible } from '../mime.ts';
import { type ContentCoding, negotiateEncoding } from '../negotiate.ts';
import { type CompressionLevels, compressBody } from './compress-body.ts';
import type { HttpExchange } from './http-exchange.ts';
import { type HttpReply, type HttpResponse, isStream } from './http-response.ts';

/** Options of {@link compressed}. */
export interface CompressedOptions {
  /**
   * Bytes from which on a body is compressed, if its length is known. 0 to 2^40.
   * @default 1024
   */
  readonly threshold?: number;
  /**
   * Codings, the best one first. The client decides by `Accept-Encoding`; among those that it likes equally, the order
   * does.
   * @default ['br', 'gzip', 'deflate']
   */
  readonly codings?: readonly Exclude<ContentCoding, 'identity'>[];
  /**
   * How hard gzip and deflate try. 0 to 9.
   * @default 6
   */
  readonly gzipLevel?: number;
  /**
   * How hard Brotli tries. 0 to 11; from 5 on it takes longer than gzip.
   * @default 4
   */
  readonly brotliQuality?: number;
  /**
   * Whether each part of a streamed body reaches the client as soon as it has come, at the cost of some length.
   * @default false
   */
  readonly flush?: boolean;
}

type Coding = Exclude<ContentCoding, 'identity'>;
const CODINGS: readonly Coding[] = ['br', 'gzip', 'deflate'];
const isCodings = (value: unknown) =>
  Array.isArray(value) && value.every((coding) => CODINGS.includes(coding as Coding));

const checkOptions = table<CompressedOptions>({
  threshold: integer({ min: 0, max: 2 ** 40, fallback: 1024 }),
  codings: check<readonly Coding[]>(CODINGS, "an array of 'br', 'gzip' and 'deflate'", isCodings),
  gzipLevel: integer({ min: 0, max: 9, fallback: 6 }),
  brotliQuality: integer({ min: 0, max: 11, fallback: 4 }),
  flush: flag(false),
});

interface Settings extends CompressionLevels {
  readonly threshold: number;
  readonly codings: readonly Coding[];
}

/**
 * Compresses answers on their way to the client, where that is of use and the client agrees: bodies of types that become
 * smaller (`Content-Type` has to be there), from a threshold on. Streamed bodies stay streamed, and bounded.
 *
 * A compressed answer has a weak entity tag, since its bytes are others, and no ranges; what depends on the client's
 * wishes says so with `Vary`. Left alone are parts (206), what has a `Content-Encoding` or a digest already, and
 * `Cache-Control: no-transform`. Secrets next to what an attacker can choose can be guessed by the length of what is
 * compressed; leave such answers out.
 *
 * Keeps nothing; errors and completes with the source.
 *
 * @throws OptionError (`ERR_OPTION`) at once.
 * @example
 * server.serve((request$) => request$.pipe(mergeMap(serveFiles('public')), compressed())).subscribe();
 */
export function compressed(options?: CompressedOptions): MonoTypeOperatorFunction<HttpReply> {
  const settings = checkOptions(options) as Settings;
  return map(({ exchange, response }) => ({ exchange, response: compress(exchange, response, settings) }));
}

type Pairs = (readonly [name: string, value: string | number])[];

/** Fields that speak about the very bytes of a body. */
const SPOKEN_FOR = [
  'content-encoding',
  'content-range',
  'content-md5',
  'content-digest',
  'digest',
  'transfer-encoding',
];

function compress(exchange: HttpExchange, response: HttpResponse, settings: Settings): HttpResponse {
  const { status = 200, fields } = response;
  if (status === 206 || status < 200 || fields === undefined) return response;
  const pairs = pairsOf(fields);
  const get = (name: string) => pairs.find(([each]) => each.toLowerCase() === name)?.[1];
  if (SPOKEN_FOR.some((name) => get(name) !== undefined)) return response;
  if (/\bno-transform\b/i.test(String(get('cache-control') ?? ''))) return response;
  // A 304 says the same as the answer that the client has, as far as it can be known.
  if (status !== 304 && !isWorthIt(response, get, settings.threshold)) return response;
  const coding = negotiateEncoding(exchange.fields.get('accept-encoding'), settings.codings) ?? 'identity';
  const varied = withVary(pairs);
  if (coding === 'identity') return { ...response, fields: varied };
  if (status === 304) return { ...response, fields: weakened(varied) };
  const { body } = response;
  const parts$ = isStream(body) ? body : of(body ?? '');
  return {
    ...response,
    fields: [...weakened(varied), ['Content-Encoding', coding]],
    body: parts$.pipe(compressBody(coding, settings)),
  };
}

function isWorthIt(
  { body }: HttpResponse,
  get: (name: string) => string | number | undefined,
  threshold: number,
): boolean {
  const type = get('content-type');
  if (body === undefined || typeof type !== 'string' || !isCompressible(type)) return false;
  const length = isStream(body) ? Number(get('content-length') ?? Infinity) : byteLength(body);
  return length >= threshold;
}

function pairsOf(fields: FieldsInit): Pairs {
  if (Symbol.iterator in fields) return [...(fields as Iterable<readonly [string, string | number]>)];
  return Object.entries(fields as Record<string, string | number | readonly string[]>).flatMap(
    ([name, value]) =>
      typeof value === 'object' ? value.map((one) => [name, one] as const) : [[name, value] as const],
  );
}

function withVary(pairs: Pairs): Pairs {
  const named = pairs.filter(([name]) => name.toLowerCase() === 'vary').map(([, value]) => String(value));
  if (named.some((value) => /(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(value))) return pairs;
  return [...pairs, ['Vary', 'Accept-Encoding']];
}

/** Fields of the same contents in other bytes. */
function weakened(pairs: Pairs): Pairs {
  return pairs
    .filter(([name]) => !['content-length', 'accept-ranges'].includes(name.toLowerCase()))
    .map(([name, value]) => {
      const isStrong = name.toLowerCase() === 'etag' && !String(value).startsWith('W/');
      return isStrong ? [name, `W/${value}`] : [name, value];
    });
}
