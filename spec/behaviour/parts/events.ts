import { expect, it } from '@jest/globals';
import { type Observable, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import type { ComponentState } from '../../../lib/component/events.ts';
import { countEvents, record } from '../record.ts';
import type { World } from '../world.ts';

/** Which events there are, in what order they come, and what is known in them. */
export function eventBehaviour(world: World): void {
  it('should tell a server what happens to a connection, in order', async () => {
    const server = world.server();
    const log = record(server);
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const closed = firstValueFrom(server.close$);
    const near = await agent.connect(endpoint);
    near.receive$.subscribe();
    near.send('hello');
    near.end();
    await closed;
    await server.stop();
    expect(log).toEqual([
      'prepare-listen',
      'accept 1',
      'handshake 1',
      'receive 1 hello',
      'close 1 peer',
      'shutdown',
    ]);
  });

  it('should tell an agent what happens to a connection, in order', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    server.handshake$.subscribe((connection) => {
      connection.send('hello');
      connection.disconnect();
    });
    const agent = await world.startedAgent();
    const log = record(agent);
    const closed = firstValueFrom(agent.close$);
    await agent.connect(endpoint);
    await closed;
    await agent.stop();
    expect(log).toEqual([
      'prepare-connect 1',
      'connect 1',
      'handshake 1',
      'receive 1 hello',
      'close 1 peer',
      'shutdown',
    ]);
  });

  it('should tell a client what happens to its connection, in order', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    server.handshake$.subscribe((connection) => {
      connection.send('hello');
      connection.disconnect();
    });
    const client = world.client({ to: endpoint });
    const log = record(client);
    const closed = firstValueFrom(client.close$);
    await client.start();
    await closed;
    expect(log).toEqual(['prepare-connect 1', 'connect 1', 'handshake 1', 'receive 1 hello', 'close 1 peer']);
  });

  it('should know a connection by its id from its first event until it closes', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const known: boolean[] = [];
    const isKnown = (id: number) => known.push(server.connections.get(id)?.id === id);
    server.accept$.subscribe(({ id }) => isKnown(id));
    server.handshake$.subscribe(({ id }) => isKnown(id));
    server.receive$.subscribe(({ connection }) => {
      isKnown(connection.id);
      connection.disconnect();
    });
    const closed = firstValueFrom(server.close$);
    const agent = await world.startedAgent();
    agent.prepareConnect$.subscribe(({ connection }) => {
      known.push(agent.connections.get(connection.id) === connection);
    });
    const near = await agent.connect(endpoint);
    near.receive$.subscribe();
    near.send('x');
    const { id } = await closed;
    expect(known).toEqual([true, true, true, true]);
    expect(server.connections.has(id)).toBe(false);
  });

  it('should never use an id again, not even after a restart', async () => {
    const server = world.server();
    const agent = await world.startedAgent();
    const ids: number[] = [];
    server.accept$.subscribe(({ id }) => ids.push(id));
    for (let run = 0; run < 2; run++) {
      await server.start();
      for (let i = 0; i < 2; i++) {
        const { near } = await world.join(agent, server);
        near.disconnect(true);
      }
      await server.stop({ drain: false });
    }
    expect(ids).toEqual([1, 2, 3, 4]);
  });

  it('should keep what the user binds to a connection', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    server.accept$.subscribe((connection) => (connection.extra = { name: 'far' }));
    server.receive$.subscribe(({ connection }) => connection.disconnect());
    const closed = firstValueFrom(server.close$);
    const agent = await world.startedAgent();
    let early: unknown;
    agent.prepareConnect$.subscribe(({ connection }) => (early = connection.extra));
    const near = await agent.connect(endpoint, { extra: 'near' });
    near.receive$.subscribe();
    near.send('x');
    expect((await closed).connection.extra).toEqual({ name: 'far' });
    expect(early).toBe('near');
  });

  it('should know the addresses of both ends, also after the connection has closed', async () => {
    const { server, near, far } = await world.pair();
    expect(near.remote).toEqual(server.address);
    expect(far.local).toEqual(server.address);
    expect(far.remote).toEqual(near.local);
    const before = { remote: far.remote, local: far.local };
    near.disconnect(true);
    far.disconnect(true);
    await lastValueFrom(far.close$);
    expect({ remote: far.remote, local: far.local }).toEqual(before);
  });

  it('should go through the states of a component', async () => {
    const server = world.server();
    const agent = world.agent();
    const serverStates = statesOf(server);
    const agentStates = statesOf(agent);
    const endpoint = await world.start(server);
    await agent.start();
    const client = world.client({ to: endpoint });
    const clientStates = statesOf(client);
    await client.start();
    for (const component of [client, agent, server]) {
      await component.stop({ drain: false });
      await component[Symbol.asyncDispose]();
    }
    const all: ComponentState[] = ['stopped', 'starting', 'started', 'stopping', 'stopped'];
    expect(await serverStates).toEqual(all);
    expect(await agentStates).toEqual(all);
    expect(await clientStates).toEqual(all);
  });

  it('should know the state of a connection', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const states: string[] = [];
    agent.prepareConnect$.subscribe(({ connection }) => states.push(connection.state));
    agent.handshake$.subscribe(({ state }) => states.push(state));
    const near = await agent.connect(endpoint);
    near.end();
    states.push(near.state);
    near.disconnect(true);
    await lastValueFrom(near.close$);
    states.push(near.state);
    expect(states).toEqual(['connecting', 'open', 'ending', 'closed']);
  });

  it('should tell the end of a connection once, also to those who ask later', async () => {
    const { near, far } = await world.pair();
    const during = lastValueFrom(far.close$.pipe(toArray()));
    far.receive$.subscribe();
    near.receive$.subscribe();
    near.disconnect();
    near.disconnect();
    near.end();
    const [closed, ...more] = await during;
    expect(more).toEqual([]);
    expect(closed).toMatchObject({ id: far.id, reason: 'peer', operation: 'close', error: undefined });
    expect(await lastValueFrom(far.close$.pipe(toArray()))).toEqual([closed]);
  });

  it('should tell nothing more of a connection that has closed', async () => {
    const { server, agent, near, far } = await world.pair();
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    near.receive$.subscribe();
    near.send('a');
    await firstValueFrom(near.receive$);
    const ended = [firstValueFrom(server.close$), firstValueFrom(agent.close$)];
    near.send('b');
    near.disconnect(true);
    await Promise.all(ended);
    const counters = [countEvents(server), countEvents(agent)];
    for (const connection of [near, far]) {
      connection.send('late');
      connection.end();
      connection.disconnect();
      connection.disconnect(true);
      connection.reset();
    }
    await world.settle();
    expect(counters.map(({ count }) => count)).toEqual([0, 0]);
    expect(await lastValueFrom(near.sent$.pipe(toArray()))).toEqual([]);
    expect(await lastValueFrom(near.quiesce$.pipe(toArray()))).toEqual([]);
  });

  it('should complete the events of a component that is disposed of', async () => {
    const { server, agent, far } = await world.pair();
    const ends = [
      lastValueFrom(server.accept$.pipe(toArray())),
      lastValueFrom(server.close$.pipe(toArray())),
      lastValueFrom(server.shutdown$.pipe(toArray())),
      lastValueFrom(agent.connect$.pipe(toArray())),
    ];
    far.receive$.subscribe();
    await agent[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    const [, closes, shutdowns] = await Promise.all(ends);
    expect(closes).toHaveLength(1);
    expect(shutdowns).toHaveLength(1);
    expect(far.state).toBe('closed');
  });
}

function statesOf({ state$ }: { state$: Observable<ComponentState> }): Promise<ComponentState[]> {
  return lastValueFrom(state$.pipe(toArray()));
}
