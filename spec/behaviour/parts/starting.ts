import { expect, it } from '@jest/globals';
import { firstValueFrom, take } from 'rxjs';
import { TcpServer } from '../../../lib/component/tcp-server.ts';
import type { Address } from '../../../lib/transport/address.ts';
import { firstBytes } from '../../support/patterns.ts';
import { record } from '../record.ts';
import { type World, closedLater } from '../world.ts';

/** How components start, and start again. */
export function startingBehaviour(world: World): void {
  it('should know its address while it listens', async () => {
    const server = world.server();
    expect(server.address).toBeUndefined();
    const address = await server.start();
    expect(server.address).toEqual(address);
    await server.stop();
    expect(server.address).toBeUndefined();
  });

  it('should let an observer of prepareListen$ refuse', async () => {
    const server = world.server();
    const log = record(server);
    const refusing = server.prepareListen$.subscribe(({ refuse }) => refuse('not today'));
    const fault = firstValueFrom(server.faults$);
    await expect(server.start()).rejects.toMatchObject({
      code: 'ERR_REFUSED',
      message: 'ERR_REFUSED: not today',
    });
    expect(await fault).toMatchObject({ error: { code: 'ERR_REFUSED' }, connection: undefined });
    expect(server.state).toBe('stopped');
    refusing.unsubscribe();
    await server.start();
    expect(log).toEqual(['prepare-listen', 'prepare-listen']);
  });

  it('should fail to listen where somebody listens already, and be ready to try again', async () => {
    const first = world.server();
    const { host, port, path } = await first.start();
    const { transport } = world.wiring.server;
    const options = { ...(transport && { transport }), ...(path === undefined ? { host, port } : { path }) };
    const second = closedLater(new TcpServer(options));
    const log = record(second);
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE', operation: 'accept' });
    expect(second.state).toBe('stopped');
    expect(second.lastError).toMatchObject({ code: 'EADDRINUSE' });
    await first.stop();
    await second.start();
    expect(log).toEqual(['prepare-listen', 'prepare-listen']);
  });

  it('should refuse to start twice', async () => {
    const server = world.server();
    const agent = world.agent();
    const client = world.client();
    const starting = server.start();
    await expect(server.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
    const endpoint = world.wiring.endpointOf(await starting);
    await expect(server.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
    await agent.start();
    await expect(agent.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
    const connecting = client.start(endpoint);
    await expect(client.start(endpoint)).rejects.toMatchObject({ code: 'ERR_STATE' });
    await connecting;
    await expect(client.start(endpoint)).rejects.toMatchObject({ code: 'ERR_STATE' });
    expect([server.state, agent.state, client.state]).toEqual(['started', 'started', 'started']);
  });

  it('should make a start wait for the stop under way', async () => {
    const { server, agent, near } = await world.pair();
    near.receive$.subscribe();
    const log = record(server);
    server.state$.subscribe((state) => log.push(state));
    void server.stop();
    await server.start();
    expect(log).toEqual([
      'started',
      'stopping',
      'close 1 stop',
      'stopped',
      'shutdown',
      ...STARTING,
      'started',
    ]);
    expect((await world.join(agent, server)).far.id).toBe(2);
  });

  it('should serve the same subscribers after a restart', async () => {
    const server = world.server();
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    const agent = await world.startedAgent();
    for (let run = 0; run < 3; run++) {
      await server.start();
      const { near } = await world.join(agent, server);
      near.send(`run ${run}`);
      expect((await firstBytes(near.receive$, 5)).toString()).toBe(`run ${run}`);
      near.disconnect(true);
      await server.stop({ drain: false });
    }
  });

  it('should let a client start again from inside close$', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const client = world.client({ to: endpoint, extra: 'kept' });
    const log = record(client);
    client.close$.subscribe(({ id }) => id < 3 && void client.start());
    client.handshake$.subscribe((connection) => connection.id < 3 && connection.disconnect(true));
    await client.start();
    while (client.connection?.id !== 3 || client.state !== 'started') await firstValueFrom(client.handshake$);
    expect(log.filter((line) => !line.startsWith('handshake'))).toEqual([
      ...['prepare-connect 1', 'connect 1', 'close 1 forced'],
      ...['prepare-connect 2', 'connect 2', 'close 2 forced'],
      ...['prepare-connect 3', 'connect 3'],
    ]);
    expect(client.connection.extra).toBe('kept');
  });

  it('should let a server and an agent start again from inside shutdown$', async () => {
    const { server, agent, near, far } = await world.pair();
    far.receive$.subscribe();
    near.receive$.subscribe();
    const starts: Promise<unknown>[] = [];
    server.shutdown$.pipe(take(1)).subscribe(() => starts.push(server.start()));
    agent.shutdown$.pipe(take(1)).subscribe(() => starts.push(agent.start()));
    await Promise.all([server.stop(), agent.stop()]);
    await Promise.all(starts);
    expect([server.state, agent.state]).toEqual(['started', 'started']);
    await world.join(agent, server);
    expect([server.connections.size, agent.connections.size]).toEqual([1, 1]);
  });

  it('should let a server start again from inside the last close$', async () => {
    const { server, agent, near } = await world.pair();
    near.receive$.subscribe();
    const restarted = new Promise<Address>((resolve, reject) => {
      server.close$.pipe(take(1)).subscribe(() => void server.start().then(resolve, reject));
    });
    await server.stop();
    await restarted;
    expect(server.state).toBe('started');
    await world.join(agent, server);
  });

  it('should not start again once it is disposed of', async () => {
    const server = world.server();
    const agent = world.agent();
    const client = world.client({ to: 5555 });
    for (const component of [server, agent, client]) {
      await component[Symbol.asyncDispose]();
      await expect(component.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
      expect(component.state).toBe('stopped');
    }
  });

  it('should abort a start by a stop', async () => {
    const server = world.server();
    const starting = server.start();
    const stopping = server.stop();
    await expect(starting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await stopping).toEqual({ closed: 0, forced: 0, dropped: 0 });
    expect(server.state).toBe('stopped');
    await server.start();
  });
}

const STARTING = ['starting', 'prepare-listen'];
