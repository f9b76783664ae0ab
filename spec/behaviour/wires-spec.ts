import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { tcp } from '../../lib/transport/tcp.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { type BytesLike, toBytes } from '../../lib/bytes/bytes-like.ts';
import type { Codec } from '../../lib/codec/codec.ts';
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

/** Chunks as they are: whatever holds for a connection has to hold behind a codec too. */
const chunks: Codec<Uint8Array, Uint8Array, Uint8Array, BytesLike> = {
  decoder: () => ({ push: (chunk, emit) => emit(chunk), residue: 0 }),
  encoder: () => ({ push: (bytes, emit) => emit(toBytes(bytes)) }),
};

for (const [name, hosts] of [
  ['memory', undefined],
  ['TCP', '127.0.0.1'],
] as const) {
  componentSuite(`${name}, behind a codec`, () => {
    const transport = hosts === undefined ? new MemoryNetwork() : tcp;
    return {
      server: { transport, host: '127.0.0.1', port: 0, codec: chunks },
      dialler: { transport, codec: chunks },
      endpointOf: ({ port = 0 }) => ({ host: '127.0.0.1', port }),
      refusal: 'ECONNREFUSED',
      hasReset: true,
    };
  });
}
