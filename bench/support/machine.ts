import { readFileSync } from 'node:fs';
import { type CpuInfo, availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinning } from './pinned.ts';

/** Share of one core that the rest of the machine may use while it still counts as quiet. */
export const QUIET = 0.15;

/** CPU seconds that the whole machine has used so far, interrupts and what its host took away included. */
export function machineCpu(): number {
  return process.platform === 'linux' ? linuxCpu() : cpus().reduce((used, cpu) => used + busy(cpu), 0) / 1000;
}

/** Other than `os.cpus()` this knows the time of soft interrupts, where loopback traffic is handled. */
function linuxCpu(): number {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/ +/)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / 100;
}

function busy({ times }: CpuInfo): number {
  return times.user + times.nice + times.sys + times.irq;
}

/** Waits until the machine does nothing else, or for `patience` seconds. */
export async function quiet(patience: number): Promise<void> {
  for (let waited = 0; waited < patience; waited += 0.2) {
    const before = machineCpu();
    await sleep(200);
    if (machineCpu() - before < QUIET * 0.2) return;
  }
}

/** Where the numbers come from. */
export function environment(): Record<string, unknown> {
  const [cpu] = cpus();
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpu?.model ?? 'unknown',
    cores: availableParallelism(),
    pinned: pinning,
  };
}
