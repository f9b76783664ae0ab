import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';
import { filter, firstValueFrom, map, merge, take, toArray } from 'rxjs';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { UdpCast, type UdpCastOptions } from '../../lib/udp/udp-cast.ts';
import { UdpNode, type UdpNodeOptions } from '../../lib/udp/udp-node.ts';
import { afterTest } from '../support/cleanup.ts';
import { castInterface, loopsBack } from '../support/loops-back.ts';

jest.setTimeout(30_000);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GROUP = { 4: '239.77.2.14', 6: 'ff02::4d:14' };

const casting = { 4: await castInterface(4, GROUP[4]), 6: await castInterface(6, GROUP[6]) };
const canBroadcast = await loopsBack(4, '255.255.255.255', undefined);
const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

async function nodeOf(options: UdpNodeOptions = {}) {
  const node = new UdpNode(options);
  afterTest(() => node[Symbol.asyncDispose]());
  await node.start();
  return { node, port: node.address?.port ?? 0 };
}

async function memberOf(options: UdpCastOptions) {
  const member = new UdpCast(options);
  afterTest(() => member[Symbol.asyncDispose]());
  await member.start();
  return { member, port: member.address?.port ?? 0 };
}

/** The texts of the next datagrams. */
function nextOf({ receive$ }: UdpNode | UdpCast, count: number): Promise<string[]> {
  return firstValueFrom(
    receive$.pipe(
      map(({ data }) => toText(data)),
      take(count),
      toArray(),
    ),
  );
}

