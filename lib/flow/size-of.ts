/**
 * How many bytes a value counts for: the length of bytes or text, the `data` of an event, the summed sizes of an
 * array; 1 for anything else.
 */
export function sizeOf(value: unknown): number {
  return value instanceof Uint8Array ? value.length : sizeOfOther(value);
}

/** By itself, so that the common case is small enough to be inlined everywhere. */
function sizeOfOther(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  const { byteLength, data } = value as { byteLength?: unknown; data?: unknown };
  if (typeof byteLength === 'number') return byteLength;
  if (data !== undefined) return sizeOf(data);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 0);
  return 1;
}
