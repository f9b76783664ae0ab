import { describe, expect, it } from '@jest/globals';
import { type Subscription, firstValueFrom } from 'rxjs';
import type { Connection } from '../../../lib/connection/connection.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, answer, codeOf, inTime, outcome, rawWorld, startedAgent, textOf } from './world.ts';

/** Answers each request with the number of its connection, when it is told to. */
const patient = (options: Parameters<typeof rawWorld>[1] = {}) => {
  const due: (() => void)[] = [];
  return rawWorld((connection, text, { index }) => {
    for (let left = text.split('GET ').length; left > 1; left--)
      due.push(() => connection.send(answer(String(index))));
  }, options).then((world) => ({
    ...world,
    answerAll: async () => {
      for (const next of due.splice(0)) next();
      await settled();
    },
  }));
};

describe('Connections of an HttpAgent', () => {
  it('should be used again, the one that was used last first', async () => {
    const { agent, answerAll } = await patient();
    const both = Promise.all([textOf(agent.get(ROOT)), textOf(agent.get(ROOT))]);
    await settled();
    expect(agent.connections.size).toBe(2);
    await answerAll();
    expect(await both).toEqual(['0', '1']);
    expect(agent.idleConnections).toBe(2);
    const again = textOf(agent.get(ROOT));
    await settled();
    await answerAll();
    expect(await again).toBe('1');
  });

  it('should be as many as allowed per origin, and the others wait in order', async () => {
    const { agent, answerAll } = await patient({ agent: { http: { maxPerOrigin: 2 } } });
    const order: number[] = [];
    for (let n = 0; n < 5; n++) agent.get(`${ROOT}/${n}`).subscribe(() => order.push(n));
    await settled();
    expect([agent.connections.size, agent.waitingRequests]).toEqual([2, 3]);
    await answerAll();
    expect([agent.connections.size, agent.waitingRequests, order]).toEqual([2, 1, [0, 1]]);
    await answerAll();
    await answerAll();
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('should count each origin by itself', async () => {
    const { agent, answerAll } = await patient({ agent: { http: { maxPerOrigin: 1 } } });
    for (const host of ['localhost', '127.0.0.1', 'LOCALHOST', 'localhost:80'])
      agent.get(`http://${host}/`).subscribe({ error: () => expect('an error').toBe('none') });
    await settled();
    expect([agent.connections.size, agent.waitingRequests]).toEqual([2, 2]);
    for (let round = 0; round < 3; round++) await answerAll();
    expect([agent.connections.size, agent.waitingRequests, agent.idleConnections]).toEqual([2, 0, 2]);
  });

  it('should refuse what exceeds the queue', async () => {
    const { agent } = await patient({ agent: { http: { maxPerOrigin: 1, maxQueued: 1 } } });
    const first = outcome(agent.get(ROOT));
    await settled();
    const second = outcome(agent.get(ROOT));
    expect(await outcome(agent.get(ROOT))).toBe('ERR_HTTP_QUEUE');
    expect(agent.waitingRequests).toBe(1);
    await agent.stop({ drain: false });
    expect([await first, await second]).toEqual(['ERR_CLOSED', 'ERR_ABORTED']);
  });

  it('should close an idle one of another origin when there are as many as there may be', async () => {
    const { agent, answerAll } = await patient({ agent: { maxConnections: 1 } });
    const first = textOf(agent.get(ROOT));
    await settled();
    await answerAll();
    expect(await first).toBe('0');
    const second = textOf(agent.get('http://127.0.0.1/'));
    await settled();
    await answerAll();
    expect(await second).toBe('1');
    expect(agent.connections.size).toBe(1);
  });

  it('should wait for a busy one of another origin when there are as many as there may be', async () => {
    const { agent, answerAll } = await patient({ agent: { maxConnections: 1 } });
    const first = textOf(agent.get(ROOT, { keepAlive: false }));
    await settled();
    const second = textOf(agent.get('http://127.0.0.1/'));
    await settled();
    expect(agent.waitingRequests).toBe(1);
    await answerAll();
    await answerAll();
    expect([await first, await second]).toEqual(['0', '1']);
  });

  it('should not be used when the server has closed them', async () => {
    const { agent, server, answerAll } = await patient();
    const first = textOf(agent.get(ROOT));
    await settled();
    await answerAll();
    await first;
    for (const connection of server.connections.values()) connection.disconnect();
    await settled();
    expect([agent.connections.size, agent.idleConnections]).toEqual([0, 0]);
    const second = textOf(agent.get(ROOT));
    await settled();
    await answerAll();
    expect(await second).toBe('1');
  });

  it('should give every request that waits the error of a connect that fails', async () => {
    const { agent, server } = await patient();
    await server.stop();
    expect(await Promise.all([1, 2, 3].map(() => outcome(agent.get(ROOT))))).toEqual(
      Array(3).fill('ECONNREFUSED'),
    );
    expect(await outcome(agent.get('http://nobody.test/'))).toBe('ENOTFOUND');
    expect(agent.connections.size).toBe(0);
  });

  it('should let an observer of prepareConnect$ refuse', async () => {
    const { agent } = await patient();
    agent.prepareConnect$.subscribe(({ refuse }) => refuse());
    expect(await outcome(agent.get(ROOT))).toBe('ERR_REFUSED');
  });

  it('should carry what others have begun, with startHttp', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      connection.send(text === 'hello' ? 'welcome' : answer('http'));
    });
    const connection = await agent.connect('localhost:80');
    const greeting: Subscription = connection.receive$.subscribe(() => {
      greeting.unsubscribe();
      agent.startHttp(connection, 'http://app');
      expect(() => agent.startHttp(connection, 'http://app')).toThrow(/HTTP cannot be started/);
    });
    connection.send('hello');
    await settled();
    expect(await textOf(agent.get('http://app/'))).toBe('http');
    expect(heard).toEqual(['helloGET / HTTP/1.1\r\nHost: app\r\n\r\n']);
    const other = await agent.connect('localhost:80');
    other.disconnect(true);
    expect(() => agent.startHttp(other, 'http://app')).toThrow(/HTTP cannot be started/);
  });
});

