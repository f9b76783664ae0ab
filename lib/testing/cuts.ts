import type { Random } from './random.ts';

/** Where a stream is cut, in ascending order; the same position twice makes an empty chunk. */
export type Cuts = readonly number[];

/** The pieces between the cuts, each in memory of its own, so that whoever reads past the end finds nothing. */
export function piecesOf(bytes: Uint8Array, cuts: Cuts): Uint8Array[] {
  return between(bytes, cuts, (from, to) => Uint8Array.prototype.slice.call(plainView(bytes), from, to));
}

/** Most foreign bytes on each side of a view. */
const MARGIN = 9;

/** The pieces between the cuts as Buffers, each with something else in front of it and behind it in its memory. */
export function viewsOf(bytes: Uint8Array, cuts: Cuts, random: Random): Buffer[] {
  return between(bytes, cuts, (from, to) => {
    const before = random.between(1, MARGIN);
    const after = random.between(1, MARGIN);
    const end = before + to - from;
    const memory = new Uint8Array(end + after);
    memory.set(random.bytes(before));
    memory.set(bytes.subarray(from, to), before);
    memory.set(random.bytes(after), end);
    return Buffer.from(memory.buffer, before, to - from);
  });
}

function between<T>(bytes: Uint8Array, cuts: Cuts, make: (from: number, to: number) => T): T[] {
  const pieces: T[] = [];
  let from = 0;
  for (const cut of cuts) {
    pieces.push(make(from, cut));
    from = cut;
  }
  pieces.push(make(from, bytes.length));
  return pieces;
}

/** A Buffer's own `slice` does not copy. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Which positions to take of a stream that is too long for all. */
export interface Reach {
  /** Longest stream of which every position is taken. */
  readonly every: number;
  /** Of a longer one: how far around its ends and its seams every position is taken. */
  readonly near: number;
}

/** Seams of a long stream at which every position nearby is taken. */
const MOST_SEAMS = 8;

/**
 * The positions at which a stream can be cut: all of a short one; of a long one those near its ends and near seams,
 * and as many random others.
 */
export function positions(length: number, seams: readonly number[], reach: Reach, random: Random): number[] {
  if (length <= reach.every) return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
  const chosen = new Set<number>();
  for (const anchor of [0, length, ...someOf(seams, random)]) {
    const last = Math.min(length - 1, anchor + reach.near);
    for (let at = Math.max(1, anchor - reach.near); at <= last; at++) chosen.add(at);
  }
  for (let count = 2 * reach.near; count > 0; count--) chosen.add(random.between(1, length - 1));
  return [...chosen].sort(ascending);
}

function someOf(seams: readonly number[], random: Random): readonly number[] {
  if (seams.length <= MOST_SEAMS) return seams;
  return Array.from({ length: MOST_SEAMS }, () => random.pick(seams));
}

/** A few cuts anywhere, also at the ends and twice in one place; half of them near a seam, if there are any. */
export function randomCuts(length: number, seams: readonly number[], random: Random): number[] {
  const cuts: number[] = [];
  for (let count = random.between(1, Math.min(12, length + 1)); count > 0; count--) {
    const nearSeam = seams.length > 0 && random.below(2) === 0;
    const at = nearSeam ? random.pick(seams) + random.between(-4, 4) : random.between(0, length);
    cuts.push(Math.max(0, Math.min(length, at)));
  }
  return cuts.sort(ascending);
}

function ascending(a: number, b: number): number {
  return a - b;
}
