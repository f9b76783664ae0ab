import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { NetworkError } from '../../lib/base/errors.ts';
import { WeatherNetwork } from '../../lib/testing/weather/weather-network.ts';
import type { DatagramTransport } from '../../lib/transport/datagram.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { udp } from '../../lib/transport/udp.ts';
import { Probe } from '../support/datagram-probe.ts';
import { pattern } from '../support/patterns.ts';

interface World {
  readonly host: string;
  readonly other: string;
  readonly make: () => DatagramTransport;
}

const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

const V4 = { host: '127.0.0.1', other: '::1' };
const V6 = { host: '::1', other: '127.0.0.1' };
const WORLDS: [string, World][] = [
  ['udp, IPv4', { ...V4, make: () => udp }],
  ['udp, IPv6', { ...V6, make: () => udp }],
  ['MemoryNetwork, IPv4', { ...V4, make: () => new MemoryNetwork() }],
  ['MemoryNetwork, IPv6', { ...V6, make: () => new MemoryNetwork() }],
  ['WeatherNetwork, IPv4', { ...V4, make: () => new WeatherNetwork() }],
  ['WeatherNetwork, IPv6', { ...V6, make: () => new WeatherNetwork() }],
];

describe.each(WORLDS.filter(([name]) => hasIPv6 || name !== 'udp, IPv6'))(
  'datagrams of %s',
  (name, { host, other, make }) => {
    const family = host === '::1' ? 'IPv6' : 'IPv4';
    const any = host === '::1' ? '::' : '0.0.0.0';
    const transport = make();
    const open = (options = {}) => Probe.open(transport, { host, ...options });

    /** A port that is free now. */
    async function freePort(): Promise<number> {
      const probe = await open();
      probe.close();
      return probe.port;
    }

    it('should bind and tell the address, not from inside the call', async () => {
      const probe = await open();
      expect(probe.local).toEqual({ family, host, port: expect.any(Number) });
      expect(probe.port).toBeGreaterThan(0);
      expect(probe.peer).toBeUndefined();
      expect(probe.tooSoon).toEqual([]);
    });

    it('should bind the port that it is told', async () => {
      const port = await freePort();
      expect((await open({ port })).port).toBe(port);
    });

    it('should bind any address', async () => {
      const probe = await Probe.open(transport, { host: any });
      const sender = await open();
      expect(probe.local).toMatchObject({ family, host: any });
      sender.sendTo(probe, 'found', host);
      await probe.has(1);
      probe.send('back', probe.sources[0]?.port, probe.sources[0]?.address);
      await sender.has(1);
      expect(sender.sources).toMatchObject([{ address: host, port: probe.port }]);
    });

    it.each([0, 1, 1432, 65_507])('should carry a datagram of %d bytes as a whole', async (length) => {
      const [sender, receiver] = [await open(), await open()];
      sender.sendTo(receiver, pattern(length));
      await receiver.has(1);
      expect(Buffer.compare(receiver.datagrams[0] ?? Buffer.of(0), pattern(length))).toBe(0);
      expect(receiver.sources).toMatchObject([{ address: host, port: sender.port }]);
      expect(sender.tooSoon).toEqual([]);
    });

    it('should make one datagram of several pieces', async () => {
      const [sender, receiver] = [await open(), await open()];
      sender.sendTo(receiver, [
        Buffer.from('one'),
        new Uint8Array(0),
        Uint8Array.of(45),
        Buffer.from('datagram'),
      ]);
      sender.sendTo(receiver, []);
      await receiver.has(2);
      expect(receiver.texts).toEqual(['one-datagram', '']);
    });

    it('should keep datagrams apart and in order', async () => {
      const [sender, receiver] = [await open(), await open()];
      for (let i = 0; i < 100; i++) sender.sendTo(receiver, String(i));
      await receiver.has(100);
      expect(receiver.texts).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    });

    it('should let memory be used again once nothing is unsent', async () => {
      const [sender, receiver] = [await open(), await open()];
      const memory = Buffer.from('before');
      sender.sendTo(receiver, memory);
      await sender.until(() => sender.unsent === 0);
      memory.write('after!');
      await receiver.has(1);
      expect(receiver.texts).toEqual(['before']);
    });

    it('should give every datagram memory of its own', async () => {
      const [sender, receiver] = [await open(), await open()];
      for (const text of ['first', 'second', 'third']) sender.sendTo(receiver, text);
      receiver.onReceived = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).write('*');
      await receiver.has(3);
      expect(receiver.texts).toEqual(['*irst', '*econd', '*hird']);
    });

    it('should answer whom a datagram came from', async () => {
      const [asking, answering] = [await open(), await open()];
      answering.onReceived = (bytes, from) => answering.send(bytes, from.port, from.address);
      for (const text of ['a', 'b', 'c']) asking.sendTo(answering, text);
      await asking.has(3);
      expect(asking.texts).toEqual(['a', 'b', 'c']);
    });

    it('should send to this machine when no address is given', async () => {
      const [sender, receiver] = [await open(), await open()];
      sender.send('hello', receiver.port);
      await receiver.has(1);
      expect(receiver.texts).toEqual(['hello']);
    });

    it('should not send before it is bound', async () => {
      const receiver = await open();
      const sender = new Probe(transport, { host });
      sender.sendTo(receiver, 'early');
      expect(sender.unsent).toBe(0);
      await sender.until(() => sender.local !== undefined);
      sender.sendTo(receiver, 'in time');
      await receiver.has(1);
      expect(receiver.texts).toEqual(['in time']);
    });

    describe('with a peer', () => {
      const peerOf = (probe: Probe) => ({ host: probe.local?.host ?? '', port: probe.port });

      it('should know both addresses', async () => {
        const server = await open();
        const client = await open({ peer: peerOf(server) });
        expect(client.local).toEqual({ family, host, port: expect.any(Number) });
        expect(client.peer).toEqual(server.local);
        expect(client.tooSoon).toEqual([]);
      });

      it('should find an address of its own', async () => {
        const server = await open();
        const client = await open({ host: undefined, peer: peerOf(server) });
        expect(client.local).toMatchObject({ family, host });
        client.send('hello');
        await server.has(1);
        expect(server.sources[0]).toMatchObject({ address: host, port: client.port });
      });

      it('should hear nobody else', async () => {
        const [server, stranger] = [await open(), await open()];
        const client = await open({ peer: peerOf(server) });
        stranger.sendTo(client, 'psst');
        server.sendTo(client, 'hello');
        await client.has(1);
        stranger.sendTo(client, 'psst');
        server.sendTo(client, 'again');
        await client.has(2);
        expect(client.texts).toEqual(['hello', 'again']);
      });

      it('should reach a peer on any address', async () => {
        const server = await Probe.open(transport, { host: any });
        const client = await open({ peer: { host, port: server.port } });
        server.onReceived = (bytes, from) => server.send(bytes, from.port, from.address);
        client.send('echo');
        await client.has(1);
        expect(client.texts).toEqual(['echo']);
      });

      it('should be told that nobody is there, and go on', async () => {
        const port = await freePort();
        const client = await open({ peer: { host, port } });
        client.send('anybody?');
        await client.until(() => client.faults.length > 0);
        expect(client.faults).toEqual([{ error: expect.any(NetworkError), to: { family, host, port } }]);
        expect(client.faults[0]?.error).toMatchObject({ code: 'ECONNREFUSED', operation: 'receive' });
        const server = await open({ port });
        client.send('hello');
        await server.has(1);
        expect(server.texts).toEqual(['hello']);
        expect(client.calls).toEqual(['bound', 'fault']);
        expect(client.tooSoon).toEqual([]);
      });

      it('should be preferred to a socket on any address', async () => {
        const [server, stranger] = [await open(), await open()];
        const general = await Probe.open(transport, { host: any, reuseAddress: true });
        const client = await open({ port: general.port, peer: peerOf(server), reuseAddress: true });
        server.sendTo(client, 'for you');
        stranger.sendTo(client, 'for all');
        await Promise.all([client.has(1), general.has(1)]);
        expect([client.texts, general.texts]).toEqual([['for you'], ['for all']]);
      });

      it('should refuse a peer of another family', async () => {
        for (const own of [host, any]) {
          const error = await Probe.failing(transport, { host: own, peer: { host: other, port: 9 } });
          expect(error).toMatchObject({ code: 'ERR_ADDRESS_FAMILY', operation: 'connect' });
        }
      });
    });

    describe('faults', () => {
      it('should lose without a word what nobody is there for', async () => {
        const [sender, receiver] = [await open(), await open()];
        sender.send('anybody?', await freePort(), host);
        sender.sendTo(receiver, 'hello');
        await receiver.has(1);
        expect(sender.calls).toEqual(['bound']);
      });

      it('should tell that a datagram is too long, and go on', async () => {
        const [sender, receiver] = [await open(), await open()];
        sender.sendTo(receiver, new Uint8Array(65_536));
        sender.sendTo(receiver, 'short');
        await Promise.all([receiver.has(1), sender.until(() => sender.faults.length > 0)]);
        expect(receiver.texts).toEqual(['short']);
        expect(sender.faults[0]).toMatchObject({ error: { operation: 'send' }, to: receiver.local });
        expect(sender.faults[0]?.error.code).toBe('EMSGSIZE');
        expect(sender.tooSoon).toEqual([]);
      });

      it.each([
        ['no port', undefined, host],
        ['a host name', 1, 'localhost'],
        ['port 0', 0, host],
        ['a port that there is not', 70_000, host],
        ['the other family', 1, other],
      ])('should be all that comes of a datagram to %s', async (_case, port, address) => {
        const [sender, receiver] = [await open(), await open()];
        sender.send('lost', port, address);
        sender.sendTo(receiver, 'found');
        await Promise.all([receiver.has(1), sender.until(() => sender.faults.length > 0)]);
        expect(sender.calls).toEqual(['bound', 'fault']);
        expect(sender.faults[0]?.error).toMatchObject({ name: 'NetworkError', operation: 'send' });
        expect(sender.tooSoon).toEqual([]);
      });
    });

    describe('addresses', () => {
      it('should belong to one socket', async () => {
        const { port } = await open();
        const error = await Probe.failing(transport, { host, port });
        expect(error).toMatchObject({ code: 'EADDRINUSE', operation: 'connect' });
        expect(await Probe.failing(transport, { host: any, port })).toMatchObject({ code: 'EADDRINUSE' });
        expect(await Probe.failing(transport, { host, port, reuseAddress: true })).toMatchObject({
          code: 'EADDRINUSE',
        });
      });

      it('should be shared by those who all agree', async () => {
        const first = await open({ reuseAddress: true });
        const second = await open({ port: first.port, reuseAddress: true });
        expect(second.local).toEqual(first.local);
        const sender = await open();
        sender.sendTo(second, 'to one of them');
        await Promise.race([first.has(1), second.has(1)]);
        expect([...first.texts, ...second.texts]).toEqual(['to one of them']);
      });

      it('should be free again after closing', async () => {
        const first = await open();
        first.close();
        expect((await open({ port: first.port })).port).toBe(first.port);
      });

      it('should not be found for a host that nobody knows', async () => {
        const lookup = (_host: string, callback: (error: unknown, found: never[]) => void) =>
          callback(new NetworkError('ENOTFOUND', 'unknown'), []);
        const unknown = 'nobody.invalid';
        const expected = { code: 'ENOTFOUND', operation: expect.anything() };
        const failing = [{ host: unknown }, { host, peer: { host: unknown, port: 9 } }];
        for (const options of failing) {
          const error = await Probe.failing(transport, { lookup, ...options });
          expect(error.code).toBe(expected.code);
        }
      });

      if (family === 'IPv4') {
        it('should be found for localhost', async () => {
          const lookup = (
            _host: string,
            callback: (error: null, found: { address: string; family: 4 }[]) => void,
          ) => callback(null, [{ address: host, family: 4 }]);
          const server = await open({ host: 'localhost', lookup });
          const client = await open({
            host: undefined,
            peer: { host: 'localhost', port: server.port },
            lookup,
          });
          client.send('hello');
          await server.has(1);
          expect(client.peer).toEqual(server.local);
        });
      } else {
        it('should be of both families with dualStack', async () => {
          const both = await Probe.open(transport, { host: '::', dualStack: true });
          const four = await Probe.open(transport, { host: '127.0.0.1' });
          four.sendTo(both, 'to six', '127.0.0.1');
          await both.has(1);
          expect(both.sources[0]).toMatchObject({ address: '::ffff:127.0.0.1', port: four.port });
          both.send('mapped', four.port, '::ffff:127.0.0.1');
          both.send('plain', four.port, '127.0.0.1');
          await four.has(2);
          expect(four.texts).toEqual(['mapped', 'plain']);
          expect(four.sources).toMatchObject(Array(2).fill({ address: '127.0.0.1', port: both.port }));
        });

        it('should be of one family without', async () => {
          const six = await Probe.open(transport, { host: '::' });
          const four = await Probe.open(transport, { host: '0.0.0.0', port: six.port });
          const sender = await Probe.open(transport, { host: '127.0.0.1' });
          sender.sendTo(six, 'to four', '127.0.0.1');
          await four.has(1);
          expect(six.texts).toEqual([]);
        });
      }
    });

    describe('closing', () => {
      it('should work while binding, and leave nothing behind', async () => {
        const port = await freePort();
        const probe = new Probe(transport, { host, port });
        probe.close();
        probe.close();
        expect((await open({ port })).port).toBe(port);
        expect(probe.calls).toEqual([]);
      });

      it('should work in the turn in which it is bound', async () => {
        const port = await freePort();
        const probe = new Probe(transport, { host, port, peer: { host, port: 9 } });
        await Promise.resolve();
        probe.close();
        expect((await open({ port })).port).toBe(port);
        expect(probe.calls.filter((call) => call !== 'bound')).toEqual([]);
      });

      it('should be the end of everything', async () => {
        const [sender, receiver, witness] = [await open(), await open(), await open()];
        receiver.onReceived = () => receiver.close();
        for (let i = 0; i < 5; i++) sender.sendTo(receiver, 'knock');
        await receiver.has(1);
        sender.sendTo(receiver, 'knock');
        sender.sendTo(witness, 'over');
        await witness.has(1);
        expect(receiver.texts).toEqual(['knock']);
        receiver.sendTo(witness, 'not me');
        expect(receiver.unsent).toBe(0);
        sender.sendTo(witness, 'over');
        await witness.has(2);
        expect(witness.texts).toEqual(['over', 'over']);
      });

      it('should take with it the faults that are not told yet', async () => {
        const [sender, witness] = [await open(), await open()];
        sender.send(new Uint8Array(65_536), witness.port, host);
        sender.send('lost', 0, host);
        sender.close();
        (await open()).sendTo(witness, 'over');
        await witness.has(1);
        expect(sender.calls).toEqual(['bound']);
      });
    });

    if (name.startsWith('udp')) {
      it('should talk to plain node:dgram', async () => {
        const plain = createSocket(family === 'IPv4' ? 'udp4' : 'udp6');
        const probe = await open();
        plain.on('message', (bytes, { port, address }) => plain.send(bytes, port, address));
        await new Promise<void>((resolve) => plain.bind(0, host, resolve));
        probe.send('echo', plain.address().port, host);
        await probe.has(1);
        plain.close();
        expect(probe.texts).toEqual(['echo']);
      });
    }
  },
);
