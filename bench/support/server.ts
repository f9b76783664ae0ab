import { HelperProcess } from './helper-process.ts';
import { SERVER_CORE } from './pinned.ts';
import type { Settings } from './settings.ts';

/** Something to be measured: a server script. */
export interface Candidate {
  /** Short, for `--only` and for the JSON. */
  readonly name: string;
  /** For people. */
  readonly label: string;
  /** The script in `bench/servers/`. */
  readonly script: string;
  /** Another build of the library than the package's own. */
  readonly build?: string;
}

/** A candidate at work. */
export interface RunningServer {
  readonly candidate: Candidate;
  readonly port: number;
  readonly process: HelperProcess;
}

/**
 * Options of Node for every candidate. With a heap as small as that of these programs, and of no real one, V8 collects
 * everything time and again as soon as the young generation has grown larger than what the old one may still grow by.
 */
const HEAP_OF_A_PROGRAM = ['--initial-old-space-size=64'];

/** Starts a candidate in a process of its own, and resolves once it listens. */
export async function startServer(
  candidate: Candidate,
  nodeOptions: readonly string[] = HEAP_OF_A_PROGRAM,
): Promise<RunningServer> {
  const { script, build } = candidate;
  const env = build === undefined ? {} : { BENCH_BUILD: build };
  const process = new HelperProcess(`servers/${script}.js`, { core: SERVER_CORE, nodeOptions, env });
  try {
    const { port } = await process.message<{ port: number }>();
    return { candidate, port, process };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** The candidates that were asked for: the yardstick and what is in `only`, and twins for a build to compare with. */
export function choose(
  candidates: readonly Candidate[],
  { only, build, against }: Pick<Settings, 'only' | 'build' | 'against'>,
): readonly Candidate[] {
  const chosen = candidates.filter(({ name }, i) => i === 0 || only.length === 0 || only.includes(name));
  return chosen.flatMap((candidate): Candidate[] => {
    const { name, label } = candidate;
    if (!label.startsWith(OURS)) return [candidate];
    const first = build === undefined ? candidate : { ...candidate, build };
    if (against === undefined) return [first];
    return [
      first,
      { ...candidate, name: `${name}-against`, label: `  ${label}, other build`, build: against },
    ];
  });
}

/** How labels of candidates that use the library begin. */
export const OURS = 'hpsocket-rx';
