import { expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { sendTo } from '../../../lib/connection/send-to.ts';
import { collect, pattern } from '../../support/patterns.ts';
import type { World } from '../world.ts';

/** How connections fail. */
export function failingBehaviour(world: World): void {
  if (world.wiring.hasReset) {
    it('should tell the peer of a reset', async () => {
      const { server, near, far } = await world.pair();
      const fault = firstValueFrom(server.faults$);
      // A server that still writes its part of a handshake meets the reset there, and reads an end instead.
      near.send('x');
      await firstValueFrom(far.receive$);
      const received = collect(far.receive$);
      near.reset();
      await expect(received).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await lastValueFrom(far.close$.pipe(toArray()))).toMatchObject([
        { reason: 'reset', operation: 'receive', error: { code: 'ECONNRESET' } },
      ]);
      expect(await lastValueFrom(near.close$)).toMatchObject({ reason: 'forced', error: undefined });
      expect(await fault).toMatchObject({ error: { code: 'ECONNRESET' }, connection: { id: far.id } });
      await expect(collect(far.receive$)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(far.lastError).toMatchObject({ code: 'ECONNRESET' });
    });

    it('should notice a reset after the peer has ended its side', async () => {
      const { near, far } = await world.pair({ server: { halfOpen: true } });
      near.end();
      await collect(far.receive$);
      far.send(pattern(12_000_000));
      near.reset();
      const closed = await lastValueFrom(far.close$);
      expect(closed).toMatchObject({ reason: 'reset' });
      expect(closed.unsent).toBeGreaterThan(0);
    });
  }

  it('should close the connection of the peer when it resets, whatever that looks like', async () => {
    const { near, far } = await world.pair();
    far.receive$.subscribe({ error: () => undefined });
    near.reset();
    const [nearClosed, farClosed] = await Promise.all([
      lastValueFrom(near.close$.pipe(toArray())),
      lastValueFrom(far.close$.pipe(toArray())),
    ]);
    expect(nearClosed).toMatchObject([{ reason: 'forced' }]);
    expect(farClosed).toHaveLength(1);
  });

  it('should notice while sending that the peer is gone', async () => {
    const { near, far } = await world.pair();
    far.receive$.subscribe(() => far.disconnect(true));
    const received = collect(near.receive$);
    near.send(pattern(12_000_000));
    const flushed = near.flush();
    const closes = lastValueFrom(near.close$.pipe(toArray()));
    await Promise.all([
      expect(flushed).rejects.toMatchObject({ code: 'ERR_CLOSED' }),
      expect(received).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) }),
    ]);
    const [closed, ...more] = await closes;
    expect(more).toEqual([]);
    expect(closed).toMatchObject({ reason: 'reset' });
    expect(closed?.unsent).toBeGreaterThan(0);
  });

  it('should complete a sendTo whose connection closes without a failure', async () => {
    const { near, far } = await world.pair();
    const echoing = lastValueFrom(far.receive$.pipe(sendTo(far), toArray()));
    near.receive$.subscribe({ error: () => undefined });
    near.send('x');
    await firstValueFrom(far.receive$);
    far.disconnect(true);
    expect(await echoing).toEqual([]);
  });

  it('should not touch other connections when one fails', async () => {
    const { server, agent, near, far } = await world.pair();
    const other = await world.join(agent, server);
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    near.reset();
    await lastValueFrom(far.close$);
    other.near.send('alive');
    expect((await firstValueFrom(other.near.receive$)).length).toBeGreaterThan(0);
    expect([...server.connections.values()]).toEqual([other.far]);
  });
}
