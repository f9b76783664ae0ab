import { writeFileSync } from 'node:fs';
import { arq } from './arq.ts';
import { echo } from './echo.ts';
import { fanin } from './fanin.ts';
import { http } from './http.ts';
import { httpClient } from './http-client.ts';
import { httpParser } from './http-parser.ts';
import { idle } from './idle.ts';
import { packets } from './packets.ts';
import { environment } from './support/machine.ts';
import { USAGE, UsageError, readSettings } from './support/settings.ts';
import { tls } from './tls.ts';
import { udp } from './udp.ts';

const BENCHES = {
  echo,
  fanin,
  packets,
  tls,
  udp,
  arq,
  'http-parser': httpParser,
  http,
  'http-client': httpClient,
  idle,
};

async function main(args: string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return;
  }
  const settings = readSettings(args, [...Object.keys(BENCHES), 'all']);
  const { bench, json, rounds, seconds, connections } = settings;
  const from = environment();
  process.stdout.write(`${JSON.stringify(from)}\n`);
  const results: Record<string, unknown> = { environment: from, settings: { rounds, seconds, connections } };
  for (const [name, run] of Object.entries(BENCHES))
    if (bench === name || bench === 'all') results[name] = await run(settings);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const { message } = error as Error;
  process.stderr.write(`${message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
