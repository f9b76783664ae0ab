import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import { lines } from '../../../lib/codec/lines.ts';
import { TcpServer } from '../../../lib/component/tcp-server.ts';
import type { Component } from '../../../lib/component/component.ts';
import { closedLater } from '../../behaviour/world.ts';
import { afterTest } from '../../support/cleanup.ts';
import { firstBytes } from '../../support/patterns.ts';
import { type ToolRun, itWith, runTool } from '../../support/tool.ts';
import {
  CA,
  type EchoServer,
  certificateFile,
  echoServer,
  echoes,
  endingOf,
  identity,
  listOf,
  tlsAgent,
} from '../../support/tls-world.ts';

const itWithOpenssl = itWith('openssl', 'version');
const itWithCurl = itWith('curl', '--version');

const CA_FILE = certificateFile('ca');
const CLIENT_IDENTITY = ['-cert', certificateFile('client'), '-key', certificateFile('client-key')];

const VERSIONS = [
  ['TLSv1.2', '-tls1_2'],
  ['TLSv1.3', '-tls1_3'],
] as const;

/** `openssl s_client` that verifies, and what it says when the handshake is done. */
function sClient(port: number, ...args: readonly string[]): ToolRun {
  const name =
    args.includes('-servername') || args.includes('-noservername') ? [] : ['-servername', 'localhost'];
  const to = ['-connect', `127.0.0.1:${port}`, ...name];
  return runTool('openssl', 's_client', ...to, '-CAfile', CA_FILE, '-verify_return_error', ...args);
}

/** `openssl s_server`, and its port. */
async function sServer(...args: readonly string[]): Promise<ToolRun & { readonly port: number }> {
  const { certFile, keyFile } = identity('server');
  const own = ['-cert', certFile, '-key', keyFile];
  const tool = runTool('openssl', 's_server', '-accept', '127.0.0.1:0', '-naccept', '1', ...own, ...args);
  const [, port] = await tool.says(/^ACCEPT 127\.0\.0\.1:(\d+)$/m);
  return Object.create(tool, { port: { value: Number(port) } }) as ToolRun & { port: number };
}

/** A file that is gone after the test. */
function temporaryFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tls-interop-'));
  afterTest(() => rmSync(folder, { recursive: true }));
  return join(folder, name);
}

/** Lines of key logs, comments left out, in the order of the alphabet. */
function keys(...texts: readonly string[]): string[] {
  const all = texts.flatMap((text) => text.split('\n'));
  return all.filter((line) => line !== '' && !line.startsWith('#')).sort();
}

/** Lines that a component tells from now on. */
function keysOf(component: Component): string[] {
  const lines: string[] = [];
  component.keylog$.subscribe(({ line }) => lines.push(toText(line)));
  return lines;
}

/** The names of secrets, each once. */
const SECRETS = {
  'TLSv1.2': ['CLIENT_RANDOM'],
  'TLSv1.3': [
    'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
    'CLIENT_TRAFFIC_SECRET_0',
    'EXPORTER_SECRET',
    'SERVER_HANDSHAKE_TRAFFIC_SECRET',
    'SERVER_TRAFFIC_SECRET_0',
  ],
} as const;

/** An answer about revocation that needs no signature: "try later" (RFC 6960 section 4.2.1). */
const TRY_LATER = Buffer.from('30030a0103', 'hex');

async function stillServes({ port }: EchoServer): Promise<void> {
  await echoes(await tlsAgent(), port);
}

