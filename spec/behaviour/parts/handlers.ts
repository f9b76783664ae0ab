import { expect, it } from '@jest/globals';
import { NEVER, Observable, firstValueFrom, lastValueFrom, map, throwError } from 'rxjs';
import type { TcpServer } from '../../../lib/component/tcp-server.ts';
import { handleEach } from '../../../lib/component/handle-each.ts';
import type { Connection } from '../../../lib/connection/connection.ts';
import { sendTo } from '../../../lib/connection/send-to.ts';
import { collect, firstBytes } from '../../support/patterns.ts';
import type { World } from '../world.ts';

const broken = () => {
  throw new TypeError('broken handler');
};

/** A handler that fails when it meets the connection with id 1, and echoes on every other. */
const failures: Record<string, (server: TcpServer) => void> = {
  'a handler of handleEach throws': (server) =>
    server.handshake$
      .pipe(handleEach((connection) => (connection.id === 1 ? broken() : echo(connection))))
      .subscribe(),
  'the Observable of a handler errors': (server) =>
    server.handshake$
      .pipe(
        handleEach((connection) =>
          connection.id === 1 ? throwError(() => new TypeError('broken handler')) : echo(connection),
        ),
      )
      .subscribe(),
  'the promise of a handler is rejected': (server) =>
    server.handshake$
      .pipe(
        handleEach((connection) =>
          connection.id === 1 ? Promise.reject(new TypeError('broken handler')) : echo(connection),
        ),
      )
      .subscribe(),
  'an operator in the pipeline of a handler throws': (server) =>
    server.handshake$
      .pipe(
        handleEach((connection) =>
          connection.id === 1 ? connection.receive$.pipe(map(broken)) : echo(connection),
        ),
      )
      .subscribe(),
  'an observer of the receive$ of a connection throws': (server) =>
    server.accept$.subscribe((connection) => {
      if (connection.id === 1) connection.receive$.subscribe(broken);
      else echo(connection).subscribe({ error: () => undefined });
    }),
  'an observer of the receive$ of the component throws': (server) =>
    server.receive$.subscribe(({ connection, data }) => {
      if (connection.id === 1) broken();
      connection.send(data);
    }),
  'an observer of handshake$ throws': (server) =>
    server.handshake$.subscribe((connection) => {
      if (connection.id === 1) broken();
      echo(connection).subscribe({ error: () => undefined });
    }),
};

function echo(connection: Connection) {
  return connection.receive$.pipe(sendTo(connection));
}

/** What handlers decide, and what becomes of broken ones. */
export function handlerBehaviour(world: World): void {
  it.each(Object.entries(failures))(
    'should close only the connection concerned when %s',
    async (_, install) => {
      const server = world.server();
      install(server);
      const closed = firstValueFrom(server.close$);
      const fault = firstValueFrom(server.faults$);
      await server.start();
      const agent = await world.startedAgent();
      const { near } = await world.join(agent, server);
      const other = await world.join(agent, server);
      near.receive$.subscribe({ error: () => undefined });
      near.send('x');
      const error = { code: 'ERR_HANDLER', cause: { message: 'broken handler' } };
      expect(await closed).toMatchObject({ id: 1, reason: 'handler', error });
      expect(await fault).toMatchObject({ error, connection: { id: 1 } });
      await lastValueFrom(near.close$);
      other.near.send('alive');
      expect((await firstBytes(other.near.receive$, 5)).toString()).toBe('alive');
      expect(server.state).toBe('started');
    },
  );

  it('should close only the connection concerned when an observer of accept$ throws', async () => {
    const server = world.server();
    server.accept$.subscribe(({ id }) => id === 1 && broken());
    const second = firstValueFrom(server.accept$);
    const closed = firstValueFrom(server.close$);
    const fault = firstValueFrom(server.faults$);
    await server.start();
    const agent = await world.startedAgent();
    await world.sentAway(agent, server);
    expect(await closed).toMatchObject({ id: 1, reason: 'handler', error: { code: 'ERR_HANDLER' } });
    expect(await fault).toMatchObject({ connection: { id: 1 } });
    expect((await second).id).toBe(1); // other observers lose nothing
    const { near, far } = await world.join(agent, server);
    far.send('alive');
    expect((await firstBytes(near.receive$, 5)).toString()).toBe('alive');
  });

  it('should tell of an observer of close$ that throws, and go on', async () => {
    const server = world.server();
    server.close$.subscribe(broken);
    server.faults$.subscribe();
    const fault = firstValueFrom(server.faults$);
    await server.start();
    const agent = await world.startedAgent();
    const { far } = await world.join(agent, server);
    far.disconnect(true);
    expect(await fault).toMatchObject({ error: { code: 'ERR_HANDLER' } });
    await world.join(agent, server);
    expect(server.connections.size).toBe(1);
  });

  it('should close a connection when its handler is done, with everything delivered', async () => {
    const server = world.server();
    server.handshake$
      .pipe(
        handleEach((connection) => {
          connection.send('welcome and ');
          connection.send('goodbye');
          return [];
        }),
      )
      .subscribe();
    const endpoint = await world.start(server);
    const agent = await world.startedAgent();
    const near = await agent.connect(endpoint);
    expect((await collect(near.receive$)).toString()).toBe('welcome and goodbye');
  });

  it('should unsubscribe from a handler when its connection ends', async () => {
    const server = world.server();
    let running = 0;
    const closed = firstValueFrom(
      server.accept$.pipe(
        handleEach(
          () =>
            new Observable(() => {
              running++;
              return () => running--;
            }),
        ),
      ),
    );
    await server.start();
    const agent = await world.startedAgent();
    const { far } = await world.join(agent, server);
    expect(running).toBe(1);
    far.disconnect(true);
    expect(await closed).toMatchObject({ reason: 'forced' });
    expect(running).toBe(0);
  });

  it('should handle no more connections at a time than allowed, in order', async () => {
    const server = world.server();
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    server.handshake$
      .pipe(
        handleEach(
          ({ id }) => {
            begun.push(id);
            return new Promise<void>((resolve) => ends.push(resolve));
          },
          { concurrency: 2 },
        ),
      )
      .subscribe();
    await server.start();
    const agent = await world.startedAgent();
    for (let i = 0; i < 3; i++) {
      const { near } = await world.join(agent, server);
      near.receive$.subscribe();
    }
    expect(begun).toEqual([1, 2]);
    const closed = firstValueFrom(server.close$);
    ends[1]?.();
    expect(await closed).toMatchObject({ id: 2, reason: 'local' });
    expect(begun).toEqual([1, 2, 3]);
  });

  it('should close all connections when the handling is unsubscribed from', async () => {
    const server = world.server();
    const handling = server.accept$.pipe(handleEach(() => NEVER)).subscribe();
    await server.start();
    const agent = await world.startedAgent();
    const { near, far } = await world.join(agent, server);
    near.receive$.subscribe();
    handling.unsubscribe();
    expect(await lastValueFrom(far.close$)).toMatchObject({ reason: 'local' });
    expect(server.state).toBe('started');
  });
}
