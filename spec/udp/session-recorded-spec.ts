import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Component } from '../../lib/component/component.ts';
import type { UdpClient, UdpClientOptions } from '../../lib/udp/udp-client.ts';
import type { UdpServerOptions } from '../../lib/udp/udp-server.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { type RawPeer, type VirtualDatagrams, withDatagrams } from '../support/virtual-datagrams.ts';

/** An event of the original, or something that was done. */
interface Recorded {
  readonly ev: string;
  readonly ms?: number;
  readonly len?: number;
  readonly hex?: string;
  readonly op?: string;
  readonly err?: number;
  readonly fn?: string;
  readonly ret?: number;
}

interface Datagram {
  readonly ms: number;
  readonly len: number;
  /** May be cut. */
  readonly hex: string;
}

interface Scenario {
  readonly name: string;
  readonly version: string;
  readonly options?: readonly string[];
}

interface ClientScenario extends Scenario {
  readonly datagramsFromClient?: readonly Datagram[];
  readonly events: readonly Recorded[];
}

interface ServerScenario extends Scenario {
  readonly peerSent: readonly Datagram[];
  readonly peerGot: readonly Datagram[];
  readonly serverEvents: readonly Recorded[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/udp.json', import.meta.url), 'utf8'),
) as { client: ClientScenario[]; server: ServerScenario[]; closeNoticeHex: string };

/** Milliseconds by which the recordings are known to be off: a shared machine, and times rounded. */
const NOISE = 3;

/** What a scenario is expected to bring instead of what was recorded, and why it differs on purpose. */
interface Difference {
  readonly why: string;
  events?(log: readonly Recorded[]): Recorded[];
  datagrams?(sent: readonly Datagram[]): readonly Datagram[];
}

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'close notice from an unknown address': {
    why: 'who was never there needs no connection to say that he leaves',
    events: () => [{ ev: 'dropped', len: 16 }, { ev: 'OnShutdown' }],
  },
  'datagram longer than the server max (1432): 1433 and 2000 bytes': {
    why: 'one datagram that is too long is dropped and reported, and the connection goes on',
    events: (log) => [
      ...log.filter(({ ev }) => ev !== 'OnClose' && ev !== 'OnShutdown'),
      { ev: 'dropped', len: 1433 },
      { ev: 'dropped', len: 2000 },
      { ev: 'OnClose', op: 'SO_CLOSE', err: 0 },
      { ev: 'OnShutdown' },
    ],
    datagrams: ([echoed, notice]) => [echoed as Datagram, { ...(notice as Datagram), ms: 771.3 }],
  },
  'client, detection interval 1 (seconds in 5.2), 3 attempts, peer never answers': {
    why: '5.2 told a reset on Windows and here; newer versions tell no error, which is what our error stands for',
    events: (log) => log.map((event) => (event.ev === 'OnClose' ? { ...event, err: 0 } : event)),
  },
  'nobody listens on the port (ICMP unreachable)': {
    why: "the operation is the one that failed: what the peer's system said was received",
    events: (log) => log.map((event) => (event.ev === 'OnClose' ? { ...event, op: 'SO_RECEIVE' } : event)),
  },
};

/** Linux error numbers that the recordings have, by our codes. */
const ERRNO: Readonly<Record<string, number>> = { ERR_TIMEOUT: 0, ERR_HANDLER: 125, ECONNREFUSED: 111 };

