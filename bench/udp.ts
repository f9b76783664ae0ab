import { type Standing, hold } from './support/contest.ts';
import { DatagramGenerator } from './support/datagram-load.ts';
import { printStandings } from './support/print.ts';
import { type Candidate, OURS, choose } from './support/server.ts';
import type { Settings, Shape } from './support/settings.ts';

const CANDIDATES: readonly Candidate[] = [
  { name: 'dgram', label: 'node:dgram', script: 'udp-dgram' },
  { name: 'receive', label: `${OURS}, server.receive$`, script: 'udp-receive' },
  { name: 'handle', label: `${OURS}, handleEach + sendTo`, script: 'udp-handle' },
];

const SHAPES: readonly Shape[] = [
  { size: 64, depth: 4 },
  { size: 1024, depth: 4 },
];

/** More in flight than the system keeps for one socket would be lost. */
const MOST_SOCKETS = 16;

/** What came out for one length and depth. */
export interface UdpResult extends Shape {
  readonly candidates: readonly Standing[];
}

/** Datagrams that are sent back to where they came from. */
export async function udp(settings: Settings): Promise<readonly UdpResult[]> {
  const { shapes = SHAPES } = settings;
  const connections = Math.min(settings.connections, MOST_SOCKETS);
  const candidates = choose(CANDIDATES, settings);
  const generator = new DatagramGenerator(settings.generator);
  const results: UdpResult[] = [];
  try {
    for (const { size, depth } of shapes) {
      const load = { connections, length: size, depth };
      const standings = await hold({ candidates, load, messagesPerAnswer: 1 }, generator, settings);
      printStandings(`udp: ${size} bytes, depth ${depth}, ${connections} peers`, standings, 'datagrams');
      results.push({ size, depth, candidates: standings });
    }
  } finally {
    generator.close();
  }
  return results;
}
