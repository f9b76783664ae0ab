import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TestScheduler } from 'rxjs/testing';
import { hex, toText } from '../../lib/bytes/bytes-like.ts';
import type { DatagramHandler, DatagramSocket } from '../../lib/transport/datagram.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { UdpServer } from '../../lib/udp/udp-server.ts';
import { PORT, type RawPeer, textOf, withDatagrams } from '../support/virtual-datagrams.ts';

const PEERS = 4;
const MOST = 20;

/** A datagram of somebody. */
interface Shot {
  readonly from: number;
  readonly bytes: Uint8Array;
}

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: MOST }) },
  { weight: 2, arbitrary: fc.constant(new Uint8Array(0)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: MOST + 1, maxLength: 3 * MOST }) },
  { weight: 1, arbitrary: fc.constant(CLOSE_NOTICE) },
  // Nearly a notice.
  {
    weight: 1,
    arbitrary: fc.nat(15).map((at) => CLOSE_NOTICE.map((byte, i) => (i === at ? byte ^ 1 : byte))),
  },
);

const shots: fc.Arbitrary<Shot[]> = fc
  .array(fc.record({ from: fc.nat(PEERS - 1), bytes }), { maxLength: 40 })
  // Some are sent again, from anywhere.
  .chain((first) =>
    fc
      .array(fc.record({ from: fc.nat(PEERS - 1), again: fc.nat(Math.max(0, first.length - 1)) }), {
        maxLength: 10,
      })
      .map((replays) => [
        ...first,
        ...replays.flatMap(({ from, again }) =>
          first[again] === undefined ? [] : [{ from, bytes: first[again].bytes }],
        ),
      ]),
  );

/** What an echoing server does with shots, by the rules. */
class Model {
  readonly answers: string[][] = Array.from({ length: PEERS }, () => []);
  readonly delivered: string[] = [];
  readonly dropped: Record<string, number> = {};
  private readonly present = new Set<number>();
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  shot({ from, bytes }: Shot): void {
    const isNotice = textOf(bytes) === 'bye';
    if (bytes.length > MOST) this.drop('oversized');
    else if (!this.present.has(from) && isNotice) this.drop('unknown-peer');
    else if (!this.present.has(from) && this.present.size === this.most) {
      this.drop('max-connections');
      this.answers[from]?.push('bye');
    } else if (isNotice) this.present.delete(from);
    else {
      this.present.add(from);
      this.answers[from]?.push(textOf(bytes));
      if (bytes.length > 0) this.delivered.push(`${from} ${textOf(bytes)}`);
    }
  }

  stop(): void {
    for (const from of this.present) this.answers[from]?.push('bye');
  }

  private drop(reason: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
  }
}

/** Milliseconds from one shot to the next: heartbeats that come faster are not all answered. */
const GAP = 10;

