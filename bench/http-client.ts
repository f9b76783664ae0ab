import { HelperProcess } from './support/helper-process.ts';
import { LOAD_CORE, SERVER_CORE } from './support/pinned.ts';
import { OURS } from './support/server.ts';
import type { Settings } from './support/settings.ts';
import { type Spread, median, spread } from './support/statistics.ts';
import { grouped, table } from './support/table.ts';

const CANDIDATES = [
  { name: 'undici', label: 'undici, request', script: 'http-undici' },
  { name: 'node', label: 'node:http, keep-alive', script: 'http-node' },
  { name: 'agent', label: `${OURS}, agent.get`, script: 'http-agent' },
];

/** What a client has done in one round. */
interface Round {
  readonly messages: number;
  readonly seconds: number;
  /** CPU seconds of the client. */
  readonly cpu: number;
}

/** What came out for one client. */
export interface HttpClientResult {
  readonly name: string;
  /** Requests for each CPU second of the client. */
  readonly perCpuSecond: number;
  /** The same against the first candidate of the same round. */
  readonly ratio: Spread;
}

/** Clients of HTTP/1.1: requests answered in full, so many at a time, on connections that are kept alive. */
export async function httpClient(settings: Settings): Promise<readonly HttpClientResult[]> {
  const { rounds, seconds, warm, connections, only, build } = settings;
  const chosen = CANDIDATES.filter(({ name }, i) => i === 0 || only.length === 0 || only.includes(name));
  const env = build === undefined ? {} : { BENCH_BUILD: build };
  const server = new HelperProcess('servers/http-request.js', { core: LOAD_CORE, env });
  const clients: HelperProcess[] = [];
  try {
    const { port } = await server.message<{ port: number }>();
    const url = `http://127.0.0.1:${port}/`;
    for (const { script } of chosen) {
      const client = new HelperProcess(`clients/${script}.js`, { core: SERVER_CORE, env });
      clients.push(client);
      await client.message();
      await client.ask<Round>({ url, seconds: warm, concurrency: connections });
    }
    const measured = clients.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < clients.length; turn++) {
        const i = (round + turn) % clients.length;
        const { messages, cpu } = await clients[i]!.ask<Round>({ url, seconds, concurrency: connections });
        measured[i]!.push(messages / cpu);
      }
    }
    const results = chosen.map(({ name }, i) => ({
      name,
      perCpuSecond: median(measured[i]!),
      ratio: spread(measured[i]!.map((rate, round) => rate / measured[0]![round]!)),
    }));
    print(results, connections);
    return results;
  } finally {
    await Promise.all([server, ...clients].map((process) => process.stop()));
  }
}

function print(results: readonly HttpClientResult[], connections: number): void {
  const rows = results.map(({ name, perCpuSecond, ratio }) => [
    CANDIDATES.find((candidate) => candidate.name === name)!.label,
    grouped(perCpuSecond),
    ratio.median.toFixed(3),
    `${ratio.min.toFixed(2)} - ${ratio.max.toFixed(2)}`,
  ]);
  process.stdout.write(`\nhttp-client: GET of 11 bytes, ${connections} at a time\n`);
  process.stdout.write(table([['requests per', 'CPU second', 'ratio', 'from - to'], ...rows]));
}
