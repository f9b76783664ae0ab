import { type Standing, hold } from './support/contest.ts';
import { Generator } from './support/generator.ts';
import { printAgainst, printStandings } from './support/print.ts';
import { type Candidate, OURS, choose } from './support/server.ts';
import type { Settings, Shape } from './support/settings.ts';

const CANDIDATES: readonly Candidate[] = [
  { name: 'raw', label: 'node:net, bytes back, no packets', script: 'echo-net' },
  { name: 'naive', label: 'node:net, concat, a write each', script: 'packets-naive' },
  { name: 'corked', label: 'node:net, concat, corked', script: 'packets-corked' },
  { name: 'careful', label: 'node:net, by hand: in place, one write', script: 'packets-careful' },
  { name: 'receive', label: `${OURS}, codec, server.receive$`, script: 'packets-receive' },
  { name: 'handle', label: `${OURS}, codec, handleEach + sendTo`, script: 'packets-handle' },
  { name: 'operators', label: `${OURS}, decode, 3 operators, encode`, script: 'packets-operators' },
];

const SHAPES: readonly Shape[] = [
  { size: 64, depth: 1 },
  { size: 64, depth: 64 },
  { size: 1024, depth: 1 },
  { size: 1024, depth: 64 },
];

const HEADER = 4;

/** What came out for one length and depth. */
export interface PacketsResult extends Shape {
  readonly candidates: readonly Standing[];
}

/** PACK packets that are decoded, encoded and sent back. */
export async function packets(settings: Settings): Promise<readonly PacketsResult[]> {
  const { connections, shapes = SHAPES } = settings;
  const candidates = choose(CANDIDATES, settings);
  const generator = new Generator(settings.generator);
  const results: PacketsResult[] = [];
  try {
    for (const { size, depth } of shapes) {
      const length = HEADER + size;
      const head = Buffer.alloc(HEADER);
      head.writeUInt32LE(size);
      const load = {
        connections,
        request: length,
        answer: length,
        depth,
        period: length,
        head: head.toString('hex'),
      };
      const standings = await hold({ candidates, load, messagesPerAnswer: 1 }, generator, settings);
      printStandings(`packets: ${size} bytes, depth ${depth}, ${connections} connections`, standings);
      printAgainst(standings, 'packets');
      results.push({ size, depth, candidates: standings });
    }
  } finally {
    generator.close();
  }
  return results;
}
