import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, take, toArray } from 'rxjs';
import { type BytesLike, toText } from '../../lib/bytes/bytes-like.ts';
import { json } from '../../lib/codec/json.ts';
import { lines } from '../../lib/codec/lines.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { udp } from '../../lib/transport/udp.ts';
import { ArqAgent, type ArqAgentOptions } from '../../lib/udp/arq-agent.ts';
import { ArqClient, type ArqClientOptions } from '../../lib/udp/arq-client.ts';
import { ArqServer, type ArqServerOptions } from '../../lib/udp/arq-server.ts';
import { afterTest } from '../support/cleanup.ts';

const NOW = { drain: false };

/** A server that is stopped with the test, and its port. */
async function started<In = Uint8Array, Out = BytesLike>(options: ArqServerOptions<In, Out>) {
  const server = new ArqServer<In, Out>({ host: '127.0.0.1', ...options });
  afterTest(() => server.stop(NOW));
  const { port } = await server.start();
  return { server, port: port as number };
}

async function echo(options: ArqServerOptions = {}) {
  const { server, port } = await started(options);
  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  return { server, port };
}

function clientOf<In = Uint8Array, Out = BytesLike>(options: ArqClientOptions<In, Out>) {
  const client = new ArqClient<In, Out>(options);
  afterTest(() => client.stop(NOW));
  return client;
}

function agentOf(options: ArqAgentOptions) {
  const agent = new ArqAgent(options);
  afterTest(() => agent.stop(NOW));
  return agent;
}

