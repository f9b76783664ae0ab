import type { Random } from '../../lib/testing/random.ts';
import type { FuzzTarget } from './target.ts';

/** Longest input; what a decoder gets wrong shows in short ones. */
const LONGEST = 1024;

/** A stream for a decoder: valid, or damaged in a few places, or anything. */
export function randomInput(target: FuzzTarget, random: Random): Uint8Array {
  const kind = random.below(10);
  if (kind === 0) return random.bytes(random.below(64));
  const { bytes, starts } = validStream(target, random);
  if (kind <= 2) return bytes;
  let damaged = bytes;
  for (let times = random.between(1, 3); times > 0; times--)
    damaged = random.pick(MUTATIONS)(damaged, random, { target, starts });
  return damaged.subarray(0, LONGEST);
}

function validStream(target: FuzzTarget, random: Random) {
  const frames: Uint8Array[] = [];
  const starts: number[] = [];
  let length = 0;
  for (let count = random.below(6); count > 0; count--) {
    const frame = target.frame(random);
    frames.push(frame);
    starts.push(length);
    length += frame.length;
  }
  return { bytes: Buffer.concat(frames) as Uint8Array, starts };
}

interface Surroundings {
  readonly target: FuzzTarget;
  /** Where frames began, before anything was damaged. */
  readonly starts: readonly number[];
}

type Mutation = (bytes: Uint8Array, random: Random, around: Surroundings) => Uint8Array;

const EXTREMES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  insertBytes,
  insertWord,
  removeRange,
  repeatRange,
  truncate,
  setExtreme,
  setExtreme, // twice as often: lengths are where decoders go wrong
];

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}

function insertBytes(bytes: Uint8Array, random: Random): Uint8Array {
  return insert(bytes, random.below(bytes.length + 1), random.bytes(random.between(1, 4)));
}

function insertWord(bytes: Uint8Array, random: Random, { target, starts }: Surroundings): Uint8Array {
  if (target.words.length === 0) return insertBytes(bytes, random);
  const word = random.pick(target.words);
  const part = random.below(4) === 0 ? word.subarray(0, random.between(1, word.length)) : word;
  return insert(bytes, position(bytes, random, starts), part);
}

function removeRange(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = range(bytes, random);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
}

function repeatRange(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = range(bytes, random);
  return insert(bytes, random.below(bytes.length + 1), bytes.subarray(from, to));
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

/** One to eight bytes all the same or ending in something else, often where a frame begins. */
function setExtreme(bytes: Uint8Array, random: Random, { starts }: Surroundings): Uint8Array {
  const at = position(bytes, random, starts) + random.below(4);
  const end = Math.min(bytes.length, at + random.pick([1, 1, 2, 3, 4, 8]));
  const value = random.pick(EXTREMES);
  for (let index = at; index < end; index++) bytes[index] = value;
  if (end > at && random.below(2) === 0) bytes[end - 1] = random.pick(EXTREMES);
  return bytes;
}

function position(bytes: Uint8Array, random: Random, starts: readonly number[]): number {
  const at = starts.length > 0 && random.below(3) > 0 ? random.pick(starts) : random.below(bytes.length + 1);
  return Math.min(at, bytes.length);
}

function range(bytes: Uint8Array, random: Random): [number, number] {
  const from = random.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + random.between(1, 24))];
}

function insert(bytes: Uint8Array, at: number, inserted: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
}
