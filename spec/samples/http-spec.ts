import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, type RequestOptions, createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { afterTest } from '../support/cleanup.ts';
import { echo, plainClient, plainServer, read, readAll } from '../support/plain-net.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

/** One request by node:http. */
async function ask(options: RequestOptions, body?: string | Buffer) {
  const asking = request({ host: '127.0.0.1', ...options });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return { status: response.statusCode, headers: response.headers, text: String(Buffer.concat(pieces)) };
}

describe('testecho-http', () => {
  it('should answer any request with 200 and its own body', async () => {
    const sample = runSample('testecho-http', 'server', '--port', '0');
    const port = await sample.port();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    afterTest(() => agent.destroy());
    const large = 'x'.repeat(1_000_000);
    for (const [method, body] of [
      ['POST', 'hello'],
      ['PUT', ''],
      ['GET', undefined],
      ['PATCH', large],
    ] as const) {
      const { status, text } = await ask({ port, agent, method, path: '/any?a=b' }, body);
      expect([status, text]).toEqual([200, body ?? '']);
    }
    await sample.line(/^#1 accept/);
    agent.destroy();
    await sample.line(/^#1 close peer/);
    sample.signal('SIGTERM');
    expect(await sample.ended).toMatchObject({ code: 0, errors: [] });
  });

  it('should answer a client that ends its side, and one that makes no sense', async () => {
    const port = await runSample('testecho-http', '--port', '0').port();
    const one = await plainClient(port);
    one.end('POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi');
    expect(await readAll(one)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhi$/s);
    const two = await plainClient(port);
    two.write('nonsense\r\n\r\n');
    expect(await readAll(two)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe.each(['client', 'agent'])('testecho-http %s', (role) => {
  it('should send requests and show the answers', async () => {
    const port = await runSample('testecho-http', 'server', '--port', '0').port();
    const sample = runSample(
      'testecho-http',
      role,
      '--port',
      String(port),
      '--message',
      'hi',
      '--count',
      '3',
    );
    for (const number of [1, 2, 3]) await sample.line(new RegExp(`^#${number} 200 hi$`));
    expect(await sample.ended).toMatchObject({ code: 0, errors: [] });
  });
});

describe('httpfiles', () => {
  it('should serve the files of --root', async () => {
    const root = mkdtempSync(join(tmpdir(), 'httpfiles-'));
    afterTest(() => rmSync(root, { recursive: true }));
    writeFileSync(join(root, 'index.html'), 'home '.repeat(1000));
    writeFileSync(join(root, '.secret'), 'secret');
    const sample = runSample('httpfiles', '--port', '0', '--root', root);
    const port = await sample.port();
    const home = await ask({ port, path: '/' });
    expect([home.status, home.text.length, home.headers['content-type']]).toEqual([
      200,
      5000,
      'text/html; charset=utf-8',
    ]);
    const small = await ask({ port, path: '/', headers: { 'Accept-Encoding': 'gzip' } });
    expect(small.headers['content-encoding']).toBe('gzip');
    expect((await ask({ port, path: '/.secret' })).status).toBe(404);
    expect((await ask({ port, path: '/../../etc/passwd' })).status).toBe(404);
    await sample.line(/^#\d+ GET \/ 200$/);
    await sample.line(/^#\d+ GET \/\.secret 404$/);
  });
});

describe.each(['tcp', 'http'])('httpproxy %s', (role) => {
  async function proxied() {
    const origin = createServer((incoming, outgoing) => {
      outgoing.setHeader('X-Saw', `${incoming.url} ${incoming.headers.host} ${incoming.headers.via}`);
      if (incoming.method === 'POST') incoming.pipe(outgoing);
      else outgoing.end(`you asked for ${incoming.url}`);
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    afterTest(() => {
      origin.closeAllConnections();
      origin.close();
    });
    const { port: to } = origin.address() as AddressInfo;
    const sample = runSample('httpproxy', role, '--port', '0');
    return { to, port: await sample.port() };
  }

  it('should pass on requests in absolute form', async () => {
    const { port, to } = await proxied();
    const path = `http://127.0.0.1:${to}/a?b=c`;
    const got = await ask({
      port,
      path,
      headers: { 'Proxy-Connection': 'keep-alive', Host: `127.0.0.1:${to}` },
    });
    expect([got.status, got.text]).toEqual([200, 'you asked for /a?b=c']);
    expect(got.headers['x-saw']).toBe(`/a?b=c 127.0.0.1:${to} 1.1 hpsocket-rx`);
    const large = Buffer.alloc(2_000_000, 'x');
    const posted = await ask({ port, path, method: 'POST', headers: { Host: `127.0.0.1:${to}` } }, large);
    expect(posted.text === String(large)).toBe(true);
    const headed = await ask({ port, path, method: 'HEAD', headers: { Host: `127.0.0.1:${to}` } });
    expect([headed.status, headed.text]).toEqual([200, '']);
  });

  it('should open tunnels', async () => {
    const { port } = await proxied();
    const to = await plainServer(echo);
    const socket: Socket = await plainClient(port);
    socket.write(`CONNECT 127.0.0.1:${to} HTTP/1.1\r\nHost: 127.0.0.1:${to}\r\n\r\nearly`);
    let text = '';
    while (!text.endsWith('\r\n\r\nearly')) text += await read(socket, 1);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    socket.end('late');
    expect(await readAll(socket)).toBe('late');
  });

  it('should answer 502 when nobody listens there, and 400 when it is no request to a proxy', async () => {
    const { port } = await proxied();
    const nowhere = { port, path: 'http://127.0.0.1:1/', headers: { Host: '127.0.0.1:1' } };
    expect((await ask(nowhere)).status).toBe(502);
    expect((await ask({ port, path: '/' })).status).toBe(400);
    const socket = await plainClient(port);
    socket.write('CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n');
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 502 /);
  });
});
