import { describe, expect, it } from '@jest/globals';
import { type Observable, map } from 'rxjs';
import type { Component } from '../../lib/component/component.ts';
import type { TcpAgent } from '../../lib/component/tcp-agent.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import type { Hold } from '../../lib/flow/lease.ts';
import { CAPACITY, inVirtualTime } from '../support/virtual-network.ts';

/** How connections ended: reason, which timeout, and how many bytes were lost. */
function endsOf({ close$ }: Component): Observable<string> {
  return close$.pipe(
    map(({ reason, error, unsent }) => {
      const { timeout = 'none', option = 'none' } = (error ?? {}) as { timeout?: string; option?: string };
      expect(option).toBe(timeout === 'none' ? 'none' : `timeouts.${timeout}`);
      return `${reason} ${timeout} ${unsent}`;
    }),
  );
}

const first = ({ connections }: Component) => connections.get(1) as Connection;
const connect = (agent: TcpAgent) => void agent.connect(1);

/** A transport on which nothing ever answers. */
const silentTransport = (aborts: string[]) => ({
  listen: () => ({ close: () => undefined }),
  connect: () => ({ abort: () => aborts.push('aborted') }),
});

describe('connect timeout', () => {
  it.each([
    ['ten seconds by default', {}, '- 10s a', 10_001],
    ['the time that is set', { connect: 50 }, '- 50ms a', 51],
  ] as const)('should give up after %s', (_, timeouts, marbles, last) => {
    const aborts: string[] = [];
    const end = inVirtualTime(({ agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent({ transport: silentTransport(aborts), timeouts });
      expectObservable(endsOf(agent)).toBe(marbles, { a: 'connect connect 0' });
      at('-c', { c: () => connect(agent) });
    });
    expect(end).toBe(last);
    expect(aborts).toEqual(['aborted']);
  });

  it('should wait for ever when it is off', () => {
    const end = inVirtualTime(({ agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent({ transport: silentTransport([]), timeouts: { connect: 0 } });
      expectObservable(endsOf(agent)).toBe('');
      at('-c', { c: () => connect(agent) });
    });
    expect(end).toBe(1);
  });

  it('should leave no timer when the connection is established', () => {
    const end = inVirtualTime(({ server, agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent();
      server();
      expectObservable(agent.connect$.pipe(map(({ id }) => id))).toBe('-a', { a: 1 });
      at('-c', { c: () => connect(agent) });
    });
    expect(end).toBe(1);
  });

  it('should reject the promise with the same error', async () => {
    let connecting: Promise<unknown> | undefined;
    inVirtualTime(({ agent: makeAgent }) => {
      connecting = makeAgent({ transport: silentTransport([]) }).connect(1);
    });
    await expect(connecting).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      timeout: 'connect',
      operation: 'connect',
      message: 'ERR_TIMEOUT: the connection was not established within 10000 ms (option timeouts.connect)',
    });
  });
});

describe('firstByte timeout', () => {
  it('should close a connection whose peer says nothing', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ timeouts: { firstByte: 20 } });
      const agent = makeAgent();
      server.receive$.subscribe();
      agent.receive$.subscribe();
      expectObservable(endsOf(server)).toBe('- 20ms a', { a: 'timeout firstByte 0' });
      expectObservable(endsOf(agent)).toBe('- 20ms a', { a: 'peer none 0' });
      at('-c', { c: () => connect(agent) });
    });
    expect(end).toBe(21);
  });

  it('should be content with the first byte', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ timeouts: { firstByte: 20 } });
      const agent = makeAgent();
      server.receive$.subscribe();
      expectObservable(endsOf(server)).toBe('');
      at('-c 10ms s', { c: () => connect(agent), s: () => first(agent).send('x') });
    });
    expect(end).toBe(21);
  });

  it('should not blame the peer while we do not read', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ timeouts: { firstByte: 20 } });
      const agent = makeAgent();
      expectObservable(endsOf(server)).toBe('119ms a', { a: 'timeout firstByte 0' });
      at('-c 97ms r', { c: () => connect(agent), r: () => server.receive$.subscribe() });
    });
  });
});

