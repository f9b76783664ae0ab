import { describe, expect, it } from '@jest/globals';
import { handshakeBytes } from '../../lib/arq/handshake-packet.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { type Simulation, simulate } from '../../lib/testing/simulate.ts';
import { ArqClient, type ArqClientOptions } from '../../lib/udp/arq-client.ts';
import { ArqServer, type ArqServerOptions } from '../../lib/udp/arq-server.ts';
import { ArqPeer, PORT } from './arq-peer.ts';

/** How connections ended: reason and code of each. */
type Ends = string[];

describe('the end of a reliable connection', () => {
  it('should not be told to a server whose peer never answers, but that it waited in vain', () => {
    const { ends, peer } = played(({ at, peer }) => {
      peer.answers = false;
      at(0, () => peer.greet());
    });
    expect(ends).toEqual(['timeout ERR_TIMEOUT']);
    expect(peer.notices).toBe(0);
  });

  it('should name the option when nobody answers', () => {
    const errors: unknown[] = [];
    const time = simulate({}, (sim) => {
      new ArqPeer(sim.network, { port: PORT }).answers = false;
      const client = clientOf(sim, { arq: { handshakeTimeout: 700 } });
      client.close$.subscribe(({ reason, error }) => errors.push(reason, error?.message));
    });
    expect(errors).toEqual([
      'timeout',
      'ERR_TIMEOUT: the handshake was not complete within 700 ms (option arq.handshakeTimeout)',
    ]);
    // The first flush after that.
    expect(time.time).toBe(720);
  });

  it.each([
    { what: 'has another id', from: 10, to: undefined },
    { what: 'does not know us', from: 10, to: 0 },
    { what: 'speaks to somebody else', from: 9, to: 123 },
  ])('should come when a peer that has restarted $what, and not be told to that peer', ({ from, to }) => {
    const { ends, peer } = played(({ at, peer }) => {
      at(500, () => {
        peer.answers = false;
        peer.send(handshakeBytes({ isComplete: false, from, to: to ?? peer.theirId }));
      });
    });
    expect(ends).toEqual(['reset ERR_PEER_RESTARTED']);
    expect(peer.notices).toBe(0);
  });

  it('should make way for a peer that has restarted on the same port', () => {
    const heard: string[] = [];
    const ends: Ends = [];
    simulate({}, (sim) => {
      const { at } = sim;
      const server = serverOf(sim);
      noteEnds(server, ends);
      server.receive$.subscribe(({ connection, data }) => {
        heard.push(toText(data));
        connection.send(data);
      });
      const begin = (text: string) => {
        const client = clientOf(sim, { localPort: 4444, closeNotice: false });
        client.handshake$.subscribe((connection) => connection.send(text));
        client.receive$.subscribe(({ data }) => heard.push(`${toText(data)} back`));
        return client;
      };
      const first = begin('one');
      // Without a notice, as if it had crashed.
      at(1000, () => first.stop({ drain: false }));
      at(1100, () => {
        const second = begin('two');
        at(8000, () => void second.stop());
      });
      at(400_000, () => void server.stop());
    });
    expect(heard).toEqual(['one', 'one back', 'two', 'two back']);
    expect(ends[0]).toBe('reset ERR_PEER_RESTARTED');
  });

  it('should come with reason protocol when a message is longer than this side takes', () => {
    const heard: string[] = [];
    const ends: Ends = [];
    simulate({}, (sim) => {
      const { at } = sim;
      const server = serverOf(sim, { arq: { maxMessageSize: 100 } });
      noteEnds(server, ends);
      server.receive$.subscribe(({ data }) => heard.push(toText(data)));
      const client = clientOf(sim, { arq: { maxMessageSize: 200 } });
      noteEnds(client, ends);
      at(500, () => {
        client.send('fits');
        client.send('x'.repeat(101));
        client.send('too late');
      });
      at(60_000, () => void server.stop());
    });
    expect(heard).toEqual(['fits']);
    expect(ends).toEqual(['protocol ERR_FRAME_LENGTH', 'peer']);
  });

  it('should not come of what nobody can read, which is dropped and counted', () => {
    const drops: unknown[] = [];
    const heard: string[] = [];
    const { ends, server } = played(({ at, peer, server }) => {
      server.dropped$.subscribe(({ reason, bytes, connection }) => drops.push(reason, bytes, connection?.id));
      server.receive$.subscribe(({ data }) => heard.push(toText(data)));
      at(500, () => {
        peer.send(new Uint8Array(13));
        peer.say({ command: 7 });
        peer.say({ conversation: 8, data: 'somebody else' });
        peer.tell(['hello']);
      });
      at(600, () => peer.leave());
    });
    expect(drops).toEqual(['malformed', 13, 1, 'malformed', 24, 1, 'malformed', 37, 1]);
    expect(server.counts.dropped.malformed).toEqual({ datagrams: 3, bytes: 74 });
    expect(heard).toEqual(['hello']);
    expect(ends).toEqual(['peer']);
  });

  it("should come of it with malformed: 'close', and be told to the peer", () => {
    const { ends, peer } = played(({ at, peer }) => at(500, () => peer.send(new Uint8Array(13))), {
      arq: { malformed: 'close' },
    });
    expect(ends).toEqual(['protocol ERR_FRAME_DATA']);
    expect(peer.notices).toBe(1);
  });

  it('should come when the peer leaves during the handshake', () => {
    const { ends } = played(({ at, peer }) => {
      peer.answers = false;
      at(10, () => peer.greet());
      at(20, () => peer.leave());
    });
    expect(ends).toEqual(['peer']);
  });

  it('should come only after what the peer said before has been read', () => {
    const heard: string[] = [];
    const { ends } = played(({ at, peer, server }) => {
      server.handshake$.subscribe((connection) => {
        const hold = connection.flow.hold();
        connection.receive$.subscribe({
          next: (data) => heard.push(toText(data)),
          complete: () => heard.push('end'),
        });
        at(900_000, () => {
          heard.push('go');
          hold.release();
        });
      });
      at(500, () => {
        peer.tell(['a', 'b', 'c']);
        peer.leave();
      });
    });
    expect(heard).toEqual(['go', 'a', 'b', 'c', 'end']);
    expect(ends).toEqual(['peer']);
  });

  it.each([
    { when: 'was sent before', early: 'never arrives', late: undefined },
    { when: 'is sent afterwards', early: undefined, late: 'never arrives' },
  ])(
    'should come at once when the peer has left and something $when, and say how much was lost',
    ({ early, late }) => {
      const closes: unknown[] = [];
      const { peer } = played(({ at, peer, server }) => {
        server.close$.subscribe(({ reason, unsent }) => closes.push(reason, unsent, server.now()));
        server.handshake$.subscribe((connection) => {
          // Work that goes on after the end keeps a connection alive.
          const lease = connection.flow.lease(1, 'work');
          at(500, () => early !== undefined && connection.send(early));
          at(600, () => peer.leave());
          at(700, () => late !== undefined && connection.send(late));
          at(9000, () => lease.release());
        });
      });
      expect(closes).toEqual(['peer', 13, early === undefined ? 700 : 600]);
      // Whoever has left must not take anything for a new session.
      expect(peer.segments.filter(({ data }) => data === late)).toEqual([]);
    },
  );

  it('should not keep the peer waiting for the acknowledgement of what it said last', () => {
    const { peer } = played(({ at, peer, server }) => {
      server.receive$.subscribe(({ connection }) => connection.disconnect());
      at(500, () => peer.tell(['bye']));
    });
    expect(peer.segments).toMatchObject([{ command: 82, sn: 0, una: 1 }]);
    expect(peer.notices).toBe(1);
  });

  it('should not be thrown at who sends in the turn in which the session ends', () => {
    const results: unknown[] = [];
    const { ends } = played(({ at, peer, server }) => {
      peer.answers = false;
      at(100, () => peer.greet(false));
      // Ready, but never complete.
      at(200, () => peer.greet(false));
      server.handshake$.subscribe((connection) => {
        at(5140, () => results.push(connection.state, connection.send('hello'), connection.send('again')));
      });
    });
    expect(results).toEqual(['open', 'ok', 'ok']);
    expect(ends).toEqual(['timeout ERR_TIMEOUT']);
  });

  it('should be told at once when the system of the peer refuses datagrams', () => {
    const ends: Ends = [];
    simulate({}, (sim) => {
      const peer = new ArqPeer(sim.network, { port: PORT });
      const client = clientOf(sim);
      noteEnds(client, ends);
      sim.at(500, () => peer.probe.close());
      sim.at(600, () => client.send('anybody there?'));
    });
    expect(ends).toEqual(['reset ECONNREFUSED']);
  });

  it.each(['end', 'stop'] as const)('should come after everything that was sent before %s', (way) => {
    const heard: string[] = [];
    const ends: Ends = [];
    simulate({}, (sim) => {
      const { at, network } = sim;
      network.datagrams({ latency: 30, loss: 0.2 });
      const server = serverOf(sim);
      server.receive$.subscribe(({ data }) => heard.push(toText(data)));
      const client = clientOf(sim, { timeouts: { drain: 100_000 } });
      noteEnds(client, ends);
      at(3000, () => {
        for (let count = 0; count < 300; count++) client.send(String(count));
        if (way === 'end') client.connection?.end();
        else void client.stop({ drain: true, deadline: 100_000 });
      });
      at(1_000_000, () => void server.stop());
    });
    expect(heard).toEqual(Array.from({ length: 300 }, (_, count) => String(count)));
    expect(ends).toEqual([way === 'end' ? 'local' : 'stop']);
  });
});

