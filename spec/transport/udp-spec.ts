import { execFile, spawnSync } from 'node:child_process';
import { type Socket, createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { CastRequest } from '../../lib/transport/datagram.ts';
import { interfaceFor } from '../../lib/transport/udp-cast.ts';
import { udp } from '../../lib/transport/udp.ts';
import { Probe } from '../support/datagram-probe.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const CAST: CastRequest = { ttl: 0, loop: true, interface: undefined, groups: [], broadcast: false };
const GROUP = { 4: '239.77.1.9', 6: 'ff02::4d:9' };

/** Interfaces with an address of a family, those to other machines first. */
function interfacesOf(family: 4 | 6): { name: string; address: string; internal: boolean }[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const first = addresses.find((address) => address.family === `IPv${family}`);
    return first === undefined ? [] : [{ name, address: first.address, internal: first.internal }];
  });
  return all.sort((a, b) => Number(a.internal) - Number(b.internal));
}

/** Whether plain node:dgram gets its own datagram back on an interface, which decides whether there is a test. */
function loopsBack(family: 4 | 6, to: string, through: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    let ended = false;
    const end = (does: boolean) => {
      clearTimeout(timer);
      resolve(does);
      if (!ended) socket.close();
      ended = true;
    };
    const timer = setTimeout(() => end(false), 300);
    socket.on('message', () => end(true));
    socket.on('error', () => end(false));
    socket.bind(0, () => {
      try {
        if (to === '255.255.255.255') socket.setBroadcast(true);
        else join(socket, to, through);
        socket.send('?', socket.address().port, to, (error) => {
          if (error !== null) end(false);
        });
      } catch {
        end(false);
      }
    });
  });
}

function join(socket: Socket, group: string, through: string | undefined): void {
  if (through !== undefined) socket.setMulticastInterface(through);
  socket.setMulticastTTL(0);
  socket.addMembership(group, through);
}

/** The first interface that loops multicast of a family back. */
async function castInterface(family: 4 | 6) {
  for (const candidate of interfacesOf(family)) {
    const through = family === 4 ? candidate.address : interfaceFor(candidate.name, 6);
    if (await loopsBack(family, GROUP[family], through)) return candidate;
  }
  return undefined;
}

const casting = { 4: await castInterface(4), 6: await castInterface(6) };
const canBroadcast = await loopsBack(4, '255.255.255.255', undefined);
const canQueue = spawnSync(process.execPath, ['--test-udp-no-try-send', '-e', '']).status === 0;

