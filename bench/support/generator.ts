import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LOAD_CORE, ended, spawnPinned } from './pinned.ts';

/** What a load generator is to do; load.c explains the terms. */
export interface Load {
  readonly connections: number;
  readonly request: number;
  readonly answer: number;
  readonly depth: number;
  readonly period: number;
  /** What a period begins with, in hexadecimal. */
  readonly head?: string;
}

/** What it has seen. */
export interface LoadResult {
  readonly messages: number;
  readonly seconds: number;
  /** CPU seconds of the generator itself. */
  readonly cpu: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** What is done when counting begins and ends. */
export interface LoadObserver {
  begin(): void;
  end(): void;
}

/** Seconds of a load: before counting, and of counting. */
export interface LoadTimes {
  readonly lead: number;
  readonly seconds: number;
}

/** Puts load on servers. */
export interface LoadGenerator<Load> {
  /** Puts load on a port; resolves when it is over. */
  run(port: number, load: Load, times: LoadTimes, observer?: LoadObserver): Promise<LoadResult>;
}

/** The load generator in a process of its own: C where there is a compiler, else JavaScript. */
export class Generator implements LoadGenerator<Load> {
  readonly kind: 'c' | 'node';
  private readonly folder = mkdtempSync(join(tmpdir(), 'hpsocket-rx-bench-'));
  private readonly command: readonly [string, ...string[]];

  constructor(wish: 'auto' | 'c' | 'node', protocol: 'tcp' | 'tls' = 'tcp') {
    const { libraries, script } = PROTOCOLS[protocol];
    const binary = join(this.folder, 'load');
    const compiled = wish !== 'node' && compile(binary, libraries);
    if (wish === 'c' && !compiled) {
      this.close();
      throw new Error(['cannot compile bench/support/load.c with cc', ...libraries].join(' '));
    }
    this.kind = compiled ? 'c' : 'node';
    this.command = compiled ? [binary] : [process.execPath, here(script)];
  }

  run(port: number, load: Load, times: LoadTimes, observer?: LoadObserver): Promise<LoadResult> {
    const [command, ...before] = this.command;
    const { connections, request, answer, depth, period, head } = load;
    const numbers = [port, connections, request, answer, depth, period, times.lead, times.seconds];
    const args = [...before, ...numbers.map(String), ...(head === undefined ? [] : [head])];
    return runLoad(command, args, observer);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What load.c is compiled with, and what takes its place where that is not possible. */
const PROTOCOLS = {
  tcp: { libraries: [], script: 'load.js' },
  tls: { libraries: ['-DTLS', '-lssl', '-lcrypto'], script: 'load-tls.js' },
} as const;

/** Runs a generator, which prints `begin` and `end RESULT`; resolves when it is over. */
export async function runLoad(
  command: string,
  args: readonly string[],
  observer?: LoadObserver,
): Promise<LoadResult> {
  const child = spawnPinned(LOAD_CORE, command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let result: LoadResult | undefined;
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line === 'begin') {
      observer?.begin();
    } else if (line.startsWith('end ')) {
      observer?.end();
      result = JSON.parse(line.slice(4)) as LoadResult;
    }
  }
  if ((await ended(child)) !== 0 || result === undefined) throw new Error('the load generator has failed');
  return result;
}

function compile(binary: string, libraries: readonly string[]): boolean {
  const args = ['-O2', '-o', binary, here('load.c'), ...libraries];
  return spawnSync('cc', args, { stdio: 'ignore' }).status === 0;
}

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
