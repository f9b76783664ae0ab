import { describe, expect, it } from '@jest/globals';
import { handleEach } from '../../lib/component/handle-each.ts';
import { NetworkError } from '../../lib/base/errors.ts';
import { NEVER, merge } from 'rxjs';
import type { Lookup } from '../../lib/transport/wire.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { UdpClient } from '../../lib/udp/udp-client.ts';
import { UdpServer } from '../../lib/udp/udp-server.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { PORT, eventLog, withDatagrams } from '../support/virtual-datagrams.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('UDP client', () => {
  it('should tell its events in order, and talk to its peer', () => {
    withDatagrams(({ client: make, peer: makePeer, at, scheduler }) => {
      const client = make();
      const log = eventLog(client, scheduler);
      const peer = makePeer({ port: PORT }).echo();
      void client.start();
      at(10, () => expect(client.send('one ', 'datagram')).toBe('ok'));
      at(20, () => client.stop());
      at(30, () => {
        expect(log).toEqual([
          ...['0 prepare 1', '0 connect 1', '0 handshake 1'],
          ...['10 sent 1 one datagram', '10 receive 1 one datagram', '20 close 1 stop'],
        ]);
        expect(peer.log).toEqual(['0 -', '10 one datagram', '20 bye']);
        expect(client.state).toBe('stopped');
        expect(client.counts).toMatchObject({
          sent: { datagrams: 3, bytes: 28 },
          received: { datagrams: 2, bytes: 12 },
        });
      });
    });
  });

  it('should know its addresses, and keep its extra', async () => {
    const transport = new MemoryNetwork();
    const client = new UdpClient({ transport, localAddress: '10.0.0.5', localPort: 99, extra: 'mine' });
    afterTest(() => client.stop());
    transport.bind(
      {
        host: '10.0.0.6',
        port: 7,
        reuseAddress: false,
        dualStack: false,
        receiveBuffer: 0,
        sendBuffer: 0,
        lookup: undefined,
      },
      { bound: () => 0, received: () => 0, drained: () => 0, fault: () => 0, failed: () => 0 },
    );
    for (let round = 1; round <= 2; round++) {
      const connection = await client.start('10.0.0.6:7');
      expect(connection).toMatchObject({
        id: round,
        extra: 'mine',
        local: { host: '10.0.0.5', port: 99 },
        remote: { host: '10.0.0.6', port: 7 },
        remoteHost: '10.0.0.6',
      });
      expect(client.connection).toBe(connection);
      await client.stop();
    }
    expect(client.extra).toBe('mine');
  });

  it('should end with the notice of its peer, which gets none back', () => {
    withDatagrams(({ client: make, peer: makePeer, at, scheduler }) => {
      const client = make();
      const log = eventLog(client, scheduler);
      const peer = makePeer({ port: PORT });
      peer.react = (_, from) => at(5, () => peer.send(CLOSE_NOTICE, from));
      void client.start();
      at(10, () => {
        expect(log.at(-1)).toBe('5 close 1 peer');
        expect(peer.log).toEqual(['0 -']);
        expect(client.send('x')).toBe('refused');
      });
    });
  });

  it('should hear what came before the notice first, even if it was not read', () => {
    withDatagrams(({ client: make, peer: makePeer, at }) => {
      const client = make();
      const peer = makePeer({ port: PORT });
      peer.react = (_, from) => ['a', 'b', CLOSE_NOTICE, 'c'].forEach((data) => peer.send(data, from));
      const log: string[] = [];
      client.close$.subscribe(({ reason }) => log.push(reason));
      client.dropped$.subscribe(({ reason, bytes }) => log.push(`${reason} ${bytes}`));
      void client.start();
      at(10, () => {
        expect(client.connection?.state).toBe('open');
        client.receive$.subscribe(({ data }) => log.push(Buffer.from(data).toString()));
      });
      at(20, () => expect(log).toEqual(['unknown-peer 1', 'a', 'b', 'peer']));
    });
  });

  it('should end with reason reset where nobody listens', async () => {
    const client = new UdpClient({ transport: new MemoryNetwork(), to: 7 });
    const log = eventLog(client);
    const connection = await client.start();
    await turn();
    expect(log).toEqual([
      ...['prepare 1', 'connect 1', 'handshake 1', 'fault 1 ECONNREFUSED'],
      'close 1 reset receive ECONNREFUSED',
    ]);
    expect(connection.send('x')).toBe('refused');
    expect(client.state).toBe('stopped');
  });

  it('should hear nobody but its peer', () => {
    withDatagrams(({ client: make, peer: makePeer, at }) => {
      const client = make({ localPort: 4000 });
      const log = eventLog(client);
      const peer = makePeer({ port: PORT });
      const [other, elsewhere] = [makePeer(), makePeer({ host: '10.0.0.9', port: PORT })];
      void client.start();
      at(1, () => {
        for (const raw of [other, elsewhere, peer]) raw.send('hi', { address: '127.0.0.1', port: 4000 });
        other.send(CLOSE_NOTICE, { address: '127.0.0.1', port: 4000 });
      });
      at(2, () => expect(log.slice(3)).toEqual(['receive 1 hi']));
      at(3, () => client.stop());
    });
  });

  it('should be refused by an observer of prepareConnect$', async () => {
    const transport = new FakeDatagrams();
    const client = new UdpClient({ transport, to: 7 });
    const log = eventLog(client);
    client.prepareConnect$.subscribe(({ refuse }) => refuse());
    await expect(client.start()).rejects.toMatchObject({ code: 'ERR_REFUSED' });
    expect(log).toEqual(['prepare 1', 'fault 1 ERR_REFUSED', 'close 1 connect connect ERR_REFUSED']);
    expect(transport.sockets).toEqual([]);
  });

  it.each([
    ['the path of a Unix domain socket', '/tmp/somewhere', 'ERR_ADDRESS_FAMILY'],
    ['port 0', '127.0.0.1:0', 'EADDRNOTAVAIL'],
    ['a host that nobody knows', 'nowhere.example:7', 'ENOTFOUND'],
  ])('should not connect to %s', async (_, to, code) => {
    const client = new UdpClient({ transport: new MemoryNetwork(), to });
    const log = eventLog(client);
    await expect(client.start()).rejects.toMatchObject({ code, operation: 'connect' });
    expect(log).toEqual(['prepare 1', `fault 1 ${code}`, `close 1 connect connect ${code}`]);
    expect(client.state).toBe('stopped');
  });

  it('should not connect from an address that is taken', async () => {
    const transport = new MemoryNetwork();
    const server = new UdpServer({ transport, port: 7 });
    await server.start();
    const [one, two] = [1, 2].map(() => new UdpClient({ transport, to: 7, localPort: 99 }));
    afterTest(() => Promise.all([one?.stop(), server.stop()]));
    await one?.start();
    await expect(two?.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('should be taken back by a stop before its socket is bound', async () => {
    const transport = new FakeDatagrams();
    transport.outcome = 'later';
    const client = new UdpClient({ transport, to: 'somewhere:7' });
    const log = eventLog(client);
    const starting = client.start();
    await client.stop();
    await expect(starting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(transport.socket.closed).toBe(true);
    transport.socket.bound();
    await turn();
    expect(log).toEqual(['prepare 1', 'close 1 stop']);
  });

  it('should give up when its host is looked up for too long', () => {
    const end = withDatagrams(({ scheduler, expectObservable }) => {
      const transport = new FakeDatagrams();
      transport.outcome = 'later';
      const client = new UdpClient({ transport, scheduler, to: 'slow:7', timeouts: { connect: 500 } });
      const log = eventLog(client, scheduler);
      client.close$.subscribe(() => {
        expect(log).toEqual(['0 prepare 1', '500 fault 1 ERR_TIMEOUT']);
        expect(transport.socket.closed).toBe(true);
      });
      expectObservable(client.connect$).toBe('');
      client.start().catch(() => undefined);
    });
    expect(end).toBe(500);
  });

  it('should hand its options on to the socket', async () => {
    const transport = new FakeDatagrams();
    const lookup: Lookup = () => undefined;
    const client = new UdpClient({
      transport,
      lookup,
      to: 'here:7',
      localAddress: '10.0.0.1',
      receiveBuffer: 5,
    });
    afterTest(() => client.stop());
    await client.start();
    expect(transport.socket.request).toMatchObject({
      ...{ host: '10.0.0.1', port: 0, peer: { host: 'here', port: 7 }, lookup },
      ...{ reuseAddress: false, receiveBuffer: 5, sendBuffer: 0 },
    });
  });

  it('should end with the error of its socket when that breaks', async () => {
    const transport = new FakeDatagrams();
    const client = new UdpClient({ transport, to: 7 });
    const log = eventLog(client);
    await client.start();
    transport.socket.fail(new NetworkError('EBADF', 'gone', { operation: 'receive' }));
    await turn();
    expect(log.slice(3)).toEqual(['fault 1 EBADF', 'close 1 error receive EBADF']);
    expect(client.state).toBe('stopped');
  });

  it('should go on when a datagram cannot be sent, and tell', async () => {
    const transport = new FakeDatagrams();
    const client = new UdpClient({ transport, to: 7 });
    afterTest(() => client.stop());
    const log = eventLog(client);
    const connection = await client.start();
    transport.socket.fault(new NetworkError('ENETUNREACH', 'no way', { operation: 'send' }));
    expect(log.at(-1)).toBe('fault 1 ENETUNREACH');
    expect(connection).toMatchObject({ state: 'open', lastError: { code: 'ENETUNREACH' } });
  });

  it('should be started again from inside its last event', () => {
    withDatagrams(({ client: make, peer: makePeer, at, scheduler }) => {
      const client = make();
      const log = eventLog(client, scheduler);
      client.close$.subscribe(({ id }) => {
        if (id === 1) client.start().catch(() => undefined);
      });
      const peer = makePeer({ port: PORT });
      peer.react = (_, from) => {
        peer.echo();
        at(10, () => peer.send(CLOSE_NOTICE, from));
      };
      void client.start();
      at(20, () => client.send('again'));
      at(30, () => {
        expect(log.slice(3)).toEqual([
          ...['10 close 1 peer', '10 prepare 2', '10 connect 2', '10 handshake 2'],
          ...['20 sent 2 again', '20 receive 2 again'],
        ]);
        expect(peer.log).toEqual(['0 -', '10 -', '20 again']);
        void client.stop();
      });
    });
  });

  it('should let a handler finish its work for a peer that has left', () => {
    withDatagrams(({ client: make, peer: makePeer, at }) => {
      const client = make();
      const peer = makePeer({ port: PORT });
      const ends: string[] = [];
      client.connect$
        .pipe(handleEach(({ receive$ }) => merge(receive$, NEVER)))
        .subscribe(({ reason }) => ends.push(reason));
      peer.react = (_, from) => peer.send(CLOSE_NOTICE, from);
      void client.start();
      at(60_000, () => expect(ends).toEqual([]));
      at(60_001, () => client.stop({ deadline: 0 }));
      at(60_002, () => {
        expect(ends).toEqual(['stop']);
        expect(peer.log).toEqual(['0 -']);
      });
    });
  });
});
