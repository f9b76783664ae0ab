import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { handshakeBytes } from '../../lib/arq/handshake-packet.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { processFlow } from '../../lib/flow/process-flow.ts';
import { type Simulation, simulate } from '../../lib/testing/simulate.ts';
import type { DatagramHandler, DatagramRequest, DatagramTransport } from '../../lib/transport/datagram.ts';
import { ArqClient } from '../../lib/udp/arq-client.ts';
import { ArqServer, type ArqServerOptions } from '../../lib/udp/arq-server.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { datagramOf } from '../arq/wire.ts';
import { ArqPeer, PORT } from './arq-peer.ts';

const CLIENT_PORT = 4444;
const MESSAGES = Array.from({ length: 30 }, (_, count) => `message ${count}`);

/** A network in which anybody can send in the name of anybody, and hears everything. */
class OpenNetwork implements DatagramTransport {
  /** What came to the socket that was bound first, from the port of the client. */
  readonly overheard: Uint8Array[] = [];
  private readonly inner: DatagramTransport;
  private first: DatagramHandler | undefined;

  constructor(inner: DatagramTransport) {
    this.inner = inner;
  }

  bind(request: DatagramRequest, handler: DatagramHandler) {
    this.first ??= handler;
    const isFirst = this.first === handler;
    return this.inner.bind(request, {
      bound: (local, peer) => handler.bound(local, peer),
      received: (bytes, from) => {
        if (isFirst && from.port === CLIENT_PORT) this.overheard.push(Uint8Array.from(bytes));
        handler.received(bytes, from);
      },
      drained: () => handler.drained(),
      fault: (error, to) => handler.fault(error, to),
      failed: (error) => handler.failed(error),
    });
  }

  /** Something comes to the socket that was bound first. */
  spoof(bytes: Uint8Array, port = CLIENT_PORT, address = '127.0.0.1'): void {
    this.first?.received(Uint8Array.from(bytes), { address, port });
  }
}

