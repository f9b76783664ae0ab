import { describe, expect, it } from '@jest/globals';
import { type SchedulerAction, type SchedulerLike, asyncScheduler, delay, of } from 'rxjs';
import { type SendPolicy, flowMap, sendPolicy, toText } from '../../lib/index.ts';
import { onNet } from './on-net.ts';

/** Does everything ten milliseconds later. */
const tenLater: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, _delay = 0, state?: T) {
    return asyncScheduler.schedule<T>(work, 10, state);
  },
};

describe('sending', () => {
  const writes = (marbles: string, options?: { readonly sendPolicy: SendPolicy }) =>
    onNet((net) => {
      const connection = net.connection('-', {}, options);
      net.at('-a-x', {
        a: () => connection.send('a'),
        x: () => {
          connection.send('b');
          connection.send('c');
          connection.end();
        },
      });
      net.expectSent(connection).toBe(marbles, { d: 'bc', e: 'abc' });
    });

  it('should show each write of a policy', () => {
    writes('-a-(d|)');
    writes('-a-(d|)', { sendPolicy: sendPolicy.safe() });
    writes('-a-(bc|)', { sendPolicy: sendPolicy.direct() });
    writes('11ms (e|)', { sendPolicy: sendPolicy.pack({ scheduler: tenLater }) });
  });

  it('should be seen as one stream', () => {
    onNet((net) => {
      const connection = net.connection('-', {}, { sendPolicy: sendPolicy.direct() });
      net.at('-a-(bc)-(d.)', {
        a: () => connection.send('a'),
        b: () => connection.send('b'),
        c: () => connection.send('c'),
        d: () => connection.send('d'),
        '.': () => connection.end(),
      });
      net.expectSent(connection).toBe('-a-(bc)-(d|)');
      net.expectStream(connection).toBe('-a-x----(d|)', { x: 'bc' });
    });
  });

  it('should say when it is too much, and go on when the peer reads', () => {
    const results: string[] = [];
    onNet((net) => {
      const connection = net.connection(
        '-',
        {},
        { highPending: 3, maxPending: 6, window: 2, reads: 'p 9ms r' },
      );
      const send = () => results.push(connection.send('abc'));
      net.at('-(ab)c', { a: send, b: send, c: send });
      net.expectReceive(connection.pending$).toBe('0(364) 4ms 0');
      net.expectStream(connection).toBe('10ms x', { x: 'abcabc' });
    });
    expect(results).toEqual(['ok', 'congested', 'refused']);
  });
});

describe('flow', () => {
  it('should be seen when slow work pauses a peer', () => {
    onNet((net) => {
      const values = { a: 'aaa', b: 'bbb', c: 'ccc' };
      const connection = net.connection('a-b-c-|', values, { flow: { high: 4, low: 3 } });
      const stored$ = connection.receive$.pipe(flowMap((bytes) => of(toText(bytes)).pipe(delay(10))));
      net.expectReceive(stored$).toBe('10ms a 9ms b 9ms (c|)', values);
      net.expectFlow(connection).toBe('--p 7ms (rp) 6ms r 9ms |');
    });
  });

  it('should be seen for a connection that is yet to come', () => {
    onNet((net) => {
      const server = net.server();
      server.receive$.subscribe(({ connection }) => {
        const hold = connection.flow.hold();
        asyncScheduler.schedule(() => hold.release(), 2);
      });
      net.peer('--a--b----#');
      net.expectFlow(server.accept$).toBe('--p-rp-r--|');
    });
  });

  it('should not count before anybody reads, nor after FIN', () => {
    onNet((net) => {
      const connection = net.connection('-----a--|');
      net.expectFlow(connection).toBe('----p-r-|');
      net.at('--s-h-r', {
        s: () => connection.receive$.subscribe(),
        h: () => (connection.extra = connection.flow.hold()),
        r: () => (connection.extra as { release(): void }).release(),
      });
    });
  });
});
