import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Subject, map, mergeMap } from 'rxjs';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { shed } from '../../lib/flow/shed.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import type { Hold } from '../../lib/flow/lease.ts';
import type { Datagram } from '../../lib/udp/endpoint-events.ts';
import { UdpNode, type UdpNodeOptions } from '../../lib/udp/udp-node.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { logOf } from './endpoint-log.ts';

async function started(options: UdpNodeOptions = {}) {
  const transport = new FakeDatagrams();
  const node = new UdpNode({ transport, port: 5, ...options });
  await node.start();
  afterTest(() => node.stop({ deadline: 0 }));
  return { node, socket: transport.socket };
}

/** Lets everything happen that was put off to the end of the turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const textsOf = (node: UdpNode): string[] => {
  const texts: string[] = [];
  node.receive$.pipe(map(({ data }) => toText(data))).subscribe((text) => texts.push(text));
  return texts;
};

const broken = () => {
  throw new TypeError('broken observer');
};

describe('UdpNode, receiving', () => {
  it('should deliver each datagram with its sender, IPv6 ones and empty ones too', async () => {
    const { node, socket } = await started();
    const received: Datagram[] = [];
    node.receive$.subscribe((datagram) => received.push(datagram));
    socket.receive('one', '10.0.0.1:7');
    socket.receive('', '[fe80::1%eth0]:8');
    expect(received.map(({ data, remote }) => [toText(data), remote])).toEqual([
      ['one', { family: 'IPv4', host: '10.0.0.1', port: 7 }],
      ['', { family: 'IPv6', host: 'fe80::1%eth0', port: 8 }],
    ]);
    expect(node.counts).toMatchObject({
      received: { datagrams: 2, bytes: 3 },
      delivered: { datagrams: 2, bytes: 3 },
    });
  });

  it('should drop a datagram that is too long, tell of it, and go on', async () => {
    const { node, socket } = await started({ maxDatagramSize: 3 });
    const log = logOf(node);
    socket.receive('four');
    socket.receive('two');
    expect(log).toEqual([
      'dropped oversized 4 10.0.0.1:7',
      'fault ERR_FRAME_LENGTH 10.0.0.1:7',
      'receive 10.0.0.1:7 two',
    ]);
    expect(node.lastError?.message).toBe(
      'ERR_FRAME_LENGTH: a datagram of 4 bytes exceeds maxDatagramSize, which is 3',
    );
    expect(node.lastError?.operation).toBe('receive');
  });

  it('should throw away what nobody observes, and count it', async () => {
    const { node, socket } = await started();
    socket.receive('lost');
    const texts = textsOf(node);
    socket.receive('seen');
    expect(texts).toEqual(['seen']);
    expect(node.counts.dropped.unobserved).toEqual({ datagrams: 1, bytes: 4 });
  });

  it('should go on after an observer that throws, with one fault for the datagram', async () => {
    const { node, socket } = await started();
    const log = logOf(node);
    node.receive$.subscribe(broken);
    socket.receive('one');
    socket.receive('two');
    expect(log).toEqual([
      'receive 10.0.0.1:7 one',
      'fault ERR_HANDLER 10.0.0.1:7',
      'receive 10.0.0.1:7 two',
      'fault ERR_HANDLER 10.0.0.1:7',
    ]);
  });

  it('should warn of an observer that throws when nobody observes faults, and of one of faults$ always', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    afterTest(() => warn.mockRestore());
    const { node, socket } = await started();
    node.receive$.subscribe(broken);
    socket.receive('one');
    node.faults$.subscribe(broken);
    socket.receive('two');
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('broken observer'), 'HandlerError', 'ERR_HANDLER'],
      [expect.stringContaining('broken observer'), 'HandlerError', 'ERR_HANDLER'],
    ]);
    expect(node.counts.faults).toBe(2);
  });
});

describe('UdpNode, receiving more than can be worked on', () => {
  it('should keep what comes while it is held, and deliver it in order', async () => {
    const { node, socket } = await started();
    const texts = textsOf(node);
    const hold = node.flow.hold();
    for (const text of ['a', 'b', 'c']) socket.receive(text);
    expect(texts).toEqual([]);
    hold.release();
    socket.receive('d'); // behind those that wait
    await turn();
    expect(texts).toEqual(['a', 'b', 'c', 'd']);
  });

  it('should shed the newest when the queue is full', async () => {
    const { node, socket } = await started({ receiveQueue: { size: 2 * 129 } });
    const log = logOf(node);
    const hold = node.flow.hold();
    for (const text of ['a', 'b', 'c', 'd']) socket.receive(text);
    hold.release();
    await turn();
    expect(log).toEqual([
      'dropped queue-full 1 10.0.0.1:7',
      'dropped queue-full 1 10.0.0.1:7',
      'receive 10.0.0.1:7 a',
      'receive 10.0.0.1:7 b',
    ]);
  });

  it('should shed the oldest when it is told to', async () => {
    const { node, socket } = await started({ receiveQueue: { size: 2 * 129, shed: 'oldest' } });
    const texts = textsOf(node);
    const hold = node.flow.hold();
    for (const text of ['a', 'b', 'c', 'd']) socket.receive(text);
    socket.receive('x'.repeat(200)); // has no room at all, and takes none from the others
    hold.release();
    await turn();
    expect(texts).toEqual(['c', 'd']);
    expect(node.counts.dropped['queue-full']).toEqual({ datagrams: 3, bytes: 202 });
  });

  it('should keep nothing with a queue of size 0', async () => {
    const { node, socket } = await started({ receiveQueue: { size: 0, shed: 'oldest' } });
    const texts = textsOf(node);
    node.flow.hold();
    socket.receive('');
    expect(texts).toEqual([]);
    expect(node.counts.dropped['queue-full'].datagrams).toBe(1);
  });

  it('should keep a flood of empty datagrams within bounds', async () => {
    const { node, socket } = await started({ receiveQueue: { size: 1280 } });
    textsOf(node);
    node.flow.hold();
    for (let i = 0; i < 1000; i++) socket.receive('');
    expect(node.counts.dropped['queue-full'].datagrams).toBe(990);
  });

  it('should pause by the leases that flow-aware operators take, and deliver one by one as they end', async () => {
    const { node, socket } = await started({ flow: { high: 4, low: 3 } });
    const finish = new Subject<void>();
    const begun: string[] = [];
    node.receive$
      .pipe(flowForEach(({ data }) => (begun.push(toText(data)), finish), { concurrency: 10 }))
      .subscribe();
    for (const text of ['aa', 'bb', 'cc', 'dd', 'ee']) socket.receive(text);
    expect(begun).toEqual(['aa', 'bb']);
    expect(node.flow.leased).toBe(4);
    finish.complete();
    await turn();
    expect(begun).toEqual(['aa', 'bb', 'cc', 'dd', 'ee']);
    expect(node.flow.leased).toBe(0);
  });

  it('should deliver no more from the queue than the marks allow', async () => {
    const { node, socket } = await started({ flow: { high: 2, low: 0 } });
    const begun: string[] = [];
    const works: Subject<void>[] = [];
    node.receive$
      .pipe(
        flowMap(
          ({ data }) => {
            const work = new Subject<void>();
            begun.push(toText(data));
            works.push(work);
            return work;
          },
          { concurrency: 10 },
        ),
      )
      .subscribe();
    for (const text of ['a', 'b', 'c', 'd', 'e']) socket.receive(text);
    expect(begun).toEqual(['a', 'b']);
    for (const work of works.splice(0)) work.complete();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('should let shed() throw away before that', async () => {
    const { node, socket } = await started();
    const passed: string[] = [];
    const never = new Subject<void>();
    node.receive$
      .pipe(
        shed({ aboveItems: 1 }),
        flowForEach(({ data }) => (passed.push(toText(data)), never), { concurrency: 10 }),
      )
      .subscribe();
    socket.receive('a');
    socket.receive('b');
    expect(passed).toEqual(['a']);
    expect(node.counts.delivered.datagrams).toBe(2);
  });

  it('should pause for an operator of RxJS when the gate is held by hand', async () => {
    const { node, socket } = await started();
    const done: string[] = [];
    let hold: Hold | undefined;
    node.receive$
      .pipe(
        mergeMap(async ({ data }) => {
          hold = node.flow.hold();
          await turn();
          hold.release();
          return toText(data);
        }),
      )
      .subscribe((text) => done.push(text));
    for (const text of ['a', 'b', 'c']) socket.receive(text);
    for (let i = 0; i < 10; i++) await turn();
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('should throw away the queue when the last observer leaves, but not when one takes its place at once', async () => {
    const { node, socket } = await started();
    const hold = node.flow.hold();
    const first = node.receive$.subscribe();
    socket.receive('kept');
    first.unsubscribe();
    const texts: string[] = [];
    const second = node.receive$.subscribe(({ data }) => texts.push(toText(data)));
    await turn();
    socket.receive('lost');
    second.unsubscribe();
    await turn();
    expect(node.counts.dropped.unobserved).toEqual({ datagrams: 2, bytes: 8 });
    node.receive$.subscribe(({ data }) => texts.push(toText(data)));
    hold.release();
    await turn();
    expect(texts).toEqual([]);
    socket.receive('new');
    expect(texts).toEqual(['new']);
  });

  it('should stop delivering the queue when an observer stops it or leaves', async () => {
    const { node, socket } = await started();
    const texts: string[] = [];
    const hold = node.flow.hold();
    const subscription = node.receive$.subscribe(({ data }) => {
      texts.push(toText(data));
      subscription.unsubscribe();
    });
    socket.receive('a');
    socket.receive('b');
    hold.release();
    await turn();
    expect(texts).toEqual(['a']);
    expect(node.counts.dropped.unobserved.datagrams).toBe(1);
  });

  it('should be stopped by an observer of dropped$ without keeping what comes', async () => {
    const { node, socket } = await started({ receiveQueue: { size: 129, shed: 'oldest' } });
    textsOf(node);
    node.dropped$.subscribe(() => void node.stop());
    node.flow.hold();
    socket.receive('a');
    socket.receive('b');
    await node.wait();
    expect(node.counts.dropped).toMatchObject({ 'queue-full': { datagrams: 1 }, stopped: { datagrams: 1 } });
  });

  it('should account for every datagram, whatever happens', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('receive' as const), length: fc.integer({ min: 0, max: 12 }) }),
        fc.record({ do: fc.constantFrom('hold', 'release', 'turn', 'subscribe', 'unsubscribe') }),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom('newest', 'oldest'), async (script, policy) => {
        const receiveQueue = { size: 4 * 134, shed: policy };
        const { node, socket } = await started({ receiveQueue, maxDatagramSize: 10 });
        const delivered: number[] = [];
        const holds: Hold[] = [];
        let came = 0;
        let observer = node.receive$.subscribe(({ remote }) => delivered.push(remote.port));
        for (const step of script) {
          if ('length' in step) socket.receive('x'.repeat(step.length), `10.0.0.1:${++came}`);
          else if (step.do === 'hold') holds.push(node.flow.hold());
          else if (step.do === 'release') holds.pop()?.release();
          else if (step.do === 'turn') await Promise.resolve();
          else if (step.do === 'unsubscribe') observer.unsubscribe();
          else if (observer.closed)
            observer = node.receive$.subscribe(({ remote }) => delivered.push(remote.port));
        }
        for (const hold of holds) hold.release();
        await turn();
        const { counts } = node;
        const dropped = Object.values(counts.dropped).reduce((sum, { datagrams }) => sum + datagrams, 0);
        expect(counts.received.datagrams).toBe(came);
        expect(counts.delivered.datagrams + dropped).toBe(came);
        expect(delivered).toHaveLength(counts.delivered.datagrams);
        expect(delivered).toEqual([...delivered].sort((a, b) => a - b));
        await node.stop({ deadline: 0 });
      }),
      { numRuns: 60 },
    );
  });
});