describe.each([
  { name: 'in memory', transport: () => new MemoryNetwork() },
  { name: 'on loopback', transport: () => udp },
])('reliable UDP $name', ({ transport: make }) => {
  it('should echo many messages of many clients with handleEach and sendTo', async () => {
    const transport = make();
    const { port } = await echo({ transport });
    const answers = await Promise.all(
      Array.from({ length: 5 }, async (_, which) => {
        const client = clientOf({ transport, to: { host: '127.0.0.1', port } });
        const connection = await client.start();
        const answer = firstValueFrom(connection.receive$.pipe(take(100), toArray()));
        for (let count = 0; count < 100; count++) connection.send(`${which}/${count}`);
        return (await answer).map(toText);
      }),
    );
    answers.forEach((texts, which) => {
      expect(texts).toEqual(Array.from({ length: 100 }, (_, count) => `${which}/${count}`));
    });
  });

  it('should connect an agent to many servers from one socket', async () => {
    const transport = make();
    const ports = await Promise.all(Array.from({ length: 3 }, async () => (await echo({ transport })).port));
    const agent = agentOf({ transport });
    await agent.start();
    const texts = await Promise.all(
      ports.map(async (port) => {
        const connection = await agent.connect({ host: '127.0.0.1', port });
        connection.send(`to ${port}`);
        return toText(await firstValueFrom(connection.receive$));
      }),
    );
    expect(texts).toEqual(ports.map((port) => `to ${port}`));
    expect(agent.addresses).toHaveLength(1);
    await expect(agent.connect({ host: '127.0.0.1', port: ports[0]! })).rejects.toMatchObject({
      code: 'ERR_STATE',
    });
  });

  it('should carry what a codec makes of values, on both sides', async () => {
    const transport = make();
    const { server, port } = await started({ transport, codec: json<{ n: number }>() });
    server.receive$.subscribe(({ connection, data }) => connection.send({ n: data.n + 1 }));
    const client = clientOf({ transport, to: { host: '127.0.0.1', port }, codec: json<{ n: number }>() });
    const connection = await client.start();
    const answers = firstValueFrom(connection.receive$.pipe(take(50), toArray()));
    for (let n = 0; n < 50; n++) connection.send({ n });
    expect((await answers).map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
  });

  it('should carry what a codec on top of a connection makes of values', async () => {
    const transport = make();
    const { server, port } = await started({ transport });
    const got: string[] = [];
    server.handshake$.subscribe((connection) => {
      connection.through(lines()).receive$.subscribe((line) => got.push(line));
    });
    const client = clientOf({ transport, to: { host: '127.0.0.1', port } });
    const connection = await client.start();
    const speaking = connection.through(lines());
    for (const line of ['one', 'two', 'three']) expect(speaking.send(line)).toBe('ok');
    // A line may also come in pieces, each a message.
    connection.send('fo');
    connection.send('ur\n');
    await connection.flush();
    expect(got).toEqual(['one', 'two', 'three', 'four']);
  });

  it('should carry messages of any length up to the limit', async () => {
    const transport = make();
    const arq = { maxMessageSize: 127 * 1408 - 1, congestionControl: false };
    const { port } = await echo({ transport, arq });
    const client = clientOf({ transport, to: { host: '127.0.0.1', port }, arq });
    const connection = await client.start();
    for (const length of [1, 1407, 1408, 1409, 4096, 127 * 1408 - 1]) {
      const answer = firstValueFrom(connection.receive$);
      const message = Uint8Array.from({ length }, (_, place) => place);
      expect(connection.send(message.subarray(0, length >> 1), message.subarray(length >> 1))).toBe('ok');
      expect(Buffer.compare(await answer, message)).toBe(0);
    }
  });
});

describe('what is refused', () => {
  it('should be everything before the handshake', async () => {
    const transport = new MemoryNetwork();
    const results: unknown[] = [];
    const { server, port } = await started({ transport });
    const client = clientOf({ transport, to: port });
    for (const opened$ of [server.accept$, client.connect$]) {
      opened$.subscribe((connection) => {
        results.push(connection.state, connection.send('early'), connection.lastError?.code);
      });
    }
    await client.start();
    expect(results).toEqual(Array(2).fill(['connecting', 'refused', 'ERR_NOT_OPEN']).flat());
    expect(client.send('in time')).toBe('ok');
  });

  it.each([
    {
      what: 'nothing',
      bytes: 0,
      says: 'nothing to send; a message has 1 to 100 bytes (option arq.maxMessageSize)',
    },
    {
      what: 'too much',
      bytes: 101,
      says: '101 bytes in one; a message has 1 to 100 bytes (option arq.maxMessageSize)',
    },
  ])('should be $what, and the connection goes on', async ({ bytes, says }) => {
    const transport = new MemoryNetwork();
    const { port } = await echo({ transport, arq: { maxMessageSize: 100 } });
    const client = clientOf({ transport, to: port, arq: { maxMessageSize: 100 } });
    const connection = await client.start();
    expect(connection.send(new Uint8Array(bytes))).toBe('refused');
    expect(connection.lastError).toMatchObject({
      code: 'ERR_FRAME_LENGTH',
      message: `ERR_FRAME_LENGTH: ${says}`,
    });
    const answer = firstValueFrom(connection.receive$);
    connection.send('on');
    expect(toText(await answer)).toBe('on');
  });

  it.each([
    [{ arq: { nodelay: true } }, 'arq.nodelay'],
    [{ arq: { flushInterval: 0 } }, 'arq.flushInterval'],
    [{ arq: { maxTransUnit: 1433 } }, 'arq.maxTransUnit'],
    [{ arq: { malformed: 'ignore' } }, 'arq.malformed'],
    [{ arq: 7 }, 'arq'],
    [{ maxDatagramSize: 71 }, 'maxDatagramSize'],
    [{ maxDatagramSize: 72, arq: { maxMessageSize: 127 * 48 } }, 'arq.maxMessageSize'],
    [{ halfOpen: true }, 'halfOpen'],
    [{ tls: {} }, 'tls'],
  ])('should be options %j', (options, option) => {
    for (const Component of [ArqServer, ArqAgent, ArqClient])
      expect(() => new Component(options as object)).toThrow(
        expect.objectContaining({ name: 'OptionError', option }),
      );
  });
});
