import { describe, expect, it } from '@jest/globals';
import { type Observable, lastValueFrom, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { NetworkError } from '../../lib/base/errors.ts';
import { UdpCast, type UdpCastOptions } from '../../lib/udp/udp-cast.ts';
import { afterTest } from '../support/cleanup.ts';
import { FakeDatagrams } from '../support/fake-datagrams.ts';
import { logOf } from './endpoint-log.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function world(options: UdpCastOptions = {}) {
  const transport = new FakeDatagrams();
  const cast = new UdpCast({ transport, port: 5, castAddress: '239.1.2.3', ...options });
  afterTest(() => cast.stop({ deadline: 0 }));
  return { transport, cast, log: logOf(cast) };
}

describe('UdpCast', () => {
  it('should tell of joining, of what it receives and sends, and of the end, in this order', async () => {
    const { transport, cast, log } = world();
    expect(await cast.start()).toEqual({ family: 'IPv4', host: '0.0.0.0', port: 5 });
    transport.socket.receive('hey');
    expect(cast.send('you')).toBe('ok');
    await cast.stop();
    expect(log).toEqual([
      'prepare 1 239.1.2.3:5',
      'connect 0.0.0.0:5',
      'receive 10.0.0.1:7 hey',
      'sent 239.1.2.3:5 you',
      'close 1 stop close',
    ]);
  });

  it.each<[string, UdpCastOptions, object]>([
    [
      'a group',
      {},
      {
        host: '0.0.0.0',
        port: 5,
        reuseAddress: true,
        cast: { ttl: 1, loop: false, interface: undefined, groups: ['239.1.2.3'], broadcast: false },
      },
    ],
    [
      'an IPv6 group in a certain network',
      { castAddress: 'ff15::7', ttl: 0, loop: true, interface: 'eth0', reuseAddress: false },
      {
        host: '::',
        reuseAddress: false,
        dualStack: false,
        cast: { ttl: 0, loop: true, interface: 'eth0', groups: ['ff15::7'], broadcast: false },
      },
    ],
    [
      'everybody',
      { mode: 'broadcast', castAddress: undefined },
      { host: '0.0.0.0', cast: { ttl: 1, loop: false, interface: undefined, groups: [], broadcast: true } },
    ],
  ])('should ask the transport for %s', async (_, options, request) => {
    const { transport, cast } = world(options);
    await cast.start();
    expect(transport.socket.request).toMatchObject(request);
  });

  it('should send to its group at the port that is bound', async () => {
    const { transport, cast } = world({ port: 0 });
    expect(cast.castAddress.port).toBe(0);
    await cast.start();
    expect(cast.castAddress).toEqual({ family: 'IPv4', host: '239.1.2.3', port: 40_000 });
    cast.send();
    cast.send('a', 'b');
    expect(transport.socket.sent).toEqual(['239.1.2.3:40000 ', '239.1.2.3:40000 a+b']);
  });

  it('should not end by what anybody sends: too long a datagram, one that breaks an observer', async () => {
    const { transport, cast, log } = world({ maxDatagramSize: 3 });
    cast.receive$.subscribe(() => {
      throw new Error('broken observer');
    });
    await cast.start();
    transport.socket.receive('far too long');
    transport.socket.receive('ok');
    expect(log.slice(2)).toEqual([
      'dropped oversized 12 10.0.0.1:7',
      'fault ERR_FRAME_LENGTH 10.0.0.1:7',
      'receive 10.0.0.1:7 ok',
      'fault ERR_HANDLER 10.0.0.1:7',
    ]);
    expect(cast.state).toBe('started');
  });

  it('should not start when an observer of prepareConnect$ refuses', async () => {
    const { transport, cast, log } = world();
    cast.prepareConnect$.subscribe(({ refuse }) => refuse('not today'));
    await expect(cast.start()).rejects.toMatchObject({
      code: 'ERR_REFUSED',
      operation: 'connect',
      message: 'ERR_REFUSED: not today',
    });
    expect(log).toEqual([
      'prepare 1 239.1.2.3:5',
      'close 1 connect connect ERR_REFUSED',
      'fault ERR_REFUSED',
    ]);
    expect(transport.sockets).toEqual([]);
  });

  it('should tell by close$ that the group cannot be joined, and need nobody to look at the promise', async () => {
    const { transport, cast, log } = world();
    transport.outcome = new NetworkError('ENODEV', 'no such device', { operation: 'connect' });
    void cast.start();
    await turn();
    expect(log).toEqual(['prepare 1 239.1.2.3:5', 'close 1 connect connect ENODEV', 'fault ENODEV']);
  });

  it('should tell by close$ that its socket broke', async () => {
    const { transport, cast, log } = world();
    await cast.start();
    transport.socket.fail(new NetworkError('EBADF', 'broken', { operation: 'receive' }));
    expect(log.slice(2)).toEqual(['close 1 error receive EBADF', 'fault EBADF']);
    expect(cast.state).toBe('stopped');
  });

  it('should be started again from inside close$, with another id', async () => {
    const { transport, cast, log } = world();
    let again = true;
    cast.close$.subscribe(() => {
      if (again) void cast.start();
      again = false;
    });
    expect(cast.id).toBe(0);
    await cast.start();
    transport.socket.fail(new NetworkError('EBADF', 'broken', { operation: 'receive' }));
    await turn();
    await cast.stop();
    expect(cast.id).toBe(2);
    expect(log).toEqual([
      'prepare 1 239.1.2.3:5',
      'connect 0.0.0.0:5',
      'close 1 error receive EBADF',
      'prepare 2 239.1.2.3:5',
      'fault EBADF',
      'connect 0.0.0.0:5',
      'close 2 stop close',
    ]);
  });

  it('should keep the ends apart when a new start comes before the end is told', async () => {
    const { cast, log } = world();
    let again = true;
    await cast.start();
    cast.state$.subscribe((state) => {
      if (state === 'stopped' && again) {
        again = false;
        void cast.start();
      }
    });
    await cast.stop();
    await turn();
    expect(log.filter((line) => line.startsWith('close'))).toEqual(['close 1 stop close']);
    expect(cast.state).toBe('started');
  });

  it('should be stopped by an observer of prepareConnect$ and of connect$', async () => {
    for (const eventOf of [
      ({ prepareConnect$ }: UdpCast) => prepareConnect$,
      ({ connect$ }: UdpCast) => connect$,
    ]) {
      const { cast, log } = world();
      (eventOf(cast) as Observable<unknown>).subscribe(() => void cast.stop());
      await expect(cast.start()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
      await cast.wait();
      expect(log.at(-1)).toBe('close 1 stop close');
    }
  });

  it('should say in close$ what this membership has received, sent and lost, and how old it was', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable }) => {
      const { transport, cast } = world({ scheduler });
      const common = { id: 2, reason: 'stop', operation: 'close', error: undefined };
      const closed = { ...common, bytesIn: 3, bytesOut: 2, unsent: 4, age: 20 };
      const first = { ...common, id: 1, bytesIn: 1, bytesOut: 1, unsent: 0, age: 10 };
      expectObservable(cast.close$).toBe('10ms a 29ms b', { a: first, b: closed });
      const acts: Record<string, () => void> = {
        s: () => void cast.start(),
        x: () => void cast.stop({ deadline: 0 }),
        e: () => {
          transport.socket.receive('1');
          cast.send('1');
        },
        f: () => {
          transport.socket.receive('123');
          cast.send('12');
          transport.socket.behind = true;
          cast.send('1234');
        },
      };
      cold('se 8ms x 9ms sf 18ms x').subscribe((act) => acts[act]?.());
    });
  });

  it('should complete everything when it is disposed of', async () => {
    const { cast } = world();
    const all: Observable<unknown>[] = [cast.prepareConnect$, cast.connect$, cast.close$, cast.receive$];
    const ends = all.map((source) => lastValueFrom(source.pipe(toArray())));
    await cast.start();
    await cast[Symbol.asyncDispose]();
    expect((await Promise.all(ends)).map(({ length }) => length)).toEqual([1, 1, 1, 0]);
  });
});
