import { describe, expect, it } from '@jest/globals';
import { NetworkError } from '../../lib/base/errors.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import type { EndpointLike } from '../../lib/transport/address.ts';
import type { Lookup } from '../../lib/transport/wire.ts';
import { UdpNode, type UdpNodeOptions } from '../../lib/udp/udp-node.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { logOf } from './endpoint-log.ts';

async function started(options: UdpNodeOptions = {}) {
  const transport = new FakeDatagrams();
  const node = new UdpNode({ transport, port: 5, ...options });
  await node.start();
  afterTest(() => node.stop({ deadline: 0 }));
  return { node, socket: transport.socket };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A resolver that answers when the test says so. */
function resolver() {
  const asked: string[] = [];
  const callbacks: Parameters<Lookup>[1][] = [];
  const lookup: Lookup = (host, callback) => {
    asked.push(host);
    callbacks.push(callback);
  };
  const answer = async (...addresses: string[]) => {
    const found = addresses.map((address) => ({
      address,
      family: address.includes(':') ? (6 as const) : (4 as const),
    }));
    callbacks.shift()?.(null, found);
    await turn();
  };
  const fail = async (error: unknown) => {
    callbacks.shift()?.(error, []);
    await turn();
  };
  return { lookup, asked, answer, fail };
}

describe('UdpNode.send', () => {
  it('should send at once to an IP address, all pieces as one datagram', async () => {
    const { node, socket } = await started();
    expect(node.send({ host: '10.0.0.1', port: 7 }, 'he', new Uint8Array([121]))).toBe('ok');
    expect(node.send('10.0.0.2:8', 'you')).toBe('ok');
    expect(node.send(9, 'me')).toBe('ok');
    expect(socket.sent).toEqual(['10.0.0.1:7 he+y', '10.0.0.2:8 you', '127.0.0.1:9 me']);
    expect(node.counts.sent).toEqual({ datagrams: 3, bytes: 8 });
  });

  it('should send empty datagrams, with and without data', async () => {
    const { node, socket } = await started();
    expect([node.send('10.0.0.1:7'), node.send('10.0.0.1:7', ''), node.send('10.0.0.1:7', '', '')]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect(socket.sent).toEqual(['10.0.0.1:7 ', '10.0.0.1:7 ', '10.0.0.1:7 +']);
  });

  it('should tell what was sent, also of several pieces', async () => {
    const { node } = await started();
    const sent: string[] = [];
    node.sent$.subscribe(({ data, remote }) => sent.push(`${remote.host} ${toText(data)}`));
    node.send('10.0.0.1:7', 'a', 'b');
    node.send('10.0.0.1:7');
    expect(sent).toEqual([]); // not from inside send()
    await turn();
    expect(sent).toEqual(['10.0.0.1 ab', '10.0.0.1 ']);
  });

  it('should refuse what is too long, and send what just fits', async () => {
    const { node, socket } = await started({ maxDatagramSize: 3 });
    expect(node.send('10.0.0.1:7', 'ab', 'cd')).toBe('refused');
    expect(node.lastError).toMatchObject({ code: 'ERR_FRAME_LENGTH', operation: 'send' });
    expect(node.send('10.0.0.1:7', 'ab', 'c')).toBe('ok');
    expect(socket.sent).toEqual(['10.0.0.1:7 ab+c']);
  });

  it('should refuse while it is not started', async () => {
    const node = new UdpNode({ transport: new FakeDatagrams() });
    expect(node.send('10.0.0.1:7', 'a')).toBe('refused');
    expect(node.lastError).toMatchObject({ code: 'ERR_STATE', operation: 'send' });
    const starting = node.start();
    expect(node.send('10.0.0.1:7', 'a')).toBe('refused');
    await starting;
    await node.stop();
    expect(node.send('10.0.0.1:7', 'a')).toBe('refused');
  });

  it.each<[EndpointLike]>([['10.0.0.1:0'], [{ path: '/tmp/x' }], ['nowhere'], [70_000]])(
    'should throw for %j, which is no address of a peer',
    async (remote) => {
      const { node } = await started();
      expect(() => node.send(remote, 'a')).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
    },
  );

  it('should throw for data that are neither bytes nor text', async () => {
    const { node } = await started();
    expect(() => node.send('10.0.0.1:7', 5 as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    );
  });

  it.each([
    ['0.0.0.0', '[::1]:7', 'refused'],
    ['::1', '10.0.0.1:7', 'refused'],
    ['::', '10.0.0.1:7', 'ok'],
    ['::', '[::1]:7', 'ok'],
  ])('should tell whether a socket on %s reaches %s: %s', async (host, remote, result) => {
    const { node } = await started({ host });
    expect(node.send(remote, 'a')).toBe(result);
    if (result === 'refused') expect(node.lastError?.code).toBe('ERR_ADDRESS_FAMILY');
  });

  it('should not reach IPv4 peers without dual stack', async () => {
    const { node } = await started({ host: '::', dualStack: false });
    expect(node.send('10.0.0.1:7', 'a')).toBe('refused');
  });

  it('should pass on what the transport says of single datagrams', async () => {
    const { node, socket } = await started();
    const log = logOf(node);
    socket.fault(new NetworkError('ECONNREFUSED', 'nobody', { operation: 'send' }));
    socket.receive('on');
    expect(log).toEqual(['fault ECONNREFUSED 10.0.0.1:7', 'receive 10.0.0.1:7 on']);
  });
});

describe('UdpNode.send to a host name', () => {
  it('should look it up and keep the order for the host, while others go ahead', async () => {
    const { lookup, asked, answer } = resolver();
    const { node, socket } = await started({ lookup });
    expect(node.send('far:7', 'one')).toBe('ok');
    node.send('far:8', 'two');
    node.send('near:7', 'three');
    node.send('10.0.0.9:7', 'four');
    expect(node.pending).toBe(11);
    expect(asked).toEqual(['far', 'near']);
    await answer('fe80::1', '10.0.0.1');
    expect(socket.sent).toEqual(['10.0.0.9:7 four', '10.0.0.1:7 one', '10.0.0.1:8 two']);
    await answer('10.0.0.2');
    expect(socket.sent.at(-1)).toBe('10.0.0.2:7 three');
    expect(node.pending).toBe(0);
    node.send('far:7', 'five');
    expect(asked).toEqual(['far', 'near', 'far']);
  });

  it.each([
    ['::', ['10.0.0.1', 'fe80::1'], 'fe80::1:7 a'],
    ['::', ['10.0.0.1'], '10.0.0.1:7 a'],
  ])('should prefer the family of a socket on %s among %j', async (host, addresses, sent) => {
    const { lookup, answer } = resolver();
    const { node, socket } = await started({ host, lookup });
    // The host to be bound is an address.
    node.send('far:7', 'a');
    await answer(...addresses);
    expect(socket.sent).toEqual([sent]);
  });

  it('should tell by a fault that a host is unknown, once for all that waited, and count them', async () => {
    const { lookup, fail } = resolver();
    const { node } = await started({ lookup });
    const log = logOf(node);
    node.send('far:7', 'one');
    node.send('far:7', 'two');
    await fail(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }));
    expect(log).toEqual(['fault ENOTFOUND', 'dropped unresolved 3', 'dropped unresolved 3']);
    expect(node.lastError?.message).toBe('ENOTFOUND: far: no such host');
    expect(node.pending).toBe(0);
  });

  it.each([
    ['has no address', [], 'ENOTFOUND'],
    ['has only addresses of another family', ['fe80::1'], 'ERR_ADDRESS_FAMILY'],
  ])('should tell by a fault that a host %s', async (_, addresses, code) => {
    const { lookup, answer } = resolver();
    const { node } = await started({ lookup });
    const log = logOf(node);
    node.send('far:7', 'one');
    await answer(...addresses);
    expect(log).toEqual([`fault ${code}`, 'dropped unresolved 3']);
    expect(node.lastError?.message).toContain('far');
  });

  it('should bear a resolver that throws, and one that answers at once and twice', async () => {
    const { node, socket } = await started({
      lookup: (host, callback) => {
        if (host === 'bad') throw new Error('broken resolver');
        callback(null, [{ address: '10.0.0.1', family: 4 }]);
        callback(null, [{ address: '10.0.0.2', family: 4 }]);
      },
    });
    const log = logOf(node);
    node.send('bad:7', 'one');
    node.send('good:7', 'two');
    expect(log).toEqual([]);
    await turn();
    expect(log).toEqual(['fault EUNKNOWN', 'dropped unresolved 3', 'sent 10.0.0.1:7 two']);
    expect(socket.sent).toEqual(['10.0.0.1:7 two']);
  });

  it('should forget what waits when it stops, and not send it after a restart', async () => {
    const { lookup, answer } = resolver();
    const { node, socket } = await started({ lookup });
    node.send('far:7', 'old');
    await node.stop({ deadline: 0 });
    await node.start();
    await answer('10.0.0.1');
    expect(socket.sent).toEqual([]);
    expect(node.counts.dropped.stopped).toEqual({ datagrams: 1, bytes: 3 });
  });
});

describe('UdpNode.send when the system is behind', () => {
  it('should hand over no more than 64 KiB, keep the rest in order, and send it when the system has room', async () => {
    const { node, socket } = await started({ maxDatagramSize: 65_536 });
    socket.behind = true;
    for (const letter of 'abcd') node.send('10.0.0.1:7', letter.repeat(30_000));
    expect(socket.sent).toHaveLength(3);
    expect(node.pending).toBe(120_000);
    const flushed = node.flush();
    socket.drain();
    await flushed;
    expect(socket.sent.map((text) => text.slice(11, 12)).join('')).toBe('abcd');
    expect(node.pending).toBe(0);
    await node.flush();
  });

  it('should hand over no more than so many datagrams, however short they are', async () => {
    const { node, socket } = await started();
    socket.behind = true;
    for (let i = 0; i < 1500; i++) node.send('10.0.0.1:7', 'x');
    expect(socket.sent).toHaveLength(1024);
    socket.drain();
    expect(socket.sent).toHaveLength(1500);
  });

  it('should answer congested above highPending', async () => {
    const { node, socket } = await started({ highPending: 10 });
    socket.behind = true;
    expect(node.send('10.0.0.1:7', '1234567890')).toBe('ok');
    expect(node.send('10.0.0.1:7', '1')).toBe('congested');
    socket.drain();
    expect(node.send('10.0.0.1:7', '1')).toBe('ok');
  });

  it('should refuse beyond maxPending, with a fault', async () => {
    const { node, socket } = await started({ maxPending: 10 });
    const log = logOf(node);
    socket.behind = true;
    node.send('10.0.0.1:7', '1234567890');
    expect(node.send('10.0.0.1:7', '1')).toBe('refused');
    expect(log).toEqual(['fault ERR_SEND_OVERFLOW 10.0.0.1:7']);
    expect(node.lastError?.message).toBe(
      'ERR_SEND_OVERFLOW: 1 bytes on top of 10 pending would exceed maxPending, which is 10',
    );
  });

  it('should refuse beyond maxPending and count it with drop-new', async () => {
    const { node, socket } = await started({ maxPending: 10, overflow: 'drop-new' });
    const log = logOf(node);
    socket.behind = true;
    node.send('10.0.0.1:7', '1234567890');
    expect(node.send('10.0.0.1:7', '1')).toBe('refused');
    expect(log).toEqual(['dropped overflow 1 10.0.0.1:7']);
  });

  it('should drop what has waited longest with drop-old, but not what the system has', async () => {
    const maxPending = 100_000;
    const { node, socket } = await started({ maxPending, overflow: 'drop-old', maxDatagramSize: 65_536 });
    const log = logOf(node);
    socket.behind = true;
    node.send('10.0.0.1:7', 'a'.repeat(65_536));
    node.send('10.0.0.1:1', 'b'.repeat(20_000));
    node.send('10.0.0.1:2', 'c'.repeat(10_000));
    expect(node.send('10.0.0.1:3', 'd'.repeat(10_000))).toBe('ok');
    expect(log).toEqual(['dropped overflow 20000 10.0.0.1:1']);
    expect(node.send('10.0.0.1:4', 'e'.repeat(65_536))).toBe('refused'); // dropping all would not help
    expect(log).toHaveLength(2);
    socket.drain();
    expect(socket.sent.map((text) => text.split(' ')[0])).toEqual(['10.0.0.1:7', '10.0.0.1:2', '10.0.0.1:3']);
  });

  it('should bound what waits for host names, empty datagrams too', async () => {
    const { lookup } = resolver();
    const { node } = await started({ lookup, maxPending: 1280 });
    const results = Array.from({ length: 20 }, (_, i) => node.send(`host${i}:7`));
    expect(results.filter((result) => result !== 'refused')).toHaveLength(11);
  });

  it('should drop what waits for host names with drop-old', async () => {
    const { lookup, answer } = resolver();
    const { node, socket } = await started({ lookup, maxPending: 300, overflow: 'drop-old' });
    for (const letter of 'abcdef') node.send('far:7', letter);
    await answer('10.0.0.1');
    expect(socket.sent.map((text) => text.slice(-1)).join('')).toBe('def');
    expect(node.counts.dropped.overflow.datagrams).toBe(3);
  });

  it('should tell what was sent when the system has taken it', async () => {
    const { node, socket } = await started();
    const log = logOf(node);
    node.send('10.0.0.1:7', 'a');
    socket.behind = true;
    node.send('10.0.0.1:7', 'b');
    await turn();
    expect(log).toEqual(['sent 10.0.0.1:7 a']);
    socket.drain();
    expect(log).toEqual(['sent 10.0.0.1:7 a', 'sent 10.0.0.1:7 b']);
  });

  it('should reject flush() when it stops before', async () => {
    const { node, socket } = await started();
    socket.behind = true;
    node.send('10.0.0.1:7', 'a');
    const flushed = node.flush();
    await Promise.all([
      expect(flushed).rejects.toMatchObject({ code: 'ERR_CLOSED' }),
      node.stop({ deadline: 0 }),
    ]);
  });

  it('should send from inside dropped$ and faults$ without losing its count', async () => {
    const { node, socket } = await started({ maxPending: 10, overflow: 'drop-new' });
    let again = 5;
    node.dropped$.subscribe(() => {
      if (again-- > 0) node.send('10.0.0.1:7', '123456');
    });
    socket.behind = true;
    node.send('10.0.0.1:7', '123456');
    node.send('10.0.0.1:7', '123456');
    expect(node.counts.dropped.overflow.datagrams).toBe(6);
    expect(node.pending).toBe(6);
  });
});

describe('UdpNode.sendCast', () => {
  it('should send to the group at the port of the node', async () => {
    const { node, socket } = await started({
      mode: 'multicast',
      castAddress: '239.1.2.3',
      ttl: 4,
      loop: true,
    });
    expect(node.castAddress).toEqual({ family: 'IPv4', host: '239.1.2.3', port: 5 });
    node.sendCast('he', 'y');
    expect(socket.sent).toEqual(['239.1.2.3:5 he+y']);
    expect(socket.request).toMatchObject({
      host: '0.0.0.0',
      reuseAddress: true,
      cast: { ttl: 4, loop: true, interface: undefined, groups: ['239.1.2.3'], broadcast: false },
    });
  });

  it('should send to everybody, and be bound to the port the system has picked', async () => {
    const { node, socket } = await started({
      mode: 'broadcast',
      port: 0,
      reuseAddress: false,
      interface: 'eth0',
    });
    node.sendCast('hey');
    expect(socket.sent).toEqual(['255.255.255.255:40000 hey']);
    expect(socket.request).toMatchObject({
      reuseAddress: false,
      cast: { interface: 'eth0', groups: [], broadcast: true },
    });
  });

  it('should join an IPv6 group on every address', async () => {
    const { node, socket } = await started({ mode: 'multicast', castAddress: 'ff02::7' });
    expect(node.sendCast('hey')).toBe('ok');
    expect(socket.request.host).toBe('::');
    expect(socket.sent).toEqual(['ff02::7:5 hey']);
  });

  it('should be refused in mode unicast, and while the node is not started', async () => {
    const { node } = await started();
    expect(node.sendCast('hey')).toBe('refused');
    expect(node.lastError).toMatchObject({ code: 'ERR_STATE', operation: 'send' });
    expect(node.castAddress).toBeUndefined();
    const stopped = new UdpNode({ mode: 'broadcast', transport: new FakeDatagrams() });
    expect(stopped.sendCast('hey')).toBe('refused');
    expect(stopped.castAddress).toBeUndefined();
  });
});
