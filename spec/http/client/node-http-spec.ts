import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { createGzip } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, from, mergeMap } from 'rxjs';
import { decompressed } from '../../../lib/http/client/decompressed.ts';
import { followRedirects } from '../../../lib/http/client/follow-redirects.ts';
import { afterTest } from '../../support/cleanup.ts';
import { CA, certificateFile } from '../../support/tls-world.ts';
import { newClient, outcome, startedAgent, textOf } from './world.ts';

const handle: RequestListener = (request, response) => {
  const { url = '', method } = request;
  if (url === '/echo') {
    response.writeHead(200, { Trailer: 'X-Sum' });
    request.on('end', () => response.addTrailers({ 'X-Sum': '7' })).pipe(response);
  } else if (url === '/hints') {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('after hints');
  } else if (url === '/moved') response.writeHead(302, { Location: '/target' }).end('moved');
  else if (url === '/gzip') {
    response.writeHead(200, { 'Content-Encoding': 'gzip' });
    const gzip = createGzip();
    gzip.pipe(response);
    gzip.end('packed '.repeat(10_000));
  } else if (url === '/large') response.end(Buffer.alloc(3_000_000, 'l'));
  else response.end(`${String(method)} ${url}`);
};

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const TLS = {
  cert: readFileSync(certificateFile('server')),
  key: readFileSync(certificateFile('server-key')),
};

describe('HttpAgent with a server of Node', () => {
  it('should ask in all ways', async () => {
    const root = `http://127.0.0.1:${await listening(createServer(handle))}`;
    const agent = await startedAgent({});
    expect(await textOf(agent.get(`${root}/a?b`))).toBe('GET /a?b');
    expect(await textOf(agent.delete(`${root}/a`))).toBe('DELETE /a');
    expect(await textOf(agent.head(`${root}/a`))).toBe('');
    expect(await textOf(agent.put(`${root}/echo`, { file: certificateFile('ca') }))).toContain(
      'BEGIN CERTIFICATE',
    );
    const chunks = from(Array.from({ length: 50 }, () => 'chunk'.repeat(2000)));
    const echo = await firstValueFrom(agent.post(`${root}/echo`, chunks, { expectContinue: true }));
    expect(await firstValueFrom(echo.text())).toHaveLength(500_000);
    expect(echo.trailers?.get('x-sum')).toBe('7');
    const seen: number[] = [];
    const hints$ = agent.get(`${root}/hints`, { onInformational: ({ status }) => seen.push(status) });
    expect([await textOf(hints$), seen]).toEqual(['after hints', [103]]);
    expect(await textOf(agent.get(`${root}/moved`).pipe(followRedirects(agent)))).toBe('GET /target');
    expect(await textOf(agent.get(`${root}/gzip`).pipe(decompressed()))).toBe('packed '.repeat(10_000));
    const large$ = agent.get(`${root}/large`).pipe(mergeMap((r) => r.bytes({ limit: 1e7 })));
    expect(await firstValueFrom(large$)).toHaveLength(3_000_000);
    expect(agent.connections.size).toBe(1);
  });

  it('should ask many things at the same time', async () => {
    const root = `http://127.0.0.1:${await listening(createServer(handle))}`;
    const agent = await startedAgent({ http: { maxPerOrigin: 8 } });
    const texts = await Promise.all(Array.from({ length: 200 }, (_, n) => textOf(agent.get(`${root}/${n}`))));
    expect(texts).toEqual(Array.from({ length: 200 }, (_, n) => `GET /${n}`));
    expect(agent.connections.size).toBe(8);
  });

  it('should notice that the server closes, and ask again', async () => {
    const server = createServer({ keepAliveTimeout: 20 }, (_request, response) => {
      response.shouldKeepAlive = true;
      response.removeHeader('Keep-Alive');
      response.setHeader('Connection', 'keep-alive');
      response.end('x');
    });
    const root = `http://127.0.0.1:${await listening(server)}`;
    const agent = await startedAgent({});
    for (let n = 0; n < 4; n++) {
      expect(await textOf(agent.get(root))).toBe('x');
      await new Promise((resolve) => setTimeout(resolve, n * 20));
    }
  });

  it('should do the same inside of TLS, and plain beside it', async () => {
    const secure = createSecureServer(TLS, handle) as unknown as Server;
    const root = `https://127.0.0.1:${await listening(secure)}`;
    const plain = `http://127.0.0.1:${await listening(createServer(handle))}`;
    const agent = await startedAgent({ tls: { ...CA, verify: 'chain' } });
    expect(await textOf(agent.get(`${root}/secure`))).toBe('GET /secure');
    expect(await textOf(agent.get(`${plain}/plain`))).toBe('GET /plain');
    expect(await textOf(agent.post(`${root}/echo`, 'e'.repeat(300_000)))).toHaveLength(300_000);
    const tls = [...agent.connections.values()].map((connection) => connection.tls?.alpn);
    expect(tls).toEqual(['http/1.1', undefined]);
  });

  it('should verify whom it speaks to', async () => {
    const secure = createSecureServer(TLS, handle) as unknown as Server;
    const root = `https://localhost:${await listening(secure)}`;
    const trusting = await startedAgent({ tls: CA });
    expect(await textOf(trusting.get(root))).toBe('GET /');
    const unknowing = await startedAgent({});
    expect(await outcome(unknowing.get(root))).toMatch(/^ERR_TLS/);
    const plain = `https://127.0.0.1:${await listening(createServer(handle))}`;
    expect(await outcome(trusting.get(plain))).toMatch(/^ERR_TLS/);
  });
});

