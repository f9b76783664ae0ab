import { describe, expect, it } from '@jest/globals';
import { type Observable, map, take, timer } from 'rxjs';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import type { UdpServer, UdpServerOptions } from '../../lib/udp/udp-server.ts';
import { type RawPeer, type VirtualDatagrams, withDatagrams } from '../support/virtual-datagrams.ts';

/** What a queued datagram counts for besides its bytes. */
const OVERHEAD = 128;

/** Room for so many datagrams of so many bytes. */
const room = (many: number, bytes: number) => many * (bytes + OVERHEAD);

interface Session {
  readonly server: UdpServer;
  readonly connection: Connection;
  readonly raw: RawPeer;
  /** What was delivered and what was dropped, in order. */
  readonly log: string[];
  send(...texts: string[]): void;
}

/** Runs with a connection that somebody has begun by an empty datagram, a millisecond after that. */
function inSession(
  options: UdpServerOptions,
  work: (session: Session, world: VirtualDatagrams) => void,
  { read = true } = {},
): void {
  withDatagrams((world) => {
    const server = world.server({ detect: { attempts: 0 }, ...options });
    const raw = world.peer();
    const log: string[] = [];
    if (read) server.receive$.subscribe(({ data }) => log.push(toText(data)));
    server.dropped$.subscribe(({ reason, bytes, connection }) =>
      log.push(`${connection?.id} ${reason} ${bytes}`),
    );
    world.at(0, () => raw.send(''));
    world.at(1, () => {
      const connection = server.connections.get(1) as Connection;
      work(
        { server, connection, raw, log, send: (...texts) => texts.forEach((text) => raw.send(text)) },
        world,
      );
    });
    world.at(10_000, () => server.stop());
  });
}

