import { inspect, isDeepStrictEqual } from 'node:util';
import { isMap, isSet, isUint8Array } from 'node:util/types';

/**
 * Whether a message is what was expected: bytes by their content, whether Buffer or Uint8Array and however deep inside
 * the message; everything else as `isDeepStrictEqual` sees it.
 */
export function same(actual: unknown, expected: unknown): boolean {
  if (isUint8Array(expected)) return isUint8Array(actual) && Buffer.compare(actual, expected) === 0;
  if (typeof expected !== 'object' || expected === null) return Object.is(actual, expected);
  return isDeepStrictEqual(plain(actual), plain(expected));
}

/** A deep copy in which every Buffer is a Uint8Array. What is neither data nor container is kept as it is. */
export function plain(value: unknown, copies = new Map<unknown, unknown>()): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isUint8Array(value)) return new Uint8Array(value);
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) return copyItems(value, copies);
  if (isMap(value) || isSet(value)) return copyCollection(value, copies);
  return isRecord(value) ? copyRecord(value, copies) : value;
}

/** An object whose whole content is its properties: not a Date, not an Error and the like. */
function isRecord(value: object): value is Record<PropertyKey, unknown> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

function copyItems(items: readonly unknown[], copies: Map<unknown, unknown>): unknown[] {
  const copy: unknown[] = [];
  copies.set(items, copy);
  for (const item of items) copy.push(plain(item, copies));
  return copy;
}

function copyCollection(
  from: Map<unknown, unknown> | Set<unknown>,
  copies: Map<unknown, unknown>,
): Map<unknown, unknown> | Set<unknown> {
  if (isSet(from)) return new Set(copyItems([...from], copies));
  return new Map(copyItems([...from], copies) as [unknown, unknown][]);
}

function copyRecord(record: Record<PropertyKey, unknown>, copies: Map<unknown, unknown>): object {
  const copy = Object.create(Object.getPrototypeOf(record) as object | null) as Record<PropertyKey, unknown>;
  copies.set(record, copy);
  for (const key of Reflect.ownKeys(record))
    if (Object.prototype.propertyIsEnumerable.call(record, key)) {
      // Defined, not assigned: a key `__proto__` or a setter must not be run into.
      const value = plain(record[key], copies);
      Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true });
    }
  return copy;
}

/** Most bytes of a value that an error message shows. */
const SHOWN = 24;

/** A value on one line, not too long; of bytes the part around `around`. */
export function show(value: unknown, around = 0): string {
  if (isUint8Array(value)) return showBytes(value, around);
  const text = inspect(value, { depth: 4, breakLength: Infinity, maxArrayLength: 8, maxStringLength: 80 });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function showBytes(bytes: Uint8Array, around: number): string {
  const from = bytes.length <= SHOWN ? 0 : Math.max(0, Math.min(around - SHOWN / 3, bytes.length - SHOWN));
  const digits = hexOf(bytes.subarray(from, from + SHOWN));
  const before = from > 0 ? `… (from byte ${from}) ` : '';
  const after = from + SHOWN < bytes.length ? ' …' : '';
  return `${bytes.length} bytes: ${before}${digits}${after}`;
}

/** Where two byte strings begin to differ; 0 for anything else. */
export function firstDifference(a: unknown, b: unknown): number {
  if (!isUint8Array(a) || !isUint8Array(b)) return 0;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

/** Bytes as pairs of hexadecimal digits with spaces between them. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
