import { expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import type { Address } from '../../../lib/transport/address.ts';
import { record } from '../record.ts';
import type { World } from '../world.ts';

/** Who is let in, and who is sent away. */
export function limitBehaviour(world: World): void {
  it('should turn peers away beyond the most connections', async () => {
    const { server, agent, near, far } = await world.pair({ server: { maxConnections: 1 } });
    const log = record(server);
    const dropped = firstValueFrom(server.dropped$);
    await world.sentAway(agent, server);
    expect(await dropped).toMatchObject({ reason: 'max-connections', connection: undefined, bytes: 0 });
    expect(log).toEqual([]);
    near.disconnect(true);
    far.disconnect(true);
    await lastValueFrom(far.close$);
    await world.join(agent, server);
    expect(server.connections.size).toBe(1);
  });

  it('should refuse to connect beyond the most connections', async () => {
    const { server, agent, near } = await world.pair({ agent: { maxConnections: 1 } });
    const log = record(agent);
    const endpoint = world.wiring.endpointOf(server.address as Address);
    await expect(agent.connect(endpoint)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LIMIT' });
    expect(log).toEqual([]);
    near.disconnect(true);
    await lastValueFrom(near.close$);
    await agent.connect(endpoint);
  });

  it('should let in only those whom admit lets in', async () => {
    const asked: Address[] = [];
    const server = world.server({
      admit: (remote) => {
        asked.push(remote);
        return asked.length > 1;
      },
    });
    const log = record(server);
    const dropped = firstValueFrom(server.dropped$);
    await server.start();
    const agent = await world.startedAgent();
    const first = await world.sentAway(agent, server);
    expect(await dropped).toMatchObject({ reason: 'refused', connection: undefined });
    expect(asked[0]).toEqual(first.connection.local);
    await world.join(agent, server);
    expect(log).toEqual(['prepare-listen', 'accept 1', 'handshake 1']);
  });

  it('should let nobody in when admit throws', async () => {
    const server = world.server({
      admit: () => {
        throw new Error('broken admit');
      },
    });
    const fault = firstValueFrom(server.faults$);
    await server.start();
    await world.sentAway(await world.startedAgent(), server);
    expect(await fault).toMatchObject({ error: { code: 'ERR_HANDLER' }, connection: undefined });
    expect(server.state).toBe('started');
  });

  it('should close the connections that are old enough', async () => {
    const { server, agent, near, far } = await world.pair();
    near.receive$.subscribe({ error: () => undefined });
    const other = await world.join(agent, server);
    other.near.receive$.subscribe({ error: () => undefined });
    expect(server.disconnectLong(3_600_000)).toBe(0);
    expect([far.state, other.far.state]).toEqual(['open', 'open']);
    expect(server.disconnectLong(0)).toBe(2);
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'local' });
    expect(await lastValueFrom(other.far.close$)).toMatchObject({ reason: 'local' });
  });

  it('should close the connections that are silent long enough', async () => {
    const { server, near, far } = await world.pair();
    near.receive$.subscribe({ error: () => undefined });
    expect(server.disconnectSilent(3_600_000)).toBe(0);
    expect(server.disconnectSilent(0, true)).toBe(1);
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'forced' });
  });

  it('should know no silence that is not marked', async () => {
    const { server, far } = await world.pair({ server: { markSilence: false } });
    expect(server.disconnectSilent(0)).toBe(0);
    expect(far.state).toBe('open');
  });
}
