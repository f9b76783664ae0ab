// npm run -s sample -- <name> [role] [--host 127.0.0.1] [--port N] [...]
import { NetworkError } from 'hpsocket-rx';
import { type Given, type Option, readOptions } from './support/arguments.ts';

type Roles = Readonly<Record<string, () => Promise<unknown>>>;

const SAMPLES: Readonly<Record<string, Roles>> = {
  'echo-hub': { server: () => import('./echo-hub.ts') },
  testecho: {
    server: () => run(import('./testecho/server.ts')),
    agent: () => run(import('./testecho/agent.ts')),
    client: () => run(import('./testecho/client.ts')),
  },
  'testecho-pfm': {
    server: () => run(import('./testecho-pfm/server.ts')),
    agent: () => run(import('./testecho-pfm/agent.ts')),
    client: () => run(import('./testecho-pfm/client.ts')),
  },
  'testecho-pack': {
    server: () => run(import('./testecho-pack/server.ts')),
    agent: () => run(import('./testecho-pack/agent.ts')),
    client: () => run(import('./testecho-pack/client.ts')),
  },
  'testecho-pull': {
    server: () => run(import('./testecho-pull/server.ts')),
    agent: () => run(import('./testecho-pull/agent.ts')),
    client: () => run(import('./testecho-pull/client.ts')),
  },
  'testecho-ssl': {
    server: () => run(import('./testecho-ssl/server.ts')),
    agent: () => run(import('./testecho-ssl/agent.ts')),
    client: () => run(import('./testecho-ssl/client.ts')),
  },
  'testecho-ssl-pfm': {
    server: () => run(import('./testecho-ssl-pfm/server.ts')),
    agent: () => run(import('./testecho-ssl-pfm/agent.ts')),
    client: () => run(import('./testecho-ssl-pfm/client.ts')),
  },
  'testecho-ssl-pack': {
    server: () => run(import('./testecho-ssl-pack/server.ts')),
    agent: () => run(import('./testecho-ssl-pack/agent.ts')),
    client: () => run(import('./testecho-ssl-pack/client.ts')),
  },
  'testecho-ssl-pull': {
    server: () => run(import('./testecho-ssl-pull/server.ts')),
    agent: () => run(import('./testecho-ssl-pull/agent.ts')),
    client: () => run(import('./testecho-ssl-pull/client.ts')),
  },
  'testecho-udp': {
    server: () => run(import('./testecho-udp/server.ts')),
    agent: () => run(import('./testecho-udp/agent.ts')),
    client: () => run(import('./testecho-udp/client.ts')),
  },
  'testecho-udp-pfm': {
    server: () => run(import('./testecho-udp-pfm/server.ts')),
    client: () => run(import('./testecho-udp-pfm/client.ts')),
  },
  'testecho-arq': {
    server: () => run(import('./testecho-arq/server.ts')),
    agent: () => run(import('./testecho-arq/agent.ts')),
    client: () => run(import('./testecho-arq/client.ts')),
  },
  testudpcast: {
    cast: () => run(import('./testudpcast/cast.ts')),
    node: () => run(import('./testudpcast/node.ts')),
  },
  'testecho-http': {
    server: () => run(import('./testecho-http/server.ts')),
    agent: () => run(import('./testecho-http/agent.ts')),
    client: () => run(import('./testecho-http/client.ts')),
  },
  portforward: { server: () => import('./portforward/index.ts') },
  httpfiles: { server: () => run(import('./httpfiles/index.ts')) },
  httpproxy: {
    tcp: () => run(import('./httpproxy/tcp.ts')),
    http: () => run(import('./httpproxy/http.ts')),
  },
};

const [name = '', second = ''] = process.argv.slice(2);
const role = second.startsWith('-') ? '' : second;

const roles = pick(SAMPLES, name, 'sample');
// The sample reads its own options only.
process.argv.splice(2, role === '' ? 1 : 2);
await pick(roles, role === '' ? (Object.keys(roles)[0] ?? '') : role, `role of ${name}`)();

/** Runs a sample with what the command line says; ends with 2 when that makes no sense. */
async function run<Options extends Record<string, Option<unknown>>>(
  sample: Promise<{ options: Options; run(given: Given<Options>): unknown }>,
): Promise<void> {
  const { options, run } = await sample;
  try {
    await run(readOptions(options));
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

function pick<T>(table: Readonly<Record<string, T>>, key: string, what: string): T {
  const choice = Object.hasOwn(table, key) ? table[key] : undefined;
  if (choice !== undefined) return choice;
  const asked = key === '' ? `which ${what}?` : `no ${what} '${key}':`;
  console.error(`${asked} there are ${Object.keys(table).join(', ')}`);
  process.exit(2);
}
