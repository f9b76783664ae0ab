/** From so many bytes on whole words are quicker than single bytes, and from so many on words of 64 bits. */
const WORDS_FROM = 48;
const LONG_WORDS_FROM = 8 * 1024;

/** Memory whose words are remembered is not larger, so that nothing large is kept alive. */
const MOST_REMEMBERED = 1024 * 1024;

/** Words of memory hold their first byte in their lowest bits. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Bits that are not set in any word of ASCII. */
const NOT_ASCII = 0x8080_8080 | 0;

const remembered: { memory: ArrayBufferLike | undefined; words: Int32Array } = {
  memory: undefined,
  words: new Int32Array(0),
};

/**
 * Masks bytes, or takes their mask off, which is the same (RFC 6455 section 5.3): in place, byte i by byte i modulo 4 of the
 * key. What is quickest depends on how many they are.
 *
 * @param key The four bytes of the key, the first in the lowest bits.
 * @returns Whether all bytes are ASCII afterwards; of more than 8 KiB only that they may not be.
 */
export function applyMask(bytes: Uint8Array, from: number, to: number, key: number): boolean {
  const length = to - from;
  if (length < WORDS_FROM || !IS_LITTLE_ENDIAN) return (maskBytes(bytes, from, to, key) & NOT_ASCII) === 0;
  if (length < LONG_WORDS_FROM) return (maskWords(bytes, from, to, key) & NOT_ASCII) === 0;
  maskLongWords(bytes, from, to, key);
  return false;
}

/** The key as it applies `count` bytes further on. */
export function turnKey(key: number, count: number): number {
  const bits = (count & 3) << 3;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}

/** The four bytes of a key. */
export function keyBytes(key: number): Uint8Array {
  return Uint8Array.of(key, key >>> 8, key >>> 16, key >>> 24);
}

/** The key in four bytes. */
export function keyOf(bytes: Uint8Array, at = 0): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Answers with all bytes of the result, laid over each other. */
function maskBytes(bytes: Uint8Array, from: number, to: number, key: number): number {
  const first = key & 0xff;
  const second = (key >>> 8) & 0xff;
  const third = (key >>> 16) & 0xff;
  const fourth = key >>> 24;
  let seen = 0;
  let at = from;
  for (const end = to - 3; at < end; at += 4) {
    seen |= bytes[at]! ^= first;
    seen |= bytes[at + 1]! ^= second;
    seen |= bytes[at + 2]! ^= third;
    seen |= bytes[at + 3]! ^= fourth;
  }
  if (at < to) seen |= bytes[at]! ^= first;
  if (at + 1 < to) seen |= bytes[at + 1]! ^= second;
  if (at + 2 < to) seen |= bytes[at + 2]! ^= third;
  return seen;
}

function maskWords(bytes: Uint8Array, from: number, to: number, key: number): number {
  const { buffer, byteOffset } = bytes;
  const begin = from + (-(byteOffset + from) & 3);
  const turned = turnKey(key, begin - from);
  const words = wordsOf(buffer);
  const end = (byteOffset + to) >>> 2;
  let seen = maskBytes(bytes, from, begin, key);
  let at = (byteOffset + begin) >>> 2;
  for (const last = end - 7; at < last; at += 8) {
    seen |= words[at]! ^= turned;
    seen |= words[at + 1]! ^= turned;
    seen |= words[at + 2]! ^= turned;
    seen |= words[at + 3]! ^= turned;
    seen |= words[at + 4]! ^= turned;
    seen |= words[at + 5]! ^= turned;
    seen |= words[at + 6]! ^= turned;
    seen |= words[at + 7]! ^= turned;
  }
  for (; at < end; at++) seen |= words[at]! ^= turned;
  return seen | maskBytes(bytes, end * 4 - byteOffset, to, turned);
}

function maskLongWords(bytes: Uint8Array, from: number, to: number, key: number): void {
  const { buffer, byteOffset } = bytes;
  const begin = from + (-(byteOffset + from) & 7);
  const turned = turnKey(key, begin - from);
  const count = (to - begin) >>> 3;
  const words = new BigInt64Array(buffer, byteOffset + begin, count);
  const half = BigInt(turned >>> 0);
  const long = BigInt.asIntN(64, (half << 32n) | half);
  maskBytes(bytes, from, begin, key);
  let at = 0;
  for (const last = count - 3; at < last; at += 4) {
    words[at]! ^= long;
    words[at + 1]! ^= long;
    words[at + 2]! ^= long;
    words[at + 3]! ^= long;
  }
  for (; at < count; at++) words[at]! ^= long;
  maskBytes(bytes, begin + count * 8, to, turned);
}

/** The memory as words. A chunk holds many frames, so that the last memory is mostly the right one. */
function wordsOf(memory: ArrayBufferLike): Int32Array {
  if (memory === remembered.memory) return remembered.words;
  const words = new Int32Array(memory, 0, memory.byteLength >>> 2);
  if (memory.byteLength <= MOST_REMEMBERED) {
    remembered.memory = memory;
    remembered.words = words;
  }
  return words;
}
