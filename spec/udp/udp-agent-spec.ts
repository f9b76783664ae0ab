import { describe, expect, it } from '@jest/globals';
import type { Lookup } from '../../lib/transport/wire.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { NetworkError } from '../../lib/base/errors.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { UdpAgent, type UdpAgentOptions } from '../../lib/udp/udp-agent.ts';
import { UdpServer } from '../../lib/udp/udp-server.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { eventLog, withDatagrams } from '../support/virtual-datagrams.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A started agent and the network that it is on. */
async function started(options: UdpAgentOptions = {}) {
  const transport = new MemoryNetwork();
  const agent = new UdpAgent({ transport, ...options });
  afterTest(() => agent.stop());
  await agent.start();
  return { agent, transport: transport };
}

/** An echoing server. */
async function echo(transport: MemoryNetwork, host: string, port = 7): Promise<UdpServer> {
  const server = new UdpServer({ transport, host, port });
  server.receive$.subscribe(({ connection, data }) => connection.send(data));
  afterTest(() => server.stop());
  await server.start();
  return server;
}

describe('UDP agent', () => {
  it('should talk to many peers from one address', () => {
    withDatagrams(({ agent: make, peer, at, scheduler }) => {
      const agent = make({ port: 4000 });
      const log = eventLog(agent, scheduler);
      const peers = [peer({ port: 1 }).echo(), peer({ port: 2, host: '10.0.0.2' }).echo()] as const;
      const sources: number[] = [];
      for (const raw of peers) {
        const { react } = raw;
        raw.react = (bytes, from) => {
          sources.push(from.port);
          react(bytes, from);
        };
      }
      at(0, () => void agent.connect(1, { extra: 'one' }).then((connection) => connection.send('a')));
      at(10, () => void agent.connect('10.0.0.2:2').catch(() => undefined));
      at(20, () => agent.connections.get(1)?.send('to 1'));
      at(21, () => agent.connections.get(2)?.send('to 2'));
      at(30, () => expect(agent.connections.get(1)?.extra).toBe('one'));
      at(40, () => agent.stop());
      at(50, () => {
        expect(log).toEqual([
          ...[
            '0 prepare 1',
            '0 connect 1',
            '0 handshake 1',
            '10 prepare 2',
            '10 connect 2',
            '10 handshake 2',
          ],
          ...['20 sent 1 to 1', '20 receive 1 to 1', '21 sent 2 to 2', '21 receive 2 to 2'],
          ...['40 close 1 stop', '40 close 2 stop', '40 shutdown 2 0 0'],
        ]);
        expect(peers.map((raw) => raw.log)).toEqual([
          ['0 -', '20 to 1', '40 bye'],
          ['10 -', '21 to 2', '40 bye'],
        ]);
        expect(new Set(sources)).toEqual(new Set([4000]));
      });
    });
  });

  it('should have peers of IPv4 and of IPv6', async () => {
    const { agent, transport } = await started({ port: 4000 });
    await echo(transport, '0.0.0.0');
    await echo(transport, '::', 8);
    const texts: string[] = [];
    agent.receive$.subscribe(({ connection, data }) => texts.push(`${connection.id} ${String(data)}`));
    expect(agent.addresses).toEqual([]);
    (await agent.connect('127.0.0.1:7')).send('four');
    (await agent.connect('[::1]:8')).send('six');
    await turn();
    expect(agent.addresses).toEqual([
      { family: 'IPv4', host: '0.0.0.0', port: 4000 },
      { family: 'IPv6', host: '::', port: 4000 },
    ]);
    expect(texts).toHaveLength(2);
    await agent.stop();
    expect(agent.addresses).toEqual([]);
  });

  it.each([
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::0001', '::1'],
    ['FE80::A', 'fe80::a'],
  ])('should know its peer however its address is spelled: %s', async (spelled, host) => {
    const { agent, transport } = await started();
    await echo(transport, host);
    const texts: string[] = [];
    agent.receive$.subscribe(({ data }) => texts.push(Buffer.from(data).toString()));
    const connection = await agent.connect({ host: spelled, port: 7 });
    connection.send('hello');
    await turn();
    expect(texts).toEqual(['hello']);
    expect(connection.remote).toEqual({ family: 'IPv6', host, port: 7 });
    await expect(agent.connect({ host, port: 7 })).rejects.toMatchObject({ code: 'ERR_STATE' });
  });

  it.each(['0.0.0.0', '::'])('should take any address (%s) for this machine', async (host) => {
    const { agent, transport } = await started();
    await echo(transport, host);
    const texts: string[] = [];
    agent.receive$.subscribe(({ data }) => texts.push(Buffer.from(data).toString()));
    (await agent.connect({ host, port: 7 })).send('hello');
    await turn();
    expect(texts).toEqual(['hello']);
  });

  it('should have one connection with a peer at a time', async () => {
    const { agent, transport } = await started();
    await echo(transport, '0.0.0.0');
    const log = eventLog(agent);
    const first = await agent.connect('localhost:7');
    await expect(agent.connect('127.0.0.1:7')).rejects.toMatchObject({
      code: 'ERR_STATE',
      message: 'ERR_STATE: there is a connection with 127.0.0.1:7 already',
    });
    expect(log.slice(3)).toEqual(['prepare 2', 'fault 2 ERR_STATE', 'close 2 connect connect ERR_STATE']);
    first.disconnect();
    await turn();
    expect(await agent.connect(7)).toMatchObject({ id: 3, state: 'open' });
  });

  it('should drop what comes from somebody who was not dialled', () => {
    withDatagrams(({ agent: make, peer, at }) => {
      const agent = make({ port: 4000 });
      const log = eventLog(agent);
      const [friend, stranger] = [peer({ port: 1 }), peer({ host: '10.0.0.66', port: 1 })];
      at(0, () => void agent.connect(1));
      at(1, () => {
        for (const data of ['spoofed', '', CLOSE_NOTICE, Buffer.alloc(2000)])
          stranger.send(data, { address: '127.0.0.1', port: 4000 });
      });
      at(2, () => {
        expect(log.slice(3)).toEqual([
          ...[7, 0, 16].map((bytes) => `dropped unknown-peer ${bytes} 10.0.0.66:1`),
          'dropped oversized 2000 10.0.0.66:1',
        ]);
        expect(agent.counts.dropped['unknown-peer']).toMatchObject({ datagrams: 3, bytes: 23 });
        expect([stranger.log, friend.log]).toEqual([[], ['0 -']]);
        expect(agent.connections.size).toBe(1);
      });
      at(3, () => agent.stop());
    });
  });

  it('should be stopped and started again, with the same observers', async () => {
    const { agent, transport } = await started();
    await echo(transport, '0.0.0.0');
    const log = eventLog(agent);
    for (let round = 0; round < 2; round++) {
      await agent.connect(7);
      expect(await agent.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
      await agent.start();
    }
    expect(log).toEqual([
      ...['prepare 1', 'connect 1', 'handshake 1', 'close 1 stop', 'shutdown 1 0 0'],
      ...['prepare 2', 'connect 2', 'handshake 2', 'close 2 stop', 'shutdown 1 0 0'],
    ]);
  });

  it('should not connect beyond maxConnections, or while it is stopped', async () => {
    const { agent, transport } = await started({ maxConnections: 1 });
    await echo(transport, '0.0.0.0');
    await agent.connect(7);
    await expect(agent.connect(8)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LIMIT' });
    await agent.stop();
    await expect(agent.connect(8)).rejects.toMatchObject({ code: 'ERR_STATE' });
  });

  it('should be refused by an observer of prepareConnect$', async () => {
    const { agent } = await started();
    agent.prepareConnect$.subscribe(({ refuse }) => refuse());
    await expect(agent.connect(7)).rejects.toMatchObject({ code: 'ERR_REFUSED' });
    expect(agent.addresses).toEqual([]);
  });

  it.each([
    ['the path of a Unix domain socket', '/tmp/somewhere', 'ERR_ADDRESS_FAMILY'],
    ['port 0', '127.0.0.1:0', 'EADDRNOTAVAIL'],
    ['an address of another family than its own', '[::1]:7', 'ERR_ADDRESS_FAMILY'],
  ])('should not connect to %s', async (_, to, code) => {
    const { agent } = await started({ host: '127.0.0.1' });
    const log = eventLog(agent);
    await expect(agent.connect(to)).rejects.toMatchObject({ code, operation: 'connect' });
    expect(log).toEqual(['prepare 1', `fault 1 ${code}`, `close 1 connect connect ${code}`]);
  });

  it('should not connect when its own address cannot be bound, and may try again', async () => {
    const { agent, transport } = await started({ port: 4000 });
    const other = await echo(transport, '0.0.0.0', 4000);
    const connecting = [agent.connect(7), agent.connect(8)];
    for (const attempt of connecting) await expect(attempt).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await other.stop();
    expect(await agent.connect(7)).toMatchObject({ state: 'open', local: { port: 4000 } });
  });

  it('should look up hosts, and take the first address that it can reach from its own', async () => {
    const lookup: Lookup = (name, callback) => {
      if (name !== 'two') callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
      else
        callback(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]);
    };
    const { agent } = await started({ host: '127.0.0.1', lookup });
    expect((await agent.connect('two:7')).remote).toEqual({ family: 'IPv4', host: '127.0.0.1', port: 7 });
    await expect(agent.connect('three:7')).rejects.toMatchObject({ code: 'ENOTFOUND', operation: 'connect' });
  });

  it('should forget about a host that is still looked up when it stops', async () => {
    let answer: () => void = () => undefined;
    const lookup: Lookup = (_, callback) => {
      answer = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const { agent } = await started({ lookup });
    const log = eventLog(agent);
    const connecting = agent.connect('slow:7');
    await agent.stop();
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    answer();
    await turn();
    expect(log).toEqual(['prepare 1', 'close 1 stop', 'shutdown 0 1 0']);
    expect(agent.addresses).toEqual([]);
  });

  it('should give up a host that is looked up for too long', () => {
    const end = withDatagrams(({ agent: make, at, scheduler }) => {
      const agent = make({ lookup: () => undefined, timeouts: { connect: 500 } });
      const log = eventLog(agent, scheduler);
      at(0, () => agent.connect('slow:7').catch(() => undefined));
      at(1000, () => {
        expect(log).toEqual([
          '0 prepare 1',
          '500 fault 1 ERR_TIMEOUT',
          '500 close 1 connect connect ERR_TIMEOUT',
        ]);
      });
    });
    expect(end).toBe(1000);
  });

  it('should make a new socket when the old one broke', async () => {
    const transport = new FakeDatagrams();
    const agent = new UdpAgent({ transport });
    afterTest(() => agent.stop());
    const log = eventLog(agent);
    await agent.start();
    await agent.connect('10.0.0.1:7');
    transport.socket.fail(new NetworkError('EBADF', 'gone', { operation: 'receive' }));
    await turn();
    expect(log.slice(3)).toEqual(['fault EBADF', 'fault 1 EBADF', 'close 1 error receive EBADF']);
    expect(agent.addresses).toEqual([]);
    await agent.connect('10.0.0.1:7');
    expect(transport.sockets).toHaveLength(2);
    transport.socket.receive('hi');
    expect(log.at(-1)).toBe('receive 2 hi');
  });

  it('should tell the connection of what could not be sent to its peer', async () => {
    const transport = new FakeDatagrams();
    const agent = new UdpAgent({ transport });
    afterTest(() => agent.stop());
    const log = eventLog(agent);
    await agent.start();
    await agent.connect('10.0.0.1:7');
    await agent.connect('10.0.0.2:7');
    const unreachable = new NetworkError('EHOSTUNREACH', 'no way', { operation: 'send' });
    transport.socket.fault(unreachable, '10.0.0.2:7');
    transport.socket.fault(unreachable, '10.0.0.3:7');
    expect(log.slice(-2)).toEqual(['fault 2 EHOSTUNREACH', 'fault EHOSTUNREACH']);
    expect(agent.connections.size).toBe(2);
  });
});