describe('openssl s_client', () => {
  for (const [version, flag] of VERSIONS) {
    itWithOpenssl(`should be echoed to, and leave (${version})`, async () => {
      const echo = await echoServer();
      const secured = listOf(echo.server.handshake$);
      const ending = echo.nextClose();
      const client = sClient(echo.port, flag);
      client.type('hello openssl\n');
      await client.says(/hello openssl\n/);
      client.type('Q\n');

      expect(await client.ended).toBe(0);
      expect(client.text).toContain('Verification: OK');
      expect(endingOf(await ending)).toEqual({ reason: 'peer' });
      expect(secured[0]?.tls).toMatchObject({ protocol: version, serverName: 'localhost', resumed: false });
      expect(client.text).toContain(version === 'TLSv1.3' ? secured[0]?.tls?.cipher : 'Cipher is ECDHE-');
    });

    itWithOpenssl(`should take our end for an orderly one (${version})`, async () => {
      const echo = await echoServer();
      const ending = echo.nextClose();
      echo.server.receive$.subscribe(({ connection }) => connection.disconnect());
      const client = sClient(echo.port, flag, '-ign_eof');
      client.type('goodbye\n');

      // OpenSSL 3 takes an end without close_notify for an error.
      expect(await client.ended).toBe(0);
      expect(client.text).toMatch(/goodbye\n/);
      expect(client.text).not.toContain('unexpected eof');
      expect(endingOf(await ending)).toEqual({ reason: 'local' });
    });

    itWithOpenssl(`should show who it is (${version})`, async () => {
      const echo = await echoServer({ ...CA, clientCertificate: 'require' });
      const secured = listOf(echo.server.handshake$);
      const client = sClient(echo.port, flag, ...CLIENT_IDENTITY);
      client.type('it is me\n');
      await client.says(/it is me\n/);
      expect(secured[0]?.tls).toMatchObject({ authorized: true });
      expect(secured[0]?.tls?.peerCertificate?.subject).toBe('CN=client');
    });

    itWithOpenssl(`should be refused if it does not show who it is (${version})`, async () => {
      const echo = await echoServer({ ...CA, clientCertificate: 'require' });
      const ending = echo.nextClose();
      const client = sClient(echo.port, flag, '-ign_eof');
      expect(await client.ended).toBe(1);
      expect(client.text).toMatch(
        version === 'TLSv1.3' ? /alert certificate required/ : /alert handshake failure/,
      );
      expect(endingOf(await ending)).toMatchObject({ code: 'ERR_TLS_NO_CERTIFICATE' });
    });

    itWithOpenssl(`should be told which secrets there are (${version})`, async () => {
      const echo = await echoServer();
      const ours = keysOf(echo.server);
      const file = temporaryFile('keys.txt');
      const client = sClient(echo.port, flag, '-keylogfile', file);
      client.type('secret\n');
      await client.says(/secret\n/);
      client.type('Q\n');
      await client.ended;

      for (const line of ours) expect(line).toMatch(/^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}\n$/);
      expect(keys(...ours).map((line) => line.split(' ')[0])).toEqual(SECRETS[version]);
      expect(keys(...ours)).toEqual(keys(readFileSync(file, 'utf8')));
    });

    itWithOpenssl(`should be given what is known about revocation (${version})`, async () => {
      const asked: [Uint8Array, Uint8Array | undefined][] = [];
      const echo = await echoServer({
        ...CA,
        ocsp: (certificate, issuer) => {
          asked.push([certificate, issuer]);
          return Promise.resolve(TRY_LATER);
        },
      });
      const client = sClient(echo.port, flag, '-status');
      await client.says(/OCSP Response Status: trylater/);
      expect(asked).toHaveLength(1);
      expect(asked[0]?.[0].length).toBeGreaterThan(300);

      const agent = await tlsAgent({ requestOcsp: true, maxVersion: version });
      const { ocspResponse } = await echoes(agent, echo.port);
      expect(Buffer.from(ocspResponse ?? []).equals(TRY_LATER)).toBe(true);
      expect((await echoes(await tlsAgent({ maxVersion: version }), echo.port)).ocspResponse).toBeUndefined();
    });

    itWithOpenssl(`should do without what is known about revocation (${version})`, async () => {
      const echo = await echoServer({ ocsp: () => Promise.reject(new Error('the responder is down')) });
      const client = sClient(echo.port, flag, '-status');
      await client.says(/OCSP response: no response sent/);
      client.type('hello\n');
      await client.says(/hello\n/);
    });

    itWithOpenssl(`should resume its session (${version})`, async () => {
      const echo = await echoServer();
      const secured = listOf(echo.server.handshake$);
      const file = temporaryFile('session.pem');
      for (const how of ['-sess_out', '-sess_in']) {
        const client = sClient(echo.port, flag, how, file);
        client.type('hello\n');
        await client.says(/hello\n/);
        client.type('Q\n');
        expect(await client.ended).toBe(0);
      }
      expect(secured.map(({ tls }) => tls?.resumed)).toEqual([false, true]);
    });
  }

  itWithOpenssl('should get the certificate of the name that it asks for', async () => {
    const echo = await echoServer({ names: { 'example.org': identity('example') } });
    const secured = listOf(echo.server.handshake$);
    for (const [args, subject] of [
      [['-servername', 'example.org'], 'example.org'],
      [['-servername', 'www.example.org'], 'example.org'],
      [['-noservername'], 'localhost'],
    ] as const) {
      const client = sClient(echo.port, ...args);
      client.type('Q\n');
      expect(await client.ended).toBe(0);
      expect(/subject=CN ?= ?(.*)/.exec(client.text)?.[1]).toBe(subject);
    }
    expect(secured.map(({ tls }) => tls?.serverName)).toEqual(['example.org', 'www.example.org', undefined]);
  });

  itWithOpenssl('should agree on a protocol', async () => {
    const echo = await echoServer({ alpn: ['chat', 'echo'] });
    const secured = listOf(echo.server.handshake$);
    const client = sClient(echo.port, '-alpn', 'h2,echo,chat');
    client.type('Q\n');
    expect(await client.ended).toBe(0);
    expect(client.text).toContain('ALPN protocol: chat');
    expect(secured[0]?.tls?.alpn).toBe('chat');
  });

  itWithOpenssl('should be told that there is no protocol in common', async () => {
    const echo = await echoServer({ alpn: ['chat'] });
    const client = sClient(echo.port, '-alpn', 'h2');
    expect(await client.ended).toBe(1);
    expect(client.text).toContain('alert no application protocol');
    await stillServes(echo);
  });

  itWithOpenssl('should be told that its server name is refused', async () => {
    const echo = await echoServer({ onServerName: (name) => (name === 'localhost' ? undefined : 'refuse') });
    const client = sClient(echo.port, '-servername', 'secret.test');
    expect(await client.ended).toBe(1);
    expect(client.text).toContain('unrecognized name');
    await echoes(await tlsAgent(), echo.port, 'localhost');
  });

  itWithOpenssl('should not be renegotiated with', async () => {
    const echo = await echoServer();
    const ending = echo.nextClose();
    const client = sClient(echo.port, '-tls1_2');
    client.type('before\n');
    await client.says(/before\n/);
    client.type('R\n');

    expect(await client.ended).toBe(1);
    expect(client.text).toContain('RENEGOTIATING');
    expect(client.text).toContain('no renegotiation');
    await ending;
    await stillServes(echo);
    expect(echo.server.connections.size).toBeLessThan(2);
  });

  itWithOpenssl('should be able to update its keys', async () => {
    const echo = await echoServer();
    const client = sClient(echo.port, '-tls1_3');
    client.type('before\n');
    await client.says(/before\n/);
    client.type('K\n');
    await client.says(/KEYUPDATE/);
    client.type('after\n');
    await client.says(/after\n/);
    client.type('k\n');
    await client.says(/KEYUPDATE[^]*KEYUPDATE/);
    client.type('after that\n');
    await client.says(/after that\n/);
  });

  itWithOpenssl('should start TLS as mail servers do', async () => {
    const server = closedLater(
      new TcpServer<string, string>({
        host: '127.0.0.1',
        codec: lines({ ending: '\r\n' }),
        tls: { ...identity('server'), handshake: 'manual' },
      }) as unknown as Component,
    ) as unknown as TcpServer<string, string>;
    const { port = 0 } = (await server.start()) as { port?: number };
    const heard: string[] = [];
    server.accept$.subscribe((connection) => connection.send('220 mail.test ESMTP'));
    server.receive$.subscribe(({ connection, data }) => {
      heard.push(data);
      if (data.startsWith('EHLO')) connection.send('250-mail.test', '250 STARTTLS');
      if (data === 'STARTTLS') {
        connection.send('220 go ahead');
        connection.startTls().catch(() => undefined);
      }
      if (data === 'NOOP') connection.send(`250 ${connection.tls?.protocol}`);
    });

    const client = sClient(port, '-starttls', 'smtp', '-name', 'client.test', '-crlf');
    await client.says(/Verification: OK/);
    client.type('NOOP\n');
    await client.says(/250 TLSv1\.3\r?\n/);
    client.type('Q\n');
    expect(await client.ended).toBe(0);
    expect(heard).toEqual(['EHLO client.test', 'STARTTLS', 'NOOP']);
  });
});

