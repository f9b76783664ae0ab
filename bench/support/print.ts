import type { Standing } from './contest.ts';
import { grouped, table } from './table.ts';

const HEAD = [
  'messages per',
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

/** Prints what came out of a contest. */
export function printStandings(title: string, standings: readonly Standing[]): void {
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
  process.stdout.write(`\n${title}\n${table([HEAD, ...rows])}`);
  if (standings.some(({ generatorCpu }) => generatorCpu > 0.95))
    process.stdout.write('The load generator was the limit (load above 0.95).\n');
}
