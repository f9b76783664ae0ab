import { describe, expect, it } from '@jest/globals';
import { type Observable, firstValueFrom, map, merge, switchMap, take, tap } from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { pack } from '../../lib/codec/pack.ts';
import { dial } from '../../lib/component/dial.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { listen } from '../../lib/component/listen.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpClient } from '../../lib/component/tcp-client.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { Closed } from '../../lib/connection/closed.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { decode } from '../../lib/framing/decode.ts';
import { encode } from '../../lib/framing/encode.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { afterTest } from '../support/cleanup.ts';
import { codedWorld, endOf, logOf, settled } from '../support/coded-world.ts';
import { words } from '../support/word-codec.ts';

describe('the option codec', () => {
  it('should be checked', () => {
    for (const codec of [1, {}, 'pack', null]) {
      expect(() => new TcpServer({ codec: codec as never })).toThrow(OptionError);
      expect(() => new TcpAgent({ codec: codec as never })).toThrow(OptionError);
    }
    expect(() => new TcpServer({ codec: undefined })).not.toThrow();
  });

  it('should show one object for a connection in all events of a server', async () => {
    const transport = new MemoryNetwork();
    const server = new TcpServer<string, string>({ transport, port: 1, codec: words() });
    const seen: unknown[] = [];
    merge(
      server.accept$,
      server.handshake$,
      merge(server.receive$, server.sent$, server.close$, server.faults$).pipe(
        map(({ connection }) => connection),
      ),
    ).subscribe((connection) => seen.push(connection));
    await server.start();
    const agent = new TcpAgent({ transport });
    await agent.start();
    const near = await agent.connect(1);
    near.receive$.subscribe();
    const coded = server.connections.get(1);
    near.send('a;b;');
    await settled();
    coded?.send('c');
    await settled();
    near.send('!;');
    await settled();
    // accept, handshake, two messages, one write, the fault, the close
    expect(seen.length).toBe(7);
    expect(new Set(seen)).toEqual(new Set([coded]));
    expect(server.connections.size).toBe(0);
    await agent.stop();
    await server.stop();
  });

  it('should show one object for a connection in all events of an agent and a client', async () => {
    const transport = new MemoryNetwork();
    const server = new TcpServer<string, string>({ transport, port: 1, codec: words() });
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    await server.start();
    afterTest(() => server.stop({ drain: false }));
    const agent = new TcpAgent<string, string>({ transport, codec: words() });
    const client = new TcpClient<string, string>({ transport, codec: words(), to: 1 });
    for (const component of [agent, client]) {
      const seen: unknown[] = [];
      merge(
        component.connect$,
        component.handshake$,
        merge(component.prepareConnect$, component.receive$, component.sent$, component.close$).pipe(
          map(({ connection }) => connection),
        ),
      ).subscribe((connection) => seen.push(connection));
      let connection: Connection<string, string>;
      if (component instanceof TcpAgent) {
        await component.start();
        connection = await component.connect(1);
      } else {
        connection = await component.start();
        expect(component.connection).toBe(connection);
      }
      connection.send('a', 'b');
      await settled();
      connection.disconnect();
      await settled();
      expect(seen.length).toBe(7);
      expect(new Set(seen)).toEqual(new Set([connection]));
      await component.stop();
    }
  });

  it('should show the connection when it is refused', async () => {
    const agent = new TcpAgent<string, string>({ transport: new MemoryNetwork(), codec: words() });
    await agent.start();
    const seen: unknown[] = [];
    agent.prepareConnect$.subscribe(({ connection, refuse }) => {
      seen.push(connection, connection.send('too early'), connection.lastError?.code, connection.state);
      refuse();
    });
    agent.close$.subscribe(({ connection, reason }) => seen.push(connection === seen[0], reason));
    await expect(agent.connect(1)).rejects.toMatchObject({ code: 'ERR_REFUSED' });
    expect(seen.slice(1)).toEqual(['refused', 'ERR_NOT_OPEN', 'connecting', true, 'connect']);
    await agent.stop();
  });

  it('should show each message once to each, in one order', async () => {
    const { server, coded, raw } = await codedWorld();
    const seen: string[] = [];
    coded.receive$.subscribe((word) => seen.push(`connection ${word}`));
    server.receive$.subscribe(({ data }) => seen.push(`component ${data}`));
    raw.send('a;b;');
    await settled();
    expect(seen).toEqual(['connection a', 'component a', 'connection b', 'component b']);
  });

  it('should go on for the others when one of connection and component leaves', async () => {
    const { server, coded, raw } = await codedWorld();
    const seen: string[] = [];
    coded.receive$.pipe(take(1)).subscribe((word) => seen.push(`connection ${word}`));
    server.receive$.pipe(take(2)).subscribe(({ data }) => seen.push(`component ${data}`));
    raw.send('a;b;c;');
    await settled();
    expect(seen).toEqual(['connection a', 'component a', 'component b']);
    server.receive$.subscribe(({ data }) => seen.push(`later ${data}`));
    await settled();
    expect(seen.slice(3)).toEqual(['later c']);
  });

  it('should lose nothing to a take(1) of the component', async () => {
    const { server, raw, agent } = await codedWorld();
    const other = await agent.connect(1);
    const seen: string[] = [];
    raw.send('a;b;c;');
    other.send('d;e;f;');
    for (let count = 0; count < 6; count++) {
      const { data, connection } = await firstValueFrom(server.receive$);
      seen.push(`${connection.id}${data}`);
    }
    expect(seen.sort()).toEqual(['1a', '1b', '1c', '2d', '2e', '2f']);
    expect([...server.connections.values()].map(({ flow }) => flow.items)).toEqual([0, 0]);
  });

  it('should go on after a restart', async () => {
    const { server, agent, raw } = await codedWorld();
    const seen: string[] = [];
    server.receive$.subscribe(({ connection, data }) => {
      seen.push(`${connection.id}${data}`);
      connection.send(data);
    });
    raw.send('a;b');
    await settled();
    await server.stop();
    await server.start();
    const again = await agent.connect(1);
    const heard = logOf(again.receive$.pipe(map(toText)));
    again.send('c;d;');
    await settled();
    expect(seen).toEqual(['1a', '2c', '2d']);
    expect(heard).toEqual(['c;d;']);
  });

  it('should begin anew with every connection of a client', async () => {
    const transport = new MemoryNetwork();
    const server = new TcpServer({ transport, port: 1 });
    server.receive$.subscribe();
    server.accept$.subscribe((connection) => connection.send('a;b'));
    await server.start();
    afterTest(() => server.stop({ drain: false }));
    const client = new TcpClient<string, string>({ transport, codec: words({ tail: 'drop' }), to: 1 });
    const log = logOf(client.receive$.pipe(map(({ data }) => data)));
    for (let round = 0; round < 2; round++) {
      expect(client.send('x')).toBe('refused');
      await client.start();
      expect(client.send('x')).toBe('ok');
      await settled();
      await client.stop();
    }
    expect(log).toEqual(['a', 'a']);
  });

  it('should let one connection fail and no other', async () => {
    const { server, coded, raw, agent } = await codedWorld();
    const other = await agent.connect(1);
    const log = logOf(server.receive$.pipe(map(({ data, connection }) => `${connection.id}${data}`)));
    const closes = logOf(server.close$.pipe(map(({ id, reason }) => `${id} ${reason}`)));
    raw.send('a;!;');
    other.send('b;');
    await settled();
    expect(log.sort()).toEqual(['1a', '2b']);
    expect(closes).toEqual(['1 protocol']);
    expect(coded.state).toBe('closed');
    expect(server.connections.size).toBe(1);
  });

  it('should close a connection whose codec cannot begin', async () => {
    const codec = {
      ...words(),
      decoder: () => {
        throw new RangeError('out of decoders');
      },
    };
    const { server, coded } = await codedWorld({ server: { codec } });
    const faults = logOf(server.faults$.pipe(map(({ error }) => error.code)));
    expect(() => server.receive$.subscribe()).not.toThrow();
    await settled();
    expect(coded.finished?.reason).toBe('handler');
    expect(faults).toEqual(['ERR_HANDLER']);
  });

  it('should notice the end of connections that only the component reads', async () => {
    const { server, raw } = await codedWorld();
    server.receive$.subscribe();
    const closes = logOf(server.close$.pipe(map(({ id, reason }) => `${id} ${reason}`)));
    raw.send('a;');
    raw.end();
    await settled();
    expect(closes).toEqual(['1 peer']);
  });

  it('should let work end before a stop', async () => {
    const { server, raw, heard } = await codedWorld();
    server.receive$
      .pipe(
        flowForEach(async ({ connection, data }) => {
          await settled();
          connection.send(`re ${data}`);
        }),
      )
      .subscribe();
    raw.send('a;');
    await Promise.resolve();
    await settled();
    const report = await server.stop();
    expect(report).toEqual({ closed: 1, forced: 0, dropped: 0 });
    await settled();
    expect(heard.text).toBe('re a;');
  });

  it('should let a connection end itself when the component stops', async () => {
    const { server, coded, heard } = await codedWorld();
    coded.receive$.subscribe();
    coded.quiesce$.subscribe(() => {
      coded.send('bye');
      coded.disconnect();
    });
    await server.stop();
    await settled();
    expect(heard).toEqual({ text: 'bye;', ending: 'complete' });
  });

  it('should end all Observables with the component', async () => {
    const { server, coded } = await codedWorld();
    const logs = [server.receive$, server.close$.pipe(map(({ reason }) => reason)), coded.receive$].map(
      (source) => logOf(source as Observable<unknown>),
    );
    await server[Symbol.asyncDispose]();
    expect(logs).toEqual([['|'], ['stop', '|'], ['|']]);
  });

  it('should work with listen and dial', async () => {
    const transport = new MemoryNetwork();
    const closes: Closed[] = [];
    const listening = listen<string, string>({ transport, port: 1, codec: words() })
      .pipe(
        handleEach((connection) =>
          connection.receive$.pipe(
            map((word) => `re ${word}`),
            sendTo(connection),
          ),
        ),
      )
      .subscribe((closed) => closes.push(closed));
    await settled();
    const log = logOf(
      dial<string, string>(1, { transport, codec: words() }).pipe(
        tap((connection) => connection.send('a', 'b')),
        switchMap(({ receive$ }) => receive$),
        take(2),
      ),
    );
    await settled();
    expect(log).toEqual(['re a', 're b', '|']);
    expect(closes.map(({ reason }) => reason)).toEqual(['peer']);
    listening.unsubscribe();
  });

  it('should deliver what was sent when listen is unsubscribed from', async () => {
    const transport = new MemoryNetwork();
    const connections: Connection<string, string>[] = [];
    const listening = listen<string, string>({ transport, port: 1, codec: words() }).subscribe((connection) =>
      connections.push(connection),
    );
    await settled();
    const agent = new TcpAgent({ transport });
    await agent.start();
    const heard = logOf((await agent.connect(1)).receive$.pipe(map(toText)));
    connections[0]?.send('bye');
    listening.unsubscribe();
    await settled();
    expect(heard).toEqual(['bye;', '|']);
    await agent.stop();
  });

  it('should infer what is received and sent', () => {
    const server = new TcpServer({ codec: pack() });
    server.receive$.subscribe(({ connection, data }) => connection.send(data.subarray(1), 'text'));
    const speaker = new TcpServer({ codec: words() });
    speaker.receive$.subscribe(({ connection, data }) => connection.send(data.toUpperCase()));
    expect(server.state).toBe('stopped');
  });
});