describe('a UDP session that is not read', () => {
  it('should keep what comes, and deliver it in order when it is', () => {
    inSession({}, ({ connection, send, log }, { at }) => {
      const hold = connection.flow.hold('test');
      send('a', 'b', 'c');
      at(1, () => expect([connection.reading, log]).toEqual([false, []]));
      at(2, () => hold.release());
      at(3, () => expect([connection.reading, log]).toEqual([true, ['a', 'b', 'c']]));
      at(4, () => send('d'));
      at(5, () => expect(log).toEqual(['a', 'b', 'c', 'd']));
    });
  });

  it('should keep what comes before anybody subscribes', () => {
    inSession(
      {},
      ({ connection, send }, { at }) => {
        const texts: string[] = [];
        send('a', 'b');
        at(2, () => send('c'));
        at(4, () => connection.receive$.subscribe((data) => texts.push(toText(data))));
        at(5, () => expect(texts).toEqual(['a', 'b', 'c']));
      },
      { read: false },
    );
  });

  it('should stop in the middle of what it kept when it is held again', () => {
    inSession({}, ({ server, connection, send, log }, { at }) => {
      let hold = connection.flow.hold('test');
      server.receive$.subscribe(({ data }) => {
        if (toText(data) === 'b') hold = connection.flow.hold('again');
      });
      send('a', 'b', 'c', 'd');
      at(1, () => hold.release());
      at(2, () => {
        expect(log).toEqual(['a', 'b']);
        send('e');
      });
      at(3, () => hold.release());
      at(4, () => expect(log).toEqual(['a', 'b', 'c', 'd', 'e']));
    });
  });

  it('should shed the newest when receiveQueue.session is full, and say so', () => {
    inSession({ receiveQueue: { session: room(3, 1) } }, ({ server, connection, send, log }, { at }) => {
      const hold = connection.flow.hold('test');
      send('1', '2', '3', '4', 'five', '');
      at(1, () => expect(log).toEqual(['1 queue-full 1', '1 queue-full 4']));
      at(2, () => hold.release());
      at(3, () => {
        expect(log.slice(2)).toEqual(['1', '2', '3']);
        expect(server.counts.dropped['queue-full']).toMatchObject({ datagrams: 2, bytes: 5 });
        expect(connection.bytesIn).toBe(3);
      });
    });
  });

  it('should shed the oldest if told so', () => {
    const receiveQueue = { session: room(3, 1), shed: 'oldest' as const };
    inSession({ receiveQueue }, ({ connection, send, log }, { at }) => {
      const hold = connection.flow.hold('test');
      send('1', '2', '3', '4', '55');
      at(1, () => expect(log).toEqual(['1 queue-full 1', '1 queue-full 1', '1 queue-full 1']));
      at(2, () => hold.release());
      at(3, () => expect(log.slice(3)).toEqual(['4', '55']));
    });
  });

  it('should not shed what waits for what has no room at all', () => {
    const receiveQueue = { session: room(2, 1), shed: 'oldest' as const };
    inSession({ receiveQueue }, ({ connection, send, log }, { at }) => {
      const hold = connection.flow.hold('test');
      send('1', '2', 'x'.repeat(1000));
      at(1, () => expect(log).toEqual(['1 queue-full 1000']));
      at(2, () => hold.release());
      at(3, () => expect(log.slice(1)).toEqual(['1', '2']));
    });
  });

  it('should keep nothing with receiveQueue.session 0', () => {
    inSession({ receiveQueue: { session: 0 } }, ({ connection, send, log }, { at }) => {
      const hold = connection.flow.hold('test');
      send('1');
      at(1, () => hold.release());
      at(2, () => send('2'));
      at(3, () => expect(log).toEqual(['1 queue-full 1', '2']));
    });
  });

  it('should share receiveQueue.socket with all others, and give its part back at its end', () => {
    const receiveQueue = { socket: room(3, 1) };
    inSession({ receiveQueue }, ({ server, send, log }, { at, peer }) => {
      const other = peer();
      const hold = server.flow.hold('test');
      send('1', '2');
      at(1, () => ['3', '4'].forEach((text) => other.send(text)));
      at(2, () => {
        expect(log).toEqual(['2 queue-full 1']);
        server.connections.get(1)?.disconnect(true);
        ['5', '6', '7'].forEach((text) => other.send(text));
      });
      at(3, () => expect(log.slice(1)).toEqual(['2 queue-full 1']));
      at(4, () => hold.release());
      at(5, () => expect(log.slice(2)).toEqual(['3', '5', '6']));
    });
  });

  it('should keep its own when the room is taken by others, with shed oldest', () => {
    const receiveQueue = { socket: room(3, 1), shed: 'oldest' as const };
    inSession({ receiveQueue }, ({ server, send, log }, { at, peer }) => {
      const other = peer();
      const hold = server.flow.hold('test');
      send('1');
      at(1, () => ['2', '3'].forEach((text) => other.send(text)));
      at(2, () => send('xx')); // no room even without '1'
      at(3, () => expect(log).toEqual(['1 queue-full 2']));
      at(4, () => hold.release());
      at(5, () => expect(log.slice(1)).toEqual(['1', '2', '3']));
    });
  });

  it('should be bounded under a flood of tiny datagrams', () => {
    inSession({}, ({ server, connection, send, log }, { at }) => {
      const hold = connection.flow.hold('test');
      for (let ms = 1; ms <= 100; ms++) at(ms, () => send(...Array<string>(1000).fill('x')));
      at(101, () => hold.release());
      at(102, () => {
        const kept = Math.floor(65_536 / room(1, 1));
        expect(log.filter((text) => text === 'x')).toHaveLength(kept);
        expect(server.counts.dropped['queue-full'].datagrams).toBe(100_000 - kept);
      });
    });
  });

  it('should end only after what it kept was read', () => {
    inSession({}, ({ server, connection, send, raw, log }, { at }) => {
      server.close$.subscribe(({ reason }) => log.push(reason));
      const hold = connection.flow.hold('test');
      send('a', 'b');
      raw.send(Buffer.from('beb61febda5246ba923359dbbfe6c8e4', 'hex'));
      at(2, () => hold.release());
      at(3, () => expect(log).toEqual(['a', 'b', 'peer']));
    });
  });
});

