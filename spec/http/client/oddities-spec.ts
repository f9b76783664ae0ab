import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, mergeMap, toArray } from 'rxjs';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import type { HttpClientResponse } from '../../../lib/http/client/client-response.ts';
import { settled } from '../../support/coded-world.ts';
import { ROOT, answer, outcome, rawWorld, textOf } from './world.ts';

/** A server that answers every chunk with the same bytes; `end` closes its side behind them. */
const saying = (text: string, end = false) =>
  rawWorld((connection) => {
    connection.send(text);
    if (end) connection.end();
  });

const read = (response$: HttpClientResponse) => firstValueFrom(response$.text());

describe('HttpAgent with all kinds of servers', () => {
  it('should read a body that ends with the connection', async () => {
    const { agent } = await saying('HTTP/1.1 200 OK\r\n\r\nall of it', true);
    expect(await textOf(agent.get(ROOT))).toBe('all of it');
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should read chunks and the fields behind them', async () => {
    const { agent } = await saying(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n',
    );
    const response = await firstValueFrom(agent.get(ROOT));
    expect(await read(response)).toBe('abcde');
    expect(response.trailers?.get('x-sum')).toBe('7');
    expect(agent.idleConnections).toBe(1);
  });

  it('should read a response that comes byte by byte', async () => {
    const whole = `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${answer('hello')}`;
    const { agent } = await rawWorld((connection) => {
      void (async () => {
        for (const byte of whole) {
          connection.send(byte);
          await settled();
        }
      })();
    });
    expect(await textOf(agent.get(ROOT))).toBe('hello');
    expect(await textOf(agent.get(ROOT))).toBe('hello');
  });

  it('should skip informational responses, and tell of them who asks', async () => {
    const { agent } = await saying(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${answer('hello')}`,
    );
    const seen: number[] = [];
    const text = await textOf(agent.get(ROOT, { onInformational: ({ status }) => seen.push(status) }));
    expect([text, seen]).toEqual(['hello', [100, 103]]);
    expect(agent.idleConnections).toBe(1);
  });

  it('should refuse informational responses without end', async () => {
    const { agent } = await saying('HTTP/1.1 102 Processing\r\n\r\n'.repeat(101));
    expect(await outcome(agent.get(ROOT))).toBe('ERR_HTTP_UNASKED');
  });

  it('should error with what onInformational throws', async () => {
    const { agent } = await saying('HTTP/1.1 100 Continue\r\n\r\n');
    const onInformational = () => {
      throw new RangeError('no');
    };
    agent.faults$.subscribe();
    expect(await outcome(agent.get(ROOT, { onInformational }))).toBe('RangeError');
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it('should know which responses have no body', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      if (text.startsWith('HEAD')) connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      else if (text.startsWith('PUT')) connection.send('HTTP/1.1 204 No Content\r\n\r\n');
      else connection.send('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n');
    });
    expect(await firstValueFrom(agent.head(ROOT).pipe(mergeMap((r) => r.text({ limit: 5 }))))).toBe('');
    expect(await textOf(agent.put(ROOT, 'x'))).toBe('');
    expect(await textOf(agent.get(ROOT))).toBe('');
    expect(heard.length).toBe(1);
  });

  it('should use a connection again only if both sides keep it', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      if (text.includes('/close')) connection.send(answer('closing', 'Connection: close'));
      else if (text.includes('/old')) connection.send(answer('old').replace('1.1', '1.0'));
      else if (text.includes('/kept'))
        connection.send(answer('kept', 'Connection: keep-alive').replace('1.1', '1.0'));
      else connection.send(answer('ours'));
    });
    for (const path of ['close', 'old', 'kept', 'ours']) {
      const keepAlive = path !== 'ours';
      expect(await textOf(agent.get(`${ROOT}/${path}`, { keepAlive }))).toBe(
        path === 'close' ? 'closing' : path,
      );
    }
    expect(heard.map((text) => text.match(/GET/g)?.length)).toEqual([1, 1, 2]);
    expect(heard[2]).toContain('Connection: close');
  });

  it.each([
    ['garbage', 'SSH-2.0-OpenSSH\r\n', 'ERR_HTTP_STATUS_LINE'],
    ['a bad status', 'HTTP/1.1 20 OK\r\n\r\n', 'ERR_HTTP_STATUS_LINE'],
    ['a bad version', 'HTTP/2.0 200 OK\r\n\r\n', 'ERR_HTTP_VERSION'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'ERR_HTTP_CONTENT_LENGTH',
    ],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'ERR_HTTP_CONTENT_LENGTH',
    ],
    ['a folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', 'ERR_HTTP_FIELD'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'ERR_HTTP_LINE_END'],
    ['an endless head', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(20_000)}`, 'ERR_HTTP_TOO_LONG'],
    [
      'a change of protocol',
      'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'ERR_HTTP_UPGRADE',
    ],
  ])('should refuse %s', async (_name, text, code) => {
    const { agent } = await saying(text);
    const reasons: string[] = [];
    agent.close$.subscribe(({ reason }) => reasons.push(reason));
    expect(await outcome(agent.get(ROOT))).toBe(code);
    await settled();
    expect(reasons).toEqual(['protocol']);
    expect(agent.connections.size).toBe(0);
  });

  it('should hand out a response whose body breaks, and error the body', async () => {
    const { agent } = await saying('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n');
    const response = await firstValueFrom(agent.get(ROOT));
    const pieces: string[] = [];
    const error = await new Promise((resolve) =>
      response.body$.subscribe({ next: (piece) => pieces.push(toText(piece)), error: resolve }),
    );
    expect(pieces).toEqual(['ab']);
    expect(error).toMatchObject({ code: 'ERR_HTTP_CHUNK', status: 502 });
    expect(await outcome(response.text())).toBe('ERR_STATE');
  });

  it.each([
    ['nothing', '', 'ERR_CLOSED'],
    ['half a head', 'HTTP/1.1 200 OK\r\nConte', 'ERR_HTTP_TRUNCATED'],
    ['an informational response', 'HTTP/1.1 100 Continue\r\n\r\n', 'ERR_HTTP_TRUNCATED'],
  ])('should error when the server ends after %s', async (_name, text, code) => {
    const { agent } = await saying(text, true);
    expect(await outcome(agent.get(ROOT))).toBe(code);
    await settled();
    expect(agent.connections.size).toBe(0);
  });

  it.each([
    ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])('should error the body when it is cut, %s', async (_name, text) => {
    const { agent } = await saying(text, true);
    expect(await outcome(textOf(agent.get(ROOT)))).toBe('ERR_HTTP_TRUNCATED');
  });

  it('should tell of a reset as such', async () => {
    const { agent } = await rawWorld((connection, text) => {
      if (text.includes('/body')) connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
      setTimeout(() => connection.reset(), 5);
    });
    expect(await outcome(agent.get(ROOT))).toBe('ECONNRESET');
    expect(await outcome(textOf(agent.get(`${ROOT}/body`)))).toBe('ECONNRESET');
  });

  it('should not take what its own side has closed for a whole body', async () => {
    const { agent } = await saying('HTTP/1.1 200 OK\r\n\r\npart');
    const response = await firstValueFrom(agent.get(ROOT));
    const all = outcome(response.text());
    response.connection.disconnect();
    expect(await all).toBe('ERR_HTTP_TRUNCATED');
  });

  it('should not take bytes behind a response for the answer to the next request', async () => {
    const { agent, heard } = await rawWorld((connection, text) => {
      connection.send(text.includes('/first') ? answer('one') + answer('poison') : answer('two'));
    });
    const reasons: string[] = [];
    agent.close$.subscribe(({ reason }) => reasons.push(reason));
    const texts: string[] = [];
    // The next request is made as early as it can be.
    agent.get(`${ROOT}/first`).subscribe((first) => {
      first.text().subscribe((text) => texts.push(text));
      agent.get(`${ROOT}/second`).subscribe((second) => second.text().subscribe((text) => texts.push(text)));
    });
    await settled();
    await settled();
    expect(texts).toEqual(['one', 'two']);
    expect(heard.length).toBe(2);
    expect(reasons).toEqual(['protocol']);
  });

  it('should close an idle connection on which the server begins to talk', async () => {
    const { agent, heard, server } = await saying(answer('one'));
    expect(await textOf(agent.get(ROOT))).toBe('one');
    for (const connection of server.connections.values())
      connection.send('HTTP/1.1 408 Request Timeout\r\n\r\n');
    await settled();
    expect(agent.idleConnections).toBe(0);
    expect(await textOf(agent.get(ROOT))).toBe('one');
    expect(heard.length).toBe(2);
  });

  it('should keep the pieces of a body that nobody has read yet, and then go on', async () => {
    const { agent, server } = await saying('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    const response = await firstValueFrom(agent.get(ROOT));
    await settled();
    expect(response.isComplete).toBe(false);
    expect(response.connection.reading).toBe(false);
    const pieces = firstValueFrom(response.body$.pipe(toArray()));
    expect(response.connection.reading).toBe(true);
    for (const connection of server.connections.values()) connection.send('def');
    expect((await pieces).map(toText)).toEqual(['abc', 'def']);
    expect(response.isComplete).toBe(true);
    expect(agent.idleConnections).toBe(1);
  });

  it('should give the body to all who are subscribed', async () => {
    const { agent, server } = await saying('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    const response = await firstValueFrom(agent.get(ROOT));
    const one: string[] = [];
    const other: string[] = [];
    response.body$.subscribe((piece) => one.push(toText(piece)));
    response.body$.subscribe((piece) => other.push(toText(piece)));
    for (const connection of server.connections.values()) connection.send('def');
    await settled();
    expect([one, other]).toEqual([['abc', 'def'], ['def']]);
  });
});