describe('udp', () => {
  it('should not keep a large buffer for a small datagram', async () => {
    const [sender, receiver] = [await Probe.open(udp), await Probe.open(udp)];
    sender.sendTo(receiver, 'small', '127.0.0.1');
    await receiver.has(1);
    expect(receiver.datagrams[0]?.buffer.byteLength).toBe(5);
  });

  it('should bind the first address of a host that is its own', async () => {
    const host = 'mine.example';
    const lookup = (
      _host: string,
      callback: (error: null, found: { address: string; family: 4 | 6 }[]) => void,
    ) =>
      callback(null, [
        { address: '203.0.113.7', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    const probe = await Probe.open(udp, { host, lookup });
    expect(probe.local?.host).toBe('127.0.0.1');
  });

  it('should tell the error of the first address when none can be bound', async () => {
    const lookup = (
      _host: string,
      callback: (error: null, found: { address: string; family: 4 | 6 }[]) => void,
    ) =>
      callback(null, [
        { address: '203.0.113.7', family: 4 },
        { address: 'nonsense', family: 4 },
      ]);
    const error = await Probe.failing(udp, { host: 'theirs.example', lookup });
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', operation: 'connect' });
  });

  it('should take the address of a peer that is of the family of its own', async () => {
    const lookup = (
      _host: string,
      callback: (error: null, found: { address: string; family: 4 | 6 }[]) => void,
    ) =>
      callback(null, [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]);
    const probe = await Probe.open(udp, {
      host: '127.0.0.1',
      peer: { host: 'peer.example', port: 9 },
      lookup,
    });
    expect(probe.peer).toEqual({ family: 'IPv4', host: '127.0.0.1', port: 9 });
  });

  it('should not mind a resolver that throws, knows nothing, or answers twice', async () => {
    const throws = () => {
      throw new Error('no resolver');
    };
    const nothing = (_host: string, callback: (error: null, found: never[]) => void) => callback(null, []);
    const twice = (
      _host: string,
      callback: (error: null, found: { address: string; family: 4 }[]) => void,
    ) => {
      for (let i = 0; i < 2; i++) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    expect(await Probe.failing(udp, { host: 'a.example', lookup: throws })).toMatchObject({
      code: 'EUNKNOWN',
    });
    expect(await Probe.failing(udp, { host: 'a.example', lookup: nothing })).toMatchObject({
      code: 'ENOTFOUND',
    });
    const probe = await Probe.open(udp, { host: 'a.example', lookup: twice });
    await Promise.resolve();
    expect(probe.calls).toEqual(['bound']);
  });

  it('should set the buffers of the system', async () => {
    const probe = await Probe.open(udp, { receiveBuffer: 8192, sendBuffer: 8192 });
    const sender = await Probe.open(udp);
    for (let i = 0; i < 100; i++) sender.sendTo(probe, new Uint8Array(1000), '127.0.0.1');
    sender.sendTo(sender, 'over', '127.0.0.1');
    await sender.has(1);
    // The system counts more than the bytes; but some got in, and most did not.
    expect(probe.datagrams.length).toBeGreaterThan(0);
    expect(probe.datagrams.length).toBeLessThan(50);
  });

  it('should refuse an unbindable address with the code of the system', async () => {
    const error = await Probe.failing(udp, { host: '203.0.113.7' });
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', operation: 'connect' });
    const peer = { host: '127.0.0.1', port: 0 };
    expect(await Probe.failing(udp, { peer })).toMatchObject({ operation: 'connect' });
  });

  (canQueue ? it : it.skip)(
    'should tell when the system has taken what it could not take at once',
    async () => {
      const program = ['--test-udp-no-try-send', '--import', 'tsx', 'spec/transport/programs/udp-queue.ts'];
      // That it ends shows that nothing is left behind.
      const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root, timeout: 20_000 });
      const { calls, ...report } = JSON.parse(stdout) as { calls: string[] };
      expect(report).toEqual({
        unsent: [3, 8, 8],
        stillUnsentWhenDrained: 0,
        received: ['one', 'three', 'four'],
        unsentAfterClose: 0,
      });
      expect(calls.filter((call) => call !== 'drained')).toEqual(['bound', 'fault']);
      expect(calls).toContain('drained');
    },
  );
});

describe.each([4, 6] as const)('multicast with udp, IPv%d', (family) => {
  const through = casting[family];
  const test = through === undefined ? it.skip : it;
  const group = GROUP[family];
  const cast = { ...CAST, groups: [group], interface: through?.name };

  test.each([
    ['address', through?.address],
    ['name', through?.name],
  ])('should go through the interface that is given by %s', async (_by, name) => {
    const member = await Probe.open(udp, { cast: { ...cast, interface: name } });
    expect(member.local?.family).toBe(`IPv${family}`);
    member.sendTo(member, 'to all', group);
    await member.has(1);
    expect(member.texts).toEqual(['to all']);
  });

  test('should reach every member on the port', async () => {
    const first = await Probe.open(udp, { reuseAddress: true, cast });
    const second = await Probe.open(udp, { reuseAddress: true, cast, port: first.port });
    first.sendTo(first, 'to both', group);
    await Promise.all([first.has(1), second.has(1)]);
    expect([first.texts, second.texts]).toEqual([['to both'], ['to both']]);
  });

  // The loopback interface brings everything back, whatever it is told.
  (through?.internal === false ? it : it.skip)('should not come back without loop', async () => {
    const loud = await Probe.open(udp, { reuseAddress: true, cast });
    const silent = await Probe.open(udp, {
      reuseAddress: true,
      port: loud.port,
      cast: { ...cast, loop: false },
    });
    silent.sendTo(loud, 'to others', group);
    loud.sendTo(loud, 'to all', group);
    await Promise.all([loud.has(1), silent.has(1)]);
    expect([loud.texts, silent.texts]).toEqual([['to all'], ['to all']]);
  });
});

describe('preparing udp for groups', () => {
  it.each<[string, Partial<CastRequest>, string]>([
    ['an interface that there is not', { groups: [GROUP[4]], interface: 'eth99' }, 'EADDRNOTAVAIL'],
    ['an interface of nobody', { groups: [GROUP[6]], interface: 'fe80::dead:beef:77' }, 'EADDRNOTAVAIL'],
    ['a group that is none', { groups: ['10.0.0.7'] }, 'EINVAL'],
    ['groups of two families', { groups: [GROUP[4], GROUP[6]] }, 'ERR_ADDRESS_FAMILY'],
    ['something else', { groups: ['chess club'] }, 'EINVAL'],
  ])('should fail for %s', async (_case, cast, code) => {
    const error = await Probe.failing(udp, { cast: { ...CAST, ...cast } });
    expect(error).toMatchObject({ code, operation: 'connect' });
  });

  it('should fail for a host that is not of the family of the groups', async () => {
    const error = await Probe.failing(udp, { host: '127.0.0.1', cast: { ...CAST, groups: [GROUP[6]] } });
    expect(error.code).toBe('ERR_ADDRESS_FAMILY');
    expect(error.message).toContain(`127.0.0.1, ${GROUP[6]}`);
  });

  it('should leave the choice of an interface to the system', () => {
    expect(interfaceFor('0.0.0.0', 4)).toBeUndefined();
    expect(interfaceFor('::', 6)).toBeUndefined();
  });
});

describe('broadcast with udp', () => {
  it('should need permission', async () => {
    const probe = await Probe.open(udp);
    probe.sendTo(probe, 'to all', '255.255.255.255');
    await probe.until(() => probe.faults.length > 0);
    expect(probe.faults[0]?.error).toMatchObject({ operation: 'send' });
    expect(['EACCES', 'ENETUNREACH']).toContain(probe.faults[0]?.error.code);
  });

  (canBroadcast ? it : it.skip)('should reach everybody on the port', async () => {
    const options = { reuseAddress: true, cast: { ...CAST, broadcast: true } };
    const first = await Probe.open(udp, options);
    const second = await Probe.open(udp, { ...options, port: first.port });
    first.sendTo(first, 'to all', '255.255.255.255');
    await Promise.all([first.has(1), second.has(1)]);
    expect([first.texts, second.texts]).toEqual([['to all'], ['to all']]);
  });
});
