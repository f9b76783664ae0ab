import { describe, expect, it, jest } from '@jest/globals';
import { EMPTY, Observable, finalize, firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import type { Component } from '../../lib/component/component.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { listen } from '../../lib/component/listen.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpClient } from '../../lib/component/tcp-client.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { sendPolicy } from '../../lib/send/send-policy.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { afterTest } from '../support/cleanup.ts';

/** Components on a network of their own, disposed of when the test has ended. */
function world() {
  const transport = new MemoryNetwork();
  const keep = <T extends Component>(component: T): T => {
    afterTest(() => component.stop({ deadline: 0 }));
    return component;
  };
  return {
    transport,
    server: (options = {}) => keep(new TcpServer({ transport, port: 1, ...options })),
    agent: (options = {}) => keep(new TcpAgent({ transport, ...options })),
    client: (options = {}) => keep(new TcpClient({ transport, to: 1, ...options })),
  };
}

const broken = () => {
  throw new TypeError('broken observer');
};

/** What the process is warned of while a test runs. */
function warnings(): readonly unknown[][] {
  const spy = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  afterTest(() => spy.mockRestore());
  return spy.mock.calls;
}

describe('observers that misbehave', () => {
  it('should be warned of when they throw over a fault, once', async () => {
    const seen = warnings();
    const { server, client } = world();
    const listening = server({ admit: broken });
    listening.faults$.subscribe(broken);
    await listening.start();
    const connection = await client().start();
    connection.receive$.subscribe({ error: () => undefined });
    await lastValueFrom(connection.close$);
    expect(seen).toEqual([[expect.stringContaining('broken observer'), 'HandlerError', 'ERR_HANDLER']]);
  });

  it('should not keep a connection alive by a teardown that throws', async () => {
    const seen = warnings();
    const { server, client } = world();
    const listening = server();
    listening.accept$.subscribe((connection) => connection.receive$.pipe(finalize(broken)).subscribe());
    const closed = firstValueFrom(listening.close$);
    await listening.start();
    const connection = await client().start();
    connection.end();
    expect(await closed).toMatchObject({ id: 1 });
    expect(await listening.stop()).toMatchObject({ forced: 0 });
    expect(seen).toHaveLength(1);
  });

  it('should not keep a handled connection alive by a teardown that throws', async () => {
    const seen = warnings();
    const { server, client } = world();
    const listening = server();
    const handled = firstValueFrom(listening.accept$.pipe(handleEach(() => new Observable(() => broken))));
    await listening.start();
    const connection = await client().start();
    connection.reset();
    expect(await handled).toMatchObject({ id: 1, reason: 'reset' });
    expect(seen).toHaveLength(1);
  });
});

describe('handlers that end at once', () => {
  it('should let every waiting connection have its turn, however many there are', async () => {
    const { server, agent } = world();
    const listening = server();
    const peers = 3000;
    let release: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (release = resolve));
    let handlers = 0;
    const all = lastValueFrom(
      listening.accept$.pipe(
        handleEach(() => (handlers++ === 0 ? first : EMPTY), { concurrency: 1 }),
        take(peers),
        toArray(),
      ),
    );
    await listening.start();
    const dialler = agent();
    await dialler.start();
    await Promise.all(Array.from({ length: peers }, () => dialler.connect(1)));
    for (const connection of dialler.connections.values()) connection.receive$.subscribe();
    release();
    expect(await all).toHaveLength(peers);
    expect(handlers).toBe(peers);
  });
});

