import { type Standing, hold } from './support/contest.ts';
import { Generator } from './support/generator.ts';
import { printStandings } from './support/print.ts';
import { type Candidate, OURS, choose } from './support/server.ts';
import type { Settings, Shape } from './support/settings.ts';

const CANDIDATES: readonly Candidate[] = [
  { name: 'net', label: 'node:net', script: 'echo-net' },
  { name: 'handle', label: `${OURS}, handleEach + sendTo`, script: 'echo-handle' },
  { name: 'receive', label: `${OURS}, server.receive$`, script: 'echo-receive' },
  { name: 'loop', label: `${OURS}, handleEach + sendTo, loopScheduler`, script: 'echo-loop' },
];

const SHAPES: readonly Shape[] = [
  { size: 64, depth: 1 },
  { size: 64, depth: 16 },
  { size: 1024, depth: 1 },
  { size: 16_384, depth: 1 },
];

/** A prime, so that bytes in the wrong order are noticed. */
const PERIOD = 251;

/** What came out for one length and depth. */
export interface EchoResult extends Shape {
  readonly candidates: readonly Standing[];
}

/** Messages that are sent back, one read and one write each. */
export async function echo(settings: Settings): Promise<readonly EchoResult[]> {
  const { connections, shapes = SHAPES } = settings;
  const candidates = choose(CANDIDATES, settings);
  const generator = new Generator(settings.generator);
  const results: EchoResult[] = [];
  try {
    for (const { size, depth } of shapes) {
      const load = { connections, request: size, answer: size, depth, period: PERIOD };
      const standings = await hold({ candidates, load, messagesPerAnswer: 1 }, generator, settings);
      printStandings(`echo: ${size} bytes, depth ${depth}, ${connections} connections`, standings);
      results.push({ size, depth, candidates: standings });
    }
  } finally {
    generator.close();
  }
  return results;
}
