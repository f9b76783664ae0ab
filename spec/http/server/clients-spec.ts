import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request as nodeRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { type Socket, connect } from 'node:net';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { concat, finalize, map, of, timer } from 'rxjs';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { HttpServer } from '../../../lib/http/server/http-server.ts';
import type { HttpServerOptions } from '../../../lib/http/server/server-options.ts';
import { closedLater } from '../../behaviour/world.ts';
import { pattern } from '../../support/patterns.ts';
import { plainClient, readAll } from '../../support/plain-net.ts';
import { identity, listOf, pem } from '../../support/tls-world.ts';
import { itWith, runTool } from '../../support/tool.ts';

const curlIt = itWith('curl', '--version');
const opensslIt = itWith('openssl', 'version');
const ncIt = itWith('nc', '-h');

/** A server on a port of this machine; echoes bodies, says the path otherwise. */
async function startedServer(options: HttpServerOptions = {}, answer = usual) {
  const server = closedLater(new HttpServer({ host: '127.0.0.1', ...options }));
  server.request$.subscribe(answer);
  const closes = listOf(
    server.close$.pipe(map(({ reason, error }) => `${reason} ${error?.code ?? ''}`.trim())),
  );
  const { port = 0 } = (await server.start()) as { port?: number };
  return { server, port, closes, url: `http://127.0.0.1:${port}` };
}

function usual(exchange: HttpExchange): void {
  if (exchange.method === 'POST' || exchange.method === 'PUT') exchange.respond({ body: exchange.body$ });
  else if (exchange.path === '/stream')
    exchange.respond({ body: concat(of('one,'), timer(5).pipe(map(() => 'two'))) });
  else exchange.respond({ body: exchange.path, fields: { 'Content-Type': 'text/plain' } });
}

/** TLS over a connection that has been used before. */
function tlsOver(socket: Socket): TLSSocket {
  return connectTls({ socket, ca: pem('ca'), servername: 'localhost' });
}

/** Runs curl and answers with what it writes. */
async function curl(...args: string[]): Promise<string> {
  const run = runTool('curl', '--silent', '--show-error', '--max-time', '20', ...args);
  run.endInput();
  expect(await run.ended).toBe(0);
  return run.text;
}

describe('an HTTP server and curl', () => {
  curlIt('should talk HTTP/1.1 on one connection', async () => {
    const { url, closes } = await startedServer();
    expect(await curl(`${url}/a`, `${url}/b`, `${url}/stream`)).toBe('/a/bone,two');
    expect(closes.length).toBeLessThanOrEqual(1);
  });

  curlIt('should talk HTTP/1.0', async () => {
    const { url } = await startedServer();
    const text = await curl('--http1.0', '--include', `${url}/stream`);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*\r\n\r\none,two$/s);
    expect(text).not.toContain('chunked');
    expect(await curl('--http1.0', '-H', 'Connection: keep-alive', `${url}/a`, `${url}/b`)).toBe('/a/b');
  });

  curlIt('should send the body after 100 Continue', async () => {
    const { url } = await startedServer();
    const args = ['-H', 'Expect: 100-continue', '--data-binary', 'x'.repeat(100_000), '-i', url];
    expect(await curl(...args)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n.*\r\nx{100000}|\r\nx+/s,
    );
    const refused = await startedServer({}, (exchange) => exchange.respond({ status: 401, body: 'no' }));
    expect(await curl(...args.slice(0, -1), refused.url)).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n.*no$/s);
  });

  curlIt('should upload in chunks', async () => {
    const { url } = await startedServer();
    expect(await curl('-H', 'Transfer-Encoding: chunked', '--data-binary', 'x'.repeat(70_000), url)).toBe(
      'x'.repeat(70_000),
    );
  });

  curlIt('should be told of HEAD', async () => {
    const { url } = await startedServer();
    expect(await curl('--head', `${url}/abc`)).toMatch(/Content-Length: 4\r\n/);
  });

  curlIt('should use TLS', async () => {
    const { port } = await startedServer({ tls: identity('server') });
    const text = await curl(
      '--insecure',
      `https://127.0.0.1:${port}/secret`,
      '--data-binary',
      'x'.repeat(100_000),
    );
    expect(text).toBe('x'.repeat(100_000));
  });
});

