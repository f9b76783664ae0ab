import { spawnSync } from 'node:child_process';
import { HelperProcess } from './support/helper-process.ts';
import { LOAD_CORE } from './support/pinned.ts';
import { type Candidate, OURS, choose, startServer } from './support/server.ts';
import type { Settings } from './support/settings.ts';
import { median } from './support/statistics.ts';
import { grouped, table } from './support/table.ts';

const CANDIDATES: readonly Candidate[] = [
  { name: 'net', label: 'node:net', script: 'echo-net' },
  { name: 'subscribe', label: `${OURS}, one receive$ subscriber each`, script: 'echo-subscribe' },
  { name: 'handle', label: `${OURS}, handleEach + sendTo`, script: 'echo-handle' },
  { name: 'receive', label: `${OURS}, server.receive$ only`, script: 'echo-receive' },
];

/** A small young generation: it grows with the rate of accepting, and would blur what the process holds. */
const NODE_OPTIONS = ['--expose-gc', '--max-semi-space-size=1'];

/** Files that a process has open besides its connections. */
const OTHER_FILES = 100;

/** What one connection of a candidate costs, in bytes. */
export interface IdleResult {
  readonly name: string;
  readonly label: string;
  /** Whether each connection has echoed one message before it went idle. */
  readonly greeted: boolean;
  readonly connections: number;
  /** On the heap of V8 and in buffers. */
  readonly used: number;
  /** Of the whole process, with what Node keeps outside the heap. */
  readonly resident: number;
  /** Against `node:net`. */
  readonly usedRatio: number;
  readonly residentRatio: number;
}

/** Memory of idle connections: how much more there is at the full number than at a fifth of it; medians of three. */
export async function idle(settings: Settings): Promise<readonly IdleResult[]> {
  const connections = Math.min(settings.idle, fileLimit() - OTHER_FILES);
  const rounds = Math.min(settings.rounds, 3);
  const candidates = choose(CANDIDATES, settings);
  const results: IdleResult[] = [];
  for (const greeted of [false, true]) {
    const costs = candidates.map((): Cost[] => []);
    for (let round = 0; round < rounds; round++)
      for (const [i, candidate] of candidates.entries())
        costs[i]!.push(await costOf(candidate, connections, greeted));
    const used = costs.map((each) => median(each.map((cost) => cost.used)));
    const resident = costs.map((each) => median(each.map((cost) => cost.resident)));
    const group = candidates.map(({ name, label }, i) => ({
      name,
      label,
      greeted,
      connections,
      used: used[i]!,
      resident: resident[i]!,
      usedRatio: used[i]! / used[0]!,
      residentRatio: resident[i]! / resident[0]!,
    }));
    print(group, connections, greeted);
    results.push(...group);
  }
  return results;
}

type Cost = Pick<IdleResult, 'used' | 'resident'>;

async function costOf(candidate: Candidate, connections: number, greet: boolean): Promise<Cost> {
  const server = await startServer(candidate, NODE_OPTIONS);
  const holder = new HelperProcess('support/hold.js', { core: LOAD_CORE });
  const memory = () => server.process.ask<Cost>('memory');
  const add = async (count: number) => {
    const order = { port: server.port, add: count, greet };
    const { failure } = await holder.ask<{ failure?: string }>(order);
    if (failure !== undefined) throw new Error(`cannot open ${connections} connections: ${failure}`);
  };
  try {
    const few = Math.ceil(connections / 5);
    await add(few);
    const before = await memory();
    await add(connections - few);
    const after = await memory();
    const grown = connections - few;
    return {
      used: (after.used - before.used) / grown,
      resident: (after.resident - before.resident) / grown,
    };
  } finally {
    await Promise.all([holder.stop(), server.process.stop()]);
  }
}

function fileLimit(): number {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  const limit = Number(stdout);
  return limit > 0 ? limit : 1_000_000;
}

function print(results: readonly IdleResult[], connections: number, greeted: boolean): void {
  const rows = results.map(({ label, used, resident, usedRatio, residentRatio }) => [
    label,
    grouped(used),
    usedRatio.toFixed(2),
    grouped(resident),
    residentRatio.toFixed(2),
  ]);
  const state = greeted ? 'after one echo of 64 bytes' : 'silent from the beginning';
  const head = ['bytes per connection', 'heap + buffers', 'ratio', 'RSS', 'ratio'];
  process.stdout.write(`\nidle: ${connections} connections, ${state}\n${table([head, ...rows])}`);
}
