import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpServer, type TcpServerOptions } from '../../lib/component/tcp-server.ts';
import { sendPolicy } from '../../lib/send/send-policy.ts';
import type { EndpointLike } from '../../lib/transport/address.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { afterTest } from '../support/cleanup.ts';
import { pattern } from '../support/patterns.ts';

/** A server and an agent on a network, started. */
async function started(transport: MemoryNetwork, options: TcpServerOptions = {}) {
  const server = new TcpServer({ transport, ...options });
  const agent = new TcpAgent({ transport });
  afterTest(() => Promise.all([server.stop({ drain: false }), agent.stop({ drain: false })]));
  const address = await server.start();
  await agent.start();
  return { server, agent, address };
}

async function pair(transport: MemoryNetwork) {
  const { server, agent, address } = await started(transport);
  const accepted = firstValueFrom(server.accept$);
  const near = await agent.connect({ port: address.port ?? 0 });
  return { near, far: await accepted };
}

describe('MemoryNetwork', () => {
  it('should refuse illegal options', () => {
    expect(() => new MemoryNetwork({ capacity: 0 })).toThrow(
      'ERR_OPTION: capacity must be an integer from 1 to 1073741824, got 0',
    );
    expect(() => new MemoryNetwork({ readSize: -1 })).toThrow(/^ERR_OPTION: readSize /);
    expect(() => new MemoryNetwork({ scheduler: {} as never })).toThrow(/^ERR_OPTION: scheduler /);
    expect(() => new MemoryNetwork({ latency: 1 } as never)).toThrow(/^ERR_OPTION: latency /);
  });

  it('should give every server a port of its own', async () => {
    const transport = new MemoryNetwork();
    const first = await started(transport);
    const second = await started(transport);
    expect(first.address.port).toBeGreaterThan(0);
    expect(second.address.port).not.toBe(first.address.port);
  });

  it('should keep networks apart', async () => {
    const one = await started(new MemoryNetwork(), { port: 5555 });
    const other = await started(new MemoryNetwork(), { port: 5555 });
    const accepted = firstValueFrom(one.server.accept$);
    await one.agent.connect(5555);
    expect((await accepted).id).toBe(1);
    expect(other.server.connections.size).toBe(0);
  });

  it.each<[EndpointLike, TcpServerOptions]>([
    ['localhost:5555', { port: 5555 }],
    ['127.0.0.1:5555', { port: 5555 }],
    ['[::1]:5555', { host: '::', port: 5555 }],
    ['unix:anywhere', { path: 'anywhere' }],
  ])('should reach a listener at %s', async (endpoint, options) => {
    const { agent, server } = await started(new MemoryNetwork(), options);
    await agent.connect(endpoint);
    expect(server.connections.size).toBe(1);
  });

  it('should not know other names', async () => {
    const { agent } = await started(new MemoryNetwork(), { port: 5555 });
    await expect(agent.connect('example.org:5555')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('should connect from the address and port that were asked for', async () => {
    const { agent, server } = await started(new MemoryNetwork(), { port: 5555 });
    const accepted = firstValueFrom(server.accept$);
    const near = await agent.connect(5555, { localAddress: '10.0.0.7', localPort: 777 });
    expect(near.local).toEqual({ family: 'IPv4', host: '10.0.0.7', port: 777 });
    expect((await accepted).remote).toEqual(near.local);
  });

  it('should hold no more than its capacity', async () => {
    const { near } = await pair(new MemoryNetwork({ capacity: 1000 }));
    near.send(pattern(5000));
    await Promise.resolve();
    await Promise.resolve();
    expect(near.pending).toBe(4000);
    expect(near.bytesOut).toBe(1000);
  });

  it('should cut reads to its read size', async () => {
    const { near, far } = await pair(new MemoryNetwork({ readSize: 3 }));
    const texts: string[] = [];
    far.receive$.subscribe((chunk) => texts.push(toText(chunk)));
    near.send('abcdefgh');
    near.disconnect();
    await lastValueFrom(far.close$);
    expect(texts).toEqual(['abc', 'def', 'gh']);
  });

  it('should keep its own copy of what was sent', async () => {
    const { near, far } = await pair(new MemoryNetwork());
    const bytes = Buffer.from('before');
    near.send(bytes);
    await near.flush();
    bytes.write('after!');
    expect(toText(await firstValueFrom(far.receive$))).toBe('before');
  });

  it('should not count as sent what a reset has taken away', async () => {
    const { near, far } = await pair(new MemoryNetwork({ capacity: 1000 }));
    far.receive$.subscribe(() => far.disconnect(true));
    near.receive$.subscribe({ error: () => undefined });
    near.send(pattern(5000));
    const { bytesOut, unsent, reason } = await lastValueFrom(near.close$);
    expect({ reason, total: bytesOut + unsent }).toEqual({ reason: 'reset', total: 5000 });
    expect(unsent).toBeGreaterThan(0);
  });

  it('should run in virtual time, each event in the frame in which it happens', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable }) => {
      const transport = new MemoryNetwork({ scheduler });
      const options = { transport, scheduler, sendPolicy: sendPolicy.pack({ scheduler }) };
      const server = new TcpServer({ ...options, port: 5555 });
      const agent = new TcpAgent(options);
      server.receive$.subscribe(({ connection, data }) => connection.send(data, '!'));
      expectObservable(server.state$).toBe('(ab)--(cd)', STATES);
      expectObservable(agent.connect$.pipe(map(({ state }) => state))).toBe('-c', { c: 'open' });
      expectObservable(agent.receive$.pipe(map(({ data }) => toText(data)))).toBe('---h', { h: 'hello!' });
      expectObservable(agent.close$.pipe(map(({ reason }) => reason))).toBe('------p', { p: 'peer' });
      void server.start();
      void agent.start();
      cold('-c-s--x').subscribe((step) => {
        if (step === 'c') void agent.connect(5555);
        if (step === 's') for (const connection of agent.connections.values()) connection.send('hello');
        if (step === 'x') void server.stop();
      });
    });
  });
});

const STATES = { a: 'starting', b: 'started', c: 'stopping', d: 'stopped' };