describe('an HTTP server and other clients', () => {
  ncIt('should answer what nc sends at once', async () => {
    const { port } = await startedServer();
    const run = runTool('nc', '-q', '1', '127.0.0.1', String(port));
    run.type('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    run.endInput();
    await run.ended;
    expect(run.text.match(/\/[ab]$|\/a(?=HTTP)/g)).toEqual(['/a', '/b']);
  });

  opensslIt('should answer what openssl sends', async () => {
    const { port } = await startedServer({ tls: identity('server') });
    const run = runTool('openssl', 's_client', '-quiet', '-connect', `127.0.0.1:${port}`);
    run.type('GET /tls HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await run.says(/\/tls$/);
  });

  const agents: Agent[] = [];
  afterEach(() => agents.splice(0).forEach((agent) => agent.destroy()));

  /** One request by node:http; answers with status and body. */
  async function ask(
    port: number,
    options: RequestOptions = {},
    body?: string,
    secure = false,
  ): Promise<[number, string]> {
    const make = secure ? secureRequest : nodeRequest;
    const request = make({
      host: '127.0.0.1',
      port,
      ...options,
      ...(secure ? { ca: pem('ca'), servername: 'localhost' } : {}),
    });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    return [response.statusCode ?? 0, text];
  }

  it('should serve an agent of node:http that keeps connections', async () => {
    const { port, server } = await startedServer();
    const agent = new Agent({ keepAlive: true, maxSockets: 3 });
    agents.push(agent);
    const accepted = listOf(server.accept$);
    const all = Array.from({ length: 60 }, (_, n) => {
      return n % 2 === 0
        ? ask(port, { agent, path: `/${n}` })
        : ask(port, { agent, method: 'POST' }, `body ${n}`);
    });
    const answers = await Promise.all(all);
    expect(answers).toEqual(answers.map((_, n) => [200, n % 2 === 0 ? `/${n}` : `body ${n}`]));
    expect(accepted).toHaveLength(3);
  });

  it('should deliver a refusal to a client that goes on sending', async () => {
    const { port, closes } = await startedServer({ http: { limits: { maxBody: 1000 } } });
    for (let round = 0; round < 5; round++) {
      const socket = await plainClient(port);
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n');
      socket.write(Buffer.alloc(20_000_000));
      socket.end();
      expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 413 Content Too Large\r\n/);
    }
    expect(closes.every((close) => close === 'protocol ERR_HTTP_TOO_LONG')).toBe(true);
  });

  it('should echo large bodies without a change', async () => {
    const { port } = await startedServer();
    const body = pattern(3_000_000).toString('base64');
    expect(await ask(port, { method: 'POST', headers: { 'Content-Length': body.length } }, body)).toEqual([
      200,
      body,
    ]);
  });

  it('should notice a client that leaves in the midst of an answer', async () => {
    let ended = 0;
    const { port, server } = await startedServer({}, (exchange) => {
      exchange.respond({
        body: timer(0, 1).pipe(
          map(() => 'x'.repeat(1000)),
          finalize(() => ended++),
        ),
      });
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    socket.resetAndDestroy();
    await closed;
    while (server.connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(ended).toBe(1);
  });

  it("should begin TLS by hand with handshake: 'manual'", async () => {
    const tls = { ...identity('server'), handshake: 'manual' } as const;
    const { server, port } = await startedServer({ tls });
    server.accept$.subscribe((connection) => {
      const subscription = connection.receive$.subscribe((chunk) => {
        if (String(chunk) !== 'STARTTLS\n') return;
        subscription.unsubscribe();
        connection.send('go\n');
        void connection.startTls();
      });
    });
    const socket = await plainClient(port);
    socket.write('STARTTLS\n');
    await once(socket, 'data');
    const request = secureRequest({
      path: '/later',
      createConnection: () => tlsOver(socket),
      host: 'localhost',
    });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });
});
