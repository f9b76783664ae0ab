import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { it } from '@jest/globals';
import { afterTest } from './cleanup.ts';

/** A program of this machine that runs as long as a test at most. */
export interface ToolRun {
  /** Everything that it has written so far, to standard output and standard error. */
  readonly text: string;
  /** The exit code, when all its output is here. */
  readonly ended: Promise<number | null>;
  /** Writes to its standard input. */
  type(text: string): void;
  /** Ends its standard input. */
  endInput(): void;
  /** Waits until it has written something; rejects if it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Runs a program. */
export function runTool(program: string, ...args: readonly string[]): ToolRun {
  const child = spawn(program, args, { stdio: 'pipe' });
  let text = '';
  let over = false;
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const check of [...waiting]) check();
  };
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      changed();
    });
  }
  child.stdin.on('error', () => undefined); // it has ended
  const ended = once(child, 'close').then(([code]) => {
    over = true;
    changed();
    return code as number | null;
  });
  afterTest(() => {
    child.kill('SIGKILL');
    return ended;
  });
  return {
    get text() {
      return text;
    },
    ended,
    type: (input) => child.stdin.write(input),
    endInput: () => child.stdin.end(),
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const match = pattern.exec(text);
          if (match === null && !over) return;
          waiting.delete(check);
          if (match === null) reject(new Error(`${program} ended without ${String(pattern)}:\n${text}`));
          else resolve(match);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** `it` for tests that need a program: on a machine that does not have it they are skipped. */
export function itWith(program: string, ...versionArgs: readonly string[]): typeof it | typeof it.skip {
  return spawnSync(program, versionArgs).status === 0 ? it : it.skip;
}
