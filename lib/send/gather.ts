import { BLOCK_SIZE, SMALL } from './send-policy.ts';

/** One block for all connections: writing is synchronous, and most writes are taken at once. */
let block = Buffer.allocUnsafeSlow(BLOCK_SIZE);
let used = 0;
/** Gathers of which the bytes may still be referred to. */
let gathers = 0;

/** Where the block stood before a {@link gather}, for {@link rewind}. */
export interface BlockMark {
  readonly block: Buffer<ArrayBuffer>;
  readonly used: number;
  readonly gathers: number;
}

/** Remembers how far the block is used. */
export function markBlock(): BlockMark {
  return { block, used, gathers };
}

/** Takes back what was gathered since the mark; only when nobody refers to it any more. */
export function rewind(mark: BlockMark): void {
  if (gathers !== mark.gathers + 1) return;
  gathers = mark.gathers;
  block = mark.block;
  used = mark.used;
}

/** Joins neighbouring small pieces by copying them into the block. What comes out has the same bytes in order. */
export function gather(pieces: readonly Uint8Array[]): Uint8Array[] {
  gathers++;
  const joined: Uint8Array[] = [];
  let start = used;
  const cut = () => {
    if (used > start) joined.push(block.subarray(start, used));
    start = used;
  };
  for (const piece of pieces) {
    if (piece.length >= SMALL) {
      cut();
      joined.push(piece);
      continue;
    }
    if (used + piece.length > BLOCK_SIZE) {
      cut();
      block = Buffer.allocUnsafeSlow(BLOCK_SIZE);
      used = start = 0;
    }
    block.set(piece, used);
    used += piece.length;
  }
  cut();
  return joined;
}