describe('openssl s_server', () => {
  for (const [version, flag] of VERSIONS) {
    itWithOpenssl(`should be talked to, and left (${version})`, async () => {
      const server = await sServer(flag);
      const agent = await tlsAgent();
      const connection = await agent.connect(
        { host: '127.0.0.1', port: server.port },
        { serverName: 'localhost' },
      );
      expect(connection.tls).toMatchObject({ protocol: version, authorized: true, serverName: 'localhost' });
      connection.send('hello openssl\n');
      await server.says(/hello openssl\n/);
      server.type('hello node\n');
      expect(String(await firstBytes(connection.receive$, 11))).toBe('hello node\n');
      connection.disconnect();

      expect(await server.ended).toBe(0);
      expect(server.text).toContain('CONNECTION CLOSED');
      expect(server.text).not.toContain('unexpected eof');
      expect(endingOf(await firstValueFrom(connection.close$))).toEqual({ reason: 'local' });
    });

    itWithOpenssl(`should be able to leave (${version})`, async () => {
      const server = await sServer(flag);
      const agent = await tlsAgent();
      const connection = await agent.connect({ host: '127.0.0.1', port: server.port });
      const ending = firstValueFrom(connection.close$);
      connection.receive$.subscribe();
      await server.says(/CIPHER is/);
      server.type('Q\n');
      expect(endingOf(await ending)).toEqual({ reason: 'peer' });
      expect(await server.ended).toBe(0);
    });

    itWithOpenssl(`should see who we are (${version})`, async () => {
      const server = await sServer(flag, '-CAfile', CA_FILE, '-Verify', '2', '-verify_return_error');
      const agent = await tlsAgent(identity('client'));
      const connection = await agent.connect({ host: '127.0.0.1', port: server.port });
      connection.send('it is me\n');
      await server.says(/it is me\n/);
      expect(server.text).toMatch(/subject=CN ?= ?client/);
    });

    itWithOpenssl(`should be able to refuse us (${version})`, async () => {
      const server = await sServer(flag, '-CAfile', CA_FILE, '-Verify', '2', '-verify_return_error');
      const agent = await tlsAgent(identity('other-client'));
      const ending = firstValueFrom(agent.close$);
      agent.connect({ host: '127.0.0.1', port: server.port }).then(
        ({ receive$ }) => receive$.subscribe({ error: () => undefined }),
        () => undefined,
      );
      const { reason, code, alert } = endingOf(await ending);
      expect({ reason, code, alert }).toEqual({ reason: 'tls', code: 'ERR_TLS_ALERT', alert: 'unknown_ca' });
      await server.says(/certificate verify failed/);
    });

    itWithOpenssl(`should use the secrets that we tell (${version})`, async () => {
      const file = temporaryFile('keys.txt');
      const server = await sServer(flag, '-keylogfile', file);
      const agent = await tlsAgent();
      const ours = keysOf(agent);
      const connection = await agent.connect({ host: '127.0.0.1', port: server.port });
      connection.send('secret\n');
      await server.says(/secret\n/);
      connection.disconnect();
      await server.ended;
      expect(keys(...ours).map((line) => line.split(' ')[0])).toEqual(SECRETS[version]);
      expect(keys(...ours)).toEqual(keys(readFileSync(file, 'utf8')));
    });
  }

  itWithOpenssl('should be able to update its keys', async () => {
    const server = await sServer('-tls1_3', '-msg');
    const agent = await tlsAgent();
    const connection = await agent.connect({ host: '127.0.0.1', port: server.port });
    connection.send('before\n');
    await server.says(/before\n/);
    server.type('K\n');
    await server.says(/>>> TLS 1\.3.*, KeyUpdate/);
    server.type('after\n');
    expect(String(await firstBytes(connection.receive$, 6))).toBe('after\n');
    connection.send('and back\n');
    await server.says(/<<< TLS 1\.3.*, KeyUpdate/); // our own keys too
    await server.says(/and back\n/);
  });

  itWithOpenssl('should not be able to renegotiate', async () => {
    const server = await sServer('-tls1_2');
    const agent = await tlsAgent();
    const connection = await agent.connect({ host: '127.0.0.1', port: server.port });
    connection.send('before\n');
    await server.says(/before\n/);
    const ending = firstValueFrom(connection.close$);
    const heard: string[] = [];
    connection.receive$.subscribe({ next: (bytes) => heard.push(toText(bytes)), error: () => undefined });
    server.type('r\n');
    expect(await server.ended).not.toBeNull();
    await ending;
    expect(heard).toEqual([]);
    expect(agent.connections.size).toBe(0);
  });

  itWithOpenssl('should be able to choose a protocol', async () => {
    const server = await sServer('-alpn', 'chat,echo');
    const agent = await tlsAgent({ alpn: ['h2', 'echo'] });
    const connection = await agent.connect({ host: '127.0.0.1', port: server.port });
    expect(connection.tls?.alpn).toBe('echo');
  });
});

