import { describe, expect, it, jest } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { type Observable, lastValueFrom, toArray } from 'rxjs';
import { NetworkError } from '../../lib/base/errors.ts';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { processFlow } from '../../lib/flow/process-flow.ts';
import { UdpNode, type UdpNodeOptions } from '../../lib/udp/udp-node.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { logOf } from './endpoint-log.ts';

function world(options: UdpNodeOptions = {}) {
  const transport = new FakeDatagrams();
  const node = new UdpNode({ transport, port: 5, ...options });
  afterTest(() => node.stop({ deadline: 0 }));
  return { transport, node, log: logOf(node) };
}

describe('UdpNode, starting and stopping', () => {
  it('should tell of the start, of what it receives and sends, and of the end, in this order', async () => {
    const { transport, node, log } = world();
    expect(await node.start()).toEqual({ family: 'IPv4', host: '0.0.0.0', port: 5 });
    transport.socket.receive('hey');
    node.send('10.0.0.2:8', 'you');
    expect(await node.stop()).toEqual({ closed: 0, forced: 0, dropped: 0 });
    expect(log).toEqual(['prepare 0.0.0.0:5', 'receive 10.0.0.1:7 hey', 'sent 10.0.0.2:8 you', 'shutdown 0']);
    expect(transport.socket.closed).toBe(true);
  });

  it('should go through its states, and have an address while it is started', async () => {
    const { node } = world();
    const states: string[] = [];
    node.state$.subscribe((state) => states.push(`${state} ${node.address?.port}`));
    await node.start();
    await node.stop();
    expect(states).toEqual([
      'stopped undefined',
      'starting undefined',
      'started 5',
      'stopping 5',
      'stopped undefined',
    ]);
  });

  it('should ask the transport for what its options say', async () => {
    const { transport, node } = world({ host: '::', dualStack: false, receiveBuffer: 100, sendBuffer: 200 });
    await node.start();
    expect(transport.socket.request).toEqual({
      host: '::',
      port: 5,
      reuseAddress: false,
      dualStack: false,
      receiveBuffer: 100,
      sendBuffer: 200,
      lookup: undefined,
      cast: undefined,
    });
  });

  it('should not start when an observer of prepareListen$ refuses', async () => {
    const { transport, node, log } = world();
    node.prepareListen$.subscribe(({ refuse }) => refuse());
    await expect(node.start()).rejects.toMatchObject({
      code: 'ERR_REFUSED',
      operation: 'accept',
      message: expect.stringContaining('listening on 0.0.0.0:5 was refused'),
    });
    expect(log).toEqual(['prepare 0.0.0.0:5', 'fault ERR_REFUSED']);
    expect(transport.sockets).toEqual([]);
    expect(node.state).toBe('stopped');
  });

  it('should reject the start with the error of the system, and be startable again', async () => {
    const { transport, node, log } = world();
    transport.outcome = new NetworkError('EADDRINUSE', 'taken', { operation: 'connect' });
    await expect(node.start()).rejects.toMatchObject({
      code: 'EADDRINUSE',
      operation: 'accept',
      message: 'EADDRINUSE: taken',
      cause: transport.outcome,
    });
    expect(log).toEqual(['prepare 0.0.0.0:5', 'fault EADDRINUSE']);
    expect(node.lastError).toMatchObject({ code: 'EADDRINUSE', operation: 'accept' });
    transport.outcome = 'bound';
    await node.start();
    expect(node.state).toBe('started');
  });

  it('should refuse to start twice', async () => {
    const { node } = world();
    const first = node.start();
    await expect(node.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
    await first;
    await expect(node.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
  });

  it('should be stopped while it is being bound, whatever the transport says then', async () => {
    const { transport, node, log } = world();
    transport.outcome = 'later';
    const started = node.start();
    const stopped = node.stop();
    transport.socket.bound();
    await expect(started).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await stopped;
    expect(log).toEqual(['prepare 0.0.0.0:5', 'shutdown 0']);
    expect(transport.socket.closed).toBe(true);
  });

  it.each(['starting', 'started'] as const)('should be stopped by an observer of %s', async (when) => {
    const { node } = world();
    node.state$.subscribe((state) => state === when && void node.stop());
    await expect(node.start()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await node.wait();
    expect(node.address).toBeUndefined();
  });

  it('should be stopped and started again from inside its events', async () => {
    const { transport, node, log } = world();
    node.receive$.subscribe(() => {
      void node.stop();
      void node.start();
    });
    await node.start();
    transport.socket.receive('again');
    transport.socket.receive('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.state).toBe('started');
    expect(transport.sockets.map(({ closed }) => closed)).toEqual([true, false]);
    expect(log).toEqual([
      'prepare 0.0.0.0:5',
      'receive 10.0.0.1:7 again',
      'dropped stopped 8 10.0.0.1:7',
      'shutdown 0',
      'prepare 0.0.0.0:5',
    ]);
  });

  it('should give up a start that waits when it is stopped once more', async () => {
    const { node } = world();
    await node.start();
    void node.stop();
    const again = node.start();
    void node.stop();
    await expect(again).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(node.state).toBe('stopped');
  });

  it('should end with a fault when its socket breaks', async () => {
    const { transport, node, log } = world();
    await node.start();
    const broken = new NetworkError('EBADF', 'broken', { operation: 'receive' });
    transport.socket.fail(broken);
    expect(log.slice(1)).toEqual(['shutdown 0', 'fault EBADF']);
    expect(node.state).toBe('stopped');
    expect(node.lastError).toBe(broken);
    await node.start();
  });

  it('should complete everything when it is disposed of, and stay stopped', async () => {
    const { node } = world();
    const { receive$, sent$, faults$, dropped$, prepareListen$, shutdown$, state$, flow } = node;
    const all: Observable<unknown>[] = [
      receive$,
      sent$,
      faults$,
      dropped$,
      prepareListen$,
      shutdown$,
      state$,
      flow.paused$,
    ];
    const ends = all.map((source) => lastValueFrom(source.pipe(toArray())));
    await node.start();
    await node[Symbol.asyncDispose]();
    await Promise.all(ends);
    await Promise.all(all.map((source) => lastValueFrom(source.pipe(toArray()))));
    await expect(node.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
  });

  it('should take part in the budget of the process while it runs', async () => {
    const { node } = world();
    await node.start();
    const hold = processFlow.hold();
    expect(node.flow.paused).toBe(true);
    await node.stop();
    expect(node.flow.paused).toBe(false);
    hold.release();
  });

  it('should keep what the user has put into its slot', async () => {
    const { node } = world();
    node.extra = 'mine';
    await node.start();
    await node.stop();
    expect(node.extra).toBe('mine');
  });
});

describe('UdpNode, stopping with work in progress', () => {
  it('should wait for work on what was received, and send what it answers', async () => {
    const { transport, node } = world();
    let finish: () => void = () => undefined;
    const work = async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      node.send('10.0.0.1:7', 'done');
    };
    node.receive$.pipe(flowForEach(work)).subscribe();
    await node.start();
    transport.socket.receive('job');
    const stopped = jest.fn();
    const stopping = node.stop().then(stopped);
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).not.toHaveBeenCalled();
    finish();
    await stopping;
    expect(transport.socket.sent).toEqual(['10.0.0.1:7 done']);
  });

  it('should wait for the system to take what was sent', async () => {
    const { transport, node } = world();
    await node.start();
    transport.socket.behind = true;
    node.send('10.0.0.1:7', 'bye');
    const stopping = node.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.state).toBe('stopping');
    transport.socket.drain();
    expect(await stopping).toMatchObject({ dropped: 0 });
  });

  it('should give up at the deadline, and say how many bytes were lost', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable }) => {
      const { transport, node } = world({ scheduler, lookup: () => undefined });
      expectObservable(node.shutdown$).toBe('31ms s', { s: { closed: 0, forced: 0, dropped: 7 } });
      void node.start();
      cold('a', { a: 0 }).subscribe(() => {
        transport.socket.behind = true;
        node.send('10.0.0.1:7', 'four');
        node.send('unknown:7', 'six');
        scheduler.schedule(() => void node.stop({ deadline: 30 }), 1);
      });
    });
  });

  it('should not wait without drain, and count what is given up', async () => {
    const { transport, node, log } = world({ lookup: () => undefined });
    await node.start();
    transport.socket.behind = true;
    node.send('10.0.0.1:7', 'four');
    node.send('unknown:7', 'six');
    const hold = node.flow.hold();
    transport.socket.receive('kept');
    expect(await node.stop({ drain: false })).toEqual({ closed: 0, forced: 0, dropped: 7 });
    hold.release();
    expect(log.slice(1)).toEqual(['dropped stopped 4 10.0.0.1:7', 'dropped stopped 3', 'shutdown 7']);
    expect(node.counts.dropped.stopped).toMatchObject({ datagrams: 2, bytes: 7 });
  });
});
