import { describe, expect, it } from '@jest/globals';
import { NEVER, type Observable, map, merge } from 'rxjs';
import type { Component } from '../../lib/component/component.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { UdpServer } from '../../lib/udp/udp-server.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { JumpingClock } from '../support/jumping-clock.ts';
import { PORT, withDatagrams } from '../support/virtual-datagrams.ts';

const VALUES = { h: '-', b: 'bye', d: 'data' };
const DETECT = { interval: 1000, attempts: 3 };

const turn = () => new Promise((resolve) => setImmediate(resolve));

const ends = ({ close$ }: Component): Observable<string> =>
  close$.pipe(
    map(({ id, reason, error }) => `${id} ${reason}${error === undefined ? '' : ` ${error.code}`}`),
  );

describe('heartbeat of a UDP client', () => {
  it('should say hello at once, then each interval, and give up one interval after the last attempt', () => {
    const end = withDatagrams(({ client: make, peer: makePeer, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make({ detect: DETECT });
      expectObservable(peer.datagrams$).toBe('h 999ms h 999ms h 999ms h', VALUES);
      expectObservable(ends(client)).toBe('4s e', { e: '1 timeout ERR_TIMEOUT' });
      void client.start();
    });
    expect(end).toBe(4000);
  });

  it('should take a minute and three attempts if nothing else is said', () => {
    withDatagrams(({ client: make, peer: makePeer, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make();
      expectObservable(peer.datagrams$).toBe('h 59999ms h 59999ms h 59999ms h', VALUES);
      expectObservable(ends(client)).toBe('4m e', { e: '1 timeout ERR_TIMEOUT' });
      void client.start();
    });
  });

  it('should tell which option has expired, and that it was no operation', () => {
    withDatagrams(({ client: make, peer, expectObservable }) => {
      peer({ port: PORT });
      const client = make({ detect: DETECT });
      const error$ = client.close$.pipe(map(({ operation, error }) => `${operation} ${error?.message}`));
      const message = 'close ERR_TIMEOUT: the peer gave no sign of life within 4000 ms (option detect)';
      expectObservable(error$).toBe('4s e', { e: message });
      void client.start();
    });
  });

  it('should live as long as the peer answers', () => {
    withDatagrams(({ client: make, peer: makePeer, at, expectObservable }) => {
      const peer = makePeer({ port: PORT }).echo();
      const client = make({ detect: DETECT });
      expectObservable(ends(client)).toBe('60500ms e', { e: '1 stop' });
      void client.start();
      at(60_500, () => client.stop());
      at(60_500, () => expect(peer.log).toHaveLength(61));
    });
  });

  it('should live as long as the peer says anything', () => {
    withDatagrams(({ client: make, peer: makePeer, at, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make({ detect: { interval: 1000, attempts: 1 } });
      client.receive$.subscribe();
      peer.react = (_, from) => {
        peer.react = () => undefined;
        for (let ms = 900; ms < 20_000; ms += 900) at(ms, () => peer.send('data', from));
      };
      // The last look that found something new was that of 20000.
      expectObservable(ends(client)).toBe('21s e', { e: '1 timeout ERR_TIMEOUT' });
      void client.start();
    });
  });

  it('should take datagrams that are too long, and those that it has no room for, for signs of life', () => {
    withDatagrams(({ client: make, peer: makePeer, at, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make({ detect: { interval: 1000, attempts: 1 }, receiveQueue: { session: 0 } });
      peer.react = (_, from) => {
        peer.react = () => undefined;
        for (let ms = 900; ms < 10_000; ms += 900)
          at(ms, () => peer.send(ms % 1800 === 0 ? 'unread' : Buffer.alloc(1433), from));
      };
      expectObservable(ends(client)).toBe('11s e', { e: '1 timeout ERR_TIMEOUT' });
      void client.start();
    });
  });

  it.each([
    ['no attempts', { interval: 1000, attempts: 0 }],
    ['no interval', { interval: 0, attempts: 3 }],
  ])('should say hello and never look again with %s', (_, detect) => {
    const end = withDatagrams(({ client: make, peer: makePeer, at, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make({ detect });
      expectObservable(peer.datagrams$).toBe('h 9999ms b', VALUES);
      expectObservable(ends(client)).toBe('10s e', { e: '1 stop' });
      void client.start();
      at(10_000, () => client.stop());
    });
    expect(end).toBe(10_000);
  });

  it('should say nothing with heartbeat: false, and watch all the same', () => {
    withDatagrams(({ client: make, peer: makePeer, at, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make({ detect: DETECT, heartbeat: false });
      expectObservable(peer.datagrams$).toBe('500ms d', VALUES);
      expectObservable(ends(client)).toBe('4s e', { e: '1 timeout ERR_TIMEOUT' });
      void client.start();
      at(500, () => client.send('data'));
    });
  });

  it('should not answer a heartbeat, or two clients would never end', () => {
    withDatagrams(({ client: make, peer: makePeer, at, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make();
      client.receive$.subscribe(() => expect('delivered').toBe('never'));
      peer.react = (_, from) => peer.send('', from);
      expectObservable(peer.datagrams$).toBe('h 999ms b', VALUES);
      void client.start();
      at(1000, () => client.stop());
    });
  });

  it('should not say goodbye with closeNotice: false, and take the 16 bytes for data', () => {
    withDatagrams(({ client: make, peer: makePeer, at, expectObservable }) => {
      const peer = makePeer({ port: PORT });
      const client = make({ closeNotice: false });
      const data$ = client.receive$.pipe(map(({ data }) => data.length));
      expectObservable(data$).toBe('100ms n', { n: 16 });
      peer.react = (_, from) => at(100, () => peer.send(CLOSE_NOTICE, from));
      expectObservable(peer.datagrams$).toBe('h', VALUES);
      expectObservable(ends(client)).toBe('1s e', { e: '1 stop' });
      void client.start();
      at(1000, () => client.stop());
    });
  });
});

describe('heartbeat of a UDP agent', () => {
  it('should be that of a client, for each peer by itself', () => {
    withDatagrams(({ agent: make, peer, at, expectObservable }) => {
      const [one, two] = [peer({ port: 1 }), peer({ port: 2 }).echo()] as const;
      const agent = make({ detect: { interval: 1000, attempts: 1 } });
      expectObservable(one.datagrams$).toBe('h 999ms h', VALUES);
      expectObservable(two.datagrams$).toBe('500ms h 999ms h 999ms h 999ms b', VALUES);
      expectObservable(ends(agent)).toBe('2s a 1499ms b', { a: '1 timeout ERR_TIMEOUT', b: '2 stop' });
      void agent.connect(1);
      at(500, () => agent.connect(2));
      at(3500, () => agent.stop());
    });
  });
});

describe('heartbeat of a UDP server', () => {
  it('should be an answer to each one, and never more', () => {
    withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make();
      const peer = makePeer();
      server.receive$.subscribe(() => expect('delivered').toBe('never'));
      server.sent$.subscribe(() => expect('told').toBe('never'));
      expectObservable(peer.datagrams$).toBe('-h 9ms h 88ms h 9899ms b', VALUES);
      for (const ms of [1, 11, 100]) at(ms, () => peer.send(''));
      at(10_000, () => server.stop());
    });
  });

  it('should not go to and fro for ever between servers, which is what a spoofed one would do', () => {
    withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make();
      const other = makePeer({ port: 5556 });
      other.react = () => other.send('');
      expectObservable(other.datagrams$).toBe('-h 9998ms b', VALUES);
      at(1, () => other.send(''));
      at(10_000, () => {
        other.react = () => undefined;
        void server.stop();
      });
    });
  });

  it('should drop a silent peer without a word', () => {
    const end = withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ detect: DETECT });
      const peer = makePeer();
      at(500, () => peer.send('x'));
      expectObservable(ends(server)).toBe('4500ms e', { e: '1 timeout ERR_TIMEOUT' });
      expectObservable(peer.datagrams$).toBe('');
    });
    expect(end).toBe(4500);
  });

  it.each([
    ['an empty datagram', ''],
    ['data', 'data'],
    ['too much data', 'x'.repeat(1433)],
  ])('should begin to count anew with %s', (_, sign) => {
    withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ detect: { interval: 1000, attempts: 2 } });
      const peer = makePeer();
      at(0, () => peer.send('x'));
      at(2500, () => peer.send(sign));
      // Looks at 1000 and 2000 found nothing, that of 3000 something, and three more nothing.
      expectObservable(ends(server)).toBe('5s e', { e: '1 timeout ERR_TIMEOUT' });
    });
  });

  it('should look after each peer by itself', () => {
    withDatagrams(({ server: make, peer, at, expectObservable }) => {
      const server = make({ detect: { interval: 1000, attempts: 1 } });
      const peers = [peer(), peer({ host: '10.0.0.1' }), peer()] as const;
      for (const [i, ms] of [0, 300, 100].entries()) at(ms, () => peers[i]?.send('x'));
      at(1900, () => peers[1].send('alive'));
      expectObservable(ends(server)).toBe('2s a 99ms b 1199ms c', {
        a: '1 timeout ERR_TIMEOUT',
        b: '2 timeout ERR_TIMEOUT',
        c: '3 timeout ERR_TIMEOUT',
      });
    });
  });

  it.each([
    ['no attempts', { interval: 1000, attempts: 0 }],
    ['no interval', { interval: 0, attempts: 3 }],
  ])('should keep a silent peer with %s', (_, detect) => {
    const end = withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ detect });
      const peer = makePeer();
      at(0, () => peer.send(''));
      expectObservable(ends(server)).toBe('60m e', { e: '1 stop' });
      expectObservable(peer.datagrams$).toBe('h 3599999ms b', VALUES);
      at(3_600_000, () => server.stop());
    });
    expect(end).toBe(3_600_000);
  });

  it('should not answer with heartbeat: false, and take an empty datagram for a sign of life', () => {
    withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ heartbeat: false, detect: { interval: 1000, attempts: 1 } });
      const peer = makePeer();
      server.receive$.subscribe(() => expect('delivered').toBe('never'));
      for (const ms of [0, 900, 1800]) at(ms, () => peer.send(''));
      expectObservable(server.handshake$.pipe(map(({ id }) => id))).toBe('1', { 1: 1 });
      expectObservable(ends(server)).toBe('3s e', { e: '1 timeout ERR_TIMEOUT' });
      expectObservable(peer.datagrams$).toBe('');
    });
  });

  it('should not say goodbye with closeNotice: false, and take the 16 bytes for data', () => {
    withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ closeNotice: false });
      const peer = makePeer();
      const data$ = server.receive$.pipe(map(({ data }) => data.length));
      expectObservable(data$).toBe('n', { n: 16 });
      expectObservable(peer.datagrams$).toBe('');
      at(0, () => peer.send(CLOSE_NOTICE));
      at(100, () => server.stop());
    });
  });

  it('should see signs of life of a peer that is not read', () => {
    withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ detect: { interval: 1000, attempts: 1 } });
      const peer = makePeer();
      for (let ms = 0; ms <= 9000; ms += 900) at(ms, () => peer.send('x'));
      expectObservable(ends(server)).toBe('11s e', { e: '1 timeout ERR_TIMEOUT' });
    });
  });

  it('should let the work for a peer that has left come to its end, and answer it no more', () => {
    const end = withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ detect: { interval: 1000, attempts: 1 } });
      const peer = makePeer();
      server.accept$.pipe(handleEach(({ receive$ }) => merge(receive$, NEVER))).subscribe();
      at(0, () => peer.send('work'));
      at(100, () => peer.send(CLOSE_NOTICE));
      at(200, () => peer.send(''));
      at(60_000, () => server.stop({ deadline: 0 }));
      expectObservable(peer.datagrams$).toBe('');
      expectObservable(ends(server)).toBe('1m e', { e: '1 stop' });
    });
    expect(end).toBe(60_000);
  });

  it('should not wait for ever to be read for a peer that has left', () => {
    withDatagrams(({ server: make, peer: makePeer, at, expectObservable }) => {
      const server = make({ detect: { interval: 1000, attempts: 1 } });
      const peer = makePeer();
      at(0, () => peer.send('never read'));
      at(100, () => peer.send(CLOSE_NOTICE));
      expectObservable(ends(server)).toBe('2s e', { e: '1 timeout ERR_TIMEOUT' });
    });
  });

  it('should not take its own absence for that of the peer', async () => {
    const transport = new FakeDatagrams();
    const scheduler = new JumpingClock();
    const server = new UdpServer({ transport, scheduler, detect: { interval: 1000, attempts: 3 } });
    afterTest(() => server.stop());
    await server.start();
    transport.socket.receive('x');
    scheduler.jump(3_600_000);
    await turn();
    expect(server.connections.size).toBe(1);
    // From then on the peer has its full time.
    for (let look = 0; look < 3; look++) scheduler.jump(999);
    expect(server.connections.size).toBe(1);
    scheduler.jump(1003);
    await turn();
    expect(server.connections.size).toBe(0);
  });

  it('should not pile up answers that cannot leave', async () => {
    const transport = new FakeDatagrams();
    const server = new UdpServer({ transport });
    afterTest(() => server.stop({ deadline: 0 }));
    server.receive$.subscribe(({ connection, data }) => connection.send(data));
    await server.start();
    const { socket } = transport;
    socket.behind = true;
    socket.receive('echo');
    await turn();
    for (let i = 0; i < 1000; i++) socket.receive('');
    expect(socket.sent).toEqual(['10.0.0.1:7 echo']);
    socket.drain();
    socket.receive('');
    expect(socket.sent).toEqual(['10.0.0.1:7 echo', '10.0.0.1:7 ']);
  });
});
