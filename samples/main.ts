// npm run -s sample -- <name> [role] [--host 127.0.0.1] [--port N] [...]

type Roles = Readonly<Record<string, () => Promise<unknown>>>;

const SAMPLES: Readonly<Record<string, Roles>> = {
  'echo-hub': { server: () => import('./echo-hub.ts') },
  testecho: {
    server: () => import('./testecho/server.ts'),
    agent: () => import('./testecho/agent.ts'),
    client: () => import('./testecho/client.ts'),
  },
  'testecho-pfm': {
    server: () => import('./testecho-pfm/server.ts'),
    agent: () => import('./testecho-pfm/agent.ts'),
    client: () => import('./testecho-pfm/client.ts'),
  },
  'testecho-pack': {
    server: () => import('./testecho-pack/server.ts'),
    agent: () => import('./testecho-pack/agent.ts'),
    client: () => import('./testecho-pack/client.ts'),
  },
  'testecho-pull': {
    server: () => import('./testecho-pull/server.ts'),
    agent: () => import('./testecho-pull/agent.ts'),
    client: () => import('./testecho-pull/client.ts'),
  },
  portforward: { server: () => import('./portforward/index.ts') },
};

const [name = '', second = ''] = process.argv.slice(2);
const role = second.startsWith('-') ? '' : second;

const roles = pick(SAMPLES, name, 'sample');
// The sample reads its own options only.
process.argv.splice(2, role === '' ? 1 : 2);
await pick(roles, role === '' ? (Object.keys(roles)[0] ?? '') : role, `role of ${name}`)();

function pick<T>(table: Readonly<Record<string, T>>, key: string, what: string): T {
  const choice = Object.hasOwn(table, key) ? table[key] : undefined;
  if (choice !== undefined) return choice;
  const asked = key === '' ? `which ${what}?` : `no ${what} '${key}':`;
  console.error(`${asked} there are ${Object.keys(table).join(', ')}`);
  process.exit(2);
}
