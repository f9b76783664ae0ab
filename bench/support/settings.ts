import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** A length and depth to measure: `64x16` is 64 bytes, 16 requests in flight on each connection. */
export interface Shape {
  readonly size: number;
  readonly depth: number;
}

/** What was asked for on the command line. */
export interface Settings {
  readonly bench: string;
  readonly rounds: number;
  /** Seconds of each measurement. */
  readonly seconds: number;
  /** Seconds under load before the first measurement of each candidate. */
  readonly warm: number;
  /** Seconds to wait at most for the machine to be quiet before a measurement. */
  readonly patience: number;
  readonly connections: number;
  readonly idle: number;
  readonly shapes: readonly Shape[] | undefined;
  /** Names of the candidates to measure besides the first; all if empty. */
  readonly only: readonly string[];
  readonly generator: 'auto' | 'c' | 'node';
  /** The build to measure instead of the package's own: the path of its `index.js`. */
  readonly build: string | undefined;
  /** Another build to measure as well. */
  readonly against: string | undefined;
  readonly json: string | undefined;
}

export const USAGE = `usage: npm run bench -- <echo | fanin | packets | tls | udp | arq | http-parser | http | http-client | idle | all> [options]

  --rounds N         rounds over all candidates (5)
  --seconds S        length of each measurement (1.5)
  --warm S           load on each candidate before the first round (1)
  --patience S       longest wait for a quiet machine before each measurement (3)
  --connections N    connections of all but idle (64); tls takes 8 at most from 16 KiB on, arq 8, udp 16
  --shapes LIST      SIZExDEPTH of echo (64x1,64x16,1024x1,16384x1; also try 65536x1)
                     and of packets (64x1,64x64,1024x1,1024x64)
                     and of the echoes of tls (16384x4,65536x4,64x1), udp (64x4,1024x4), arq (64x1,64x32,1024x8);
                     of http the depths count (1, 16)
  --idle N           idle connections (10000, or as many as the limit of open files allows)
  --only LIST        only these candidates, besides the first one of each bench;
                     tls leaves out contests that have none of them
  --build FILE       measure this build instead of dist: the path of its index.js
  --against FILE     measure this build as well, to compare with
  --generator KIND   auto, c or node (auto: C where there is a compiler; for tls, and OpenSSL)
  --json FILE        write the numbers to a file too
`;

/** Bad arguments; the message says what is legal. */
export class UsageError extends Error {}

/** Reads the command line. */
export function readSettings(args: string[], benches: readonly string[]): Settings {
  const { values, positionals } = parse(args);
  const [bench = 'all', ...more] = positionals;
  if (!benches.includes(bench) || more.length > 0)
    throw new UsageError(`name one bench: ${benches.join(', ')}; not '${positionals.join(' ')}'`);
  const { generator } = values;
  if (generator !== 'auto' && generator !== 'c' && generator !== 'node')
    throw new UsageError(`--generator is auto, c or node, not '${generator}'`);
  return {
    bench,
    rounds: whole('rounds', values.rounds),
    seconds: seconds('seconds', values.seconds, 0.05),
    warm: seconds('warm', values.warm),
    patience: seconds('patience', values.patience),
    connections: whole('connections', values.connections),
    idle: whole('idle', values.idle),
    shapes: values.shapes?.split(',').map(readShape),
    only: values.only === undefined ? [] : values.only.split(','),
    generator,
    build: path(values.build),
    against: path(values.against),
    json: values.json,
  };
}

function parse(args: string[]) {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        rounds: text('5'),
        seconds: text('1.5'),
        warm: text('1'),
        patience: text('3'),
        connections: text('64'),
        idle: text('10000'),
        generator: text('auto'),
        shapes: { type: 'string' },
        only: { type: 'string' },
        build: { type: 'string' },
        against: { type: 'string' },
        json: { type: 'string' },
      },
    });
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n');
    throw new UsageError(message);
  }
}

function path(text: string | undefined): string | undefined {
  return text === undefined ? undefined : resolve(text);
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100_000) return value;
  throw new UsageError(`--${name} is a whole number from 1 to 100000, not '${text}'`);
}

function seconds(name: string, text: string, min = 0): number {
  const value = Number(text);
  if (value >= min && value <= 3600) return value;
  throw new UsageError(`--${name} is a number of seconds from ${min} to 3600, not '${text}'`);
}

function readShape(text: string): Shape {
  const [, size, depth] = /^(\d{1,7})x(\d{1,4})$/.exec(text) ?? [];
  if (Number(size) >= 1 && Number(depth) >= 1) return { size: Number(size), depth: Number(depth) };
  throw new UsageError(`--shapes is a list like 64x1,1024x16, not '${text}'`);
}