describe('flow control over a UDP session', () => {
  const work =
    (milliseconds: number) =>
    (data: Uint8Array): Observable<string> =>
      timer(milliseconds).pipe(
        take(1),
        map(() => toText(data)),
      );

  it('should pause when flowMap has taken too much, and lose nothing that there is room for', () => {
    const flow = { high: 40, low: 0 };
    inSession(
      { flow },
      ({ connection, send, log }, { at }) => {
        connection.receive$.pipe(flowMap(work(10), { concurrency: 1 })).subscribe((text) => log.push(text));
        const texts = Array.from({ length: 20 }, (_, i) => `datagram ${String.fromCharCode(65 + i)}`);
        send(...texts);
        at(1, () => {
          expect(connection.reading).toBe(false);
          expect(connection.flow.leased).toBeLessThanOrEqual(40 + 10);
        });
        at(1000, () => {
          expect(log).toEqual(texts);
          expect([connection.reading, connection.flow.leased]).toEqual([true, 0]);
        });
      },
      { read: false },
    );
  });

  it('should shed what a slow flowForEach leaves no room for', () => {
    const options = { flow: { high: 10, low: 0 }, receiveQueue: { session: room(2, 10) } };
    inSession(
      options,
      ({ connection, send, log }, { at }) => {
        connection.receive$
          .pipe(flowForEach((data) => work(10)(data).pipe(map((text) => log.push(text)))))
          .subscribe();
        send(...Array.from({ length: 6 }, (_, i) => `datagram ${i}`));
        at(1, () => expect(log).toEqual(Array(3).fill('1 queue-full 10')));
        at(100, () => expect(log.slice(3)).toEqual([0, 1, 2].map((i) => `datagram ${i}`)));
      },
      { read: false },
    );
  });

  it('should hold back whoever owns most when the budget of the component is used up', () => {
    inSession({ budget: { high: 100, low: 50 } }, ({ server, raw }, { at, peer }) => {
      const other = peer();
      server.receive$.pipe(flowMap(({ data }) => work(100)(data))).subscribe();
      at(1, () => other.send('x'));
      at(2, () => raw.send('y'.repeat(200)));
      at(3, () => {
        const [one, two] = [1, 2].map((id) => server.connections.get(id) as Connection);
        expect([one?.reading, two?.reading]).toEqual([false, true]);
      });
      at(500, () => expect(server.connections.get(1)?.reading).toBe(true));
    });
  });

  it('should pause all sessions with a hold of the component', () => {
    inSession({}, ({ server, raw, log }, { at, peer }) => {
      const other = peer();
      const hold = server.flow.hold('maintenance');
      raw.send('a');
      at(1, () => other.send('b'));
      at(2, () => expect([server.connections.size, log]).toEqual([2, []]));
      at(3, () => hold.release());
      at(4, () => expect([...log].sort()).toEqual(['a', 'b']));
    });
  });

  it('should keep the first datagrams of those who wait for handleEach', () => {
    withDatagrams(({ server: make, peer, at }) => {
      const server = make();
      const log: string[] = [];
      server.accept$
        .pipe(
          handleEach(
            ({ id, receive$ }) =>
              receive$.pipe(
                take(2),
                map((data) => log.push(`${id} ${toText(data)}`)),
              ),
            { concurrency: 1 },
          ),
        )
        .subscribe(({ id, reason }) => log.push(`${id} ${reason}`));
      const peers = [peer(), peer(), peer()] as const;
      for (const [i, raw] of peers.entries()) at(i, () => raw.send('first'));
      at(10, () => [peers[2], peers[1]].forEach((raw) => raw.send('second')));
      at(20, () => expect(log).toEqual(['1 first']));
      at(30, () => peers[0].send('second'));
      at(40, () => {
        expect(log).toEqual(
          [
            ...['1 first', '1 second', '1 local', '2 first', '2 second', '2 local'],
            ...['3 first', '3 second', '3 local'],
          ].sort((a, b) => log.indexOf(a) - log.indexOf(b)),
        );
        expect(log.filter((line) => !line.includes('local'))).toEqual([
          ...['1 first', '1 second', '2 first', '2 second', '3 first', '3 second'],
        ]);
      });
      at(50, () => server.stop());
    });
  });
});
