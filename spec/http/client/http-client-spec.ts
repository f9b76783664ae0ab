import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { OptionError } from '../../../lib/base/errors.ts';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import { TcpServer } from '../../../lib/component/tcp-server.ts';
import { HttpClient } from '../../../lib/http/client/http-client.ts';
import { MemoryNetwork } from '../../../lib/transport/memory.ts';
import { closedLater } from '../../behaviour/world.ts';
import { settled } from '../../support/coded-world.ts';
import { type Script, answer, follow, newClient, outcome, textOf } from './world.ts';

async function world(script: Script, options: ConstructorParameters<typeof HttpClient>[0] = {}) {
  const transport = new MemoryNetwork();
  const server = closedLater(new TcpServer({ transport, port: 8080 }));
  const heard = follow(server, script);
  await server.start();
  return { server, heard, client: newClient({ transport, to: 'localhost:8080', ...options }) };
}

const tell: Script = (connection, text) => {
  for (const [line] of text.matchAll(/^\w+ \S+ HTTP/gm)) connection.send(answer(line));
};

describe('HttpClient', () => {
  it('should send its requests over one connection, one after the other', async () => {
    const { client, heard } = await world(tell);
    await client.start();
    const texts = await Promise.all([
      textOf(client.get('/a')),
      textOf(client.post('/b', 'body')),
      textOf(client.put('/c')),
      textOf(client.patch('/d')),
      textOf(client.delete('/e')),
      textOf(client.options('*')),
      textOf(client.trace('/f')),
    ]);
    expect(texts).toEqual(
      ['GET /a', 'POST /b', 'PUT /c', 'PATCH /d', 'DELETE /e', 'OPTIONS *', 'TRACE /f'].map(
        (line) => `${line} HTTP`,
      ),
    );
    expect(heard.length).toBe(1);
    expect(heard[0]).toContain('Host: localhost:8080');
  });

  it('should send what was asked for while it was connecting', async () => {
    const { client } = await world(tell);
    const request$ = client.get('/a');
    expect(await outcome(request$)).toBe('ERR_STATE');
    const started = client.start();
    const first = textOf(request$);
    expect(client.waitingRequests).toBe(1);
    expect(await first).toBe('GET /a HTTP');
    await started;
  });

  it('should take URLs of its server only', async () => {
    const { client } = await world(tell);
    await client.start();
    expect(await textOf(client.request({ url: 'http://localhost:8080/x' }))).toBe('GET /x HTTP');
    expect(await textOf(client.request({ origin: 'http://localhost:8080' }))).toBe('GET / HTTP');
    expect(await outcome(client.request({ url: 'http://localhost/x' }))).toBe('ERR_OPTION');
    expect(await outcome(client.request({ url: 'https://localhost:8080/x' }))).toBe('ERR_OPTION');
  });

  it('should fail what waits when the connection ends, and start anew', async () => {
    const { client, heard } = await world((connection, text) => {
      connection.send(answer('x', ...(text.includes('/last') ? ['Connection: close'] : [])));
    });
    await client.start();
    const last = textOf(client.get('/last'));
    const waiting = outcome(client.get('/waits'));
    expect(await last).toBe('x');
    expect(await waiting).toBe('ERR_CLOSED');
    await client.wait();
    expect(await outcome(client.get('/later'))).toBe('ERR_STATE');
    await client.start();
    expect(await textOf(client.get('/again'))).toBe('x');
    expect(heard.length).toBe(2);
  });

  it('should not send anything twice', async () => {
    const { client } = await world((connection, text) => {
      if (text.includes('/die')) connection.disconnect();
      else connection.send(answer('x'));
    });
    await client.start();
    await textOf(client.get('/a'));
    expect(await outcome(client.get('/die'))).toBe('ERR_CLOSED');
  });

  it('should give those who wait the error of a connect that fails', async () => {
    const client = newClient({ transport: new MemoryNetwork(), to: 'localhost:1' });
    const started = outcome(client.start());
    expect(await outcome(client.get('/'))).toBe('ECONNREFUSED');
    expect(await started).toBe('ECONNREFUSED');
  });

  it('should fail what waits when it is stopped', async () => {
    const { client } = await world(() => undefined);
    await client.start();
    const both = [outcome(client.get('/')), outcome(client.get('/'))];
    await settled();
    await client.stop({ drain: false });
    expect(await Promise.all(both)).toEqual(['ERR_CLOSED', 'ERR_ABORTED']);
  });

  it('should begin HTTP by hand', async () => {
    const { client, heard } = await world(
      (connection, text) => connection.send(text === 'hello' ? 'welcome' : answer('http')),
      { http: { start: 'manual' } },
    );
    await client.start();
    const waiting = textOf(client.get('/'));
    client.send('hello');
    const greeting = await firstValueFrom(client.connection!.receive$);
    expect(toText(greeting)).toBe('welcome');
    client.startHttp();
    expect(await waiting).toBe('http');
    expect(() => client.startHttp()).toThrow(/HTTP cannot be started/);
    expect(heard[0]).toMatch(/^helloGET/);
    const other = await world(tell);
    await other.client.start();
    expect(() => other.client.startHttp()).toThrow(/HTTP cannot be started/);
  });

  it('should be no longer one of HTTP after an upgrade', async () => {
    const { client } = await world((connection, text) => {
      if (text.includes('GET'))
        connection.send('HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhi');
      else connection.send(text);
    });
    await client.start();
    const { connection } = await firstValueFrom(client.upgrade({ target: '/', protocol: 'x' }));
    expect(connection).toBe(client.connection);
    expect(toText(await firstValueFrom(connection.receive$))).toBe('hi');
    expect(await outcome(client.get('/'))).toBe('ERR_STATE');
  });

  it('should pipeline if it is told to', async () => {
    const writes: string[] = [];
    const { client } = await world(
      (connection, text, peer) => {
        writes.push(text);
        tell(connection, text, peer);
      },
      { http: { pipelining: 10 } },
    );
    await client.start();
    await textOf(client.get('/first'));
    const paths = ['/a', '/b', '/c'];
    expect(await Promise.all(paths.map((path) => textOf(client.get(path))))).toEqual(
      paths.map((path) => `GET ${path} HTTP`),
    );
    expect(writes.length).toBe(2);
  });

  it('should check its options', () => {
    expect(() => new HttpClient({ http: { maxPerOrigin: 1 } as never })).toThrow(OptionError);
    expect(() => new HttpClient({ http: { start: 'later' as never } })).toThrow(/http\.start/);
    expect(() => new HttpClient({ maxConnections: 2 } as never)).toThrow(OptionError);
  });
});
