import { describe, expect, it } from '@jest/globals';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { type Simulation, simulate } from '../../lib/testing/simulate.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { ArqClient, type ArqClientOptions } from '../../lib/udp/arq-client.ts';
import { ArqServer } from '../../lib/udp/arq-server.ts';
import { afterTest } from '../support/cleanup.ts';
import { ArqPeer, PORT } from './arq-peer.ts';

const SIZE = 1000;
/** Segments that a side has room for unless it is told otherwise, and one datagram that comes nevertheless. */
const ROOM = 512;

describe('flow control over reliable UDP', () => {
  it('should make the sender wait when the receiver does not read, and lose nothing', () => {
    const heard: number[] = [];
    const seen: Record<string, number> = {};
    simulate({}, (sim) => {
      const { at } = sim;
      sim.network.datagrams({ latency: 5 });
      const { server, client } = pair(sim, { maxPending: 4000 * SIZE, highPending: 100 * SIZE });
      server.handshake$.subscribe((connection) => {
        const hold = connection.flow.hold();
        connection.receive$.subscribe((data) => heard.push(numberIn(data)));
        at(400_000, () => {
          seen['received while held'] = connection.bytesIn;
          hold.release();
        });
      });
      at(1000, () => {
        const results = Array.from({ length: 5000 }, (_, number) => client.send(numbered(number)));
        seen['refused'] = results.filter((result) => result === 'refused').length;
        seen['congested'] = results.filter((result) => result === 'congested').length;
      });
      at(399_000, () => {
        const { pending, bytesOut } = client.connection as Connection;
        seen['acknowledged'] = bytesOut / SIZE;
        seen['pending'] = pending / SIZE;
      });
      at(800_000, () => {
        seen['pending at last'] = (client.connection as Connection).pending;
        for (const component of [client, server]) void component.stop();
      });
    });
    expect(seen).toEqual({
      refused: 1000,
      congested: 3900,
      'received while held': 0,
      acknowledged: ROOM,
      pending: 4000 - ROOM,
      'pending at last': 0,
    });
    expect(heard).toEqual(Array.from({ length: 4000 }, (_, number) => number));
  });

  it('should bound a proxy with sendTo from end to end', () => {
    const heard: number[] = [];
    const most = { inside: 0, acknowledged: 0 };
    const MANY = 4000;
    simulate({}, (sim) => {
      const { world, at } = sim;
      sim.network.datagrams({ latency: 2 });
      const far = new ArqServer({ ...world, port: 6666 });
      far.handshake$.subscribe((connection) => {
        const hold = connection.flow.hold();
        connection.receive$.subscribe((data) => heard.push(numberIn(data)));
        at(200_000, () => hold.release());
      });
      void far.start();
      const onward = new ArqClient({ ...world, to: 6666 });
      void onward.start();
      const { server: proxy, client } = pair(sim);
      at(500, () => {
        const out = onward.connection as Connection;
        out.pending$.subscribe((pending) => (most.inside = Math.max(most.inside, pending)));
      });
      proxy.accept$
        .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(onward.connection as Connection))))
        .subscribe();
      at(1000, () => {
        for (let number = 0; number < MANY; number++) client.send(numbered(number));
      });
      at(199_000, () => (most.acknowledged = (client.connection as Connection).bytesOut));
      at(600_000, () => {
        for (const component of [client, proxy, onward, far]) void component.stop();
      });
    });
    expect(heard).toEqual(Array.from({ length: MANY }, (_, number) => number));
    // What the far side has room for, what waits inside, and what the proxy has room for.
    expect(most.inside).toBeLessThan(300 * SIZE);
    expect(most.acknowledged).toBeLessThan((ROOM + 300 + ROOM) * SIZE);
  });

  it('should be told of a message only when the peer has it and all before it', async () => {
    const transport = new MemoryNetwork();
    const peer = new ArqPeer(transport, { port: PORT });
    const client = new ArqClient({ transport, to: PORT, arq: { congestionControl: false } });
    afterTest(() => client.stop({ drain: false }));
    const connection = await client.start();
    const log: string[] = [];
    client.sent$.subscribe(({ data }) => log.push(`sent ${toText(data)}`));
    connection.send('one');
    const first = connection.flush().then(() => log.push('flushed one'));
    connection.send('two');
    await peer.probe.until(() => peer.texts.length === 2);
    // The second has come, the first has not.
    peer.say({ command: 82, sn: 1, ts: peer.segments[1]?.ts ?? 0, una: 0 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log).toEqual([]);
    expect(connection).toMatchObject({ pending: 6, bytesOut: 0 });
    peer.say({ command: 82, sn: 0, ts: peer.segments[0]?.ts ?? 0, una: 2 });
    await first;
    expect(log).toEqual(['sent one', 'sent two', 'flushed one']);
    expect(connection).toMatchObject({ pending: 0, bytesOut: 6 });
  });

  it('should put several small messages of one turn into one datagram, and one message of a turn at once', () => {
    const lengths: number[][] = [];
    simulate({}, (sim) => {
      const peer = new ArqPeer(sim.network, { port: PORT });
      peer.acknowledges = true;
      const client = new ArqClient({ ...sim.world, to: PORT, arq: { congestionControl: false } });
      void client.start();
      const before = peer.probe.onReceived;
      let turn: number[] = [];
      peer.probe.onReceived = (bytes, from) => {
        if (bytes.length >= 24) turn.push(bytes.length);
        before(bytes, from);
      };
      for (const [time, many] of [
        [1000, 1],
        [2000, 10],
        [3000, 100],
      ] as const) {
        sim.at(time, () => {
          lengths.push((turn = []));
          for (let count = 0; count < many; count++) client.send('12345678');
        });
      }
      sim.at(4000, () => void client.stop());
    });
    expect(lengths).toEqual([[32], [320], [44 * 32, 44 * 32, 12 * 32]]);
  });

  it('should answer several messages of a datagram in one, with their acknowledgements', () => {
    const counts: number[] = [];
    simulate({}, (sim) => {
      const server = new ArqServer({ ...sim.world, port: PORT, arq: { congestionControl: false } });
      server.receive$.subscribe(({ connection, data }) => connection.send(data));
      void server.start();
      const peer = new ArqPeer(sim.network);
      sim.at(100, () => peer.greet(false));
      sim.at(500, () => {
        peer.probe.datagrams.length = 0;
        peer.say({ sn: 0, data: 'a' }, { sn: 1, data: 'b' }, { sn: 2, data: 'c' });
      });
      sim.at(510, () => {
        counts.push(...peer.probe.datagrams.map(({ length }) => length));
        peer.leave();
      });
      sim.at(600, () => {
        void server.stop();
        peer.probe.close();
      });
    });
    expect(counts).toEqual([3 * 24 + 3 * 25]);
  });
});

/** A server and a client that has connected to it. */
function pair({ world }: Simulation, options: ArqClientOptions = {}) {
  const server = new ArqServer({ ...world, port: PORT });
  const client = new ArqClient({ ...world, to: PORT, ...options });
  void server.start();
  void client.start();
  return { server, client };
}

function numbered(number: number): Uint8Array {
  const bytes = Buffer.alloc(SIZE);
  bytes.writeUInt32LE(number);
  return bytes;
}

function numberIn(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt32LE();
}