describe('A request on a connection that has died', () => {
  /** The first connection dies with its second request. */
  const dying = (how: (connection: Connection) => void) =>
    rawWorld((connection, _text, { index, chunks }) => {
      if (index === 0 && chunks > 1) how(connection);
      else connection.send(answer(String(index)));
    });
  const end = (connection: Connection) => connection.disconnect();
  const reset = (connection: Connection) => connection.reset();

  it.each([
    ['end', end],
    ['reset', reset],
  ])('should be sent once more, after %s', async (_name, how) => {
    const { agent, heard } = await dying(how);
    expect(await textOf(agent.get(ROOT))).toBe('0');
    expect(await textOf(agent.put(ROOT, 'body'))).toBe('1');
    expect(heard[1]).toContain('body');
  });

  it('should be sent once more with a file as its body', async () => {
    const { agent, heard } = await rawWorld((connection, text, { index, chunks }) => {
      if (index === 0 && chunks > 1) end(connection);
      else if (index === 0 || text.includes('frame} end`);')) connection.send(answer(String(index)));
    });
    expect(await textOf(agent.get(ROOT))).toBe('0');
    const file = new URL('world.ts', import.meta.url).pathname;
    expect(await textOf(agent.put(ROOT, { file }))).toBe('1');
    expect(heard[1]).toContain('export function inTime');
    expect(agent.idleConnections).toBe(1);
  });

  it('should not be sent again if it is not idempotent', async () => {
    const { agent } = await dying(end);
    expect(await textOf(agent.get(ROOT))).toBe('0');
    expect(await outcome(agent.post(ROOT, 'body'))).toBe('ERR_CLOSED');
  });

  it('should not be sent again if something of an answer has come', async () => {
    const { agent } = await dying((connection) => {
      connection.send('H');
      connection.end();
    });
    expect(await textOf(agent.get(ROOT))).toBe('0');
    expect(await outcome(agent.get(ROOT))).toBe('ERR_HTTP_TRUNCATED');
  });

  it('should not be sent a third time', async () => {
    const { agent, heard } = await rawWorld((connection, _text, { index, chunks }) => {
      if (index === 0 && chunks === 1) connection.send(answer('0'));
      else connection.disconnect();
    });
    expect(await textOf(agent.get(ROOT))).toBe('0');
    expect(await outcome(agent.get(ROOT))).toBe('ERR_CLOSED');
    expect(heard.length).toBe(2);
  });

  it('should get a new connection, not another one that may have died too', async () => {
    const { agent, heard } = await rawWorld((connection, text, { index }) => {
      if (text.includes('/die')) connection.disconnect();
      else connection.send(answer(String(index)));
    });
    await Promise.all([textOf(agent.get(ROOT)), textOf(agent.get(ROOT))]);
    expect(agent.idleConnections).toBe(2);
    expect(await outcome(agent.get(`${ROOT}/die`))).toBe('ERR_CLOSED');
    expect(heard.length).toBe(3);
    expect(agent.idleConnections).toBe(1);
  });
});

