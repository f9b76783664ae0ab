import { describe, expect, it } from '@jest/globals';
import { NEVER, Subject, firstValueFrom, interval, map, take } from 'rxjs';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import { TcpServer } from '../../../lib/component/tcp-server.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, answer, codeOf, inTime, outcome, rawWorld, textOf } from './world.ts';

/** A head, and so much of a body of 100 bytes. */
const part = (bytes: number) => `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'x'.repeat(bytes)}`;

describe('Taking a request back', () => {
  it('should take it out of the queue', async () => {
    const { agent } = await rawWorld(() => undefined, { agent: { http: { maxPerOrigin: 1 } } });
    const first = agent.get(ROOT).subscribe();
    await settled();
    const second = agent.get(ROOT).subscribe();
    expect(agent.waitingRequests).toBe(1);
    second.unsubscribe();
    expect([agent.waitingRequests, agent.connections.size]).toEqual([0, 1]);
    first.unsubscribe();
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should close the connection on which it has been sent', async () => {
    const { agent, heard } = await rawWorld((connection) => connection.send('HTTP/1.1 200 OK\r\nX'));
    const request = agent.get(ROOT).subscribe();
    await settled();
    request.unsubscribe();
    await settled();
    expect([heard.length, agent.connections.size]).toEqual([1, 0]);
  });

  it('should leave the source of its body', async () => {
    const { agent } = await rawWorld(() => undefined);
    const source = new Subject<string>();
    const request = agent.post(ROOT, source).subscribe();
    await settled();
    expect(source.observed).toBe(true);
    request.unsubscribe();
    expect(source.observed).toBe(false);
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should send nothing if that happens at once', async () => {
    const { agent, heard } = await rawWorld((connection) => connection.send(answer('x')));
    expect(await textOf(agent.get(ROOT))).toBe('x');
    agent.get(`${ROOT}/left`).subscribe().unsubscribe();
    await settled();
    expect(heard).toEqual(['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n']);
    expect(agent.connections.size).toBe(0);
  });

  it('should send a file no more', async () => {
    const { agent, heard } = await rawWorld(() => undefined);
    agent.put(ROOT, { file: '/etc/hostname' }).subscribe().unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([heard.length, agent.connections.size]).toEqual([0, 0]);
  });

  it('should do nothing to the response once it is there', async () => {
    const { agent, server } = await rawWorld((connection) => connection.send(part(10)));
    const response = await firstValueFrom(agent.get(ROOT).pipe(take(1)));
    await settled();
    const text = firstValueFrom(response.text());
    for (const connection of server.connections.values()) connection.send('y'.repeat(90));
    expect(await text).toHaveLength(100);
  });
});