const number = fc.oneof(fc.nat(40), fc.nat(0xffff_ffff), fc.integer({ min: 0xffff_ff00, max: 0xffff_ffff }));
const segments = fc
  .array(
    fc.record({
      conversation: number,
      command: fc.oneof(fc.integer({ min: 81, max: 84 }), fc.nat(255)),
      fragment: fc.oneof(fc.constant(0), fc.nat(255)),
      window: fc.nat(0xffff),
      ts: number,
      sn: number,
      una: number,
      data: fc.string({ maxLength: 30 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) => datagramOf(...list));
const anything = fc.oneof(
  { weight: 2, arbitrary: segments },
  fc.uint8Array({ maxLength: 60 }),
  fc.uint8Array({ minLength: 12, maxLength: 12 }),
  // Later, they would say that the peer has restarted, and anybody can say that.
  fc.record({ isComplete: fc.boolean(), from: number, to: number }).map(({ from, ...rest }) => {
    return handshakeBytes({ ...rest, from: Math.max(from, 1) });
  }),
  fc.constant(new Uint8Array(0)),
);

describe('reliable UDP among enemies', () => {
  it('should take nothing from strangers for something of the peer', () => {
    const attack = fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 3000 }),
        bytes: anything,
        port: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(attack, (datagrams) => {
        const { heard, pending } = talkedAmong((net, { at }) => {
          for (const { at: time, bytes, port } of datagrams)
            at(time, () => net.spoof(bytes, port, '10.0.0.1'));
        });
        expect(heard).toEqual(MESSAGES);
        expect(pending).toBe(0);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it('should take nothing in the name of the peer for its own that does not know the conversation', () => {
    const attack = fc.array(
      fc.record({
        at: fc.integer({ min: 500, max: 3000 }),
        bytes: fc.oneof(
          segments,
          fc.uint8Array({ maxLength: 60 }).filter(({ length }) => length !== 12),
        ),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(attack, (datagrams) => {
        const { heard, pending } = talkedAmong((net, { at }) => {
          for (const { at: time, bytes } of datagrams) at(time, () => net.spoof(bytes));
        });
        expect(heard).toEqual(MESSAGES);
        expect(pending).toBe(0);
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  it('should take everything once, however often it is said', () => {
    const attack = fc.array(fc.record({ at: fc.integer({ min: 10, max: 5000 }), which: fc.nat(100) }), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(attack, (replays) => {
        const { heard } = talkedAmong((net, { at }) => {
          for (const { at: time, which } of replays) {
            at(time, () => {
              const bytes = net.overheard[which % Math.max(net.overheard.length, 1)];
              if (bytes !== undefined && bytes.length !== CLOSE_NOTICE.length) net.spoof(bytes);
            });
          }
        });
        expect(heard).toEqual(MESSAGES);
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it('should survive whatever the peer itself says, and leave nothing behind', () => {
    const change = fc.record({ at: fc.nat(80), value: fc.nat(255) });
    const attack = fc.array(
      fc.record({
        at: fc.integer({ min: 100, max: 60_000 }),
        bytes: fc.oneof(
          { weight: 3, arbitrary: segments.map((bytes) => withConversation(bytes, 9)) },
          { weight: 1, arbitrary: anything },
        ),
        changes: fc.array(change, { maxLength: 2 }),
        length: fc.oneof(fc.constant(1000), fc.nat(60)),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(attack, fc.constantFrom('drop', 'close'), (datagrams, malformed) => {
        const ends: unknown[] = [];
        const { heard, pending } = talkedAmong(
          (_, { at, network }, server) => {
            const peer = new ArqPeer(network);
            server.close$.subscribe(({ id, reason, error }) => ends.push(id, reason, error?.code));
            server.handshake$.subscribe((connection) => {
              const hold = connection.flow.hold();
              at(1500, () => hold.release());
            });
            at(50, () => peer.greet(false));
            for (const { at: time, bytes, changes, length } of datagrams) {
              const copy = Buffer.from(bytes).subarray(0, length);
              for (const { at: place, value } of changes) if (place < copy.length) copy[place] = value;
              at(time, () => peer.send(copy));
            }
            at(61_000, () => {
              peer.leave();
              peer.probe.close();
            });
          },
          { arq: { malformed } },
        );
        expect(heard).toEqual(MESSAGES);
        expect(pending).toBe(0);
        expect(ends).not.toContain('handler');
        expect(ends).not.toContain('error');
      }),
      { numRuns: 100, seed: 6 },
    );
  });

  it.each([
    { what: 'heartbeats', bytes: new Uint8Array(0) },
    { what: 'handshakes', bytes: handshakeBytes({ isComplete: false, from: 5, to: 0 }) },
    { what: 'segments', bytes: datagramOf({ data: 'hello' }) },
  ])('should forget a flood of $what from many addresses after the handshake timeout', ({ bytes }) => {
    const closes: string[] = [];
    const most = { sessions: 0 };
    const { heard, pending, server } = talkedAmong((net, { at }, victim) => {
      victim.close$.subscribe(({ reason }) => closes.push(reason));
      at(100, () => {
        for (let host = 0; host < 3000; host++)
          net.spoof(bytes, 1 + (host % 60_000), `10.1.${host >> 8}.${host & 255}`);
        most.sessions = victim.connections.size;
      });
      at(5200, () => expect(victim.connections.size).toBe(1));
    });
    expect(heard).toEqual(MESSAGES);
    expect(most.sessions).toBe(3001);
    expect(closes.filter((reason) => reason === 'timeout')).toHaveLength(3000);
    expect(pending).toBe(0);
    expect(server.connections.size).toBe(0);
    expect(processFlow).toMatchObject({ items: 0, total: 0 });
  });

  it('should take no more sessions in a flood than there may be', () => {
    const drops: string[] = [];
    const { heard } = talkedAmong(
      (net, { at }, victim) => {
        victim.dropped$.subscribe(({ reason }) => drops.push(reason));
        at(100, () => {
          for (let host = 0; host < 1000; host++)
            net.spoof(new Uint8Array(0), 7, `10.1.${host >> 8}.${host & 255}`);
          expect(victim.connections.size).toBe(100);
        });
      },
      { maxConnections: 100 },
    );
    expect(heard).toEqual(MESSAGES);
    expect(drops).toHaveLength(901);
  });
});

/** An honest client says something to a server while others do their worst. */
function talkedAmong(
  worst: (net: OpenNetwork, sim: Simulation, server: ArqServer) => void,
  options: ArqServerOptions = {},
) {
  const heard: string[] = [];
  const made: { server?: ArqServer } = {};
  const { pending } = simulate({}, (sim) => {
    const { network, at, world } = sim;
    const net = new OpenNetwork(network);
    const server = (made.server = new ArqServer({ ...world, transport: net, port: PORT, ...options }));
    server.receive$.subscribe(({ connection, data }) => {
      if (connection.remote.port === CLIENT_PORT) heard.push(toText(data));
    });
    void server.start();
    const client = new ArqClient({ ...world, to: PORT, localPort: CLIENT_PORT });
    void client.start();
    MESSAGES.forEach((text, count) => at(500 + count * 100, () => client.send(text)));
    worst(net, sim, server);
    at(400_000, () => void client.stop());
    at(400_100, () => void server.stop());
  });
  return { heard, pending, server: made.server! };
}

/** The same segments in another conversation, which only the first one tells. */
function withConversation(bytes: Buffer, conversation: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(conversation);
  return copy;
}
