import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { tcp } from '../../lib/transport/tcp.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { type Wiring, componentSuite } from './component-suite.ts';

const inet = (host: string): Wiring => ({
  server: { transport: tcp, host, port: 0 },
  dialler: { transport: tcp },
  endpointOf: ({ port = 0 }) => ({ host, port }),
  refusal: 'ECONNREFUSED',
  hasReset: true,
});

componentSuite('TCP over IPv4', () => inet('127.0.0.1'));
componentSuite('TCP over IPv6', () => inet('::1'));

const folder = mkdtempSync(join(tmpdir(), 'wires-'));
afterAll(() => rmSync(folder, { recursive: true }));
let sockets = 0;

componentSuite('Unix domain sockets', () => ({
  get server() {
    return { transport: tcp, path: join(folder, `${++sockets}.sock`) };
  },
  dialler: { transport: tcp },
  endpointOf: ({ path = '' }) => ({ path }),
  refusal: 'ENOENT',
  hasReset: false,
}));

componentSuite('memory', () => {
  const transport = new MemoryNetwork();
  return {
    server: { transport, host: '127.0.0.1', port: 0 },
    dialler: { transport },
    endpointOf: ({ port = 0 }) => ({ port }),
    refusal: 'ECONNREFUSED',
    hasReset: true,
  };
});