describe('Leaving a body', () => {
  it('should read and throw away what is left if it is short', async () => {
    const { agent, server } = await rawWorld((connection) => connection.send(part(10)));
    const response = await firstValueFrom(agent.get(ROOT));
    const first = await firstValueFrom(response.body$);
    expect(toText(first)).toBe('x'.repeat(10));
    expect(await outcome(response.body$)).toBe('ERR_STATE');
    for (const connection of server.connections.values()) connection.send('y'.repeat(90));
    await settled();
    expect(agent.idleConnections).toBe(1);
  });

  it.each([
    ['is long', 'HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\nx'],
    ['ends with the connection', 'HTTP/1.1 200 OK\r\n\r\nx'],
    ['is the last one', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nx'],
  ])('should close the connection if it %s', async (_name, text) => {
    const { agent } = await rawWorld((connection) => connection.send(text));
    await firstValueFrom((await firstValueFrom(agent.get(ROOT))).body$);
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should close the connection when more comes than is worth reading', async () => {
    const { agent, server } = await rawWorld(
      (connection) => connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
      { agent: { http: { drainLimit: 10 } } },
    );
    const response = await firstValueFrom(agent.get(ROOT));
    response.discard();
    const [connection] = server.connections.values();
    connection!.send('a\r\n0123456789\r\n');
    await settled();
    expect(agent.connections.size).toBe(1);
    connection!.send('1\r\n0\r\n');
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should be the same as discard() for one that nobody has begun to read', async () => {
    const { agent, server } = await rawWorld((connection) => connection.send(part(10)));
    const response = await firstValueFrom(agent.get(ROOT));
    response.discard();
    response.discard();
    expect(await outcome(response.text())).toBe('ERR_STATE');
    for (const connection of server.connections.values()) connection.send('y'.repeat(90));
    await settled();
    expect(agent.idleConnections).toBe(1);
  });

  it('should not matter when all of it is there', async () => {
    const { agent } = await rawWorld((connection) => connection.send(answer('all')));
    const response = await firstValueFrom(agent.get(ROOT));
    response.discard();
    expect(await outcome(response.text())).toBe('ERR_STATE');
    expect(agent.idleConnections).toBe(1);
  });

  it('should pass over to who subscribes before the other one leaves', async () => {
    const { agent, server } = await rawWorld((connection) => connection.send(part(10)));
    const response = await firstValueFrom(agent.get(ROOT));
    const one = response.body$.subscribe();
    const pieces: number[] = [];
    response.body$.subscribe(({ length }) => pieces.push(length));
    one.unsubscribe();
    for (const connection of server.connections.values()) connection.send('y'.repeat(90));
    await settled();
    expect(pieces).toEqual([90]);
  });

  it('should be what an observer does that throws', async () => {
    const { agent } = await rawWorld((connection) => connection.send(part(10)));
    const faults: string[] = [];
    agent.faults$.subscribe(({ error }) => faults.push(error.code));
    const response = await firstValueFrom(agent.get(ROOT));
    response.body$.subscribe(() => {
      throw new Error('oh');
    });
    await settled();
    expect(faults).toContain('ERR_HANDLER');
    expect(agent.connections.size).toBe(0);
  });
});

describe('Times', () => {
  it('should give up a response whose body nobody reads', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection) => connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx'));
      const client = agent();
      at(1, () => follow('one', client.get(ROOT), false));
    });
    expect(log).toEqual(['1 one: 200', '10001 closed: forced', '10001 end']);
  });

  it('should drain it if it is short, but not for ever', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection) => connection.send(part(1)));
      const client = agent({ http: { timeouts: { unread: 300 } } });
      at(1, () => follow('one', client.get(ROOT), false));
    });
    expect(log).toEqual(['1 one: 200', '601 closed: forced', '601 end']);
  });

  it('should end a request that is not answered', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection, _text, { chunks }) => chunks === 1 && connection.send(answer('x')));
      const client = agent({ http: { timeouts: { response: 700 } } });
      at(1, () => follow('one', client.get(ROOT)));
      at(100, () => follow('two', client.get(ROOT, { timeouts: { response: 50 } })));
      at(200, () => follow('three', client.get(ROOT, { timeouts: { response: 0, total: 2000 } })));
    });
    expect(log).toEqual([
      ...['1 one: 200', '1 one: body x', '150 two: ERR_TIMEOUT', '150 closed: timeout'],
      ...['200 three: 200', '200 three: body x', '4200 closed: local', '4200 end'],
    ]);
  });

  it('should end a body that does not go on, but not while we are the ones who wait', () => {
    const log = inTime(({ raw, agent, at, note }) => {
      raw((connection) => connection.send(part(1)));
      const client = agent({ http: { timeouts: { body: 100, unread: 0 } } });
      at(1, () => {
        client.get(ROOT).subscribe((response) => {
          at(1000, () => {
            note('reads');
            response.text().subscribe({ error: (error: unknown) => note(codeOf(error)) });
          });
        });
      });
    });
    expect(log.slice(-4)).toEqual(['1001 reads', '1101 ERR_TIMEOUT', '1101 closed: timeout', '1101 end']);
  });

  it('should let a body take long that goes on', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection) => {
        connection.send(part(90));
        for (let n = 1; n <= 10; n++) at(n * 90, () => connection.send('y'));
      });
      const client = agent({ http: { timeouts: { body: 100 } } });
      at(1, () => follow('one', client.get(ROOT)));
    });
    expect(log[1]).toBe(`901 one: body ${'x'.repeat(90)}${'y'.repeat(10)}`);
  });

  it('should end what takes too long as a whole, wherever it is', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection, text) => {
        if (text.includes('/body')) connection.send(part(10));
      });
      const client = agent({ http: { maxPerOrigin: 2, timeouts: { total: 500 } } });
      at(1, () => follow('body', client.get(`${ROOT}/body`)));
      at(2, () => follow('head', client.get(ROOT)));
      at(3, () => follow('queue', client.get(ROOT, { timeouts: { total: 100 } })));
    });
    expect(log).toEqual([
      ...['1 body: 200', '103 queue: ERR_TIMEOUT', '501 body: body ERR_TIMEOUT', '501 closed: forced'],
      ...['502 head: ERR_TIMEOUT', '502 closed: forced', '502 end'],
    ]);
  });

  it('should not count the time in which our own source is slow', () => {
    const log = inTime(({ raw, agent, at, follow }) => {
      raw((connection, text) => text.endsWith('0\r\n\r\n') && connection.send(answer('x')));
      const client = agent({ http: { timeouts: { response: 100 } } });
      const slow$ = interval(300).pipe(
        take(5),
        map((n) => `${n}`),
      );
      at(1, () => follow('slow', client.post(ROOT, slow$)));
      at(1, () => follow('never', client.post(ROOT, NEVER, { timeouts: { total: 2000 } })));
    });
    expect(log.slice(0, 4)).toEqual([
      ...['1501 slow: 200', '1501 slow: body x', '2001 never: ERR_TIMEOUT', '2001 closed: forced'],
    ]);
  });

  it('should end a request that the server does not take', () => {
    const log = inTime(({ transport, scheduler, agent, at, follow }) => {
      const deaf = new TcpServer({ transport, scheduler, port: 80 });
      void deaf.start();
      const client = agent({ http: { timeouts: { response: 100 } } });
      at(1, () => follow('one', client.post(ROOT, 'x'.repeat(3_000_000))));
      at(1, () => follow('other', client.post(ROOT, 'x'.repeat(300_000))));
      at(500, () => deaf.stop({ drain: false }));
    });
    // The network takes a part of it at first, which begins the time anew.
    expect(log.filter((line) => line.includes('ERR'))).toEqual([
      '201 one: ERR_TIMEOUT',
      '201 other: ERR_TIMEOUT',
    ]);
    expect(log.at(-1)).toBe('500 end');
  });
});