describe('decode in a handler of handleEach', () => {
  /** Serves one connection that says `said`; what comes back, and how the connection ended. */
  async function served(
    handler: (connection: Connection) => Observable<unknown>,
    said: string,
  ): Promise<{ heard: unknown[]; closed: Closed | undefined }> {
    const transport = new MemoryNetwork();
    const server = new TcpServer({ transport, port: 1 });
    server.faults$.subscribe();
    let closed: Closed | undefined;
    server.accept$.pipe(handleEach(handler)).subscribe((end) => (closed = end));
    await server.start();
    const agent = new TcpAgent({ transport });
    await agent.start();
    const near = await agent.connect(1);
    const heard: unknown[] = logOf(near.receive$.pipe(map(toText)));
    near.send(said);
    await settled();
    await agent.stop();
    await server.stop();
    return { heard, closed };
  }

  it('should close with reason protocol, what was sent before included', async () => {
    const { heard, closed } = await served(
      (connection) => connection.receive$.pipe(decode(words()), encode(words()), sendTo(connection)),
      'a;b;!;',
    );
    expect(closed).toMatchObject({ reason: 'protocol', error: { code: 'ERR_FRAME_DATA' }, unsent: 0 });
    expect(heard).toEqual(['a;b;', '|']);
  });

  it('should close with reason handler for a broken codec', async () => {
    const { closed } = await served(({ receive$ }) => receive$.pipe(decode(words())), 'a;?;');
    expect(closed).toMatchObject({ reason: 'handler', error: { code: 'ERR_HANDLER' } });
  });

  it('should close with reason protocol for what the handler cannot encode', async () => {
    const { heard, closed } = await served(
      (connection) =>
        connection.receive$.pipe(
          decode(words()),
          map((word) => (word === 'b' ? '!' : word)),
          encode(words()),
          sendTo(connection),
        ),
      'a;b;c;',
    );
    expect(closed?.reason).toBe('protocol');
    expect(heard).toEqual(['a;', '|']);
  });

  it('should close with reason protocol for messages of a connection with a codec, sent by the handler before', async () => {
    const { heard, closed } = await served((connection) => {
      const coded = connection.through(words());
      return coded.receive$.pipe(tap((word) => coded.send(`re ${word}`)));
    }, 'a;!;');
    expect(closed).toMatchObject({ reason: 'protocol' });
    expect(heard).toEqual(['re a;', '|']);
  });

  it('should close with reason timeout for a message that does not end', async () => {
    const transport = new MemoryNetwork();
    const server = new TcpServer({ transport, port: 1 });
    server.faults$.subscribe();
    const closes = logOf(
      server.accept$.pipe(
        handleEach(({ receive$ }) => receive$.pipe(decode(words({ frameTimeout: 1 })))),
        map(({ reason }) => reason),
      ),
    );
    await server.start();
    const agent = new TcpAgent({ transport });
    await agent.start();
    const near = await agent.connect(1);
    near.send('a;b');
    await endOf(server.connections.get(1)!);
    expect(closes).toEqual(['timeout']);
    await agent.stop();
    await server.stop();
  });
});
