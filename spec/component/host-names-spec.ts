import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { TcpAgent, type TcpAgentOptions } from '../../lib/component/tcp-agent.ts';
import { TcpServer, type TcpServerOptions } from '../../lib/component/tcp-server.ts';
import type { Lookup } from '../../lib/transport/wire.ts';
import { afterTest } from '../support/cleanup.ts';

const names: Record<string, { address: string; family: 4 | 6 }[]> = {
  four: [{ address: '127.0.0.1', family: 4 }],
  six: [{ address: '::1', family: 6 }],
  both: [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ],
  none: [],
};

const lookup: Lookup = (hostname, callback) => {
  const addresses = names[hostname];
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
  callback(addresses === undefined ? error : null, addresses ?? []);
};

async function listening(options: TcpServerOptions): Promise<{ server: TcpServer; port: number }> {
  const server = new TcpServer(options);
  afterTest(() => server.stop({ drain: false }));
  const { port = 0 } = await server.start();
  return { server, port };
}

async function started(options: TcpAgentOptions = {}): Promise<TcpAgent> {
  const agent = new TcpAgent({ lookup, ...options });
  afterTest(() => agent.stop({ drain: false }));
  await agent.start();
  return agent;
}

describe('host names', () => {
  it.each([
    ['four', '127.0.0.1'],
    ['six', '::1'],
  ])('should be looked up by the function that is given', async (host, address) => {
    const { port } = await listening({ host: address });
    const connection = await (await started()).connect({ host, port });
    expect(connection.remote).toMatchObject({ host: address, port });
    expect(connection.remoteHost).toBe(host);
  });

  it('should connect to the next address when the first refuses', async () => {
    const { port } = await listening({ host: '127.0.0.1' });
    const connection = await (await started({ attemptDelay: 60_000 })).connect({ host: 'both', port });
    expect(connection.remote).toMatchObject({ host: '127.0.0.1', port });
  });

  it('should prefer the address that the resolver put first', async () => {
    const { port } = await listening({ host: '::' });
    const connection = await (await started({ attemptDelay: 60_000 })).connect({ host: 'both', port });
    expect(connection.remote).toMatchObject({ host: '::1', port });
  });

  it('should report the error of the first address when all refuse', async () => {
    const { server, port } = await listening({ host: '127.0.0.1' });
    await server.stop();
    const connecting = (await started()).connect({ host: 'both', port });
    await expect(connecting).rejects.toMatchObject({ code: 'ECONNREFUSED', cause: { address: '::1' } });
  });

  it('should tell a name that nobody knows', async () => {
    const agent = await started();
    const closed = firstValueFrom(agent.close$);
    await expect(agent.connect('nobody:80')).rejects.toMatchObject({
      code: 'ENOTFOUND',
      operation: 'connect',
    });
    expect(await closed).toMatchObject({ reason: 'connect', error: { code: 'ENOTFOUND' } });
  });

  it('should tell a name that has no address', async () => {
    await expect((await started()).connect('none:80')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('should tell a lookup that throws', async () => {
    const agent = await started({
      lookup: () => {
        throw new Error('broken lookup');
      },
    });
    const closed = firstValueFrom(agent.close$);
    await expect(agent.connect('four:80')).rejects.toMatchObject({ message: /broken lookup/ });
    expect(await closed).toMatchObject({ reason: 'connect' });
    expect(agent.connections.size).toBe(0);
  });

  it('should connect only to addresses of the family of the local address', async () => {
    const { port } = await listening({ host: '127.0.0.1' });
    const agent = await started();
    const connection = await agent.connect({ host: 'both', port }, { localAddress: '127.0.0.1' });
    expect(connection.local).toMatchObject({ family: 'IPv4', host: '127.0.0.1' });
  });

  it.each(['six', '::1'])('should tell that %s has no address of that family', async (host) => {
    const agent = await started();
    const connecting = agent.connect({ host, port: 80 }, { localAddress: '127.0.0.1' });
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_ADDRESS_FAMILY', operation: 'connect' });
  });

  it('should connect from the local port that was asked for', async () => {
    const { port } = await listening({ host: '127.0.0.1' });
    const { server: other, port: localPort } = await listening({ host: '127.0.0.1' });
    await other.stop();
    const connection = await (await started()).connect({ host: 'four', port }, { localPort });
    expect(connection.local.port).toBe(localPort);
  });

  it('should not be answered any more once the connect was given up', async () => {
    let answer: () => void = () => undefined;
    const agent = await started({
      lookup: (hostname, callback) => (answer = () => lookup(hostname, callback)),
    });
    const closed = firstValueFrom(agent.close$);
    const connecting = agent.connect('four:80');
    agent.connections.get(1)?.disconnect();
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    answer();
    expect(await closed).toMatchObject({ reason: 'local' });
    expect(agent.lastError).toBeUndefined();
  });

  it('should let an IPv6 server take IPv4 peers, unless it is told not to', async () => {
    const dual = await listening({ host: '::' });
    const agent = await started();
    const connection = await agent.connect({ host: '127.0.0.1', port: dual.port });
    expect(connection.state).toBe('open');
    const single = await listening({ host: '::', dualStack: false });
    await expect(agent.connect({ host: '127.0.0.1', port: single.port })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('should be refused by a server that cannot bind them', async () => {
    const server = new TcpServer({ host: '192.0.2.1', port: 0 });
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRNOTAVAIL', operation: 'accept' });
    expect(server.state).toBe('stopped');
  });
});