/** A member of a group in a process of its own. */
async function memberProcess(...args: readonly (string | number)[]) {
  const program = ['--import', 'tsx', 'spec/udp/programs/member.ts', ...args.map(String)];
  const child = spawn(process.execPath, program, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  afterTest(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  expect(line).toBe('joined');
  return { pid: child.pid, exit: once(child, 'exit').then(([code]) => code as number) };
}

describe('UdpNode on the loopback interface', () => {
  it('should echo datagrams, empty ones too, in order', async () => {
    const { node: echo, port } = await nodeOf({ host: '127.0.0.1' });
    echo.receive$.subscribe(({ data, remote }) => echo.send(remote, data));
    const { node } = await nodeOf({ host: '127.0.0.1' });
    const echoed = nextOf(node, 3);
    node.send({ host: '127.0.0.1', port }, 'he', 'y');
    node.send(port);
    node.send({ host: 'localhost', port }, 'by name');
    expect(await echoed).toEqual(['hey', '', 'by name']);
  });

  it('should go on after a datagram that is too long, and after one to a port that nobody has', async () => {
    const { node: small, port } = await nodeOf({ host: '127.0.0.1', maxDatagramSize: 10 });
    const { node } = await nodeOf({ host: '127.0.0.1', maxDatagramSize: 65_536 });
    const received = nextOf(small, 1);
    const fault = firstValueFrom(small.faults$);
    const tooLong = firstValueFrom(node.faults$);
    node.send(port, 'x'.repeat(11));
    node.send(port, 'x'.repeat(65_536));
    const { port: nobody } = await nodeOf().then(async ({ node: gone, port: free }) => {
      await gone.stop();
      return { port: free };
    });
    node.send(nobody, 'hello?');
    node.send(port, 'fits');
    expect(await received).toEqual(['fits']);
    expect((await fault).error.code).toBe('ERR_FRAME_LENGTH');
    expect((await tooLong).error).toMatchObject({ code: 'EMSGSIZE', operation: 'send' });
  });

  it('should not take a port that is taken', async () => {
    const { port } = await nodeOf();
    await expect(new UdpNode({ port }).start()).rejects.toMatchObject({
      code: 'EADDRINUSE',
      operation: 'accept',
    });
  });

  (hasIPv6 ? it : it.skip)('should talk to IPv4 and IPv6 peers with dual stack', async () => {
    const { node: echo, port } = await nodeOf({ host: '::' });
    echo.receive$.subscribe(({ data, remote }) => echo.send(remote, data, ` ${remote.host}`));
    const { node: four, port: fourPort } = await nodeOf({ host: '127.0.0.1' });
    const { node: six } = await nodeOf({ host: '::1' });
    const answers = Promise.all([nextOf(four, 2), nextOf(six, 1)]);
    four.send({ host: '127.0.0.1', port }, 'four');
    six.send({ host: '::1', port }, 'six');
    echo.send({ host: '127.0.0.1', port: fourPort }, 'first');
    const [[...fromFour], [fromSix]] = await answers;
    expect(fromFour.sort()).toEqual(['first', 'four ::ffff:127.0.0.1']);
    expect(fromSix).toBe('six ::1');
  });

  it('should deliver everything that was sent, or say how much it has shed', async () => {
    const { node: slow, port } = await nodeOf({
      host: '127.0.0.1',
      receiveQueue: { size: 100 * 138 },
      receiveBuffer: 4 * 1024 * 1024,
    });
    const { node } = await nodeOf({ host: '127.0.0.1' });
    const hold = slow.flow.hold();
    const first = nextOf(slow, 100);
    const shed = firstValueFrom(slow.dropped$.pipe(take(50), toArray()));
    for (let i = 0; i < 150; i++) node.send(port, String(i).padStart(10));
    await node.flush();
    expect((await shed).every(({ reason }) => reason === 'queue-full')).toBe(true);
    hold.release();
    expect((await first).map(Number)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

describe.each([4, 6] as const)('UdpCast in a group of IPv%i', (family) => {
  const { name, internal = true } = casting[family] ?? {};
  const when = name === undefined ? it.skip : it;
  // On the loopback interface everything comes back, for that is what it does.
  const whenLeadingOut = internal ? it.skip : it;
  const castAddress = GROUP[family];

  when('should reach members in two processes, which tell who sent it', async () => {
    const { member, port } = await memberOf({ castAddress, loop: true, interface: name });
    const processes = await Promise.all([
      memberProcess(castAddress, port, name ?? ''),
      memberProcess(castAddress, port, name ?? ''),
    ]);
    // Answers come to the address of the sender, which all members here share: whichever socket gets them.
    const { node } = await nodeOf({ mode: 'multicast', castAddress, interface: name, loop: true, ttl: 1 });
    const answers = nextOf(node, 2);
    const own = firstValueFrom(
      member.receive$.pipe(filter(({ remote }) => remote.port === node.address?.port)),
    );
    node.send({ host: castAddress, port }, 'hello');
    expect((await answers).sort()).toEqual(processes.map(({ pid }) => `${pid} got hello`).sort());
    expect(toText((await own).data)).toBe('hello');
    member.send('end');
    expect(await Promise.all(processes.map(({ exit }) => exit))).toEqual([0, 0]);
  });

  whenLeadingOut('should get its own datagrams with loop, and none without', async () => {
    const { member, port } = await memberOf({ castAddress, loop: true, interface: name });
    const { member: quiet } = await memberOf({ castAddress, port, interface: name });
    const heard = Promise.all([nextOf(member, 1), nextOf(quiet, 1)]);
    quiet.send('whisper');
    member.send('loud');
    expect(await heard).toEqual([['loud'], ['loud']]);
  });

  when(
    'should get nothing any more after it has stopped, and be a member again after a restart',
    async () => {
      const { member, port } = await memberOf({ castAddress, loop: true, interface: name });
      const { member: other } = await memberOf({ castAddress, port, loop: true, interface: name });
      await other.stop();
      const heard = nextOf(member, 1);
      member.send('alone');
      expect(await heard).toEqual(['alone']);
      await other.start();
      const both = Promise.all([nextOf(member, 1), nextOf(other, 1)]);
      other.send('again');
      expect(await both).toEqual([['again'], ['again']]);
      expect(other.counts.received.datagrams).toBe(1);
    },
  );
});

describe('UdpCast and UdpNode in mode broadcast', () => {
  const when = canBroadcast ? it : it.skip;

  when('should reach everybody at the port, themselves included', async () => {
    const { member, port } = await memberOf({ mode: 'broadcast' });
    const { node } = await nodeOf({ mode: 'broadcast', port });
    const heard = Promise.all([nextOf(member, 2), nextOf(node, 2)]);
    member.send('cast');
    node.sendCast('node');
    expect((await heard).map((texts) => texts.sort())).toEqual([
      ['cast', 'node'],
      ['cast', 'node'],
    ]);
  });

  when('should not be allowed in mode unicast, which is a fault and no end', async () => {
    const { node } = await nodeOf();
    const fault = firstValueFrom(merge(node.faults$, node.shutdown$));
    node.send('255.255.255.255:9', 'hello?');
    expect(await fault).toMatchObject({ error: { code: 'EACCES' } });
    expect(node.state).toBe('started');
  });
});

describe('UdpCast', () => {
  it('should say by close$ that there is no such interface', async () => {
    const member = new UdpCast({ castAddress: GROUP[4], interface: '203.0.113.77' });
    const closed = firstValueFrom(member.close$);
    await expect(member.start()).rejects.toMatchObject({ operation: 'connect' });
    expect(await closed).toMatchObject({ id: 1, reason: 'connect', operation: 'connect' });
  });
});
