import { DEPTH, MESSAGE } from './servers/fanin-message.js';
import { type Standing, hold } from './support/contest.ts';
import { Generator } from './support/generator.ts';
import { printStandings } from './support/print.ts';
import { type Candidate, OURS, choose } from './support/server.ts';
import type { Settings } from './support/settings.ts';

const CANDIDATES: readonly Candidate[] = [
  { name: 'write', label: 'node:net, socket.write each', script: 'fanin-write' },
  { name: 'cork', label: 'node:net, cork and uncork around', script: 'fanin-cork' },
  { name: 'pack', label: `${OURS}, send each, inside receive$`, script: 'fanin-pack' },
  { name: 'late', label: `${OURS}, send each, from elsewhere`, script: 'fanin-late' },
];

/** Many small messages sent one by one in a turn; the server is the sender. */
export async function fanin(settings: Settings): Promise<readonly Standing[]> {
  const { connections } = settings;
  const size = MESSAGE.length;
  const load = { connections, request: 1, answer: DEPTH * size, depth: 1, period: size };
  const generator = new Generator(settings.generator);
  try {
    const candidates = choose(CANDIDATES, settings);
    const standings = await hold({ candidates, load, messagesPerAnswer: DEPTH }, generator, settings);
    printStandings(`fan-in: ${size} bytes, ${DEPTH} sends in a turn, ${connections} connections`, standings);
    return standings;
  } finally {
    generator.close();
  }
}