describe('a UDP server among strangers', () => {
  it('should keep to the rules, whoever sends what', () => {
    fc.assert(
      fc.property(shots, fc.integer({ min: 1, max: PEERS }), (sent, maxConnections) => {
        const model = new Model(maxConnections);
        const delivered: string[] = [];
        let peers: RawPeer[] = [];
        let dropped: Record<string, number> = {};
        const end = withDatagrams(({ server: make, peer, at }) => {
          const server = make({ maxConnections, maxDatagramSize: MOST });
          peers = Array.from({ length: PEERS }, (_, i) => peer({ port: 1000 + i }));
          server.receive$.subscribe(({ connection, data }) => {
            delivered.push(`${(connection.remote.port ?? 0) - 1000} ${textOf(data)}`);
            connection.send(data);
          });
          for (const [i, shot] of sent.entries()) {
            model.shot(shot);
            at(i * GAP, () => peers[shot.from]?.send(shot.bytes));
          }
          model.stop();
          at(sent.length * GAP, () => server.stop());
          at(sent.length * GAP, () => {
            const { counts } = server;
            dropped = Object.fromEntries(
              Object.entries(counts.dropped)
                .map(([reason, { datagrams }]) => [reason, datagrams] as const)
                .filter(([, datagrams]) => datagrams > 0),
            );
            expect(counts.received.datagrams).toBe(sent.length);
          });
        });
        expect(delivered).toEqual(model.delivered);
        expect(peers.map(({ log }) => log.map((line) => line.slice(line.indexOf(' ') + 1)))).toEqual(
          model.answers,
        );
        expect(dropped).toEqual(model.dropped);
        expect(end).toBe(sent.length * GAP); // no timer is left
      }),
      { numRuns: 150 },
    );
  });

  it('should be left with maxConnections sessions by a hundred thousand datagrams from spoofed addresses', () => {
    const strangers = 20_000;
    const rounds = 5;
    const maxConnections = 500;
    const scheduler = new TestScheduler(() => undefined);
    let deepest = 0;
    const seen = new Set<string>();
    let turnedAway = 0;
    scheduler.run(() => {
      const transport = new MemoryNetwork({ scheduler });
      const server = new UdpServer({ transport, scheduler, port: PORT, maxConnections });
      server.dropped$.subscribe(({ reason }) => reason === 'max-connections' && turnedAway++);
      void server.start();
      const quiet: DatagramHandler = {
        ...{
          bound: () => undefined,
          drained: () => undefined,
          fault: () => undefined,
          failed: () => undefined,
        },
        received: (data) => seen.add(textOf(data)),
      };
      const sockets: DatagramSocket[] = [];
      const request = {
        reuseAddress: false,
        dualStack: false,
        receiveBuffer: 0,
        sendBuffer: 0,
        lookup: undefined,
      };
      const step = (number: number) => {
        if (number === strangers / 20) flood(0);
        else {
          for (let i = 0; i < 20; i++) {
            const at = { host: `10.0.${number >> 8}.${number & 255}`, port: 10_000 + number * 20 + i };
            sockets.push(transport.bind({ ...request, ...at }, quiet));
          }
          scheduler.schedule(() => step(number + 1), 1);
        }
      };
      const flood = (number: number) => {
        for (let i = 0; i < 50; i++)
          sockets[(number * 50 + i) % strangers]?.send(Buffer.from('x'), PORT, '127.0.0.1');
        deepest = Math.max(deepest, server.connections.size);
        if (number < (strangers * rounds) / 50 - 1) scheduler.schedule(() => flood(number + 1), 1);
        else scheduler.schedule(() => finish(), 1);
      };
      const finish = () => {
        const { received, dropped } = server.counts;
        expect(received.datagrams).toBe(strangers * rounds);
        expect(server.connections.size).toBe(maxConnections);
        expect(dropped['max-connections'].datagrams).toBe((strangers - maxConnections) * rounds);
        expect(dropped['max-connections'].datagrams).toBe(turnedAway);
        void server.stop();
        scheduler.schedule(() => {
          expect(server.connections.size).toBe(0);
          for (const socket of sockets) socket.close();
        }, 1);
      };
      step(0);
    });
    expect(deepest).toBe(maxConnections);
    expect([...seen]).toEqual(['bye']);
    // Sessions look after their peers once a minute; with them the timer has gone.
    expect(scheduler.frame).toBeLessThan(5000);
  });

  it('should stay as it is when the same datagram comes a thousand times', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const raw = peer();
      let received = 0;
      server.receive$.subscribe(() => received++);
      for (let ms = 0; ms < 1000; ms++) at(ms, () => raw.send(hex('00 01 02')));
      at(1000, () => {
        expect([received, server.connections.size]).toEqual([1000, 1]);
        void server.stop();
      });
    });
  });
});

describe('UDP clients and agents among strangers', () => {
  it('should hear their peers, and nobody else', () => {
    fc.assert(
      fc.property(shots, (sent) => {
        const heard: string[] = [];
        let expected: string[] = [];
        withDatagrams(({ agent: makeAgent, client: makeClient, peer, at }) => {
          const agent = makeAgent({ port: 4000, maxDatagramSize: MOST, closeNotice: false });
          const client = makeClient({ to: 1000, localPort: 4001, maxDatagramSize: MOST, closeNotice: false });
          const peers = Array.from({ length: PEERS }, (_, i) => peer({ port: 1000 + i }));
          agent.receive$.subscribe(({ connection, data }) =>
            heard.push(`agent ${connection.id} ${toText(data)}`),
          );
          client.receive$.subscribe(({ data }) => heard.push(`client 1 ${toText(data)}`));
          at(1, () => {
            void agent.connect(1000);
            void agent.connect(1001);
            void client.start();
          });
          for (const [i, { from, bytes: data }] of sent.entries())
            at(2 + i, () => {
              for (const port of [4000, 4001]) peers[from]?.send(data, { address: '127.0.0.1', port });
            });
          at(2 + sent.length, () => {
            void agent.stop();
            void client.stop();
          });
          expected = sent.flatMap(({ from, bytes: data }) => {
            if (data.length === 0 || data.length > MOST || from > 1) return [];
            const texts = [`agent ${from + 1} ${toText(data)}`];
            return from === 0 ? [...texts, `client 1 ${toText(data)}`] : texts;
          });
        });
        expect(heard).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});