describe('Idle connections in time', () => {
  const hello = answer('hi');

  it('should be closed before usual servers do', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection) => connection.send(hello));
      const client = agent();
      at(1, () => follow('one', client.get(ROOT)));
      at(3000, () => follow('two', client.get(ROOT)));
    });
    expect(log).toEqual([
      ...['1 one: 200', '1 one: body hi', '3000 two: 200', '3000 two: body hi'],
      ...['7000 closed: local', '7000 end'],
    ]);
  });

  it.each([
    ['timeout=3', 2000],
    ['timeout=30, max=100', 29_000],
    ['TIMEOUT=1000', 60_000],
    ['timeout=1', 0],
    ['timeout=-5', 4000],
  ])('should be kept as long as "Keep-Alive: %s" allows', (value, expected) => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection) => connection.send(answer('hi', `Keep-Alive: ${value}`)));
      const client = agent();
      at(1, () => follow('one', client.get(ROOT)));
    });
    expect(log.at(-2)).toBe(`${1 + expected} closed: local`);
  });

  it('should be kept without end if that is wanted', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection) => connection.send(hello));
      const client = agent({ http: { timeouts: { idle: 0 } } });
      at(1, () => follow('one', client.get(ROOT)));
      at(100_000, () => client.stop());
    });
    expect(log.at(-2)).toBe('100000 closed: stop');
  });
});

describe('Pipelining', () => {
  const pipelining = { http: { maxPerOrigin: 1, pipelining: 3 } };

  it('should send idempotent requests behind each other, and in one write', async () => {
    const writes: string[] = [];
    const { agent } = await rawWorld(
      (connection, text) => {
        writes.push(text);
        for (const [, path] of text.matchAll(/ \/(\w*) /g)) connection.send(answer(path!));
      },
      { agent: pipelining },
    );
    expect(await textOf(agent.get(`${ROOT}/first`))).toBe('first');
    const paths = ['a', 'b', 'c', 'd'];
    expect(await Promise.all(paths.map((path) => textOf(agent.get(`${ROOT}/${path}`))))).toEqual(paths);
    expect(writes.map((text) => text.match(/GET/g)?.length)).toEqual([1, 3, 1]);
  });

  it('should let nothing follow a request that is not idempotent, nor let it follow', async () => {
    const writes: string[] = [];
    const due: (() => void)[] = [];
    const { agent } = await rawWorld(
      (connection, text) => {
        writes.push(text.split(' ')[0]!);
        due.push(() => connection.send(answer('')));
      },
      { agent: pipelining },
    );
    for (const method of ['GET', 'GET', 'POST', 'GET']) agent.request({ url: ROOT, method }).subscribe();
    const steps: number[] = [];
    for (let step = 0; step < 4; step++) {
      await settled();
      steps.push(writes.length);
      due.shift()?.();
    }
    expect([writes, steps]).toEqual([
      ['GET', 'GET', 'POST', 'GET'],
      [1, 2, 3, 4],
    ]);
  });

  it('should send again what a connection has not answered that ends', async () => {
    const { agent, heard } = await rawWorld(
      (connection, text, { index }) => {
        if (index > 0) for (const [, path] of text.matchAll(/ \/(\w*) /g)) connection.send(answer(path!));
        else connection.send(answer('first', ...(text.includes('/a') ? ['Connection: close'] : [])));
      },
      { agent: pipelining },
    );
    expect(await textOf(agent.get(ROOT))).toBe('first');
    const all = ['a', 'b', 'c'].map((path) => textOf(agent.get(`${ROOT}/${path}`)));
    expect(await Promise.all(all)).toEqual(['first', 'b', 'c']);
    expect(heard.length).toBeGreaterThan(1);
  });

  it('should hand out the good responses in front of a bad one', async () => {
    const { agent } = await rawWorld(
      (connection, text) => {
        connection.send(text.includes('/a') ? `${answer('A')}${answer('B')}garbage` : answer('first'));
      },
      { agent: pipelining },
    );
    await textOf(agent.get(ROOT));
    const all = ['a', 'b', 'c'].map((path) => outcome(textOf(agent.get(`${ROOT}/${path}`))));
    expect(await Promise.all(all)).toEqual(['A', 'B', 'ERR_HTTP_STATUS_LINE']);
  });

  it('should throw away the response to a request that was taken back', async () => {
    const due: (() => void)[] = [];
    const { agent, heard } = await rawWorld(
      (connection, text) => {
        for (const [, path] of text.matchAll(/ \/(\w*) /g)) due.push(() => connection.send(answer(path!)));
      },
      { agent: pipelining },
    );
    const flush = async () => {
      await settled();
      for (const next of due.splice(0)) next();
    };
    agent.get(ROOT).subscribe();
    await flush();
    await settled();
    const left = agent.get(`${ROOT}/a`).subscribe(() => expect('nothing').toBe('emitted'));
    const kept = textOf(agent.get(`${ROOT}/b`));
    await settled();
    left.unsubscribe();
    await flush();
    expect(await kept).toBe('b');
    expect(heard.length).toBe(1);
  });
});

