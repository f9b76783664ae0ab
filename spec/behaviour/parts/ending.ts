import { expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, map, toArray } from 'rxjs';
import { handleEach } from '../../../lib/component/handle-each.ts';
import { flowForEach } from '../../../lib/flow/flow-for-each.ts';
import { collect, difference, pattern } from '../../support/patterns.ts';
import type { World } from '../world.ts';

/** How connections come to an orderly end. */
export function endingBehaviour(world: World): void {
  it('should end our side and still receive', async () => {
    const { near, far } = await world.pair({ server: { halfOpen: true } });
    const answer = pattern(2_000_000);
    near.send('question');
    near.end();
    expect((await collect(far.receive$)).toString()).toBe('question');
    far.send(answer);
    far.end();
    expect(difference(await collect(near.receive$), answer)).toBe('nowhere');
    expect(await lastValueFrom(near.close$)).toMatchObject({ reason: 'local', error: undefined, unsent: 0 });
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'peer', error: undefined, unsent: 0 });
  });

  it('should stay open for sending with halfOpen when the peer has ended', async () => {
    const { near, far } = await world.pair({ server: { halfOpen: true } });
    const received = collect(near.receive$);
    near.end();
    await collect(far.receive$);
    await world.settle();
    expect(far.state).toBe('open');
    far.send('still here');
    far.end();
    expect((await received).toString()).toBe('still here');
  });

  it('should end by itself without halfOpen when the peer has ended and nothing is left to do', async () => {
    const { near, far } = await world.pair();
    far.receive$.subscribe();
    near.end();
    expect((await collect(near.receive$)).length).toBe(0);
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'peer', operation: 'close' });
  });

  it('should not end before the work on what was received is done', async () => {
    const { near, far } = await world.pair();
    const work = new Promise<void>((resolve) => setImmediate(resolve));
    far.receive$
      .pipe(
        flowForEach(async () => {
          await work;
          await world.settle();
          far.send('answer');
        }),
      )
      .subscribe();
    near.send('question');
    near.end();
    expect((await collect(near.receive$)).toString()).toBe('answer');
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'peer' });
  });

  it('should not end while a handler runs', async () => {
    const server = world.server();
    const closed = firstValueFrom(
      server.accept$.pipe(
        handleEach(async (connection) => {
          const question = await collect(connection.receive$);
          await world.settle();
          connection.send(question, '!');
        }),
      ),
    );
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const near = await agent.connect(endpoint);
    near.send('question');
    near.end();
    expect((await collect(near.receive$)).toString()).toBe('question!');
    expect(await closed).toMatchObject({ reason: 'peer', unsent: 0 });
  });

  it('should deliver everything that was sent before a disconnect', async () => {
    const { near, far } = await world.pair();
    const sent = pattern(8_000_000);
    const receiving = collect(near.receive$);
    near.send(sent);
    near.disconnect();
    expect((await receiving).length).toBe(0);
    expect(near.state).toBe('ending');
    expect(difference(await collect(far.receive$), sent)).toBe('nowhere');
    expect(await lastValueFrom(near.close$)).toMatchObject({
      reason: 'local',
      operation: 'close',
      error: undefined,
      bytesOut: sent.length,
      unsent: 0,
    });
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'peer', bytesIn: sent.length });
  });

  it('should deliver everything even to a peer that goes on sending', async () => {
    const { near, far } = await world.pair();
    const sent = pattern(4_000_000);
    near.receive$.subscribe();
    far.send(pattern(4_000_000, 2));
    near.send(sent);
    near.disconnect();
    const received = far.receive$.pipe(
      map((chunk) => {
        far.send('more');
        return chunk;
      }),
    );
    expect(difference(await collect(received), sent)).toBe('nowhere');
    expect(await lastValueFrom(near.close$)).toMatchObject({ reason: 'local', unsent: 0 });
  });

  it('should receive nothing more after a disconnect', async () => {
    const { near, far } = await world.pair();
    const received: Uint8Array[] = [];
    near.receive$.subscribe((chunk) => received.push(chunk));
    far.receive$.subscribe();
    near.disconnect();
    far.send('too late');
    await lastValueFrom(near.close$);
    expect(received).toEqual([]);
  });

  it('should close at once when forced, and count what is lost', async () => {
    const { near, far } = await world.pair();
    near.send(pattern(12_000_000));
    const received = collect(near.receive$);
    near.disconnect(true);
    const closed = await lastValueFrom(near.close$);
    expect(closed).toMatchObject({ reason: 'forced', error: undefined });
    expect(closed.unsent).toBeGreaterThan(0);
    expect(closed.unsent + closed.bytesOut).toBe(12_000_000);
    expect((await received).length).toBe(0);
    far.disconnect(true);
  });

  it('should let a forced close overtake an orderly one', async () => {
    const { near } = await world.pair();
    near.send(pattern(12_000_000));
    near.disconnect();
    near.disconnect(true);
    expect(await lastValueFrom(near.close$)).toMatchObject({ reason: 'forced' });
  });

  it('should close in an orderly way when it is disposed of', async () => {
    const { near, far } = await world.pair();
    const sent = pattern(3_000_000);
    const received = collect(far.receive$);
    near.send(sent);
    await near[Symbol.asyncDispose]();
    expect(near.state).toBe('closed');
    expect(difference(await received, sent)).toBe('nowhere');
    await near[Symbol.asyncDispose]();
  });

  it('should close both ends once when both disconnect at the same time', async () => {
    const { near, far } = await world.pair();
    const ends = [near, far].map(({ close$ }) => lastValueFrom(close$.pipe(toArray())));
    near.receive$.subscribe();
    far.receive$.subscribe();
    near.send('x');
    far.send('y');
    near.disconnect();
    far.disconnect();
    const reasons = (await Promise.all(ends)).map((closes) =>
      closes.map(({ error, unsent }) => [error, unsent]),
    );
    expect(reasons).toEqual([[[undefined, 0]], [[undefined, 0]]]);
  });

  it('should close a connection on which nobody ever subscribed', async () => {
    const { near, far } = await world.pair({ agent: { timeouts: { linger: 1 } } });
    near.send('unread');
    near.disconnect();
    expect(await lastValueFrom(near.close$)).toMatchObject({ reason: 'local', unsent: 0 });
    far.disconnect(true);
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'forced' });
  });
}
