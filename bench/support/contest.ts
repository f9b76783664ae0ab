import type { LoadGenerator, LoadResult } from './generator.ts';
import { QUIET, machineCpu, quiet } from './machine.ts';
import { type Candidate, type RunningServer, startServer } from './server.ts';
import type { Settings } from './settings.ts';
import { type Spread, median, spread } from './statistics.ts';

/** One measurement of one candidate. */
export interface Round extends LoadResult {
  /** CPU seconds of the server. */
  readonly serverCpu: number;
  /** CPU of everything but server and load, as a share of one core. */
  readonly others: number;
}

/** What came out for one candidate: medians of its rounds. */
export interface Standing {
  readonly name: string;
  readonly label: string;
  /** Messages per second. */
  readonly throughput: number;
  /** Messages per CPU second of the server. */
  readonly perCpuSecond: number;
  /** Microseconds of CPU of the server for each message. */
  readonly cpuPerMessage: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Share of a core that the generator took: above 0.95 it is the limit. */
  readonly generatorCpu: number;
  readonly others: number;
  /** {@link perCpuSecond} against the first candidate of the same round. */
  readonly ratio: Spread;
  /** The same for the best rounds of both: what disturbs can only add CPU. */
  readonly bestRatio: number;
  readonly rounds: readonly Round[];
}

/** Candidates that are measured in turn under the same load. */
export interface Contest<Load> {
  /** The first one is the yardstick. */
  readonly candidates: readonly Candidate[];
  readonly load: Load;
  /** Messages, or whatever is counted, that one answer stands for. */
  readonly messagesPerAnswer: number;
}

/** Under load, before each measurement: connections are up and their first messages are over. */
const LEAD = 0.2;

/** How often a disturbed measurement is made at most. */
const TRIES = 3;

/** Starts all candidates, warms each one, and then measures A B C, B C A, C A B, … */
export async function hold<Load>(
  { candidates, load, messagesPerAnswer }: Contest<Load>,
  generator: LoadGenerator<Load>,
  { rounds, seconds, warm, patience }: Settings,
): Promise<readonly Standing[]> {
  const servers: RunningServer[] = [];
  try {
    for (const candidate of candidates) servers.push(await startServer(candidate));
    for (const { port } of servers) await generator.run(port, load, { lead: LEAD, seconds: warm });
    const measured = servers.map((): Round[] => []);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < servers.length; turn++) {
        // Everybody comes first, and after everybody, equally often.
        const i = (round + turn) % servers.length;
        const server = servers[i]!;
        const result = await undisturbed(patience, () => measure(server, load, generator, seconds));
        measured[i]!.push({ ...result, messages: result.messages * messagesPerAnswer });
      }
    }
    return candidates.map((candidate, i) => standing(candidate, measured[i]!, measured[0]!));
  } finally {
    await Promise.all(servers.map(({ process }) => process.stop()));
  }
}

/** Measures, again if something else was running meanwhile; answers with the least disturbed measurement. */
async function undisturbed(patience: number, measureOnce: () => Promise<Round>): Promise<Round> {
  let best: Round | undefined;
  for (let tries = 0; tries < (patience > 0 ? TRIES : 1); tries++) {
    await quiet(patience);
    const round = await measureOnce();
    if (best === undefined || round.others < best.others) best = round;
    if (best.others <= QUIET) break;
  }
  return best!;
}

async function measure<Load>(
  server: RunningServer,
  load: Load,
  generator: LoadGenerator<Load>,
  seconds: number,
): Promise<Round> {
  const looks: Promise<Look>[] = [];
  const observer = { begin: () => looks.push(look(server)), end: () => looks.push(look(server)) };
  try {
    const result = await generator.run(server.port, load, { lead: LEAD, seconds }, observer);
    const [before, after] = (await Promise.all(looks)) as [Look, Look];
    const serverCpu = after.server - before.server;
    const ours = serverCpu + result.cpu + after.harness - before.harness;
    const others = (after.machine - before.machine - ours) / result.seconds;
    return { ...result, serverCpu, others: Math.max(0, others) };
  } finally {
    await Promise.allSettled(looks);
  }
}

/** CPU seconds used so far. */
interface Look {
  readonly server: number;
  readonly harness: number;
  readonly machine: number;
}

async function look(server: RunningServer): Promise<Look> {
  const machine = machineCpu();
  const { user, system } = process.cpuUsage();
  const { seconds } = await server.process.ask<{ seconds: number }>('cpu');
  return { server: seconds, harness: (user + system) / 1e6, machine };
}

function standing(
  { name, label }: Candidate,
  rounds: readonly Round[],
  yardstick: readonly Round[],
): Standing {
  const best = (of: readonly Round[]) => Math.max(...of.map(perCpuSecond));
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  return {
    name,
    label,
    throughput: middle(({ messages, seconds }) => messages / seconds),
    perCpuSecond: middle(perCpuSecond),
    cpuPerMessage: middle((round) => 1e6 / perCpuSecond(round)),
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    generatorCpu: middle(({ cpu, seconds }) => cpu / seconds),
    others: middle(({ others }) => others),
    ratio: spread(rounds.map((round, i) => perCpuSecond(round) / perCpuSecond(yardstick[i]!))),
    bestRatio: best(rounds) / best(yardstick),
    rounds,
  };
}

/** Messages for each CPU second of the server. */
export function perCpuSecond({ messages, serverCpu }: Round): number {
  return messages / serverCpu;
}
