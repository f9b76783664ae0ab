import { describe, expect, it } from '@jest/globals';
import { type Observable, map, take, tap } from 'rxjs';
import type { Component } from '../../lib/component/component.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { FlowGate } from '../../lib/flow/flow-gate.ts';
import { processFlow } from '../../lib/flow/process-flow.ts';
import { marbles } from '../support/under-gate.ts';
import { FrameTimer } from '../../lib/framing/frame-timer.ts';
import { nameOf } from '../support/coded-world.ts';
import { type VirtualNetwork, inVirtualTime } from '../support/virtual-network.ts';
import { words } from '../support/word-codec.ts';

const endsOf = ({ close$ }: Component<never, never>): Observable<string> =>
  close$.pipe(map(({ id, reason }) => `${id} ${reason}`));

/** Runs a timer of 10 ms: when it expired, and the last frame in which anything happened. */
function withTimer(marble: string, actions: Record<string, (timer: FrameTimer) => void>) {
  const scheduler = marbles();
  const expired: number[] = [];
  scheduler.run(({ cold }) => {
    const timer = new FrameTimer(10, scheduler, () => expired.push(scheduler.frame));
    cold(marble).subscribe((name) => actions[name]?.(timer));
  });
  return { expired, end: scheduler.frame };
}

describe('FrameTimer', () => {
  const actions: Record<string, (timer: FrameTimer) => void> = {
    // A message begins; more of it comes; it ends; it ends and the next one begins.
    b: (timer) => timer.update(3, 3),
    m: (timer) => timer.update(6, 3),
    e: (timer) => timer.update(0, 3),
    n: (timer) => timer.update(2, 3),
    // Reading pauses and goes on.
    p: (timer) => timer.readingChanged(false),
    r: (timer) => timer.readingChanged(true),
    s: (timer) => timer.stop(),
  };
  const cases: [string, string, number[], number][] = [
    ['expire when a message does not end', 'b', [10], 10],
    ['count from the beginning of the message', 'b--m', [10], 10],
    ['count anew for the next message', 'b 7ms n', [18], 18],
    ['stop between messages', 'b 7ms e', [], 8],
    ['stand still while nothing is read', 'b 3ms p 99ms r', [110], 110],
    ['stand still more than once', 'b 3ms p 9ms r p 9ms r', [30], 30],
    ['wait for reading to go on', 'p-b 27ms r', [40], 40],
    ['not begin again when reading goes on between messages', 'b-p-e-r', [], 6],
    ['be quiet after it was stopped', 'b-s-p-r', [], 6],
    ['expire once', 'b 11ms p-r', [10], 14],
  ];
  for (const [name, marble, times, last] of cases) {
    it(`should ${name}`, () => {
      const { expired, end } = withTimer(marble, actions);
      expect(expired).toEqual(times);
      expect(end).toBe(last);
    });
  }
});