describe('stopping and starting from anywhere', () => {
  it.each(['client', 'agent'] as const)(
    'should give up a %s that is stopped while it says that it starts',
    async (kind) => {
      const { server, client, agent } = world();
      await server().start();
      const component = kind === 'client' ? client() : agent();
      let stopped: Promise<unknown> | undefined;
      component.state$.subscribe((state) => {
        if (state === 'starting') stopped = component.stop();
      });
      await expect(component.start()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
      await stopped;
      expect(component.state).toBe('stopped');
    },
  );

  it('should end a stop that comes while a peer is being admitted', async () => {
    const { server, client } = world();
    let stopped: Promise<unknown> | undefined;
    const listening: TcpServer = server({
      admit: () => {
        stopped = listening.stop();
        return true;
      },
    });
    await listening.start();
    const connection = await client().start();
    connection.receive$.subscribe({ error: () => undefined });
    await lastValueFrom(connection.close$);
    await stopped;
    expect([listening.state, listening.connections.size]).toEqual(['stopped', 0]);
  });

  it.each(['server', 'client', 'agent'] as const)('should let the last word count: %s', async (kind) => {
    const parts = world();
    const listening = parts.server();
    listening.receive$.subscribe();
    if (kind !== 'server') await listening.start();
    const component = parts[kind]();
    await component.start();
    const first = component.stop();
    const again = component.start();
    const last = component.stop();
    await expect(again).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await Promise.all([first, last]);
    expect(component.state).toBe('stopped');
  });

  it('should show the present state to those who look while it changes', () => {
    const { agent } = world();
    const component = agent();
    const states: string[] = [];
    component.state$.subscribe((state) => {
      states.push(state);
      if (states.length === 1) void component.start();
    });
    expect([states, component.state]).toEqual([['stopped', 'starting', 'started'], 'started']);
  });

  it('should complete for those who come after the end', async () => {
    const { server } = world();
    const component = server();
    await component[Symbol.asyncDispose]();
    expect(await lastValueFrom(component.close$.pipe(toArray()))).toEqual([]);
  });

  it('should stop at once when all connections have ended their side already', async () => {
    const { server, client } = world();
    const listening = server();
    listening.accept$.subscribe((connection) => {
      connection.send('bye');
      connection.end();
    });
    await listening.start();
    const connection = await client().start();
    connection.receive$.subscribe();
    expect(await listening.stop({ deadline: 60_000 })).toMatchObject({ forced: 0 });
  });

  it('should give up a connection that is ended before it is established', async () => {
    const { server, client } = world();
    await server().start();
    const component = client();
    const started = component.start();
    component.connection?.end();
    await expect(started).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(component.state).toBe('stopped');
  });
});

describe('what is sent', () => {
  const joined = async (options = {}): Promise<{ near: Connection; far: Connection }> => {
    const { server, client } = world();
    const listening = server(options);
    const accepted = firstValueFrom(listening.accept$);
    await listening.start();
    return { near: await client().start(), far: await accepted };
  };

  it('should not be read by a sendTo that is over before it began', async () => {
    const { near, far } = await joined();
    const other = (await joined()).near;
    other.disconnect(true);
    await lastValueFrom(other.close$);
    far.receive$.pipe(sendTo(other)).subscribe();
    expect(far.reading).toBe(false);
    const received = firstValueFrom(far.receive$);
    near.send('still there');
    expect(Buffer.from(await received).toString()).toBe('still there');
  });

  it('should be delivered whole when a send follows a file at once', async () => {
    const { near, far } = await joined({ sendPolicy: sendPolicy.direct() });
    const chunks: Uint8Array[] = [];
    near.receive$.subscribe((chunk) => chunks.push(chunk));
    const file = 'package.json';
    far.sendFile(file).subscribe({
      complete: () => {
        far.send('between');
        far.sendFile(file).subscribe();
        far.disconnect();
      },
    });
    await lastValueFrom(near.close$);
    const text = Buffer.concat(chunks).toString();
    const [one, two] = text.split('between');
    expect([one?.length, one === two]).toEqual([two?.length, true]);
    expect(one).toContain('hpsocket-rx');
  });

  it('should be counted the same way for every observer of pending$', async () => {
    const { far } = await joined();
    const seen: number[] = [];
    let sent = false;
    far.pending$.subscribe((pending) => {
      if (pending === 0 || sent) return;
      sent = true;
      far.send('12345');
    });
    far.pending$.subscribe((pending) => seen.push(pending));
    far.send('1234567890');
    expect(seen).toEqual([0, 10, 15]);
    await far.flush();
    expect(seen.at(-1)).toBe(0);
  });
});

describe('listen', () => {
  it('should error with what onListening throws', async () => {
    const { transport } = world();
    await expect(lastValueFrom(listen({ transport, onListening: broken }))).rejects.toThrow(
      'broken observer',
    );
  });
});
