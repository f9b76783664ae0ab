import { quoted } from './characters.ts';
import { FieldLines, type FieldsInit } from './write-fields.ts';
import { badMessage } from './message-error.ts';
import { putText } from './put.ts';

/**
 * Fields that make no sense behind a body, or would be dangerous there, since they say how the message is framed or
 * routed, who sends it, or how its contents are to be read (RFC 9110 section 6.5.1).
 */
const FORBIDDEN = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'warning',
  'www-authenticate',
]);

/** Whether a field must not be a trailer. The name may be in any case. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN.has(name.toLowerCase());
}

/**
 * The end of a body in chunks: the last chunk, the trailers, an empty line.
 *
 * @throws ProtocolError (`ERR_HTTP_MESSAGE`) for a field that is illegal, or must not be a trailer.
 */
export function lastChunk(trailers: FieldsInit): Buffer {
  // Read only once: what is checked is what is written.
  const pairs = Symbol.iterator in trailers ? [...(trailers as Iterable<Pair>)] : pairsOf(trailers);
  for (const [name] of pairs) {
    if (typeof name === 'string' && isForbiddenTrailer(name)) {
      throw badMessage(`the field ${quoted(name)} cannot be a trailer`);
    }
  }
  for (let size = 512; ; size *= 4) {
    const memory = Buffer.allocUnsafe(size);
    const { at } = new FieldLines(memory, putText(memory, 0, '0\r\n')).addAll(pairs);
    const end = putText(memory, at, '\r\n');
    if (end >= 0) return memory.subarray(0, end);
  }
}

type Pair = readonly [name: string, value: string | number];

function pairsOf(fields: Readonly<Record<string, string | number | readonly string[]>>): Pair[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    Array.isArray(value)
      ? (value as readonly string[]).map((one) => [name, one] as const)
      : [[name, value as string | number] as const],
  );
}