/** The events of a component, as the original would tell of them. */
function told(component: Component, { scheduler }: VirtualDatagrams): (Recorded & { ms: number })[] {
  const log: (Recorded & { ms: number })[] = [];
  const note = (event: Recorded) => log.push({ ms: scheduler.now(), ...event });
  if ('accept$' in component) {
    const { accept$ } = component as unknown as { accept$: typeof component.handshake$ };
    accept$.subscribe(() => note({ ev: 'OnAccept' }));
  } else {
    const { prepareConnect$, connect$ } = component as unknown as Pick<
      UdpClient,
      'prepareConnect$' | 'connect$'
    >;
    prepareConnect$.subscribe(() => note({ ev: 'OnPrepareConnect' }));
    connect$.subscribe(() => note({ ev: 'OnConnect' }));
  }
  component.handshake$.subscribe(() => note({ ev: 'OnHandShake' }));
  component.faults$.subscribe(); // or else it is warned of handlers that throw
  component.receive$.subscribe(({ data }) => note({ ev: 'OnReceive', len: data.length }));
  component.sent$.subscribe(({ data }) => note({ ev: 'OnSend', len: data.length }));
  component.dropped$.subscribe(({ bytes }) => note({ ev: 'dropped', len: bytes }));
  component.close$.subscribe(({ operation, error }) =>
    note({
      ev: 'OnClose',
      op: `SO_${operation.toUpperCase()}`,
      err: error === undefined ? 0 : (ERRNO[error.code] ?? -1),
    }),
  );
  if ('shutdown$' in component) {
    const { shutdown$ } = component as unknown as { shutdown$: typeof component.handshake$ };
    shutdown$.subscribe(() => note({ ev: 'OnShutdown' }));
  }
  return log;
}

/** Events without times; the length is that of a datagram, where there is one. */
function bare(events: readonly Recorded[]): Recorded[] {
  return events
    .filter(({ ev }) => ev.startsWith('On') || ev === 'dropped')
    .map(({ ev, len, op, err }) => JSON.parse(JSON.stringify({ ev, len, op, err })) as Recorded);
}

function expectEvents(
  log: readonly Recorded[],
  name: string,
  events: readonly Recorded[],
  until: number,
): void {
  const difference = DIFFERENCES[name];
  const wanted = difference?.events?.(bare(events)) ?? bare(events);
  // The recordings of the old version have no lengths.
  const lacksLengths = wanted.some(({ ev, len }) => ev === 'OnSend' && len === undefined);
  expect(bare(log).map((event) => (lacksLengths ? { ...event, len: undefined } : event))).toEqual(wanted);
  if (difference?.events !== undefined) return;
  const originals = events.filter(({ ev }) => ev.startsWith('On'));
  for (const [i, { ms = 0 }] of log.entries()) {
    const original = originals[i]?.ms;
    // The original waits for a while when it stops.
    if (original !== undefined && ms < until) expect([i, Math.abs(ms - original)]).toEqual([i, near]);
  }
}

function expectDatagrams(peer: RawPeer | undefined, name: string, datagrams: readonly Datagram[]): void {
  const wanted = DIFFERENCES[name]?.datagrams?.(datagrams) ?? datagrams;
  const { got: all = [] } = peer ?? {};
  const got = all.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  expect(got.map((digits, i) => digits.slice(0, wanted[i]?.hex.length))).toEqual(
    wanted.map(({ hex }) => hex.replace('…', '')),
  );
  for (const [i, { ms, len }] of wanted.entries()) {
    expect(all[i]?.bytes.length).toBe(len);
    expect([i, Math.abs((all[i]?.ms ?? NaN) - ms)]).toEqual([i, near]);
  }
}

/** Within the noise. */
const near: unknown = {
  asymmetricMatch: (value: unknown) => typeof value === 'number' && value <= NOISE,
  toString: () => 'near',
};

function option(options: readonly string[] = [], name: string): number | undefined {
  const at = options.indexOf(`--${name}`);
  return at < 0 ? undefined : Number(options[at + 1]);
}

