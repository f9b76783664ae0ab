import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const TINY = ['--rounds', '1', '--seconds', '0.2', '--warm', '0', '--patience', '0', '--connections', '2'];

/** Runs the benchmarks; resolves with what they print and what they write. */
async function bench(...args: string[]): Promise<{ printed: string; written: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-spec-'));
  try {
    const json = join(folder, 'result.json');
    const command = ['--import', 'tsx', 'bench/main.ts', ...args, '--json', json];
    const { stdout } = await run(process.execPath, command, { cwd: ROOT });
    return { printed: stdout, written: JSON.parse(await readFile(json, 'utf8')) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface EchoFile {
  environment: { node: string };
  echo: {
    size: number;
    depth: number;
    candidates: { name: string; rounds: { messages: number; serverCpu: number }[] }[];
  }[];
}

interface TlsFile {
  tls: { unit: string; candidates: { rounds: { messages: number }[] }[] }[];
}

describe('bench', () => {
  it('should measure echo servers, and write the numbers that it prints', async () => {
    const { printed, written } = await bench('echo', ...TINY, '--shapes', '64x2', '--only', 'handle,loop');
    const { environment, echo } = written as EchoFile;
    expect(environment.node).toBe(process.version);
    expect(echo).toMatchObject([{ size: 64, depth: 2 }]);
    const [{ candidates } = { candidates: [] }] = echo;
    expect(candidates.map(({ name }) => name)).toEqual(['net', 'handle', 'loop']);
    for (const candidate of candidates) {
      const { name, rounds, ...numbers } = candidate;
      const positive: unknown = expect.any(Number);
      expect(numbers).toMatchObject({
        throughput: positive,
        perCpuSecond: positive,
        ratio: { median: positive },
      });
      expect(rounds).toHaveLength(1);
      expect(rounds[0]!.messages).toBeGreaterThan(0);
      expect(rounds[0]!.serverCpu).toBeGreaterThan(0);
      expect(name).not.toBe('');
    }
    expect(candidates[0]).toMatchObject({ ratio: { median: 1, min: 1, max: 1 } });
    expect(printed).toContain('echo: 64 bytes, depth 2, 2 connections');
  }, 60_000);

  it('should measure TLS servers: bulk, bursts and handshakes', async () => {
    const only = 'receive,pack,shake-receive';
    const { printed, written } = await bench('tls', ...TINY, '--shapes', '16384x2', '--only', only);
    const { tls } = written as TlsFile;
    expect(tls.map(({ unit }) => unit)).toEqual(['MiB', 'messages', 'handshakes', 'handshakes']);
    for (const { candidates } of tls) {
      expect(candidates).toHaveLength(2);
      for (const { rounds } of candidates) expect(rounds[0]!.messages).toBeGreaterThan(0);
    }
    expect(printed).toContain('tls: 64 bytes, 32 sends in a turn, 2 connections');
  }, 60_000);

  it.each([
    [
      ['nothing'],
      'name one bench: echo, fanin, packets, tls, udp, arq, http-parser, http, http-client, idle, all',
    ],
    [['echo', '--rounds', '0'], '--rounds is a whole number from 1 to 100000'],
    [['echo', '--shapes', '64'], '--shapes is a list like 64x1,1024x16'],
    [['echo', '--colour'], "Unknown option '--colour'"],
  ])('should say what is legal when called with %j', async (args, message) => {
    await expect(bench(...args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message) as unknown,
    });
  });
});
