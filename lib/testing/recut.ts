import { piecesOf } from './cuts.ts';
import { Random } from './random.ts';
import type { RecordedEvent } from './recording.ts';

type Chunk = RecordedEvent & { readonly type: 'in' };

/**
 * Cuts what was received anew, at random. A piece comes when its last byte came. No byte moves past something that
 * was sent, since the peer may have waited for it.
 */
export function recut(events: readonly RecordedEvent[], seed: number): RecordedEvent[] {
  const random = new Random(seed);
  const result: RecordedEvent[] = [];
  let burst: Chunk[] = [];
  for (const event of events) {
    if (event.type === 'in') {
      burst.push(event);
      continue;
    }
    result.push(...recutBurst(burst, random), event);
    burst = [];
  }
  return [...result, ...recutBurst(burst, random)];
}

function recutBurst(burst: readonly Chunk[], random: Random): RecordedEvent[] {
  const bytes = Buffer.concat(burst.map((chunk) => chunk.bytes));
  const pieces = piecesOf(bytes, cutsOf(bytes.length, burst.length, random));
  const result: RecordedEvent[] = [];
  let chunk = 0;
  let arrived = burst[0]?.bytes.length ?? 0;
  let end = 0;
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    end += piece.length;
    while (arrived < end) arrived += burst[++chunk]?.bytes.length ?? Infinity;
    result.push({ type: 'in', t: burst[chunk]?.t ?? 0, bytes: piece });
  }
  return result;
}

/** Most cuts in what was not sent in very many chunks. */
const MANY = 256;

/** Any number of cuts, from none to one before each byte, but not thousands for a large burst. */
function cutsOf(length: number, chunks: number, random: Random): number[] {
  const most = Math.min(length - 1, Math.max(MANY, 2 * chunks));
  // Few cuts are as interesting as many.
  const count = random.below(random.below(most + 1) + 1);
  const cuts = new Set<number>();
  for (let left = count; left > 0; left--) cuts.add(random.between(1, length - 1));
  return [...cuts].sort((a, b) => a - b);
}
