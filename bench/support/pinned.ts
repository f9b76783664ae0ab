import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** The core of the servers, and the one of the load. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** Whether processes are bound to a core of their own; needs `taskset` and two cores. */
export const pinning =
  spawnSync('taskset', ['-c', `${SERVER_CORE},${LOAD_CORE}`, 'true'], { stdio: 'ignore' }).status === 0 &&
  spawnSync('taskset', ['-c', `${LOAD_CORE}`, 'true'], { stdio: 'ignore' }).status === 0;

/** Starts a process on a core. */
export function spawnPinned(
  core: number,
  command: string,
  args: readonly string[],
  options: { stdio: StdioOptions; env?: NodeJS.ProcessEnv },
): ChildProcess {
  if (!pinning) return spawn(command, args, options);
  return spawn('taskset', ['-c', `${core}`, command, ...args], options);
}

/** Resolves with the exit code once the process has ended, also if it has already. */
export async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
