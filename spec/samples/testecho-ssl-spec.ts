import { describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TLSSocket, connect, createServer } from 'node:tls';
import { afterTest } from '../support/cleanup.ts';
import { plainClient, plainServer, read, readAll } from '../support/plain-net.ts';
import { runSample } from '../support/run-sample.ts';

jest.setTimeout(30_000);

const AGREED = /^#1 handshake TLSv1\.3 TLS_AES_256_GCM_SHA384 with /;
const OTHER_CLIENT = ['--cert', path('other-client.pem'), '--key', path('other-client-key.pem')];
const ours = { cert: pem('client.pem'), key: pem('client-key.pem'), ca: pem('ca.pem') };

function path(name: string): string {
  return `samples/certificates/${name}`;
}

function pem(name: string): string {
  return readFileSync(new URL(`../../${path(name)}`, import.meta.url), 'utf8');
}

/** A plain `node:tls` client that shows the certificate of `client.pem`, unless told otherwise. */
async function tlsClient(port: number, identity: { cert?: string; key?: string } = ours): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: ours.ca, ...identity });
  socket.on('error', () => undefined);
  afterTest(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** A plain `node:tls` server, whose certificate may be a wrong one, that asks for none and echoes. */
async function tlsServer(name: string): Promise<number> {
  const server = createServer({ cert: pem(`${name}.pem`), key: pem(`${name}-key.pem`) }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => void server.close());
  return (server.address() as { port: number }).port;
}

describe('testecho-ssl server', () => {
  it('should echo over TLS and print what the handshake came to, here as JSON', async () => {
    const server = runSample('testecho-ssl', 'server', '--port', '0', '--json');
    const client = await tlsClient(await server.port());
    client.write('hello');
    expect(await read(client, 5)).toBe('hello');
    client.end();
    await server.line(/"close"/);
    server.signal('SIGINT');

    const { code, out, errors } = await server.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out[0]).toMatch(/^listening tls 127\.0\.0\.1:\d+$/);
    const [, ...events] = out.map((line, index) => (index === 0 ? line : (JSON.parse(line) as unknown)));
    expect(events.slice(1, 4)).toEqual([
      { event: 'handshake', id: 1, protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', peer: 'CN=client' },
      { event: 'receive', id: 1, data: 'aGVsbG8=' },
      { event: 'sent', id: 1, data: 'aGVsbG8=' },
    ]);
    expect(events[4]).toMatchObject({ event: 'close', reason: 'peer', bytesIn: 5, bytesOut: 5 });
  });

  it.each([
    { who: 'without certificate', identity: {}, code: 'ERR_TLS_NO_CERTIFICATE' },
    {
      who: 'with a certificate of another authority',
      identity: { cert: pem('other-client.pem'), key: pem('other-client-key.pem') },
      code: 'ERR_TLS_PEER_CERTIFICATE',
    },
  ])('should let no client in $who, and serve the others', async ({ identity, code }) => {
    const server = runSample('testecho-ssl', 'server', '--port', '0');
    const port = await server.port();
    await tlsClient(port, identity);
    await server.line(new RegExp(`^#1 close tls ${code} \\(0 bytes in, 0 out\\)$`));

    const client = await tlsClient(port);
    client.write('hello');
    expect(await read(client, 5)).toBe('hello');
  });

  it('should not talk to a client that does not speak TLS', async () => {
    const server = runSample('testecho-ssl', 'server', '--port', '0');
    const client = await plainClient(await server.port());
    client.write('hello');
    await readAll(client).catch(() => undefined);
    await server.line(/^#1 close tls ERR_TLS_\w+ \(0 bytes in, 0 out\)$/);
  });

  it('should trust the authority of --ca', async () => {
    const server = runSample('testecho-ssl', 'server', '--port', '0', '--ca', path('other-ca.pem'));
    const port = String(await server.port());
    const { code } = await runSample(
      ...['testecho-ssl', 'client', '--port', port, ...OTHER_CLIENT, '--message', 'hello'],
    ).ended;
    expect(code).toBe(0);
    await server.line(/^#1 handshake .* with CN=other client$/);
  });
});

describe('testecho-ssl client', () => {
  it('should send, print what the handshake came to and exit when the answers came', async () => {
    const server = runSample('testecho-ssl', 'server', '--port', '0');
    const port = await server.port();
    const { code, out, errors } = await runSample(
      ...['testecho-ssl', 'client', '--port', String(port), '--message', 'hey', '--count', '3'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out[0]).toBe(`#1 connect 127.0.0.1:${port}`);
    expect(out[1]).toMatch(AGREED);
    expect(out[1]).toMatch(/CN=localhost$/);
    expect(out.filter((line) => line === '#1 sent 3 bytes')).toHaveLength(3);
    expect(out.at(-1)).toMatch(/^#1 close \w+ \(9 bytes in, 9 out\)$/);
    await server.line(/^#1 handshake .* with CN=client$/);
  });

  it('should send the lines of standard input and exit when it has ended and the answers came', async () => {
    const client = runSample('testecho-ssl', 'client', '--port', String(await tlsServer('server')));
    client.input.write('one\n');
    await client.line(/^#1 receive 3 bytes 'one'$/);
    client.input.end('two');
    const { code, out, errors } = await client.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.at(-1)).toMatch(/^#1 close \w+ \(6 bytes in, 6 out\)$/);
  });

  it.each([
    { certificate: 'other-server', says: /^ERR_TLS_PEER_CERTIFICATE: / },
    { certificate: 'self-signed', says: /^ERR_TLS_PEER_CERTIFICATE: / },
    { certificate: 'expired', says: /^ERR_TLS_PEER_CERTIFICATE: .*CERT_HAS_EXPIRED/ },
    { certificate: 'wrong-host', says: /^ERR_TLS_HOST: / },
  ])('should send nothing to the server with the certificate $certificate', async ({ certificate, says }) => {
    const { code, out, errors } = await runSample(
      ...['testecho-ssl', 'client', '--port', String(await tlsServer(certificate)), '--message', 'secret'],
    ).ended;
    expect({ code, errors }).toEqual({ code: 1, errors: [expect.stringMatching(says)] });
    expect(out.join('\n')).not.toMatch(/handshake|sent/);
  });

  it('should exit with 1 and one line when the server refuses its certificate', async () => {
    const server = runSample('testecho-ssl', 'server', '--port', '0');
    const port = String(await server.port());
    const { code, errors } = await runSample(
      ...['testecho-ssl', 'client', '--port', port, ...OTHER_CLIENT, '--message', 'hello'],
    ).ended;
    // In TLS 1.3 a client may have sent before the server looks at its certificate.
    const says = expect.stringMatching(/^only 0 of 5 bytes came back$|ERR_TLS_ALERT|ECONNRESET|EPIPE/);
    expect({ code, errors }).toEqual({ code: 1, errors: [says] });
  });

  it('should exit with 1 and one line when the server does not speak TLS', async () => {
    const port = await plainServer((socket) => void socket.end('220 ready\r\n'));
    const { code, errors } = await runSample('testecho-ssl', 'client', '--port', String(port)).ended;
    expect({ code, errors }).toEqual({ code: 1, errors: [expect.stringMatching(/^ERR_TLS_/)] });
  });

  it.each([
    { args: ['--password', 'wrong'], says: /^ERR_TLS_KEY_PASSWORD: tls\.keyPassword: / },
    { args: ['--cert', 'nowhere.pem'], says: /^ERR_TLS_FILE: tls\.certFile: / },
    { args: ['--key', path('server-key.pem')], says: /^ERR_TLS_KEY_MISMATCH: tls\.keyFile: / },
    { args: ['--ca', path('ca-key.pem')], says: /^ERR_TLS_CA: tls\.caFile: / },
    { args: ['--ca', ''], says: /^--ca must be a text that is not empty, got ''$/ },
  ])('should refuse $args with one line that says why', async ({ args, says }) => {
    const { code, out, errors } = await runSample('testecho-ssl', 'client', ...args).ended;
    expect({ code, out, errors }).toEqual({ code: 2, out: [], errors: [expect.stringMatching(says)] });
  });
});

describe('testecho-ssl agent', () => {
  it('should send every line on every connection, each secured for itself', async () => {
    const server = runSample('testecho-ssl', 'server', '--port', '0');
    const port = String(await server.port());
    const agent = runSample('testecho-ssl', 'agent', '--port', port, '--connections', '2');
    agent.input.end('hi\nthere');
    const { code, out, errors } = await agent.ended;
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(out.filter((line) => / handshake TLSv1\.3 .* with CN=localhost$/.test(line))).toHaveLength(2);
    expect(out.filter((line) => / close \w+ \(7 bytes in, 7 out\)$/.test(line))).toHaveLength(2);
    expect(out.at(-1)).toBe('shutdown (2 closed, 0 cut off, 0 bytes lost)');
  });
});
