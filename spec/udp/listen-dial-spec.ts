import { describe, expect, it } from '@jest/globals';
import { EMPTY, map, retry, switchMap, take } from 'rxjs';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { CLOSE_NOTICE } from '../../lib/udp/close-notice.ts';
import { dialArq, dialUdp } from '../../lib/udp/dial.ts';
import { listenArq, listenUdp } from '../../lib/udp/listen.ts';
import { PORT, withDatagrams } from '../support/virtual-datagrams.ts';

describe('listenUdp', () => {
  it('should emit a connection for every peer, and tell all of them when it is unsubscribed from', () => {
    withDatagrams(({ scheduler, transport, peer, at }) => {
      const addresses: unknown[] = [];
      const listening = listenUdp({
        transport,
        scheduler,
        port: PORT,
        onListening: ({ port }) => addresses.push(port),
      })
        .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
        .subscribe();
      const peers = [peer(), peer()] as const;
      at(1, () => peers.forEach((raw) => raw.send('hi')));
      at(10, () => listening.unsubscribe());
      at(20, () => {
        expect(addresses).toEqual([PORT]);
        expect(peers.map(({ log }) => log)).toEqual(Array(2).fill(['1 hi', '10 bye']));
        peer({ port: PORT, host: '0.0.0.0' }); // the port is free again
      });
    });
  });

  it('should do nothing before it is subscribed to, and listen anew each time', () => {
    withDatagrams(({ scheduler, transport, peer, at }) => {
      const connection$ = listenUdp({ transport, scheduler, port: PORT });
      const raw = peer();
      at(1, () => raw.send('nobody there'));
      for (const ms of [10, 20])
        at(ms, () => connection$.pipe(take(1)).subscribe((connection) => connection.send(`at ${ms}`)));
      for (const ms of [15, 25]) at(ms, () => raw.send('hi'));
      at(30, () => expect(raw.log).toEqual(['15 at 10', '15 bye', '25 at 20', '25 bye']));
    });
  });

  it('should error when the port is taken', () => {
    withDatagrams(({ scheduler, transport, server, expectObservable }) => {
      server();
      const code$ = listenUdp({ transport, scheduler, port: PORT });
      const error: unknown = expect.objectContaining({ code: 'EADDRINUSE', operation: 'accept' });
      expectObservable(code$).toBe('#', undefined, error);
    });
  });
});

describe('dialUdp', () => {
  it('should emit its connection at once, and complete when the peer says goodbye', () => {
    withDatagrams(({ scheduler, transport, peer: makePeer, expectObservable, at }) => {
      const peer = makePeer({ port: PORT });
      peer.react = (bytes, from) => {
        if (bytes.length > 0) at(2, () => peer.send('answer', from));
        else at(9, () => peer.send(CLOSE_NOTICE, from));
      };
      const texts$ = dialUdp(PORT, { transport, scheduler, extra: 'mine' }).pipe(
        switchMap((connection) => {
          expect(connection.extra).toBe('mine');
          connection.send('question');
          return connection.receive$;
        }),
        map(toText),
      );
      expectObservable(texts$).toBe('--a 6ms |', { a: 'answer' });
      at(100, () => expect(peer.log).toEqual(['0 -', '0 question']));
    });
  });

  it('should say goodbye when it is unsubscribed from', () => {
    withDatagrams(({ scheduler, transport, peer: makePeer, at }) => {
      const peer = makePeer({ port: PORT });
      const subscription = dialUdp(PORT, { transport, scheduler }).subscribe((connection) =>
        connection.send('x'),
      );
      at(5, () => subscription.unsubscribe());
      at(10, () => expect(peer.log).toEqual(['0 -', '0 x', '5 bye']));
    });
  });

  it('should error when it is known that nobody is there, so that retry can try again', () => {
    withDatagrams(({ scheduler, transport, peer, at, expectObservable }) => {
      const texts$ = dialUdp(PORT, { transport, scheduler }).pipe(
        switchMap(({ receive$ }) => receive$),
        map(toText),
        retry({ delay: 10 }),
      );
      at(25, () => {
        const late = peer({ port: PORT });
        late.react = (_, from) => late.send('welcome', from);
      });
      expectObservable(texts$, '50ms !').toBe('30ms a', { a: 'welcome' });
    });
  });

  it('should error when the peer falls silent', () => {
    withDatagrams(({ scheduler, transport, peer, expectObservable }) => {
      peer({ port: PORT });
      const detect = { interval: 1000, attempts: 1 };
      const error: unknown = expect.objectContaining({ code: 'ERR_TIMEOUT', option: 'detect' });
      expectObservable(dialUdp(PORT, { transport, scheduler, detect }).pipe(switchMap(() => EMPTY))).toBe(
        '2s #',
        undefined,
        error,
      );
    });
  });
});

describe('listenArq and dialArq', () => {
  it('should talk when their handshake is done', () => {
    withDatagrams(({ scheduler, transport, at }) => {
      const log: string[] = [];
      const listening = listenArq({ transport, scheduler, port: PORT })
        .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
        .subscribe(({ reason }) => log.push(`server ${reason}`));
      const dialled = dialArq(PORT, { transport, scheduler, arq: { noDelay: true } })
        .pipe(switchMap((connection) => (connection.send('x'.repeat(4000)), connection.receive$)))
        .subscribe({
          next: ({ length }) => log.push(`answer ${length}`),
          complete: () => log.push('complete'),
        });
      at(1000, () => dialled.unsubscribe());
      at(2000, () => listening.unsubscribe());
      at(3000, () => expect(log).toEqual(['answer 4000', 'server peer']));
    });
  });

  it('should error when nobody answers the handshake', () => {
    withDatagrams(({ scheduler, transport, peer, expectObservable }) => {
      peer({ port: PORT });
      const error: unknown = expect.objectContaining({ code: 'ERR_TIMEOUT' });
      const dialled = dialArq(PORT, { transport, scheduler, arq: { handshakeTimeout: 1000 } });
      expectObservable(dialled).toBe('1020ms #', undefined, error); // looked at each flushInterval
    });
  });
});

describe('options of UDP Observables', () => {
  it.each([
    ['listenUdp', () => listenUdp({ port: -1 }), 'port'],
    ['listenUdp', () => listenUdp({ onListening: 1 as never }), 'onListening'],
    ['listenArq', () => listenArq({ arq: { flushInterval: -1 } }), 'arq.flushInterval'],
    ['dialUdp', () => dialUdp('somewhere'), 'address'],
    ['dialUdp', () => dialUdp(1, { localPort: 70_000 }), 'localPort'],
    ['dialUdp', () => dialUdp(1, { to: 2 } as never), 'to'],
    ['dialUdp', () => dialUdp(1, { maxConnections: 2 } as never), 'maxConnections'],
    ['dialArq', () => dialArq(1, { unknown: 1 } as never), 'unknown'],
  ])('should be checked at once: %s', (_, make, option) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION', option }));
  });
});
