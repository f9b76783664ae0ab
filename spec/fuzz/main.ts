import { parseArgs } from 'node:util';
import { Script } from 'node:vm';
import { hexOf } from '../../lib/testing/same.ts';
import { TARGETS } from './decoders.ts';
import { FuzzFinding, Fuzzer } from './fuzz-codecs.ts';

const USAGE = `usage: npm run fuzz -- [options]

  --runs N      inputs in all (200000)
  --seed N      where chance begins; the same seed makes the same inputs (the time of day)
  --only NAME   only decoders whose name contains this
  --list        names of the decoders
`;

/** Inputs that one decoder is given in a row. */
const BATCH = 1000;
/** Milliseconds after which a batch hangs; one takes a few tens. */
const PATIENCE = 20_000;

interface Settings {
  readonly runs: number;
  readonly seed: number;
  readonly only: string;
}

function main(args: string[]): number {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '200000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
      only: { type: 'string', default: '' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return print(USAGE);
  if (values.list === true) return print(TARGETS.map(({ name }) => `${name}\n`).join(''));
  const { only } = values;
  return fuzz({ runs: whole('runs', values.runs), seed: whole('seed', values.seed), only });
}

function fuzz(settings: Settings): number {
  const { runs, seed, only } = settings;
  const fuzzers = TARGETS.filter(({ name }) => name.includes(only)).map((target) => new Fuzzer(target, seed));
  if (fuzzers.length === 0) throw new Error(`--only: no decoder is called '${only}'; see --list`);
  print(`seed ${seed}, ${runs} inputs, ${fuzzers.length} decoders\n`);
  const begin = performance.now();
  for (let done = 0, turn = 0; done < runs; turn++) {
    const fuzzer = fuzzers[turn % fuzzers.length] as Fuzzer;
    const batch = Math.min(BATCH, runs - done);
    done += batch;
    const finding = attempt(fuzzer, batch);
    if (finding === undefined) continue;
    const again = `npm run fuzz -- --seed ${seed} --only '${fuzzer.target.name}'`;
    process.stderr.write(`\nFOUND ${finding}\n  again: ${again}\n`);
    return 1;
  }
  for (const { target, counts } of fuzzers)
    print(`${target.name.padEnd(36)} ${columns(counts.inputs, counts.messages, counts.refused)}\n`);
  const seconds = (performance.now() - begin) / 1000;
  return print(`${runs} inputs in ${seconds.toFixed(1)} s, ${Math.round(runs / seconds)} a second\n`);
}

/** What a batch finds, in words; `undefined` if it is nothing. */
function attempt(fuzzer: Fuzzer, inputs: number): string | undefined {
  try {
    within(PATIENCE, () => fuzzer.run(inputs));
    return undefined;
  } catch (error) {
    if (error instanceof FuzzFinding) return error.message;
    const { code } = error as { code?: unknown };
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    return `${fuzzer.target.name}: hangs\n  input: ${hexOf(fuzzer.input).replaceAll(' ', '')}`;
  }
}

const HOOK = 'fuzzBatch';
const script = new Script(`${HOOK}()`);

/** Runs something that is stopped after a while, even if it never returns by itself. */
function within(timeout: number, work: () => void): void {
  Object.assign(globalThis, { [HOOK]: work });
  script.runInThisContext({ timeout });
}

function columns(inputs: number, messages: number, refused: number): string {
  return (
    `${inputs} inputs`.padStart(16) + `${messages} messages`.padStart(19) + `${refused} refused`.padStart(17)
  );
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 2 ** 40) return value;
  throw new Error(`--${name} is a whole number, not '${text}'`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