describe('Connections of an HttpAgent that others begin', () => {
  it('should lead through a proxy to a server inside of TLS', async () => {
    const secure = createSecureServer(TLS, handle) as unknown as Server;
    const port = await listening(secure);
    const proxy = createServer();
    const sockets = new Set<Duplex>();
    proxy.on('connect', (request: IncomingMessage, socket: Duplex) => {
      const there = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(there).pipe(socket);
      });
      for (const end of [socket, there]) sockets.add(end.on('error', () => undefined));
    });
    afterTest(() => {
      for (const socket of sockets) socket.destroy();
    });
    const root = `http://127.0.0.1:${await listening(proxy)}`;
    const agent = await startedAgent({ tls: { ...CA, handshake: 'manual' } });
    const { connection } = await firstValueFrom(agent.tunnel(root, `localhost:${port}`));
    await connection.startTls({ serverName: 'localhost' });
    const origin = `https://localhost:${port}`;
    agent.startHttp(connection, origin);
    expect(await textOf(agent.get(`${origin}/behind`))).toBe('GET /behind');
    expect(connection.tls?.alpn).toBe('http/1.1');
    expect(agent.connections.size).toBe(1);
  });

  it('should be inside of TLS if option tls says so', async () => {
    const port = await listening(createSecureServer(TLS, handle));
    const agent = await startedAgent({ tls: CA });
    const connection = await agent.connect({ host: 'localhost', port });
    agent.startHttp(connection, 'https://named.test');
    expect(await textOf(agent.get('https://named.test/x'))).toBe('GET /x');
    const plain = await startedAgent({});
    const other = await plain.connect({ host: '127.0.0.1', port: await listening(createServer(handle)) });
    plain.startHttp(other, 'http://named.test');
    expect(await textOf(plain.get('http://named.test/y'))).toBe('GET /y');
  });
});

describe('HttpClient with a server of Node', () => {
  it('should speak plain and inside of TLS', async () => {
    const hosts: unknown[] = [];
    const tell = (request: IncomingMessage, response: Parameters<RequestListener>[1]) => {
      hosts.push(request.headers.host);
      handle(request, response);
    };
    const port = await listening(createServer(tell));
    const client = newClient({ to: { host: 'localhost', port } });
    await client.start();
    expect(await textOf(client.get('/a'))).toBe('GET /a');
    const securePort = await listening(createSecureServer(TLS, tell));
    const secure = newClient({ to: { host: 'localhost', port: securePort }, tls: CA });
    await secure.start();
    expect(await textOf(secure.get('/b'))).toBe('GET /b');
    expect(hosts).toEqual([`localhost:${port}`, `localhost:${securePort}`]);
  });
});