describe('frameTimeout of a connection', () => {
  const options = { codec: words({ frameTimeout: 10 }) };

  /** A server that speaks words, a peer that does what its marbles say, and the end of the connection. */
  function play(
    when: string,
    actions: (server: TcpServer<string, string>) => Record<string, () => void>,
    expected: string,
    ends: Record<string, string> = { t: '1 timeout' },
    read: (server: TcpServer<string, string>) => void = (server) => server.receive$.subscribe(),
    part: () => string = () => '',
  ): number {
    return inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }: VirtualNetwork) => {
      const server = makeServer(options as never) as unknown as TcpServer<string, string>;
      const agent = makeAgent();
      agent.receive$.subscribe();
      server.faults$.subscribe();
      read(server);
      expectObservable(endsOf(server as never)).toBe(expected, ends);
      const peer = () => agent.connections.get(1)!;
      at(when, {
        c: () => agent.connect(1),
        // The beginning of a word, the end of one, both.
        b: () => peer().send('wo'),
        e: () => peer().send('rd;'),
        w: () => peer().send('a;b;wo'),
        f: () => peer().end(),
        x: () => peer().disconnect(),
        1: () => peer().send(part()),
        ...actions(server),
      });
    });
  }
  const none = () => ({});

  it('should close it when a word does not end in time', () => {
    expect(play('-c 8ms b', none, '20ms t')).toBe(20);
  });

  it('should count from the first byte of the word', () => {
    play('-c 8ms b 5ms b 2ms b', none, '20ms t');
  });

  it('should count anew for each word', () => {
    play('-c 8ms b 8ms w', none, '29ms t');
  });

  it('should let be what comes in time, and silence between words', () => {
    expect(play('-c 8ms b 8ms e 99ms b 8ms e 8ms x', none, '137ms p', { p: '1 peer' })).toBeLessThan(140);
  });

  it('should end with the stream', () => {
    expect(play('-c 8ms b 4ms f', none, '15ms p', { p: '1 protocol' })).toBe(15);
  });

  it('should count from the first byte of a word, however the peer cuts it', () => {
    for (const parts of [
      ['w', 'ord'.repeat(5), 'x'.repeat(40)],
      ['a;w', 'x'.repeat(40), 'y'.repeat(80)],
    ]) {
      let next = 0;
      play('-c 8ms 1 5ms 1 2ms 1', none, '20ms t', { t: '1 timeout' }, undefined, () => parts[next++] ?? '');
    }
  });

  it('should tell the reader and the faults', () => {
    const codes: string[] = [];
    play('-c 8ms b', none, '20ms t', { t: '1 timeout' }, (server) => {
      server.faults$.subscribe(({ error }) => codes.push(`fault ${error.code} ${error.message}`));
      server.accept$.subscribe(({ receive$ }) =>
        receive$.subscribe({ error: (error: unknown) => codes.push(`read ${nameOf(error)}`) }),
      );
    });
    expect(codes).toEqual([
      'read ERR_TIMEOUT',
      'fault ERR_TIMEOUT ERR_TIMEOUT: a message did not come to its end within 10 ms (option frameTimeout)',
    ]);
  });

  const gates: [string, (server: TcpServer<string, string>) => FlowGate][] = [
    ['connection', (server) => server.connections.get(1)!.flow],
    ['component', (server) => server.flow],
    ['process', () => processFlow],
  ];
  for (const [name, gateOf] of gates) {
    it(`should stand still while the ${name} is held`, () => {
      const releases: (() => void)[] = [];
      play(
        '-c 8ms b 3ms h 99ms r',
        (server) => ({
          h: () => {
            const hold = gateOf(server).hold();
            releases.push(() => hold.release());
          },
          r: () => releases.pop()?.(),
        }),
        '120ms t',
      );
    });
  }

  it('should stand still while a handler holds what it was given with the beginning of the word', () => {
    let release: () => void = () => undefined;
    play(
      '-c 8ms w 99ms r',
      () => ({ r: () => release() }),
      '120ms t',
      { t: '1 timeout' },
      (server) =>
        server.receive$.subscribe(({ data, connection }) => {
          if (data !== 'a') return;
          const hold = connection.flow.hold();
          release = () => hold.release();
        }),
    );
  });

  it('should stand still while nobody reads', () => {
    play(
      '-c 8ms w 99ms r',
      (server) => ({ r: () => server.receive$.subscribe() }),
      '120ms t',
      { t: '1 timeout' },
      (server) => server.receive$.pipe(take(1)).subscribe(),
    );
  });

  it('should leave no timer behind when the connection closes otherwise', () => {
    expect(
      play(
        '-c 8ms w 2ms x',
        (server) => ({ x: () => server.connections.get(1)?.disconnect(true) }),
        '13ms f',
        { f: '1 forced' },
        (server) => server.receive$.pipe(take(1)).subscribe(),
      ),
    ).toBe(13);
    expect(
      play(
        '-c 8ms w 2ms x',
        (server) => ({ x: () => server.connections.get(1)?.disconnect(true) }),
        '13ms f',
        {
          f: '1 forced',
        },
      ),
    ).toBe(13);
  });

  it('should say something before it closes', () => {
    const seen: string[] = [];
    play('-c 8ms w', none, '20ms t', { t: '1 timeout' }, (server) =>
      server.receive$.pipe(tap(({ data }) => seen.push(data))).subscribe(),
    );
    expect(seen).toEqual(['a', 'b']);
  });
});
