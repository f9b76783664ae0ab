import { describe, expect, it } from '@jest/globals';
import { dial } from '../../lib/component/dial.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { listen } from '../../lib/component/listen.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpClient } from '../../lib/component/tcp-client.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';

type Options = Record<string, unknown>;

const makers: Record<string, (options: Options) => unknown> = {
  TcpServer: (options) => new TcpServer(options),
  TcpAgent: (options) => new TcpAgent(options),
  TcpClient: (options) => new TcpClient(options),
  listen: (options) => listen(options),
  dial: (options) => dial(5555, options),
};

const MAX = 2_147_483_647;

/** Options that every component has: illegal values, and the sentence that refuses them. */
const common: [Options, string][] = [
  [{ maxConnections: 0 }, 'maxConnections must be an integer from 1 to 5000000, got 0'],
  [{ bufferSize: 7 }, 'bufferSize must be an integer from 8 to 1073741824, got 7'],
  [{ bufferSize: '4096' }, 'bufferSize must be an integer from 8 to 1073741824, got "4096"'],
  [{ highPending: 0 }, `highPending must be an integer from 1 to ${2 ** 40}, got 0`],
  [{ highPending: 10, maxPending: 9 }, 'highPending must be at most maxPending, which is 9, got 10'],
  [{ maxPending: 1.5 }, `maxPending must be an integer from 1 to ${2 ** 40}, got 1.5`],
  [
    { overflow: 'explode' },
    "overflow must be one of 'error', 'drop-new', 'drop-old', 'close', got \"explode\"",
  ],
  [{ sendPolicy: 'pack' }, 'sendPolicy must be a policy made by sendPolicy, got "pack"'],
  [{ sendPolicy: { name: 'fast' } }, 'sendPolicy must be a policy made by sendPolicy, got an object'],
  [{ halfOpen: 1 }, 'halfOpen must be true or false, got 1'],
  [{ markSilence: null }, 'markSilence must be true or false, got null'],
  [{ noDelay: 'yes' }, 'noDelay must be true or false, got "yes"'],
  [{ transport: {} }, 'transport must be a transport, got an object'],
  [{ scheduler: () => 0 }, 'scheduler must be an RxJS scheduler, got function scheduler'],
  [{ flow: { high: 0 } }, `flow.high must be an integer from 1 to ${2 ** 40}, got 0`],
  [{ flow: { high: 10, low: 11 } }, 'flow.low must be at most high, which is 10, got 11'],
  [{ flow: { maxItems: 5, resumeItems: 6 } }, 'flow.resumeItems must be at most maxItems, which is 5, got 6'],
  [{ flow: { middle: 5 } }, 'flow.middle must be left out: no such option'],
  [{ flow: 5 }, 'flow must be an object, got 5'],
  [{ budget: { high: -1 } }, `budget.high must be an integer from 1 to ${2 ** 40}, got -1`],
  [{ budget: { high: 10, low: 20 } }, 'budget.low must be at most high, which is 10, got 20'],
  [{ budget: 'big' }, 'budget must be an object, got "big"'],
  [{ budget: 5 }, 'budget must be an object, got 5'],
  [{ budget: { maxItems: 5 } }, 'budget.maxItems must be left out: no such option'],
  [
    { timeouts: { connect: -1 } },
    `timeouts.connect must be 0 (off) or an integer from 1 to ${MAX} milliseconds, got -1`,
  ],
  [
    { timeouts: { readIdle: 2 ** 31 } },
    `timeouts.readIdle must be 0 (off) or an integer from 1 to ${MAX} milliseconds, got ${2 ** 31}`,
  ],
  [
    { timeouts: { greeting: 5 } },
    'timeouts.greeting must be left out: no such option (there are connect, handshake, firstByte, readIdle, writeStall, drain, linger), got 5',
  ],
  [{ timeouts: null }, 'timeouts must be an object, got null'],
  [
    { keepAlive: { time: 999 } },
    `keepAlive.time must be 0 (off) or an integer from 1000 to ${MAX} milliseconds, got 999`,
  ],
  [
    { keepAlive: { interval: Infinity } },
    `keepAlive.interval must be 0 (off) or an integer from 1000 to ${MAX} milliseconds, got Infinity`,
  ],
  [{ keepAlive: true }, 'keepAlive must be an object, got true'],
  [{ maxConnection: 5 }, 'maxConnection must be left out: no such option (there are '],
];

