import { expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, switchMap, toArray } from 'rxjs';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import { dial } from '../../../lib/component/dial.ts';
import { listen } from '../../../lib/component/listen.ts';
import type { Connection } from '../../../lib/connection/connection.ts';
import type { Address } from '../../../lib/transport/address.ts';
import { collect, difference, pattern } from '../../support/patterns.ts';
import { record } from '../record.ts';
import type { World } from '../world.ts';

/** How connections come about, or do not. */
export function connectingBehaviour(world: World): void {
  it('should tell a refused connect by one close and by the promise', async () => {
    const { refusal } = world.wiring;
    const agent = await world.startedAgent();
    const log = record(agent);
    const closed = firstValueFrom(agent.close$);
    const fault = firstValueFrom(agent.faults$);
    await expect(agent.connect(await world.nowhere())).rejects.toMatchObject({
      code: refusal,
      operation: 'connect',
    });
    expect(await closed).toMatchObject({ reason: 'connect', operation: 'connect', error: { code: refusal } });
    expect(await fault).toMatchObject({ error: { code: refusal }, connection: { id: 1 } });
    await world.settle();
    expect(log).toEqual(['prepare-connect 1', 'close 1 connect']);
    expect(agent.connections.size).toBe(0);
    expect(agent.lastError).toMatchObject({ code: refusal });
  });

  it('should leave a client stopped, and ready to start again, when it cannot connect', async () => {
    const server = world.server();
    const client = world.client();
    await expect(client.start(await world.nowhere())).rejects.toMatchObject({ code: world.wiring.refusal });
    expect(client.state).toBe('stopped');
    await client.start(await world.start(server));
    expect(client.state).toBe('started');
  });

  it('should let an observer of prepareConnect$ refuse', async () => {
    const server = world.server();
    const accepted = record(server);
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const log = record(agent);
    agent.prepareConnect$.subscribe(({ refuse }) => refuse('not today'));
    const closed = firstValueFrom(agent.close$);
    await expect(agent.connect(endpoint)).rejects.toMatchObject({
      code: 'ERR_REFUSED',
      message: 'ERR_REFUSED: not today',
    });
    expect(await closed).toMatchObject({ reason: 'connect', error: { code: 'ERR_REFUSED' } });
    await world.settle();
    expect(log).toEqual(['prepare-connect 1', 'close 1 connect']);
    expect(accepted).toEqual(['prepare-listen']);
  });

  it('should not connect while the agent is not started', async () => {
    const agent = world.agent();
    const log = record(agent);
    await expect(agent.connect(5555)).rejects.toMatchObject({ code: 'ERR_STATE' });
    expect(log).toEqual([]);
  });

  it('should give up connecting when the connection is closed meanwhile', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const closed = firstValueFrom(agent.close$);
    const connecting = agent.connect(endpoint);
    agent.connections.get(1)?.disconnect();
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await closed).toMatchObject({ reason: 'local', error: undefined });
  });

  it('should give up connecting when the agent stops', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const closed = firstValueFrom(agent.close$);
    const connecting = agent.connect(endpoint);
    const stopping = agent.stop();
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await closed).toMatchObject({ reason: 'stop' });
    expect(await stopping).toEqual({ closed: 0, forced: 1, dropped: 0 });
  });

  it('should dial once per subscription, and close when the subscriber leaves', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const log = record(server);
    const dialled = dial(endpoint, world.wiring.dialler);
    for (let round = 0; round < 2; round++) {
      const closed = firstValueFrom(server.close$);
      const subscription = dialled.subscribe((connection) => {
        connection.receive$.subscribe();
        connection.send('hello');
        subscription.unsubscribe();
      });
      await closed;
    }
    expect(log).toEqual([
      ...['accept 1', 'handshake 1', 'receive 1 hello', 'close 1 peer'],
      ...['accept 2', 'handshake 2', 'receive 2 hello', 'close 2 peer'],
    ]);
  });

  it('should complete a dial at an orderly end of its connection', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    server.handshake$.subscribe((connection) => {
      connection.send('bye');
      connection.disconnect();
    });
    const received = dial(endpoint, world.wiring.dialler).pipe(switchMap(({ receive$ }) => receive$));
    expect(toText(await collect(received))).toBe('bye');
  });

  it('should deliver what was sent before a dial is unsubscribed from', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const sent = pattern(3_000_000);
    const received = firstValueFrom(
      server.accept$.pipe(switchMap((connection) => collect(connection.receive$))),
    );
    const subscription = dial(endpoint, world.wiring.dialler).subscribe((connection) => {
      connection.send(sent);
      subscription.unsubscribe();
    });
    expect(difference(await received, sent)).toBe('nowhere');
  });

  it('should error a dial that fails', async () => {
    const dialled = dial(await world.nowhere(), world.wiring.dialler);
    await expect(firstValueFrom(dialled)).rejects.toMatchObject({ code: world.wiring.refusal });
  });

  it('should listen as long as somebody is subscribed', async () => {
    const agent = await world.startedAgent();
    let bound: (address: Address) => void = () => undefined;
    const address = new Promise<Address>((resolve) => (bound = resolve));
    const options = { ...world.wiring.server, onListening: (to: Address) => bound(to) };
    let far: Connection | undefined;
    const listening = listen(options).subscribe((connection) => {
      far = connection;
      connection.receive$.subscribe();
      listening.unsubscribe();
    });
    const endpoint = world.wiring.endpointOf(await address);
    const near = await agent.connect(endpoint);
    near.receive$.subscribe();
    await lastValueFrom(near.close$);
    expect(far && (await lastValueFrom(far.close$))).toMatchObject({ reason: 'stop' });
    await expect(agent.connect(endpoint)).rejects.toMatchObject({ code: world.wiring.refusal });
  });

  it('should error a listen whose address is in use', async () => {
    const server = world.server();
    await world.start(server);
    const { host, path, port } = server.address as Address;
    const taken = path === undefined ? { host, port } : { path };
    const listening = listen({ transport: world.wiring.server.transport as never, ...taken });
    await expect(lastValueFrom(listening.pipe(toArray()))).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('should serve many connections at the same time', async () => {
    const { server, agent } = await world.pair();
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    const endpoint = world.wiring.endpointOf(server.address as Address);
    const echoes = Array.from({ length: 50 }, async (_, i) => {
      const connection = await agent.connect(endpoint);
      connection.send(`hello ${i}`);
      connection.end();
      return toText(await collect(connection.receive$));
    });
    expect(await Promise.all(echoes)).toEqual(Array.from({ length: 50 }, (_, i) => `hello ${i}`));
  });
}
