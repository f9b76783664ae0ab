import { BURST, MESSAGE } from './servers/tls-burst.js';
import { type Standing, hold } from './support/contest.ts';
import { Generator } from './support/generator.ts';
import { handshakes } from './support/handshakes.ts';
import { printAgainst, printStandings } from './support/print.ts';
import { type Candidate, OURS, choose } from './support/server.ts';
import type { Settings, Shape } from './support/settings.ts';

const ECHOES: readonly Candidate[] = [
  { name: 'tls', label: 'node:tls', script: 'tls-echo' },
  { name: 'handle', label: `${OURS}, handleEach + sendTo`, script: 'tls-handle' },
  { name: 'receive', label: `${OURS}, server.receive$`, script: 'tls-receive' },
];

const BURSTS: readonly Candidate[] = [
  { name: 'write', label: 'node:tls, socket.write each', script: 'tls-write' },
  { name: 'cork', label: 'node:tls, cork and uncork around', script: 'tls-cork' },
  { name: 'pack', label: `${OURS}, send each, inside receive$`, script: 'tls-pack' },
  { name: 'late', label: `${OURS}, send each, from elsewhere`, script: 'tls-late' },
];

const HANDSHAKES: readonly Candidate[] = [
  { name: 'tls', label: 'node:tls', script: 'tls-echo' },
  { name: 'shake-handle', label: `${OURS}, handleEach + sendTo`, script: 'tls-handle' },
  { name: 'shake-receive', label: `${OURS}, server.receive$`, script: 'tls-receive' },
];

const SHAPES: readonly Shape[] = [
  { size: 16_384, depth: 4 },
  { size: 65_536, depth: 4 },
  { size: 64, depth: 1 },
];

/** From this length on what counts are bytes, and a few connections are enough to move them. */
const BULK = 16_384;
const BULK_CONNECTIONS = 8;

const MIB = 1024 * 1024;

/** Enough for the servers to find the next handshake waiting. */
const SHAKING_CONNECTIONS = 8;

/** A prime, so that bytes in the wrong order are noticed. */
const PERIOD = 251;

/** What came out of one contest. */
export interface TlsResult {
  readonly contest: string;
  /** What the numbers of the candidates count. */
  readonly unit: 'messages' | 'MiB' | 'handshakes';
  readonly candidates: readonly Standing[];
}

/** TLS 1.3 against plain `node:tls`: bulk, small messages sent one by one, and handshakes. */
export async function tls(settings: Settings): Promise<readonly TlsResult[]> {
  return [...(await exchanges(settings)), ...(await visits(settings))];
}

/** Contests over connections that stay. */
async function exchanges(settings: Settings): Promise<readonly TlsResult[]> {
  const { shapes = SHAPES } = settings;
  const results: TlsResult[] = [];
  const generator = new Generator(settings.generator, 'tls');
  try {
    const echoes = invited(ECHOES, settings);
    if (echoes !== undefined)
      for (const shape of shapes) results.push(await echo(shape, echoes, generator, settings));
    const bursts = invited(BURSTS, settings);
    if (bursts !== undefined) results.push(await burst(bursts, generator, settings));
  } finally {
    generator.close();
  }
  return results;
}

async function echo(
  { size, depth }: Shape,
  candidates: readonly Candidate[],
  generator: Generator,
  settings: Settings,
): Promise<TlsResult> {
  const bulk = size >= BULK;
  const connections = bulk ? Math.min(settings.connections, BULK_CONNECTIONS) : settings.connections;
  const load = { connections, request: size, answer: size, depth, period: PERIOD };
  const contest = { candidates, load, messagesPerAnswer: bulk ? size / MIB : 1 };
  const title = `tls: echo of ${size} bytes, depth ${depth}, ${connections} connections`;
  return shown(title, bulk ? 'MiB' : 'messages', await hold(contest, generator, settings));
}

async function burst(
  candidates: readonly Candidate[],
  generator: Generator,
  settings: Settings,
): Promise<TlsResult> {
  const { connections } = settings;
  const size = MESSAGE.length;
  const load = { connections, request: 1, answer: BURST * size, depth: 1, period: size };
  const standings = await hold({ candidates, load, messagesPerAnswer: BURST }, generator, settings);
  const title = `tls: ${size} bytes, ${BURST} sends in a turn, ${connections} connections`;
  const result = shown(title, 'messages', standings);
  printAgainst(standings, 'messages');
  return result;
}

/** Contests over connections that come and go. */
async function visits(settings: Settings): Promise<readonly TlsResult[]> {
  const results: TlsResult[] = [];
  const candidates = invited(HANDSHAKES, settings) ?? [];
  for (const sessions of candidates.length > 0 ? (['full', 'resumed'] as const) : []) {
    const load = { connections: SHAKING_CONNECTIONS, sessions };
    const standings = await hold({ candidates, load, messagesPerAnswer: 1 }, handshakes, settings);
    const title = `tls: ${sessions} handshakes, ${load.connections} connections at a time`;
    results.push(shown(title, 'handshakes', standings));
  }
  return results;
}

/** Those that were asked for; nobody, if that is the yardstick alone. */
function invited(candidates: readonly Candidate[], settings: Settings): readonly Candidate[] | undefined {
  const chosen = choose(candidates, settings);
  return chosen.length > 1 ? chosen : undefined;
}

function shown(contest: string, unit: TlsResult['unit'], candidates: readonly Standing[]): TlsResult {
  printStandings(contest, candidates, unit);
  return { contest, unit, candidates };
}
