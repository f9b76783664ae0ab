/** No room in the target: all that write answer with this number, and the caller tries a larger one. */
export const NO_ROOM = -1;

/** Latin-1 text as bytes that are kept; not as a Buffer, whose small ones share memory. */
export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/**
 * Copies bytes to a place.
 *
 * @param at Where to; or {@link NO_ROOM}, which stays what it is.
 * @returns Where they end, or {@link NO_ROOM}.
 */
export function put(target: Buffer, at: number, bytes: Uint8Array): number {
  if (at < 0 || at + bytes.length > target.length) return NO_ROOM;
  target.set(bytes, at);
  return at + bytes.length;
}

/** Writes Latin-1 text; otherwise as {@link put}. */
export function putText(target: Buffer, at: number, text: string): number {
  const { length } = text;
  if (at < 0 || at + length > target.length) return NO_ROOM;
  return at + target.write(text, at, length, 'latin1');
}

/** Writes an integer of 0 and more in decimal digits; otherwise as {@link put}. */
export function putInteger(target: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let power = 10; power <= value; power *= 10) end++;
  if (at < 0 || end > target.length) return NO_ROOM;
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    const tenth = Math.floor(rest / 10);
    target[place] = 48 + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}
