import { expect, it } from '@jest/globals';
import { NEVER, type Observable, filter, firstValueFrom, lastValueFrom, merge, toArray } from 'rxjs';
import type { TcpServer } from '../../../lib/component/tcp-server.ts';
import type { StopReport } from '../../../lib/component/events.ts';
import { handleEach } from '../../../lib/component/handle-each.ts';
import { flowForEach } from '../../../lib/flow/flow-for-each.ts';
import { collect, difference, firstBytes, pattern } from '../../support/patterns.ts';
import { record } from '../record.ts';
import type { World } from '../world.ts';

/** How components stop. */
export function stoppingBehaviour(world: World): void {
  it.each([
    ['accept$', ({ accept$ }: TcpServer): Observable<unknown> => accept$],
    ['handshake$', ({ handshake$ }: TcpServer): Observable<unknown> => handshake$],
    ['receive$', ({ receive$ }: TcpServer): Observable<unknown> => receive$],
    ['close$', ({ close$ }: TcpServer): Observable<unknown> => close$],
  ] as const)('should stop a server from inside %s', async (_, eventOf) => {
    const server = world.server();
    const log = record(server);
    const stopped = new Promise<StopReport>((resolve, reject) => {
      eventOf(server).subscribe(() => void server.stop().then(resolve, reject));
    });
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    agent.connect(endpoint).then(
      (near) => {
        near.receive$.subscribe({ error: () => undefined });
        near.send('x');
        near.end();
      },
      () => undefined, // stopped before a handshake was done
    );
    await stopped;
    expect(log.slice(0, 2)).toEqual(['prepare-listen', 'accept 1']);
    expect(log.at(-2)).toMatch(/^close 1 /);
    expect(log.at(-1)).toBe('shutdown');
    expect(server.state).toBe('stopped');
  });

  it('should stop an agent and a client from inside their events', async () => {
    const server = world.server();
    const endpoint = await world.start(server);
    server.accept$.subscribe(({ receive$ }) => receive$.subscribe());
    const agent = await world.startedAgent();
    const client = world.client({ to: endpoint });
    const stops = new Promise((resolve) => {
      agent.handshake$.subscribe(() => void agent.stop().then(resolve));
    });
    const clientStops = new Promise((resolve) => {
      client.handshake$.subscribe(() => void client.stop().then(resolve));
    });
    await Promise.all([agent.connect(endpoint), client.start()]);
    expect(await Promise.all([stops, clientStops])).toEqual([
      { closed: 1, forced: 0, dropped: 0 },
      { closed: 1, forced: 0, dropped: 0 },
    ]);
    expect([agent.state, client.state]).toEqual(['stopped', 'stopped']);
  });

  it('should answer every stop of the same stop with the same report', async () => {
    const { server, near } = await world.pair();
    near.receive$.subscribe();
    const stops = [server.stop(), server.stop(), firstValueFrom(server.shutdown$)];
    const report = { closed: 1, forced: 0, dropped: 0 };
    expect(await Promise.all(stops)).toEqual([report, report, report]);
    expect(await server.stop()).toEqual({ closed: 0, forced: 0, dropped: 0 });
  });

  it('should say when the component has stopped', async () => {
    const { server, near } = await world.pair();
    near.receive$.subscribe();
    const waiting = server.wait();
    void server.stop();
    await waiting;
    expect(server.state).toBe('stopped');
    await server.wait();
  });

  it('should accept nobody any more while it stops', async () => {
    const { server, agent, far } = await world.pair();
    const endpoint = world.wiring.endpointOf(server.address ?? { family: 'unix', path: '' });
    far.quiesce$.subscribe();
    const stopping = server.stop();
    await expect(agent.connect(endpoint)).rejects.toMatchObject({ code: world.wiring.refusal });
    far.disconnect(true);
    await stopping;
  });

  it('should deliver what was sent before an orderly stop', async () => {
    const { server, near, far } = await world.pair();
    const sent = pattern(4_000_000);
    const received = collect(near.receive$);
    far.send(sent);
    expect(await server.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
    expect(difference(await received, sent)).toBe('nowhere');
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'stop', error: undefined, unsent: 0 });
  });

  it('should count connections and bytes that are cut off without a drain', async () => {
    const { server, agent, near, far } = await world.pair();
    await world.join(agent, server);
    near.receive$.subscribe({ error: () => undefined });
    far.flow.hold();
    far.send(pattern(12_000_000));
    const { closed, forced, dropped } = await server.stop({ drain: false });
    expect({ closed, forced }).toEqual({ closed: 0, forced: 2 });
    expect(dropped).toBe((await lastValueFrom(far.close$)).unsent);
    expect(dropped).toBeGreaterThan(0);
  });

  it('should wait for a running handler', async () => {
    const server = world.server();
    server.accept$
      .pipe(
        handleEach(async (connection) => {
          const question = await firstBytes(connection.receive$, 1);
          await firstValueFrom(server.state$.pipe(filter((state) => state === 'stopping')));
          await world.settle();
          connection.send('answer to ', question);
        }),
      )
      .subscribe();
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const near = await agent.connect(endpoint);
    const answer = collect(near.receive$);
    near.send('?');
    await firstValueFrom(server.receive$);
    expect(await server.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
    expect((await answer).toString()).toBe('answer to ?');
  });

  it('should wait for the work on what was received', async () => {
    const { server, near, far } = await world.pair();
    const answer = collect(near.receive$);
    far.receive$
      .pipe(
        flowForEach(async () => {
          await world.settle();
          far.send('answer');
        }),
      )
      .subscribe();
    near.send('?');
    await firstValueFrom(far.receive$);
    expect(await server.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
    expect((await answer).toString()).toBe('answer');
  });

  it('should cut off at the deadline what has not come to an end', async () => {
    const server = world.server();
    server.accept$.pipe(handleEach(() => NEVER)).subscribe();
    await server.start();
    const { near, far } = await world.join(await world.startedAgent(), server);
    near.receive$.subscribe({ error: () => undefined });
    expect(await server.stop({ deadline: 1 })).toEqual({ closed: 0, forced: 1, dropped: 0 });
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'stop' });
  });

  it('should let those who subscribe to quiesce$ say goodbye', async () => {
    const { server, near, far } = await world.pair();
    const said = collect(near.receive$);
    const asked = lastValueFrom(far.quiesce$.pipe(toArray()));
    far.quiesce$.subscribe(() => {
      far.send('goodbye');
      far.disconnect();
    });
    expect(await server.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
    expect((await said).toString()).toBe('goodbye');
    expect(await asked).toHaveLength(1);
  });

  it('should still receive while somebody brings the connection to an end after quiesce$', async () => {
    const { server, near, far } = await world.pair();
    const received = collect(far.receive$);
    const quiesced = firstValueFrom(far.quiesce$);
    near.receive$.subscribe();
    const stopping = server.stop();
    await quiesced;
    expect(await firstValueFrom(far.quiesce$, { defaultValue: undefined })).toBeUndefined();
    near.send('last words');
    near.end();
    expect((await received).toString()).toBe('last words');
    expect(await stopping).toEqual({ closed: 1, forced: 0, dropped: 0 });
  });

  it('should complete the receive$ of connections that are stopped', async () => {
    const { server, near, far } = await world.pair();
    near.receive$.subscribe();
    const received = collect(far.receive$);
    await server.stop();
    expect((await received).length).toBe(0);
  });

  it('should close every connection once', async () => {
    const { server, agent } = await world.pair();
    for (let i = 0; i < 9; i++) await world.join(agent, server);
    const ends: number[] = [];
    merge(server.close$, agent.close$).subscribe(({ id }) => ends.push(id));
    await Promise.all([server.stop({ drain: false }), agent.stop({ drain: false })]);
    const each = Array.from({ length: 10 }, (_, i) => i + 1);
    expect(ends.sort((a, b) => a - b)).toEqual([...each, ...each].sort((a, b) => a - b));
  });

  it('should refuse illegal options of a stop', async () => {
    const { server } = await world.pair();
    expect(() => server.stop({ deadline: -1 })).toThrow(
      'ERR_OPTION: deadline must be an integer from 0 to 2147483647, got -1',
    );
    expect(server.state).toBe('started');
  });
}
