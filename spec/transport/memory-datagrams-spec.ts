import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { CastRequest } from '../../lib/transport/datagram.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { afterTest } from '../support/cleanup.ts';
import { Probe, type ProbeOptions } from '../support/datagram-probe.ts';

/** A network in virtual time. `run` lets everything happen that is under way. */
function world(capacity = 65_536) {
  const scheduler = new VirtualTimeScheduler();
  const network = new MemoryNetwork({ scheduler, capacity });
  return {
    scheduler,
    network,
    run: () => scheduler.flush(),
    open: (options?: ProbeOptions) => {
      const probe = new Probe(network, options);
      scheduler.flush();
      return probe;
    },
  };
}

const GROUP = '239.1.2.3';
const CAST: CastRequest = { ttl: 1, loop: true, interface: undefined, groups: [GROUP], broadcast: false };

describe('datagrams of a MemoryNetwork', () => {
  it('should be pieces of work on its scheduler, one for each', () => {
    const { open, scheduler } = world();
    const [sender, receiver] = [open(), open()];
    for (let i = 0; i < 3; i++) sender.sendTo(receiver, String(i), '127.0.0.1');
    expect(receiver.texts).toEqual([]);
    expect(scheduler.actions.length).toBe(3);
    scheduler.flush();
    expect(receiver.texts).toEqual(['0', '1', '2']);
    expect(scheduler.now()).toBe(0);
  });

  it('should have ports apart from those of streams', async () => {
    const network = new MemoryNetwork();
    const server = new TcpServer({ transport: network, port: 5555 });
    afterTest(() => server.stop({ drain: false }));
    await server.start();
    expect((await Probe.open(network, { port: 5555 })).port).toBe(5555);
  });

  it('should stay in their network', () => {
    const [one, other] = [world(), world()];
    const [mine, theirs] = [one.open({ port: 5555 }), other.open({ port: 5555 })];
    one.open().sendTo(mine, 'mine', '127.0.0.1');
    one.run();
    other.run();
    expect([mine.texts, theirs.texts]).toEqual([['mine'], []]);
  });

  it('should be lost beyond the capacity, as in a kernel whose buffer is full', () => {
    const { open, run } = world(1000);
    const [sender, other, receiver] = [open(), open(), open()];
    for (let i = 0; i < 4; i++) sender.sendTo(receiver, new Uint8Array(300), '127.0.0.1');
    other.sendTo(receiver, 'no room', '127.0.0.1');
    sender.sendTo(other, 'elsewhere', '127.0.0.1');
    run();
    expect(receiver.datagrams.map(({ length }) => length)).toEqual([300, 300, 300, 7]);
    expect(other.texts).toEqual(['elsewhere']);
    sender.sendTo(receiver, new Uint8Array(1000), '127.0.0.1');
    run();
    expect(receiver.datagrams.length).toBe(5);
  });

  it('should be kept as far as the receiver asks for it', () => {
    const { open, run } = world(1000);
    const [sender, receiver] = [open(), open({ receiveBuffer: 2000 })];
    for (let i = 0; i < 10; i++) sender.sendTo(receiver, new Uint8Array(500), '127.0.0.1');
    run();
    expect(receiver.datagrams.length).toBe(4);
  });

  it('should take room even when they are empty', () => {
    const { open, run } = world(10);
    const [sender, receiver] = [open(), open()];
    for (let i = 0; i < 100; i++) sender.sendTo(receiver, '', '127.0.0.1');
    run();
    expect(receiver.datagrams.length).toBe(10);
  });

  it('should be taken once even when they are longer than the capacity', () => {
    const { open, run } = world(10);
    const [sender, receiver] = [open(), open()];
    for (let i = 0; i < 3; i++) sender.sendTo(receiver, new Uint8Array(100), '127.0.0.1');
    run();
    expect(receiver.datagrams.length).toBe(1);
  });

  describe('addresses', () => {
    it('should all be at hand, and each be a machine of its own', () => {
      const { open, run } = world();
      const [a, b] = [open({ host: '10.0.0.1', port: 5000 }), open({ host: '10.0.0.2', port: 5000 })];
      a.sendTo(b, 'from a');
      run();
      expect(b.sources).toEqual([{ address: '10.0.0.1', port: 5000 }]);
      expect(a.texts).toEqual([]);
    });

    it('should fit the better the more they say', () => {
      const { open, run } = world();
      const reuseAddress = true;
      const sender = open({ host: '10.0.0.9', port: 1 });
      const any = open({ port: 5000, reuseAddress });
      const exact = open({ host: '10.0.0.1', port: 5000, reuseAddress });
      const connected = open({
        host: '10.0.0.1',
        port: 5000,
        reuseAddress,
        peer: { host: '10.0.0.9', port: 1 },
      });
      const last = open({ host: '10.0.0.1', port: 5000, reuseAddress });
      sender.send('to the peer', 5000, '10.0.0.1');
      open().send('to the last', 5000, '10.0.0.1');
      sender.send('to any', 5000, '10.0.0.2');
      run();
      expect(any.texts).toEqual(['to any']);
      expect(exact.texts).toEqual([]);
      expect(connected.texts).toEqual(['to the peer']);
      expect(last.texts).toEqual(['to the last']);
    });

    it('should be what the peer knows when a socket on any address answers', () => {
      const { open, run } = world();
      const server = open({ port: 5000 });
      server.onReceived = (bytes, from) => server.send(bytes, from.port, from.address);
      const near = open({ host: '10.0.0.9', peer: { host: '10.0.0.1', port: 5000 } });
      const local = open({ peer: { host: 'localhost', port: 5000 } });
      const free = open();
      near.send('near');
      local.send('local');
      free.send('free', 5000, '10.0.0.7');
      run();
      expect(near.sources).toEqual([{ address: '10.0.0.1', port: 5000 }]);
      expect(local.local?.host).toBe('127.0.0.1');
      expect(local.sources).toEqual([{ address: '127.0.0.1', port: 5000 }]);
      expect(free.sources).toEqual([{ address: '10.0.0.7', port: 5000 }]);
    });

    it('should be picked round and round, none twice', () => {
      const { open } = world();
      const ports = Array.from({ length: 20 }, () => open().port);
      expect(new Set(ports).size).toBe(20);
      expect(Math.min(...ports)).toBeGreaterThanOrEqual(49_152);
    });
  });

  describe('with a peer that is not there', () => {
    it('should be answered by one fault for each', () => {
      const { open, run } = world();
      const client = open({ peer: { host: '127.0.0.1', port: 9 } });
      client.send('one');
      client.send('two');
      run();
      expect(client.calls).toEqual(['bound', 'fault', 'fault']);
    });

    it('should find whoever is bound when they arrive', () => {
      const { open, network, run } = world();
      const client = open({ peer: { host: '127.0.0.1', port: 9 } });
      const server = new Probe(network, { port: 9 });
      client.send('just in time');
      run();
      expect(server.texts).toEqual(['just in time']);
      server.close();
      client.send('too late');
      run();
      expect(client.faults[0]?.error.code).toBe('ECONNREFUSED');
    });
  });

  describe('multicast', () => {
    it('should reach the members on the port, whoever else is there', () => {
      const { open, run } = world();
      const sender = open();
      const options = { port: 5000, reuseAddress: true };
      const members = [open({ ...options, cast: CAST }), open({ ...options, cast: CAST })];
      const others = [
        open(options),
        open({ ...options, cast: { ...CAST, groups: ['239.9.9.9'] } }),
        open({ port: 5001, cast: CAST }),
        open({ ...options, host: '10.0.0.1', cast: CAST }),
        open({ ...options, peer: { host: '10.0.0.1', port: 1 }, cast: CAST }),
      ];
      sender.send('to all', 5000, GROUP);
      run();
      expect(members.map(({ texts }) => texts)).toEqual([['to all'], ['to all']]);
      expect(others.flatMap(({ texts }) => texts)).toEqual([]);
      expect(members[0]?.sources).toEqual([{ address: '127.0.0.1', port: sender.port }]);
      expect(members[0]?.datagrams[0]?.buffer).not.toBe(members[1]?.datagrams[0]?.buffer);
    });

    it.each([
      { ttl: 1, loop: true, self: 1, other: 1 },
      { ttl: 1, loop: false, self: 0, other: 1 },
      { ttl: 0, loop: true, self: 1, other: 0 },
      { ttl: 0, loop: false, self: 0, other: 0 },
    ])('should go as far as ttl and loop allow: %j', ({ ttl, loop, self, other }) => {
      const { open, run } = world();
      const options = { port: 5000, reuseAddress: true };
      const sender = open({ ...options, cast: { ...CAST, ttl, loop } });
      const member = open({ ...options, cast: CAST });
      sender.send('to all', 5000, GROUP);
      run();
      expect([sender.texts.length, member.texts.length]).toEqual([self, other]);
      expect(sender.faults).toEqual([]);
    });

    it('should know IPv6', () => {
      const { open, run } = world();
      const member = open({ cast: { ...CAST, groups: ['FF02::1:3'] } });
      expect(member.local).toMatchObject({ family: 'IPv6', host: '::' });
      member.send('to all', member.port, 'ff02::1:3');
      run();
      expect(member.sources).toEqual([{ address: '::1', port: member.port }]);
    });

    it.each([
      ['chess club', 'EINVAL'],
      ['10.0.0.7', 'EINVAL'],
      ['ff02::1', 'ERR_ADDRESS_FAMILY'],
    ])('should refuse to join %s', (group, code) => {
      const probe = world().open({ host: '0.0.0.0', cast: { ...CAST, groups: [group] } });
      expect(probe.failure).toMatchObject({ code, operation: 'connect' });
    });
  });

  describe('broadcast', () => {
    it('should reach everybody on the port', () => {
      const { open, run } = world();
      const options = { port: 5000, reuseAddress: true };
      const sender = open({ ...options, cast: { ...CAST, groups: [], broadcast: true } });
      const receiver = open({ ...options, host: '10.0.0.1' });
      const others = [open({ port: 5001 }), open({ ...options, host: '::' })];
      sender.send('to all', 5000, '255.255.255.255');
      run();
      expect([sender, receiver, ...others].map(({ texts }) => texts.length)).toEqual([1, 1, 0, 0]);
    });

    it('should need permission', () => {
      const { open, run } = world();
      const sender = open();
      sender.send('to all', 5000, '255.255.255.255');
      run();
      expect(sender.faults).toMatchObject([
        {
          error: { code: 'EACCES', operation: 'send' },
          to: { family: 'IPv4', host: '255.255.255.255', port: 5000 },
        },
      ]);
    });
  });
});
