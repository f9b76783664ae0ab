import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How many files this machine lets a process have open, at the most. */
export const fileLimit: number = (() => {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? 1_000_000 : Number(limit);
})();

/**
 * Runs a program of the folder `programs` in a process of its own and answers with what it reported.
 *
 * @param files Limit of open files to run under; the machine's own limit where it is left out.
 */
export function runProgram(
  name: string,
  args: readonly (string | number)[] = [],
  files = fileLimit,
): Promise<Result> {
  const node = [process.execPath, '--expose-gc', '--import', 'tsx', `spec/robustness/programs/${name}.ts`];
  const command = [...node, ...args.map(String)].map((word) => `'${word}'`).join(' ');
  return new Promise((resolve, reject) => {
    execFile(
      'sh',
      ['-c', `ulimit -n ${files} && exec ${command}`],
      { cwd: root },
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`${name} failed: ${stderr}${stdout}`));
        else resolve(JSON.parse(stdout) as Result);
      },
    );
  });
}

/** What a program reports, by name. */
export type Result = Record<string, number | string | boolean>;