function detectOf({ name, options = [] }: Scenario) {
  const [, inName] = /detection interval (\d+) \(seconds/.exec(name) ?? [];
  const interval = option(options, 'detect-interval') ?? (inName && Number(inName) * 1000);
  const attempts = option(options, 'detect-attempts');
  return {
    ...(interval === undefined || interval === '' ? {} : { interval }),
    ...(attempts === undefined ? {} : { attempts }),
  };
}

const bytesOf = ({ hex, len }: Datagram) =>
  hex.length === 2 * len ? Buffer.from(hex, 'hex') : Buffer.alloc(len, hex.slice(0, 2), 'hex');

it('should know the close notice that was recorded', () => {
  expect(Buffer.from(CLOSE_NOTICE).toString('hex')).toBe(recorded.closeNoticeHex);
});

describe('UDP server as recorded from HP-Socket', () => {
  /** What the recorded application did when it was told to. */
  const COMMANDS: Record<
    string,
    (connection: { disconnect(force: boolean): void; send(...data: (string | Buffer)[]): string }) => void
  > = {
    FORCE: (connection) => connection.disconnect(true),
    SOFT: (connection) => connection.disconnect(false),
    ERR: () => {
      throw new Error('the application says so');
    },
    PKTS: (connection) => connection.send('abc', 'de'),
    OVER: (connection) => expect(connection.send(Buffer.alloc(1433))).toBe('refused'),
  };

  it.each(recorded.server.map((scenario) => [scenario.name, scenario] as const))(
    'should do the same: %s',
    (name, scenario) => {
      const { peerSent, peerGot, serverEvents } = scenario;
      // Some notices are the answer to what the peer did; the last one may be that of the stop.
      const closes = serverEvents.filter(({ ev }) => ev === 'OnClose');
      const shutdown = serverEvents.find(({ ev }) => ev === 'OnShutdown')?.ms ?? 0;
      const byStop = shutdown - (closes.at(-1)?.ms ?? 0) < 100;
      const stopAt = byStop ? (peerGot.at(-1)?.ms ?? shutdown) : shutdown;
      const commands = scenario.options?.includes('--cmds') === true;
      const options: UdpServerOptions = { detect: detectOf(scenario) };
      let log: readonly Recorded[] = [];
      let peer: RawPeer | undefined;
      withDatagrams((world) => {
        const server = world.server(options);
        log = told(server, world);
        server.receive$.subscribe(({ connection, data }) => {
          const command = commands ? COMMANDS[Buffer.from(data).toString()] : undefined;
          if (command === undefined) connection.send(data);
          else command(connection);
        });
        const raw = (peer = world.peer());
        for (const datagram of peerSent) world.at(datagram.ms, () => raw.send(bytesOf(datagram)));
        world.at(stopAt, () => server.stop());
      });
      expectDatagrams(peer, name, peerGot);
      expectEvents(log, name, serverEvents, stopAt);
    },
  );
});

describe('UDP client as recorded from HP-Socket', () => {
  /** What the recorded peer answered. */
  function behave(peer: RawPeer, name: string): void {
    if (name.includes('never answers') || name === 'client, start, send, stop') return;
    peer.react = (bytes, from) => {
      const leaves = name.startsWith('peer sends the 16-byte close notice');
      if (!leaves || bytes.length === 0) peer.send(bytes, from);
      else peer.send(CLOSE_NOTICE, from);
    };
  }

  it.each(recorded.client.map((scenario) => [scenario.name, scenario] as const))(
    'should do the same: %s',
    (name, scenario) => {
      const { options = [], version, datagramsFromClient, events } = scenario;
      const isOld = version.startsWith('5.2');
      const settings: UdpClientOptions = {
        detect: detectOf(scenario),
        maxDatagramSize: option(options, 'maxdg') ?? 1432,
        closeNotice: !isOld, // it came with 5.6
      };
      const sends = events.filter(({ fn }) => fn === 'Send');
      const stopAt = events.find(({ fn }) => fn === 'Stop')?.ms ?? (name.endsWith('stop') ? 100 : 10_000);
      let log: readonly Recorded[] = [];
      let peer: RawPeer | undefined;
      const results: string[] = [];
      withDatagrams((world) => {
        const client = world.client(settings);
        log = told(client, world);
        peer = world.peer({ port: name.startsWith('nobody listens') ? 1 : 5555 });
        behave(peer, name);
        world.at(0, () => void client.start().catch(() => undefined));
        const letter = (i: number) => (options.includes('--sendlen') ? 'abc'[i] : 'q') as string;
        for (const [i, { ms = 0, len = 0 }] of sends.entries())
          world.at(ms, () => results.push(client.send(letter(i).repeat(len))));
        if (isOld) world.at(1, () => client.send('q'));
        world.at(stopAt, () => client.stop());
      });
      expectDatagrams(peer, name, datagramsFromClient ?? []);
      expectEvents(log, name, events, stopAt);
      expect(results).toEqual(sends.map(({ ret }) => (ret === 1 ? 'ok' : 'refused')));
    },
  );
});
