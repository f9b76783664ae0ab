import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { tcp } from '../../lib/transport/tcp.ts';
import { componentSuite } from './component-suite.ts';

const certificates = new URL('../../samples/certificates/', import.meta.url).pathname;

for (const [name, makeTransport] of [
  ['TCP', () => tcp],
  ['memory', () => new MemoryNetwork()],
] as const) {
  componentSuite(`TLS over ${name}`, () => {
    const transport = makeTransport();
    return {
      server: {
        transport,
        host: '127.0.0.1',
        port: 0,
        tls: { certFile: `${certificates}server.pem`, keyFile: `${certificates}server-key.pem` },
      },
      dialler: { transport, tls: { caFile: `${certificates}ca.pem` } },
      endpointOf: ({ port = 0 }) => ({ host: '127.0.0.1', port }),
      refusal: 'ECONNREFUSED',
      hasReset: true,
    };
  });
}
