import { describe, expect, it } from '@jest/globals';
import { UdpCast, type UdpCastOptions } from '../../lib/udp/udp-cast.ts';
import { UdpNode, type UdpNodeOptions } from '../../lib/udp/udp-node.ts';

describe('options of a UdpNode', () => {
  it.each<[UdpNodeOptions, string]>([
    [{ port: 65_536 }, 'port'],
    [{ host: '' }, 'host'],
    [{ mode: 'anycast' as never }, 'mode'],
    [{ ttl: 256 }, 'ttl'],
    [{ loop: 1 as never }, 'loop'],
    [{ interface: '' }, 'interface'],
    [{ maxDatagramSize: 0 }, 'maxDatagramSize'],
    [{ maxDatagramSize: 65_537 }, 'maxDatagramSize'],
    [{ receiveBuffer: -1 }, 'receiveBuffer'],
    [{ receiveQueue: { size: -1 } }, 'receiveQueue.size'],
    [{ receiveQueue: { shed: 'all' as never } }, 'receiveQueue.shed'],
    [{ flow: { high: 0 } }, 'flow.high'],
    [{ highPending: 20, maxPending: 10 }, 'highPending'],
    [{ overflow: 'close' as never }, 'overflow'],
    [{ transport: {} as never }, 'transport'],
    [{ scheduler: {} as never }, 'scheduler'],
    [{ lookup: 5 as never }, 'lookup'],
    [{ reuseAddress: 'yes' as never }, 'reuseAddress'],
    [{ group: '239.1.2.3' } as never, 'group'],
    [{ castAddress: '239.1.2.3' }, 'castAddress'],
    [{ mode: 'multicast' }, 'castAddress'],
    [{ mode: 'multicast', castAddress: '10.0.0.1' }, 'castAddress'],
    [{ mode: 'multicast', castAddress: '240.0.0.1' }, 'castAddress'],
    [{ mode: 'multicast', castAddress: 'fe80::1' }, 'castAddress'],
    [{ mode: 'multicast', castAddress: 'group.example' }, 'castAddress'],
    [{ mode: 'multicast', castAddress: '239.1.2.3', host: '::' }, 'castAddress'],
    [{ mode: 'broadcast', castAddress: '239.1.2.3' }, 'castAddress'],
    [{ mode: 'broadcast', castAddress: '::1' }, 'castAddress'],
    [{ mode: 'broadcast', host: '::1' }, 'castAddress'],
  ])('should be refused when they are %j, by the name %s', (options, option) => {
    expect(() => new UdpNode(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION', option }));
  });

  it.each<UdpNodeOptions>([
    { mode: 'multicast', castAddress: '224.0.0.1' },
    { mode: 'multicast', castAddress: '239.255.255.255', host: '192.0.2.1' },
    { mode: 'multicast', castAddress: 'FF02::1%eth0', host: '::' },
    { mode: 'multicast', castAddress: 'ff05::2', host: 'name.example' },
    { mode: 'broadcast', castAddress: '192.0.2.255' },
    { maxPending: 10 },
    { port: undefined as never, host: undefined, castAddress: undefined },
  ])('should be taken when they are %j', (options) => {
    expect(new UdpNode(options).state).toBe('stopped');
  });
});

describe('options of a UdpCast', () => {
  it.each<[UdpCastOptions, string]>([
    [{}, 'castAddress'],
    [{ mode: 'unicast' as never }, 'mode'],
    [{ castAddress: '127.0.0.1' }, 'castAddress'],
    [{ castAddress: '239.1.2.3', host: '127.0.0.1' } as never, 'host'],
    [{ mode: 'broadcast', castAddress: 'ff02::1' }, 'castAddress'],
  ])('should be refused when they are %j, by the name %s', (options, option) => {
    expect(() => new UdpCast(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION', option }));
  });
});