describe('Requests that wait in time', () => {
  it('should give up after the queue timeout', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw(() => undefined);
      const client = agent({ http: { maxPerOrigin: 1, timeouts: { queue: 500, response: 2000 } } });
      at(1, () => follow('one', client.get(ROOT)));
      at(2, () => follow('two', client.get(ROOT)));
      at(100, () => follow('three', client.get(ROOT)));
    });
    expect(log).toEqual([
      ...['502 two: ERR_TIMEOUT', '600 three: ERR_TIMEOUT', '2001 one: ERR_TIMEOUT'],
      ...['2001 closed: timeout', '2001 end'],
    ]);
  });

  it('should give up dialling when nobody wants the connection any more', () => {
    const log = inTime(({ transport, agent, at, note, raw }) => {
      raw(() => undefined);
      const client = agent();
      client.prepareConnect$.subscribe(() => note('dials'));
      at(1, () => client.get(ROOT).subscribe().unsubscribe());
      at(2, () => note(`${client.connections.size} connections`));
      at(3, () => {
        const lost = client.get(ROOT).subscribe();
        client.get(ROOT).subscribe({ error: (error: unknown) => note(codeOf(error)) });
        lost.unsubscribe();
      });
      at(50, () => client.stop({ drain: false }));
      expect(transport).toBeDefined();
    });
    expect(log).toEqual([
      ...['1 dials', '1 closed: forced', '2 0 connections', '3 dials', '3 dials', '3 closed: forced'],
      ...['50 ERR_CLOSED', '50 closed: stop', '50 end'],
    ]);
  });
});

describe('An HttpAgent without connections', () => {
  it('should keep nothing of origins that it has asked', async () => {
    const { agent } = await rawWorld((connection) => connection.send(answer('x')));
    for (let n = 1; n < 20; n++)
      await firstValueFrom(agent.get(`http://127.0.0.${n}/`, { keepAlive: false }));
    await settled();
    expect((agent as unknown as { pools: Map<string, unknown> }).pools.size).toBe(0);
    const other = await startedAgent({});
    expect(await outcome(other.get('http://127.0.0.1:1/'))).toBe('ECONNREFUSED');
    await settled();
    expect((other as unknown as { pools: Map<string, unknown> }).pools.size).toBe(0);
  });
});