describe('curl', () => {
  /** A server that answers every request with who asks. */
  async function webServer(tls = {}): Promise<number> {
    const server = closedLater(
      new TcpServer({ host: '127.0.0.1', tls: { ...identity('server'), alpn: ['http/1.1'], ...tls } }),
    );
    server.receive$.subscribe(({ connection, data }) => {
      if (!toText(data).endsWith('\r\n\r\n')) return;
      const { serverName, alpn, peerCertificate } = connection.tls!;
      const body = `${serverName} ${alpn} ${peerCertificate?.subject}`;
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`, body);
      connection.disconnect();
    });
    const { port = 0 } = (await server.start()) as { port?: number };
    return port;
  }

  const curl = (port: number, ...args: readonly string[]) => {
    const place = ['--resolve', `server.test:${port}:127.0.0.1`, `https://server.test:${port}/`];
    return runTool(
      'curl',
      '--silent',
      '--show-error',
      '--noproxy',
      '*',
      '--cacert',
      CA_FILE,
      ...args,
      ...place,
    );
  };

  for (const [version, flags] of [
    ['TLS 1.2', ['--tls-max', '1.2']],
    ['TLS 1.3', ['--tlsv1.3']],
  ] as const) {
    itWithCurl(`should get an answer (${version})`, async () => {
      const run = curl(await webServer(), ...flags);
      expect(await run.ended).toBe(0);
      expect(run.text).toBe('server.test http/1.1 undefined');
    });

    itWithCurl(`should show who it is (${version})`, async () => {
      const port = await webServer({ ...CA, clientCertificate: 'require' });
      const { certFile, keyFile } = identity('client');
      const run = curl(port, ...flags, '--cert', certFile, '--key', keyFile);
      expect(await run.ended).toBe(0);
      expect(run.text).toBe('server.test http/1.1 CN=client');
    });
  }

  itWithCurl('should refuse a certificate for another host', async () => {
    const run = curl(await webServer(identity('wrong-host')));
    expect(await run.ended).toBe(60);
    expect(run.text).toMatch(/no alternative certificate subject name matches|SSL:/);
  });
});

it('should be known to the tests whether there are programs to test with', () => {
  expect([itWithOpenssl, itWithCurl].every((test) => test === it || test === it.skip)).toBe(true);
});