const listening: [Options, string][] = [
  [{ port: 65_536 }, 'port must be an integer from 0 to 65535, got 65536'],
  [{ port: '80' }, 'port must be an integer from 0 to 65535, got "80"'],
  [{ host: '' }, 'host must be a text that is not empty, got ""'],
  [{ path: '' }, 'path must be a text that is not empty, got ""'],
  [{ path: '/a', host: 'b' }, 'options.path must be a path by itself, without host and port, got "/a"'],
  [{ backlog: 0 }, 'backlog must be an integer from 1 to 65535, got 0'],
  [{ dualStack: 0 }, 'dualStack must be true or false, got 0'],
  [{ reusePort: 0 }, 'reusePort must be true or false, got 0'],
  [{ admit: true }, 'admit must be a function, got true'],
  [{ attemptDelay: 100 }, 'attemptDelay must be left out: no such option'],
];

const dialling: [Options, string][] = [
  [{ attemptDelay: 9 }, 'attemptDelay must be an integer from 10 to 60000, got 9'],
  [{ lookup: 'dns' }, 'lookup must be a function, got "dns"'],
  [{ port: 80 }, 'port must be left out: no such option'],
];

const binding: [Options, string][] = [
  [{ localAddress: 'localhost' }, 'localAddress must be an IP address, got "localhost"'],
  [{ localPort: -1 }, 'localPort must be an integer from 0 to 65535, got -1'],
];

const cases = (names: string[], options: [Options, string][]) =>
  names.flatMap((name) => options.map(([given, message]) => [name, given, message] as const));

describe('options', () => {
  it.each([
    ...cases(Object.keys(makers), common).filter(([name, given]) => {
      return !('maxConnections' in given && (name === 'TcpClient' || name === 'dial'));
    }),
    ...cases(['TcpServer', 'listen'], listening),
    ...cases(['TcpAgent', 'TcpClient', 'dial'], dialling),
    ...cases(['TcpClient', 'dial'], binding),
    ['TcpClient', { to: 'nowhere' }, 'to must be a port, '],
    ['listen', { onListening: 1 }, 'onListening must be a function, got 1'],
  ] as const)('should be refused by %s when they are %j', (name, options, message) => {
    const error = refusalBy(() => makers[name]?.(options));
    expect(error).toMatchObject({ code: 'ERR_OPTION', name: 'OptionError' });
    expect((error as Error).message).toContain(`ERR_OPTION: ${message}`);
  });

  it.each(['TcpClient', 'dial'])('should not let %s have more than one connection', (name) => {
    expect(refusalBy(() => makers[name]?.({ maxConnections: 5 }))).toMatchObject({
      code: 'ERR_OPTION',
      option: 'maxConnections',
    });
  });

  it('should be refused as a whole when they are no object', () => {
    expect(() => new TcpServer('5555' as never)).toThrow('ERR_OPTION: options must be an object, got "5555"');
    expect(() => new TcpAgent(null as never)).toThrow('ERR_OPTION: options must be an object, got null');
  });

  it('should say which option was refused and what was given', () => {
    expect(refusalBy(() => new TcpServer({ timeouts: { drain: NaN } }))).toMatchObject({
      option: 'timeouts.drain',
      value: NaN,
    });
  });

  it('should be the defaults where undefined is given', () => {
    const undefinedOptions = { host: undefined, path: undefined, admit: undefined };
    expect(new TcpServer(undefinedOptions).state).toBe('stopped');
  });

  it('should be checked at the ends of their ranges', () => {
    const smallest = {
      maxConnections: 1,
      bufferSize: 8,
      timeouts: { connect: 0, drain: 1 },
      port: 0,
      backlog: 1,
    };
    const largest = {
      maxConnections: 5_000_000,
      bufferSize: 2 ** 30,
      timeouts: { connect: MAX },
      port: 65_535,
    };
    expect(new TcpServer(smallest).state).toBe('stopped');
    expect(new TcpServer(largest).state).toBe('stopped');
  });

  it('should be refused by an agent for a single connect too', async () => {
    const agent = new TcpAgent();
    await agent.start();
    const wrong = [
      agent.connect('nowhere'),
      agent.connect(5555, { localPort: 70_000 }),
      agent.connect(5555, { local: 1 } as never),
    ];
    for (const connecting of wrong) await expect(connecting).rejects.toMatchObject({ code: 'ERR_OPTION' });
    expect(agent.connections.size).toBe(0);
    await agent.stop();
  });

  it('should be refused by a client that is not told where to connect', async () => {
    const client = new TcpClient();
    await expect(client.start()).rejects.toMatchObject({ code: 'ERR_OPTION', option: 'to' });
    expect(client.state).toBe('stopped');
  });

  it('should be refused by handleEach', () => {
    expect(() => handleEach(() => [], { concurrency: 0 })).toThrow(
      'ERR_OPTION: concurrency must be an integer from 1 to 2147483647, got 0',
    );
  });
});

function refusalBy(make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    return error;
  }
}
