import { describe, expect, it } from '@jest/globals';
import { EMPTY, catchError, map, switchMap, take } from 'rxjs';
import { dial, listen, handleEach, reconnect, sendTo, toText } from '../../lib/index.ts';
import { onNet } from './on-net.ts';

describe('listeners for clients', () => {
  it('should play a diagram for each connection', () => {
    onNet((net) => {
      const listener = net.listener(7, ['--a--|', '-b---#'], { a: 'hello' });
      const agent = net.agent();
      net.at('-c---d', {
        c: () => agent.connect(7),
        d: () => agent.connect(7).then((connection) => connection.send('never')),
      });
      net.at('--s', { s: () => agent.connections.get(1)?.send('hi') });
      const [first, second] = listener.peers;
      net.expectEvents(agent).toBe('-a-b-c(de)f', {
        a: 'connect 1',
        b: 'receive 1 hello',
        c: 'connect 2',
        d: 'close 1 peer',
        e: 'receive 2 b',
        f: 'close 2 reset',
      });
      net.expectSent(first!).toBe('--s---|', { s: 'hi' });
      net.expectSent(second!).toBe('');
    });
  });

  it('should refuse those that come too many', () => {
    onNet((net) => {
      const agent = net.agent();
      const listener = net.listener('unix:/run/x', ['|']);
      net.at('cc', { c: () => agent.connect('unix:/run/x') });
      agent.receive$.subscribe();
      net.expectConnects(listener).toBe('ar', { a: 'accept', r: 'refuse' });
      net.expectClose(agent).toBe('pc', { p: 'peer', c: 'connect' });
    });
  });

  it('should stop listening', () => {
    onNet((net) => {
      const listener = net.listener(5555, ['-']);
      net.at('x', { x: () => listener.close() });
      net.expectEvents(net.client(), ['prepareConnect', 'close', 'fault']).toBe('(pcf)', {
        p: 'prepareConnect 1',
        c: 'fault 1 ECONNREFUSED',
        f: 'close 1 connect',
      });
    });
  });
});

describe('reconnecting', () => {
  it('should back off while a listener refuses, and begin anew after a good connection', () => {
    onNet((net, { expectObservable }) => {
      const { refuse } = net;
      const listener = net.listener(5555, [refuse, refuse, '--a--#', refuse, '-b', refuse]);
      const received$ = dial(5555, { transport: net.transport }).pipe(
        reconnect({ initialDelay: 10, jitter: 0, stableAfter: 5 }),
        switchMap(({ receive$ }) => receive$.pipe(catchError(() => EMPTY))),
        map(toText),
      );
      expectObservable(received$, '70ms !').toBe('32ms a 33ms b');
      net.expectConnects(listener).toBe('r 9ms r 19ms a 14ms r 19ms a', { r: 'refuse', a: 'accept' });
    });
  });

  it('should back off more and more', () => {
    onNet((net) => {
      const connected$ = dial(5555, { transport: net.transport }).pipe(
        reconnect({ initialDelay: 10, maxDelay: 50, jitter: 0, maxAttempts: 4 }),
        map(() => 'connected'),
      );
      const listener = net.listener(5555, []);
      net.expectReceive(connected$).toBe('120ms #', {}, 'ECONNREFUSED');
      net.expectConnects(listener).toBe('r 9ms r 19ms r 39ms r 49ms r', { r: 'refuse' });
    });
  });
});

describe('several components on one net', () => {
  it('should talk to each other', () => {
    onNet((net) => {
      const { transport } = net;
      const ends$ = listen({ transport, port: 5555 }).pipe(
        handleEach((connection) => connection.receive$.pipe(sendTo(connection))),
        map(({ reason }) => reason),
      );
      const client = net.client();
      net.at('-s---x', { s: () => client.send('hello'), x: () => client.stop() });
      net.expectEvents(client).toBe('cr---x', { c: 'connect 1', r: 'receive 1 hello', x: 'close 1 stop' });
      const ends = net.expectReceive(ends$.pipe(take(1)));
      ends.toBe('-----(p|)', { p: 'peer' });
    });
  });

  it('should take the time that it takes', () => {
    onNet(
      (net) => {
        const server = net.server();
        server.receive$.subscribe(({ connection, data }) => connection.send(data));
        const client = net.client();
        const peer = net.peer('a----|', {}, { at: 100 });
        net.at('25ms s', { s: () => client.send('hello') });
        net.expectEvents(client, ['connect', 'receive']).toBe('20ms c 24ms r', {
          c: 'connect 1',
          r: 'receive 1 hello',
        });
        net.expectEvents(server).toBe('30ms a----r 94ms (bs)-x', {
          a: 'accept 1',
          r: 'receive 1 hello',
          b: 'accept 2',
          s: 'receive 2 a',
          x: 'close 2 peer',
        });
        net.expectSent(peer).toBe('140ms a----|');
      },
      { latency: 10 },
    );
  });
});

describe('what happens', () => {
  it('should be the same every time', () => {
    const play = () => {
      const log: string[] = [];
      onNet((net) => {
        const server = net.server();
        const agent = net.agent();
        agent.receive$.subscribe(({ connection, data }) =>
          log.push(`agent ${connection.id} ${toText(data)}`),
        );
        server.receive$.subscribe(({ connection, data }) => {
          log.push(`server ${connection.id} ${toText(data)}`);
          for (const other of server.connections.values()) if (other !== connection) other.send(data);
        });
        server.close$.subscribe(({ id, reason }) => log.push(`close ${id} ${reason}`));
        for (const marbles of ['-a-b-(c|)', '-d-e-(f#)', '(gh)-i-|']) net.peer(marbles);
        net.at('-c-c', { c: () => agent.connect(5555) });
        net.at('-----x', { x: () => server.stop() });
      });
      return log;
    };
    const first = play();
    expect(first.length).toBeGreaterThan(10);
    expect(play()).toEqual(first);
  });
});
