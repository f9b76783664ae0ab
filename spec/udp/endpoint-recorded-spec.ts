import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { hex } from '../../lib/bytes/bytes-like.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import type { Datagram } from '../../lib/udp/endpoint-events.ts';
import { UdpCast } from '../../lib/udp/udp-cast.ts';
import { UdpNode } from '../../lib/udp/udp-node.ts';
import { afterTest } from '../support/cleanup.ts';

/** An event as it was recorded. */
interface Recorded {
  readonly ev: string;
  readonly len?: number;
  readonly hex?: string;
  readonly op?: string;
  readonly err?: number;
}

interface Scenario {
  readonly name: string;
  readonly sender?: readonly Recorded[];
  readonly other?: readonly Recorded[];
  readonly events?: readonly Recorded[];
  readonly answers?: readonly (string | null)[];
}

const { cast, node } = JSON.parse(
  readFileSync(new URL('../vectors/hp-socket/udp.json', import.meta.url), 'utf8'),
) as { cast: Scenario[]; node: Scenario[] };

const turn = () => new Promise((resolve) => setImmediate(resolve));

function named(scenarios: readonly Scenario[], start: string): Scenario {
  return scenarios.find(({ name }) => name.startsWith(start)) as Scenario;
}

/** The events of a recording, without times and threads, and without what the application did. */
function eventsOf(recorded: readonly Recorded[] = []): Recorded[] {
  return recorded
    .filter(({ ev }) => ev.startsWith('On'))
    .map(
      ({ ev, len, hex: digits, op, err }) =>
        JSON.parse(JSON.stringify({ ev, len, hex: digits, op, err })) as Recorded,
    );
}

const received = ({ data }: Datagram): Recorded => ({
  ev: 'OnReceive',
  len: data.length,
  hex: Buffer.from(data).toString('hex'),
});

/** Our events, as the recorded application would have been told of them. */
function told(endpoint: UdpCast | UdpNode): Recorded[] {
  const log: Recorded[] = [];
  if (endpoint instanceof UdpCast) {
    endpoint.prepareConnect$.subscribe(() => log.push({ ev: 'OnPrepareConnect' }));
    endpoint.connect$.subscribe(() => log.push({ ev: 'OnConnect' }, { ev: 'OnHandShake' }));
    endpoint.close$.subscribe(({ operation, error }) =>
      log.push({ ev: 'OnClose', op: `SO_${operation.toUpperCase()}`, err: error === undefined ? 0 : -1 }),
    );
  } else {
    endpoint.prepareListen$.subscribe(() => log.push({ ev: 'OnPrepareListen' }));
    endpoint.shutdown$.subscribe(() => log.push({ ev: 'OnShutdown' }));
  }
  endpoint.receive$.subscribe((datagram) => log.push(received(datagram)));
  endpoint.sent$.subscribe(({ data }) => log.push({ ev: 'OnSend', len: data.length }));
  endpoint.faults$.subscribe(() => log.push({ ev: 'OnError' }));
  afterTest(() => endpoint.stop({ deadline: 0 }));
  return log;
}

describe('UDP cast as recorded from HP-Socket', () => {
  it('should tell two members of a group the same', async () => {
    const { sender, other } = named(cast, 'two multicast members');
    const transport = new MemoryNetwork();
    const options = { transport, castAddress: '239.255.77.7', port: 5555, loop: true };
    const members = [new UdpCast(options), new UdpCast(options)] as const;
    const logs = members.map(told);
    for (const member of members) await member.start();
    expect(members[0].send('hey')).toBe('ok');
    await turn();
    for (const member of members) await member.stop();
    expect(logs).toEqual([eventsOf(sender), eventsOf(other)]);
  });
});

describe('UDP node as recorded from HP-Socket', () => {
  it('should tell a node and an echoing one the same', async () => {
    const { sender, other } = named(node, 'node sends to an echoing node');
    const transport = new MemoryNetwork();
    const nodes = [new UdpNode({ transport }), new UdpNode({ transport })] as const;
    const logs = nodes.map(told);
    nodes[1].receive$.subscribe(({ data, remote }) => nodes[1].send(remote, data));
    for (const each of nodes) await each.start();
    nodes[0].send({ host: '127.0.0.1', port: nodes[1].address?.port ?? 0 }, hex('686579'));
    await turn();
    for (const each of nodes) await each.stop();
    expect(logs).toEqual([eventsOf(sender), eventsOf(other)]);
  });

  it('should deliver an empty datagram, and answer what is not empty', async () => {
    const { events, answers } = named(node, 'node gets an empty datagram');
    const transport = new MemoryNetwork();
    const echo = new UdpNode({ transport, port: 5555 });
    const log = told(echo);
    echo.receive$.subscribe(({ data, remote }) => data.length > 0 && echo.send(remote, data));
    await echo.start();
    const peer = new UdpNode({ transport });
    const seen: (string | null)[] = [];
    peer.receive$.subscribe(({ data }) => (seen[seen.length - 1] = Buffer.from(data).toString('hex')));
    told(peer);
    await peer.start();
    for (const text of ['', 'x']) {
      seen.push(null);
      peer.send('127.0.0.1:5555', text);
      await turn();
    }
    await echo.stop();
    expect(seen).toEqual(answers);
    expect(log).toEqual(eventsOf(events));
  });

  it('should hear nothing from a port that nobody listens on', async () => {
    const { events } = named(node, 'node sends to a port nobody listens on');
    const lonely = new UdpNode({ transport: new MemoryNetwork() });
    const log = told(lonely);
    await lonely.start();
    lonely.send('127.0.0.1:9', 'xy');
    await turn();
    await lonely.stop();
    expect(log).toEqual(eventsOf(events));
  });
});
