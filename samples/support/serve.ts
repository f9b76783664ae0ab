import {
  type Address,
  type ArqServer,
  type Endpoint,
  type TcpServer,
  type UdpServer,
  formatAddress,
} from 'hpsocket-rx';
import { fail } from './fail.ts';
import { interrupted$ } from './signals.ts';

/** Runs a server until the process is asked to end. Resolves when it listens. */
export async function serve<In>(
  server: TcpServer<In> | UdpServer<In> | ArqServer<In>,
  endpoint: Endpoint,
): Promise<void> {
  interrupted$.subscribe(() => void server.stop({ deadline: 500 }));
  const scheme = 'counts' in server ? 'udp' : server.tls === undefined ? 'tcp' : 'tls';
  await server.start().then((address) => announce(address, scheme), fail(endpoint));
}

/** Tells where a listener listens. */
export function announce(address: Address, scheme: 'tcp' | 'tls' | 'udp' = 'tcp'): void {
  console.log(`listening ${scheme} ${formatAddress(address)}`);
}
