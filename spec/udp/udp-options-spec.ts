import { describe, expect, it } from '@jest/globals';
import { UdpAgent } from '../../lib/udp/udp-agent.ts';
import { UdpClient } from '../../lib/udp/udp-client.ts';
import { UdpServer } from '../../lib/udp/udp-server.ts';

type Options = Record<string, unknown>;

const makers: Record<string, (options: Options) => unknown> = {
  UdpServer: (options) => new UdpServer(options),
  UdpAgent: (options) => new UdpAgent(options),
  UdpClient: (options) => new UdpClient(options),
};

const MAX = 2_147_483_647;

/** Illegal values, and the sentence that refuses them. */
const common: [Options, string][] = [
  [{ maxDatagramSize: 0 }, 'maxDatagramSize must be an integer from 1 to 65536, got 0'],
  [{ maxDatagramSize: 65_537 }, 'maxDatagramSize must be an integer from 1 to 65536, got 65537'],
  [
    { detect: { interval: 999 } },
    `detect.interval must be 0 (off) or an integer from 1000 to ${MAX} milliseconds, got 999`,
  ],
  [{ detect: { attempts: 1001 } }, 'detect.attempts must be an integer from 0 to 1000, got 1001'],
  [{ detect: 60_000 }, 'detect must be an object, got 60000'],
  [{ heartbeat: 1 }, 'heartbeat must be true or false, got 1'],
  [{ closeNotice: 'no' }, 'closeNotice must be true or false, got "no"'],
  [{ receiveQueue: { session: -1 } }, 'receiveQueue.session must be an integer from 0 to 1073741824, got -1'],
  [{ receiveQueue: { shed: 'all' } }, "receiveQueue.shed must be one of 'newest', 'oldest', got \"all\""],
  [{ receiveBuffer: -1 }, 'receiveBuffer must be an integer from 0 to 1073741824, got -1'],
  [{ sendBuffer: 0.5 }, 'sendBuffer must be an integer from 0 to 1073741824, got 0.5'],
  [{ transport: {} }, 'transport must be a datagram transport, got an object'],
  [{ bufferSize: 4096 }, 'bufferSize must be left out: datagrams stay whole, got 4096'],
  [{ halfOpen: true }, 'halfOpen must be left out: datagrams stay whole, got true'],
];

describe('options of UDP components', () => {
  it.each(
    Object.entries(makers).flatMap(([name, make]) =>
      common.map(
        ([options, message]) => [`${name} ${JSON.stringify(options)}`, make, options, message] as const,
      ),
    ),
  )('should be refused: %s', (_, make, options, message) => {
    expect(() => make(options)).toThrow(`ERR_OPTION: ${message}`);
  });

  it.each<[string, Options, string]>([
    ['UdpServer', { port: 65_536 }, 'port must be an integer from 0 to 65535, got 65536'],
    ['UdpServer', { path: '/tmp/x' }, 'path'],
    ['UdpServer', { noDelay: true }, 'noDelay'],
    ['UdpServer', { admit: 'all' }, 'admit must be a function, got "all"'],
    ['UdpAgent', { host: 'localhost' }, 'host must be an IP address, got "localhost"'],
    ['UdpClient', { localAddress: 'x' }, 'localAddress must be an IP address, got "x"'],
    [
      'UdpClient',
      { maxConnections: 2 },
      'maxConnections must be left out: there is one connection at a time, got 2',
    ],
    ['UdpClient', { to: 'nowhere' }, 'to must be'],
  ])('should be refused: %s %j', (name, options, message) => {
    expect(() => makers[name]?.(options)).toThrow(message);
  });

  it('should have the limits of the original, and defaults', () => {
    for (const make of Object.values(makers)) {
      expect(() =>
        make({
          ...{ maxDatagramSize: 65_536, detect: { interval: 0, attempts: 1000 }, heartbeat: false },
          ...{ closeNotice: false, receiveQueue: { session: 0, socket: 0, shed: 'oldest' } },
          ...{ receiveBuffer: 2 ** 30, sendBuffer: 2 ** 30 },
        }),
      ).not.toThrow();
    }
    expect(new UdpServer().settings).toMatchObject({
      ...{
        maxDatagramSize: 1432,
        detect: { interval: 60_000, attempts: 3 },
        heartbeat: true,
        closeNotice: true,
      },
      ...{
        receiveQueue: { session: 65_536, socket: 4 * 1024 * 1024, shed: 'newest' },
        maxConnections: 10_000,
      },
      ...{ receiveBuffer: 0, sendBuffer: 0, sendPolicy: { name: 'direct' } },
    });
  });
});
