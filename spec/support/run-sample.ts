import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ReplaySubject, filter, firstValueFrom } from 'rxjs';
import { afterTest } from './cleanup.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How a sample ended, and every line that it said. */
export interface Outcome {
  readonly code: number | null;
  readonly out: readonly string[];
  readonly errors: readonly string[];
}

/** A sample in a process of its own, which does not outlive the test. */
export interface SampleRun {
  readonly input: Writable;
  readonly output: Readable;
  /** Resolves when the process has ended and all its output is here. */
  readonly ended: Promise<Outcome>;
  /** The first line of standard output that matches, past or to come; rejects when the process ends without it. */
  line(pattern: RegExp): Promise<string>;
  /** The port of the `listening` line. */
  port(): Promise<number>;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
}

/** Runs a sample by its name, as `npm run -s sample -- …` does. */
export function runSample(...args: readonly string[]): SampleRun {
  return runScript('samples/main.ts', ...args);
}

/** Runs one of our TypeScript files. */
export function runScript(script: string, ...args: readonly string[]): SampleRun {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { cwd: ROOT, stdio: 'pipe' });
  const out: string[] = [];
  const errors: string[] = [];
  const lines$ = new ReplaySubject<string>(Infinity);
  createInterface({ input: child.stdout }).on('line', (line) => {
    out.push(line);
    lines$.next(line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ended = once(child, 'close').then(([code]) => {
    lines$.complete();
    return { code: code as number | null, out, errors };
  });
  afterTest(() => {
    child.kill('SIGKILL');
    return ended;
  });

  const line = (pattern: RegExp) =>
    firstValueFrom(lines$.pipe(filter((text) => pattern.test(text)))).catch(() => {
      throw new Error(`ended without a line like ${String(pattern)}:\n${[...out, ...errors].join('\n')}`);
    });
  const port = async () =>
    Number((await line(/^listening (tcp|tls|udp) 127\.0\.0\.1:\d+$/)).split(':').pop());
  const { stdin: input, stdout: output } = child;
  return { input, output, ended, line, port, signal: (name) => child.kill(name) };
}