interface Play extends Simulation {
  readonly server: ArqServer;
  readonly peer: ArqPeer;
}

/** A server and a peer that has shaken hands with it by 100 ms, unless it answers nothing. */
function played(
  scenario: (play: Play) => void,
  options: ArqServerOptions = {},
): { ends: Ends; server: ArqServer; peer: ArqPeer } {
  const ends: Ends = [];
  const made: { server?: ArqServer; peer?: ArqPeer } = {};
  simulate({}, (sim) => {
    const server = (made.server = serverOf(sim, options));
    noteEnds(server, ends);
    const peer = (made.peer = new ArqPeer(sim.network));
    scenario({ ...sim, server, peer });
    if (peer.answers) sim.at(100, () => peer.greet(false));
    sim.at(1_000_000, () => {
      void server.stop();
      peer.probe.close();
    });
  });
  return { ends, server: made.server!, peer: made.peer! };
}

function serverOf({ world }: Simulation, options: ArqServerOptions = {}): ArqServer {
  const server = new ArqServer({ ...world, port: PORT, ...options });
  void server.start();
  return server;
}

function clientOf({ world }: Simulation, options: ArqClientOptions = {}): ArqClient {
  const client = new ArqClient({ ...world, to: PORT, ...options });
  void client.start();
  return client;
}

function noteEnds({ close$ }: ArqServer | ArqClient, ends: Ends): void {
  close$.subscribe(({ reason, error }) => ends.push(`${reason} ${error?.code ?? ''}`.trim()));
}
