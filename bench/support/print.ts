import { type Standing, perCpuSecond } from './contest.ts';
import { OURS } from './server.ts';
import { spread } from './statistics.ts';
import { grouped, table } from './table.ts';

const HEAD = [
  'second',
  'CPU second',
  'CPU each',
  'p50',
  'p99',
  'load',
  'others',
  'ratio',
  'from - to',
  'best',
];

/** Prints what came out of a contest in which `unit` was counted. */
export function printStandings(title: string, standings: readonly Standing[], unit = 'messages'): void {
  const rows = standings.map(({ label, ratio, bestRatio, ...each }) => [
    label,
    grouped(each.throughput),
    grouped(each.perCpuSecond),
    `${each.cpuPerMessage.toFixed(2)} µs`,
    `${grouped(each.p50)} µs`,
    `${grouped(each.p99)} µs`,
    each.generatorCpu.toFixed(2),
    each.others.toFixed(2),
    ratio.median.toFixed(3),
    `${ratio.min.toFixed(2)} - ${ratio.max.toFixed(2)}`,
    bestRatio.toFixed(3),
  ]);
  process.stdout.write(`\n${title}\n${table([[`${unit} per`, ...HEAD], ...rows])}`);
  if (standings.some(({ generatorCpu }) => generatorCpu > 0.95))
    process.stdout.write('The load generator was the limit (load above 0.95).\n');
}

/** Prints medians of the ratios of each of ours to each of the others, round by round. */
export function printAgainst(standings: readonly Standing[], unit: string): void {
  const others = standings.filter(({ label }) => !label.startsWith(OURS));
  const rows = standings
    .filter((standing) => !others.includes(standing))
    .map(({ label, rounds }) => [
      label,
      ...others.map((other) =>
        spread(rounds.map((round, i) => perCpuSecond(round) / perCpuSecond(other.rounds[i]!))).median.toFixed(
          2,
        ),
      ),
    ]);
  process.stdout.write(
    table([[`${unit} per CPU second against`, ...others.map(({ name }) => name)], ...rows]),
  );
}
