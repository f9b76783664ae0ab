import { ArqClient, type ArqOptions, ArqServer } from 'hpsocket-rx';
import { simulate } from 'hpsocket-rx/testing';
import { type Standing, hold } from './support/contest.ts';
import { arqLoad } from './support/datagram-load.ts';
import { printStandings } from './support/print.ts';
import { type Candidate, OURS, choose } from './support/server.ts';
import type { Settings, Shape } from './support/settings.ts';
import { median } from './support/statistics.ts';
import { grouped, table } from './support/table.ts';

const CANDIDATES: readonly Candidate[] = [
  { name: 'receive', label: `${OURS}, server.receive$`, script: 'arq-receive' },
  { name: 'handle', label: `${OURS}, handleEach + sendTo`, script: 'arq-handle' },
  { name: 'fast', label: `${OURS}, server.receive$, in a hurry`, script: 'arq-fast' },
];

const SHAPES: readonly Shape[] = [
  { size: 64, depth: 1 },
  { size: 64, depth: 32 },
  { size: 1024, depth: 8 },
];

const MOST_CONNECTIONS = 8;

const HURRY: ArqOptions = { noDelay: true, flushInterval: 10, resendByAcks: 2, congestionControl: false };
const KINDS: readonly { readonly name: string; readonly arq: ArqOptions }[] = [
  { name: 'defaults', arq: {} },
  { name: 'in a hurry', arq: HURRY },
];
const LOSSES = [0, 0.01, 0.1, 0.3];

/** Milliseconds one way, and of chance on top. */
const LATENCY = 20;
const JITTER = 5;
/** Virtual seconds of each run. */
const SECONDS = 30;
const SEEDS = [1, 2, 3, 4, 5];

/** What came out in the simulated network for one kind of options and one loss; medians over seeds. */
export interface ArqPath {
  readonly options: string;
  readonly loss: number;
  /** Bytes of messages per second that arrived, of one connection that sends as much as it can. */
  readonly goodput: number;
  /** Milliseconds from send to receive of messages of 100 bytes, one every 20 ms. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** What came out. */
export interface ArqResult {
  readonly paths: readonly ArqPath[];
  readonly loopback: readonly (Shape & { readonly candidates: readonly Standing[] })[];
}

/** Reliable UDP: what the protocol makes of a path that loses, in virtual time; and what it costs, on loopback. */
export async function arq(settings: Settings): Promise<ArqResult> {
  const paths = simulatedPaths();
  const connections = Math.min(settings.connections, MOST_CONNECTIONS);
  const loopback: (Shape & { candidates: readonly Standing[] })[] = [];
  for (const { size, depth } of settings.shapes ?? SHAPES) {
    const load = { connections, length: size, depth };
    const candidates = choose(CANDIDATES, settings);
    const standings = await hold({ candidates, load, messagesPerAnswer: 1 }, arqLoad(true), settings);
    printStandings(`arq: ${size} bytes, depth ${depth}, ${connections} connections, loopback`, standings);
    loopback.push({ size, depth, candidates: standings });
  }
  return { paths, loopback };
}

function simulatedPaths(): readonly ArqPath[] {
  const paths: ArqPath[] = [];
  for (const { name, arq } of KINDS) {
    for (const loss of LOSSES) {
      const runs = SEEDS.map((seed) => ({
        goodput: goodputOf(seed, loss, arq),
        times: timesOf(seed, loss, arq),
      }));
      const middle = (of: (run: (typeof runs)[0]) => number) => median(runs.map(of));
      paths.push({
        options: name,
        loss,
        goodput: middle(({ goodput }) => goodput),
        p50: middle(({ times }) => percentile(times, 0.5)),
        p99: middle(({ times }) => percentile(times, 0.99)),
        most: middle(({ times }) => percentile(times, 1)),
      });
    }
  }
  const rows = paths.map(({ options, loss, goodput, p50, p99, most }) => [
    `${options}, ${loss * 100} % lost`,
    grouped(goodput / 1024),
    `${p50} ms`,
    `${p99} ms`,
    `${most} ms`,
  ]);
  const head = [`arq: ${LATENCY}-${LATENCY + JITTER} ms one way, simulated`, 'KiB/s', 'p50', 'p99', 'most'];
  process.stdout.write(`\n${table([head, ...rows])}`);
  return paths;
}

/** One connection sends messages of 1024 bytes as fast as it can. */
function goodputOf(seed: number, loss: number, arq: ArqOptions): number {
  let bytes = 0;
  simulate({ seed, duration: (SECONDS + 1) * 1000 }, ({ world, network, at }) => {
    network.datagrams({ loss, latency: LATENCY, jitter: JITTER });
    const server = new ArqServer({ ...world, port: 1, arq });
    server.receive$.subscribe(({ data }) => (bytes += data.length));
    const client = new ArqClient({ ...world, to: 1, arq });
    const message = new Uint8Array(1024);
    const fill = () => {
      while (client.send(message) === 'ok') continue;
    };
    client.handshake$.subscribe(fill);
    client.sent$.subscribe(fill);
    at(0, () => server.start());
    at(1, () => client.start());
    at(1000, () => (bytes = 0));
  });
  return bytes / SECONDS;
}

/** How long messages of 100 bytes take, one every 20 ms. */
function timesOf(seed: number, loss: number, arq: ArqOptions): readonly number[] {
  const times: number[] = [];
  simulate({ seed, duration: (SECONDS + 60) * 1000 }, ({ world, network, at, scheduler }) => {
    network.datagrams({ loss, latency: LATENCY, jitter: JITTER });
    const server = new ArqServer({ ...world, port: 1, arq });
    server.receive$.subscribe(({ data }) => times.push(scheduler.now() - Buffer.from(data).readDoubleLE()));
    const client = new ArqClient({ ...world, to: 1, arq });
    at(0, () => server.start());
    at(1, () => client.start());
    for (let time = 1000; time < (SECONDS + 1) * 1000; time += 20) {
      at(time, () => {
        const message = Buffer.alloc(100);
        message.writeDoubleLE(time);
        client.send(message);
      });
    }
  });
  return times.sort((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? NaN;
}
