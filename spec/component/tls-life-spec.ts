import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { NetworkError } from '../../lib/base/errors.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpClient } from '../../lib/component/tcp-client.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { tcp } from '../../lib/transport/tcp.ts';
import type { ServerNameAnswer } from '../../lib/transport/tls/tls-options.ts';
import type { Transport } from '../../lib/transport/wire.ts';
import { closedLater } from '../behaviour/world.ts';
import { CA, echoServer, echoes, endingOf, identity, listOf, tlsAgent } from '../support/tls-world.ts';

const HOST = '127.0.0.1';

const transports: Record<string, () => Transport> = { tcp: () => tcp, memory: () => new MemoryNetwork() };

/** One turn of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** What came of a promise. */
const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error as NetworkError).code,
  );

const ways: Record<string, (connection: Connection, stop: () => unknown) => unknown> = {
  'are disconnected': (connection) => connection.disconnect(),
  'are cut off': (connection) => connection.disconnect(true),
  'are reset': (connection) => connection.reset(),
  'are ended': (connection) => connection.end(),
  'are thrown at': () => {
    throw new Error('broken observer');
  },
  stop: (_connection, stop) => stop(),
};

const reasons: Record<string, string> = {
  'are disconnected': 'local',
  'are cut off': 'forced',
  'are reset': 'forced',
  'are ended': 'local',
  'are thrown at': 'handler',
  stop: 'stop',
};

for (const [transportName, makeTransport] of Object.entries(transports)) {
  describe(`TLS over ${transportName}: connections that`, () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const side of ['server', 'agent'] as const) {
        for (const [way, end] of Object.entries(ways)) {
          it(`${way} over a key of their handshake should end, and only once (${side}, ${version})`, async () => {
            const transport = makeTransport();
            const { server, port } = await echoServer({}, { transport });
            const agent = await tlsAgent({ maxVersion: version }, { transport });
            agent.receive$.subscribe();
            agent.faults$.subscribe();
            const component = side === 'server' ? server : agent;
            const log: string[] = [];
            component.keylog$.subscribe(({ connection }) => {
              if (connection.state === 'closed') log.push('key after the end');
              end(connection, () => component.stop());
            });
            component.handshake$.subscribe(() => log.push('handshake'));
            component.close$.subscribe(({ reason }) => log.push(reason));
            const others = side === 'server' ? agent : server;
            const ended = Promise.all([firstValueFrom(component.close$), firstValueFrom(others.close$)]);

            const connecting = outcome(agent.connect({ host: HOST, port }));

            await ended;
            // In TLS 1.3 the server has said its last word by then.
            expect((await connecting) === 'resolved').toBe(side === 'server' && version === 'TLSv1.3');
            for (let i = 0; i < 3; i++) await turn();
            expect(log).toEqual([reasons[way]]);
            expect(server.connections.size + agent.connections.size).toBe(0);
          });
        }
      }
    }
  });

  describe(`TLS over ${transportName}`, () => {
    it('should let a client begin again inside close$, whatever it closed for', async () => {
      const transport = makeTransport();
      const { server, port } = await echoServer(identity('expired'), { transport });
      const client = closedLater(new TcpClient({ transport, tls: CA, to: { host: HOST, port } }));
      const starts: Promise<string>[] = [];
      const start = () => starts.push(outcome(client.start()));
      const ends: string[] = [];
      const over = new Promise<void>((resolve) => {
        client.close$.subscribe((closed) => {
          ends.push(endingOf(closed).code ?? closed.reason);
          if (ends.length === 3) server.tls?.setDefault(identity('server'));
          if (ends.length < 6) start();
          else resolve();
        });
      });
      client.handshake$.subscribe((connection) => connection.reset());
      start();
      await over;
      expect(ends).toEqual([
        ...Array.from({ length: 3 }, () => 'ERR_TLS_PEER_CERTIFICATE'),
        ...Array.from({ length: 3 }, () => 'forced'),
      ]);
      expect(await Promise.all(starts)).toEqual([
        ...Array.from({ length: 3 }, () => 'ERR_TLS_PEER_CERTIFICATE'),
        ...Array.from({ length: 3 }, () => 'resolved'),
      ]);
    });

    it('should count those who shake hands among maxConnections, until they are over', async () => {
      const transport = makeTransport();
      const timeouts = { handshake: 50 };
      const { server, port } = await echoServer({}, { transport, maxConnections: 3, timeouts });
      const dropped = listOf(server.dropped$);
      const silent = closedLater(new TcpAgent({ transport }));
      await silent.start();
      const agent = await tlsAgent({}, { transport });
      let left = 3;
      const gone = new Promise<void>((resolve) => server.close$.subscribe(() => --left === 0 && resolve()));
      const peers = await Promise.all([1, 2, 3].map(() => silent.connect({ host: HOST, port })));
      for (const peer of peers) peer.receive$.subscribe();
      expect(await outcome(agent.connect({ host: HOST, port }))).toMatch(
        /^ERR_TLS_HANDSHAKE|ECONNRESET|EPIPE$/,
      );
      expect(dropped.map(({ reason }) => reason)).toEqual(['max-connections']);
      await gone;
      if (silent.connections.size > 0) await until(() => silent.connections.size === 0);
      await echoes(agent, port);
    });
  });

  describe(`onServerName over ${transportName}`, () => {
    /** A server that asks for the name, and a client that waits for the answer. */
    async function asking(handshake = 10_000) {
      const transport = makeTransport();
      const answers: ((answer: ServerNameAnswer) => void)[] = [];
      const echo = await echoServer(
        {
          names: { 'example.org': identity('example') },
          onServerName: () => new Promise((resolve) => answers.push(resolve)),
        },
        { transport, timeouts: { handshake } },
      );
      const agent = await tlsAgent({}, { transport });
      const closes = listOf(echo.server.close$);
      const ended = firstValueFrom(echo.server.close$);
      const connecting = outcome(
        agent.connect({ host: HOST, port: echo.port }, { serverName: 'example.org' }),
      );
      if (handshake > 1000) await until(() => answers.length > 0);
      const answer = () => answers[0]?.({ use: 'example.org' });
      return { ...echo, agent, connecting, closes, ended, answer };
    }

    it('should be heard too late when the server has stopped', async () => {
      const { server, connecting, closes, answer } = await asking();
      expect(await server.stop()).toEqual({ closed: 0, forced: 1, dropped: 0 });
      answer();
      expect(await connecting).toBe('ERR_TLS_HANDSHAKE');
      expect(closes.map(endingOf)).toEqual([{ reason: 'stop' }]);
    });

    it('should be heard too late when the client has gone', async () => {
      const { agent, connecting, ended, closes, answer } = await asking();
      for (const connection of agent.connections.values()) connection.reset();
      expect(await connecting).toBe('ERR_ABORTED');
      await ended;
      answer();
      await turn();
      expect(closes.map(({ reason }) => reason)).toEqual(['reset']);
    });

    it('should not be waited for longer than a handshake may take', async () => {
      const { connecting, ended, answer } = await asking(50);
      expect(endingOf(await ended)).toEqual({ reason: 'timeout', code: 'ERR_TIMEOUT' });
      answer();
      expect(await connecting).toBe('ERR_TLS_HANDSHAKE');
    });

    it('should be refused a name that was removed meanwhile', async () => {
      const { server, connecting, ended, answer } = await asking();
      server.tls?.remove('example.org');
      answer();
      expect(endingOf(await ended)).toEqual({ reason: 'tls', code: 'ERR_TLS_SERVER_NAME' });
      expect(await connecting).toBe('ERR_TLS_ALERT');
    });
  });
}
