import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { toText } from '../../bytes/bytes-like.ts';

/** Longest text or bytes that are shown in full. */
const SHOWN = 200;

/**
 * A value as tests compare and show it: text as it is; bytes as text if they are printable UTF-8, otherwise in
 * hexadecimal digits between angle brackets, such as `<02 00 c0 5f>`; anything else as `util.inspect` has it. What is
 * longer than 200 characters is cut, and its hash tells it from others.
 */
export function readable(value: unknown): string {
  if (typeof value === 'string') return shortened(value);
  if (value instanceof Uint8Array) return shortened(textOf(value));
  if (value instanceof ArrayBuffer) return readable(new Uint8Array(value));
  return shortened(inspect(plain(value), INSPECTION));
}

const INSPECTION = {
  depth: null,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Infinity,
  compact: true,
  sorted: true,
} as const;

/** The same with all bytes in it as text, so that it does not matter what kind of array they are in. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return readable(value);
  if (Array.isArray(value)) return value.map(plain);
  const isPlain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

function textOf(bytes: Uint8Array): string {
  const text = toText(bytes);
  if (bytes.length > 0 && isPrintable(text) && Buffer.from(text, 'utf8').equals(bytes)) return text;
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `<${digits.replace(/..(?=.)/g, '$& ')}>`;
}

/** Line feeds, carriage returns and tabs are as good as printable. */
function isPrintable(text: string): boolean {
  return !/[^\P{C}\n\r\t]/u.test(text);
}

function shortened(text: string): string {
  if (text.length <= SHOWN) return text;
  const hash = createHash('sha1').update(text).digest('hex').slice(0, 8);
  return `${text.slice(0, SHOWN / 2)}… (${text.length} characters, sha1 ${hash})`;
}
