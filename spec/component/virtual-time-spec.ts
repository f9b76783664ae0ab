import { describe, expect, it } from '@jest/globals';
import { NEVER, type Observable, map, retry, switchMap, throwError, timeout } from 'rxjs';
import { toText } from '../../lib/bytes/bytes-like.ts';
import type { Component } from '../../lib/component/component.ts';
import { dial } from '../../lib/component/dial.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { inVirtualTime } from '../support/virtual-network.ts';

const endsOf = ({ close$ }: Component): Observable<string> =>
  close$.pipe(map(({ id, reason }) => `${id} ${reason}`));

describe('dial', () => {
  it('should be tried again by retry until somebody listens', () => {
    inVirtualTime(({ scheduler, at, expectObservable }) => {
      const transport = new MemoryNetwork({ scheduler });
      const server = new TcpServer({ transport, scheduler, port: 1 });
      server.accept$.subscribe((connection) => connection.send('welcome'));
      const received = dial(1, { transport, scheduler }).pipe(
        switchMap(({ receive$ }) => receive$),
        map(toText),
        retry({ delay: 10 }),
      );
      expectObservable(received, '50ms !').toBe('30ms a', { a: 'welcome' });
      at('25ms s', { s: () => void server.start() });
      at('60ms x', { x: () => void server.stop() });
    });
  });

  it('should be given up by timeout', () => {
    const tooSlow = new Error('too slow');
    const aborts: string[] = [];
    const end = inVirtualTime(({ scheduler, expectObservable }) => {
      const transport = {
        listen: () => ({ close: () => undefined }),
        connect: () => ({ abort: () => aborts.push('aborted') }),
      };
      const dialled = dial(1, { transport, scheduler }).pipe(
        timeout({ first: 30, with: () => throwError(() => tooSlow) }),
      );
      expectObservable(dialled).toBe('30ms #', undefined, tooSlow);
    });
    expect(end).toBe(30);
    expect(aborts).toEqual(['aborted']);
  });

  it('should not be disturbed by a timeout for the first connection once it is there', () => {
    inVirtualTime(({ scheduler, at, expectObservable }) => {
      const transport = new MemoryNetwork({ scheduler });
      const server = new TcpServer({ transport, scheduler, port: 1 });
      void server.start();
      const dialled = dial(1, { transport, scheduler }).pipe(
        timeout({ first: 30 }),
        switchMap(({ receive$ }) => receive$),
      );
      expectObservable(dialled).toBe('100ms |');
      at('100ms x', { x: () => void server.stop() });
    });
  });
});

describe('components in virtual time', () => {
  it('should close the connections that are old enough', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer();
      const agent = makeAgent();
      agent.receive$.subscribe();
      expectObservable(endsOf(server)).toBe('21ms a 9ms b', { a: '1 local', b: '2 local' });
      at('-c 8ms -c 8ms -x 8ms -x', { c: () => agent.connect(1), x: () => server.disconnectLong(20) });
    });
  });

  it('should close the connections that are silent long enough', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer();
      const agent = makeAgent();
      server.receive$.subscribe();
      agent.receive$.subscribe();
      expectObservable(endsOf(server)).toBe('29ms a', { a: '2 local' });
      at('-(cd) 5ms s 18ms x', {
        c: () => agent.connect(1),
        d: () => agent.connect(1),
        s: () => agent.connections.get(1)?.send('x'),
        x: () => server.disconnectSilent(20),
      });
    });
  });

  it('should cut off at the deadline of a stop', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer();
      const agent = makeAgent();
      server.accept$.pipe(handleEach(() => NEVER)).subscribe();
      agent.receive$.subscribe();
      expectObservable(server.shutdown$).toBe('60ms r', { r: { closed: 0, forced: 1, dropped: 0 } });
      at('-c 8ms x', { c: () => agent.connect(1), x: () => server.stop({ deadline: 50 }) });
    });
    expect(end).toBe(60);
  });

  it('should leave no timer when a stop ends before its deadline', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer();
      const agent = makeAgent();
      agent.receive$.subscribe();
      expectObservable(server.shutdown$).toBe('10ms r', { r: { closed: 1, forced: 0, dropped: 0 } });
      at('-c 8ms x', { c: () => agent.connect(1), x: () => server.stop() });
    });
    expect(end).toBe(10);
  });

  it('should know the ages of a connection', () => {
    const ages: Record<string, number | undefined>[] = [];
    inVirtualTime(({ server: makeServer, agent: makeAgent, at }) => {
      const server = makeServer();
      const agent = makeAgent();
      server.receive$.subscribe();
      const note = () => {
        const connection = server.connections.get(1);
        ages.push({ age: connection?.age, silence: connection?.silence });
      };
      at('-c 8ms a 4ms s 14ms a', {
        c: () => agent.connect(1),
        s: () => agent.connections.get(1)?.send('x'),
        a: note,
      });
    });
    expect(ages).toEqual([
      { age: 9, silence: 9 },
      { age: 29, silence: 15 },
    ]);
  });
});
