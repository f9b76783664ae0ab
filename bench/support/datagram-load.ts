import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LoadGenerator, type LoadObserver, type LoadTimes, runLoad } from './generator.ts';

/** Datagrams, or messages, that an echo server sends back. */
export interface DatagramLoad {
  readonly connections: number;
  readonly length: number;
  /** How many at a time on each connection. */
  readonly depth: number;
}

/** The generator of datagrams in a process of its own: C where there is a compiler, else JavaScript. */
export class DatagramGenerator implements LoadGenerator<DatagramLoad> {
  private readonly folder = mkdtempSync(join(tmpdir(), 'hpsocket-rx-bench-'));
  private readonly command: readonly [string, ...string[]];

  constructor(wish: 'auto' | 'c' | 'node') {
    const binary = join(this.folder, 'load-udp');
    const compiled =
      wish !== 'node' &&
      spawnSync('cc', ['-O2', '-o', binary, here('load-udp.c')], { stdio: 'ignore' }).status === 0;
    if (wish === 'c' && !compiled) {
      this.close();
      throw new Error('cannot compile bench/support/load-udp.c with cc');
    }
    this.command = compiled ? [binary] : [process.execPath, here('load-udp.js')];
  }

  run(port: number, load: DatagramLoad, times: LoadTimes, observer?: LoadObserver) {
    const [command, ...before] = this.command;
    return runLoad(command, [...before, ...argumentsOf(port, load, times)], observer);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Messages over reliable UDP, from a process that uses this library itself. */
export function arqLoad(fast: boolean): LoadGenerator<DatagramLoad> {
  return {
    run: (port, load, times, observer) => {
      const args = [here('load-arq.js'), ...argumentsOf(port, load, times), fast ? '1' : '0'];
      return runLoad(process.execPath, args, observer);
    },
  };
}

function argumentsOf(
  port: number,
  { connections, length, depth }: DatagramLoad,
  { lead, seconds }: LoadTimes,
) {
  return [port, connections, length, depth, lead, seconds].map(String);
}

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