describe('readIdle timeout', () => {
  it('should close a connection whose peer falls silent', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ timeouts: { readIdle: 30 } });
      const agent = makeAgent();
      server.receive$.subscribe();
      agent.receive$.subscribe();
      expectObservable(endsOf(server)).toBe('55ms a', { a: 'timeout readIdle 0' });
      const send = () => first(agent).send('x');
      at('-c 3ms s 19ms s', { c: () => connect(agent), s: send });
    });
    expect(end).toBe(55);
  });

  it('should stand still while we are the ones who paused', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ timeouts: { readIdle: 30 } });
      const agent = makeAgent();
      server.receive$.subscribe();
      let hold: Hold | undefined;
      // Silent for 5 ms before the pause, so there are 25 left after it.
      expectObservable(endsOf(server)).toBe('125ms a', { a: 'timeout readIdle 0' });
      at('-c 3ms s----h 89ms r', {
        c: () => connect(agent),
        s: () => first(agent).send('x'),
        h: () => (hold = first(server).flow.hold()),
        r: () => hold?.release(),
      });
    });
  });

  it('should stand still while nobody is subscribed', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ timeouts: { readIdle: 30 } });
      const agent = makeAgent();
      const subscription = server.receive$.subscribe();
      expectObservable(endsOf(server)).toBe('121ms a', { a: 'timeout readIdle 0' });
      at('-c 8ms u 89ms r', {
        c: () => connect(agent),
        u: () => subscription.unsubscribe(),
        r: () => server.receive$.subscribe(),
      });
    });
  });

  it('should leave no timer when the connection ends', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ timeouts: { readIdle: 30, firstByte: 20, writeStall: 40 } });
      const agent = makeAgent();
      server.receive$.subscribe();
      agent.receive$.subscribe();
      expectObservable(endsOf(server)).toBe('-----a', { a: 'peer none 0' });
      at('-c---d', { c: () => connect(agent), d: () => first(agent).disconnect() });
    });
    expect(end).toBe(5);
  });
});

describe('writeStall timeout', () => {
  it('should close a connection whose peer takes nothing', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer();
      const agent = makeAgent({ timeouts: { writeStall: 40 } });
      expectObservable(endsOf(agent)).toBe('45ms a', { a: `timeout writeStall ${5000 - CAPACITY}` });
      expectObservable(server.accept$.pipe(map(({ id }) => id))).toBe('-a', { a: 1 });
      at('-c---s', { c: () => connect(agent), s: () => first(agent).send(new Uint8Array(5000)) });
    });
    expect(end).toBe(45);
  });

  it('should begin anew whenever the peer takes something', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer({ bufferSize: CAPACITY });
      const agent = makeAgent({ timeouts: { writeStall: 40 } });
      expectObservable(endsOf(agent)).toBe('70ms a', { a: `timeout writeStall ${5000 - 2 * CAPACITY}` });
      at('-c---s 24ms r', {
        c: () => connect(agent),
        s: () => first(agent).send(new Uint8Array(5000)),
        r: () => {
          const subscription = server.receive$.subscribe(() => subscription.unsubscribe());
        },
      });
    });
  });

  it('should not run while nothing is pending', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const server = makeServer();
      const agent = makeAgent({ timeouts: { writeStall: 40 } });
      server.receive$.subscribe();
      expectObservable(endsOf(agent)).toBe('');
      at('-c---s', { c: () => connect(agent), s: () => first(agent).send(new Uint8Array(5000)) });
    });
    expect(end).toBeLessThanOrEqual(45);
  });
});

describe('drain timeout', () => {
  it('should cut off a connection that cannot be closed in an orderly way', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent({ timeouts: { drain: 50 } });
      makeServer();
      expectObservable(endsOf(agent)).toBe('55ms a', { a: `timeout drain ${5000 - CAPACITY}` });
      at('-c---d', {
        c: () => connect(agent),
        d: () => {
          first(agent).send(new Uint8Array(5000));
          first(agent).disconnect();
        },
      });
    });
    expect(end).toBe(55);
  });

  it('should be over when everything has been handed over', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent({ timeouts: { drain: 50 } });
      const server = makeServer();
      expectObservable(endsOf(agent)).toBe('30ms a', { a: 'local none 0' });
      at('-c---d 24ms r', {
        c: () => connect(agent),
        d: () => {
          first(agent).send(new Uint8Array(5000));
          first(agent).disconnect();
        },
        r: () => server.receive$.subscribe(),
      });
    });
    expect(end).toBe(30);
  });
});

describe('linger timeout', () => {
  it('should end a connection in an orderly way when the peer does not answer its end', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent({ timeouts: { linger: 30 } });
      makeServer();
      expectObservable(endsOf(agent)).toBe('35ms a', { a: 'local none 0' });
      at('-c---d', {
        c: () => connect(agent),
        d: () => {
          first(agent).send('bye');
          first(agent).disconnect();
        },
      });
    });
    expect(end).toBe(35);
  });

  it('should begin when everything has been handed over', () => {
    inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent({ timeouts: { drain: 0, linger: 30 } });
      const server = makeServer({ halfOpen: true });
      expectObservable(endsOf(agent)).toBe('50ms a', { a: 'local none 0' });
      at('-c---d 14ms r', {
        c: () => connect(agent),
        d: () => {
          first(agent).send(new Uint8Array(5000));
          first(agent).disconnect();
        },
        r: () => server.receive$.subscribe(),
      });
    });
  });

  it('should not keep a half-open connection from staying open', () => {
    const end = inVirtualTime(({ server: makeServer, agent: makeAgent, at, expectObservable }) => {
      const agent = makeAgent();
      const server = makeServer({ halfOpen: true });
      server.receive$.subscribe();
      agent.receive$.subscribe();
      expectObservable(endsOf(agent)).toBe('');
      at('-c---e', { c: () => connect(agent), e: () => first(agent).end() });
    });
    expect(end).toBe(5);
  });
});
