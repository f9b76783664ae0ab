/** Memory up to this length is remembered; a longer one would be kept from the collector for too little. */
const LONGEST = 128 * 1024;

const NONE: Int32Array = new Int32Array(0);
let memory: ArrayBufferLike | undefined;
let words = NONE;

/**
 * The memory of a chunk as words of four bytes, so that they can be looked at four at a time. It remembers the last
 * memory: chunks that are read one after the other lie in the same, more often than not.
 */
export function wordsOf(of: ArrayBufferLike): Int32Array {
  if (of === memory) return words;
  const { byteLength } = of;
  if (byteLength > 2 ** 30) return NONE; // where positions are no small integers any more
  const made = new Int32Array(of, 0, byteLength >> 2);
  if (byteLength <= LONGEST) {
    memory = of;
    words = made;
  }
  return made;
}

/**
 * Whether four bytes are all from 0x20 to 0xff, and none is 0x7f (nor 0xff, for which it is easier to say no).
 *
 * Bit 6 of each byte of the first term tells whether bit 5, 6 or 7 of it is set, so that it is not below 0x20. Bit 0 of
 * each byte of the second tells whether bits 0 to 6 all are. (Sums would leave 32 bits, which makes them slow.)
 */
export function isText(word: number): boolean {
  const pairs = word & (word >>> 1);
  return (
    ((word | (word << 1) | (word >>> 1)) & 0x40404040) === 0x40404040 &&
    (pairs & (pairs >>> 2) & (pairs >>> 4) & (word >>> 6) & 0x01010101) === 0
  );
}
