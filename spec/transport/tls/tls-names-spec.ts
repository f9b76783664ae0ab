import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, type PeerCertificate, connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { TcpAgent } from '../../../lib/component/tcp-agent.ts';
import type { ServerNameAnswer, TlsServerOptions } from '../../../lib/transport/tls/tls-options.ts';
import { afterTest } from '../../support/cleanup.ts';
import { firstBytes } from '../../support/patterns.ts';
import {
  CA,
  certificateFile,
  echoServer,
  echoes,
  endingOf,
  identity,
  listOf,
  pem,
  tlsAgent,
} from '../../support/tls-world.ts';

const TLS12 = { maxVersion: 'TLSv1.2' } as const;
const TLS13 = { minVersion: 'TLSv1.3' } as const;
const VERSIONS = [TLS12, TLS13];
const versionOf = (version: (typeof VERSIONS)[number]): string => Object.values(version)[0] as string;

const NAMES = { 'example.org': identity('example'), '*.example.org': identity('wildcard') };

/** Common name of the certificate that a name gets, as the library's own client sees it. */
async function certificateFor(
  agent: TcpAgent,
  port: number,
  serverName?: string,
): Promise<string | undefined> {
  const { peerCertificate } = await echoes(agent, port, serverName);
  return peerCertificate?.subject.replace('CN=', '');
}

/** A raw client: what it got, and a session that it can offer again. */
async function rawVisit(port: number, options: ConnectionOptions) {
  const socket = connect({ port, rejectUnauthorized: false, ...options });
  afterTest(() => socket.destroy());
  socket.on('error', () => undefined);
  let session: Buffer | undefined;
  socket.on('session', (given: Buffer) => (session = given));
  await once(socket, 'secureConnect');
  const info = {
    subject: (socket.getPeerCertificate() as Partial<PeerCertificate>).subject?.CN,
    resumed: socket.isSessionReused(),
    alpn: socket.alpnProtocol,
  };
  socket.write('x');
  await once(socket, 'data'); // and what comes before it
  socket.destroy();
  return { ...info, session };
}

/** A folder that is gone after the test. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tls-names-'));
  afterTest(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('The certificate of a TLS server', () => {
  it('should be that of the name asked for', async () => {
    const { server, port } = await echoServer({ names: NAMES });
    const secured = listOf(server.handshake$);
    const agent = await tlsAgent({ verify: 'chain' });
    const cases: [string, string][] = [
      ['example.org', 'example.org'],
      ['EXAMPLE.org', 'example.org'],
      ['www.example.org', '*.example.org'],
      ['a.www.example.org', 'example.org'],
      ['example.com', 'localhost'],
      ['localhost', 'localhost'],
    ];
    for (const [name, subject] of cases)
      expect([name, await certificateFor(agent, port, name)]).toEqual([name, subject]);
    expect(await certificateFor(agent, port)).toBe('localhost'); // an IP address is not asked for
    expect(secured.map(({ tls }) => tls?.serverName?.toLowerCase())).toEqual([
      ...cases.map(([name]) => name.toLowerCase()),
      undefined,
    ]);
  });

  it('should be good enough for a client that verifies the host', async () => {
    const { port } = await echoServer({ names: NAMES });
    const agent = await tlsAgent();
    expect(await certificateFor(agent, port, 'example.org')).toBe('example.org');
    expect(await certificateFor(agent, port, 'www.example.org')).toBe('*.example.org');
    await expect(
      agent.connect({ host: '127.0.0.1', port }, { serverName: 'a.www.example.org' }),
    ).rejects.toMatchObject({ code: 'ERR_TLS_HOST' });
  });

  it('should not be that of a name further up without the suffix rule', async () => {
    const { port } = await echoServer({ names: NAMES, matchSubdomains: false });
    const agent = await tlsAgent({ verify: 'chain' });
    expect(await certificateFor(agent, port, 'www.example.org')).toBe('*.example.org');
    expect(await certificateFor(agent, port, 'a.www.example.org')).toBe('localhost');
  });

  it('should be what onServerName says', async () => {
    const asked: string[] = [];
    const answers: Record<string, ServerNameAnswer | Promise<ServerNameAnswer>> = {
      'one.test': { use: 'example.org' },
      'two.test': Promise.resolve({ use: '*.example.org' }),
      'example.org': 'default',
      'www.example.org': undefined,
    };
    const { port } = await echoServer({
      names: NAMES,
      onServerName: (name) => {
        asked.push(name);
        return answers[name];
      },
    });
    const agent = await tlsAgent({ verify: 'chain' });
    expect(await certificateFor(agent, port, 'one.test')).toBe('example.org');
    expect(await certificateFor(agent, port, 'two.test')).toBe('*.example.org');
    expect(await certificateFor(agent, port, 'example.org')).toBe('localhost');
    expect(await certificateFor(agent, port, 'www.example.org')).toBe('*.example.org');
    expect(await certificateFor(agent, port)).toBe('localhost');
    expect(asked).toEqual(['one.test', 'two.test', 'example.org', 'www.example.org']);
  });
});

describe('The rules of a server name', () => {
  it('should say which protocols there are', async () => {
    const { port } = await echoServer({
      alpn: ['echo'],
      names: { 'example.org': { ...identity('example'), alpn: ['chat', 'h2'] } },
    });
    const agent = await tlsAgent({ alpn: ['h2', 'echo'] });
    expect(await echoes(agent, port, 'localhost')).toMatchObject({ alpn: 'echo' });
    expect(await echoes(agent, port, 'example.org')).toMatchObject({ alpn: 'h2' });
    expect(await echoes(await tlsAgent(), port, 'example.org')).toMatchObject({ alpn: undefined });
  });

  it('should say which versions there are', async () => {
    const { port } = await echoServer({
      names: { 'example.org': { ...identity('example'), minVersion: 'TLSv1.3' } },
    });
    const agent = await tlsAgent(TLS12);
    expect(await echoes(agent, port, 'localhost')).toMatchObject({ protocol: 'TLSv1.2' });
    await expect(
      agent.connect({ host: '127.0.0.1', port }, { serverName: 'example.org' }),
    ).rejects.toMatchObject({ code: 'ERR_TLS_ALERT', alert: 'protocol_version' });
  });

  for (const version of VERSIONS) {
    it(`should say which clients are let in (${versionOf(version)})`, async () => {
      const echo = await echoServer({
        names: { 'example.org': { ...identity('example'), ...CA, clientCertificate: 'require' } },
      });
      const anonymous = await tlsAgent(version);
      const known = await tlsAgent({ ...version, ...identity('client') });
      await echoes(anonymous, echo.port, 'localhost');
      await echoes(known, echo.port, 'example.org');
      const secured = listOf(echo.server.handshake$);
      await echoes(known, echo.port, 'example.org');
      expect(secured[0]?.tls).toMatchObject({ authorized: true, resumed: true, serverName: 'example.org' });
      expect(secured[0]?.tls?.peerCertificate?.subject).toBe('CN=client');

      const ending = echo.nextClose();
      anonymous.connect({ host: '127.0.0.1', port: echo.port }, { serverName: 'example.org' }).then(
        ({ receive$ }) => receive$.subscribe({ error: () => undefined }),
        () => undefined,
      );
      expect(endingOf(await ending)).toMatchObject({ code: 'ERR_TLS_NO_CERTIFICATE' });
    });
  }

  it('should be inherited by those that have none of their own', async () => {
    const echo = await echoServer({
      ...CA,
      clientCertificate: 'inspect',
      minVersion: 'TLSv1.3',
      alpn: ['echo'],
      names: { 'example.org': identity('example') },
    });
    const secured = listOf(echo.server.handshake$);
    await echoes(await tlsAgent({ ...identity('client'), alpn: ['echo'] }), echo.port, 'example.org');
    expect(secured[0]?.tls).toMatchObject({ alpn: 'echo', authorized: true, protocol: 'TLSv1.3' });
    const old = await tlsAgent({ ...TLS12, alpn: ['echo'] });
    await expect(
      old.connect({ host: '127.0.0.1', port: echo.port }, { serverName: 'example.org' }),
    ).rejects.toMatchObject({ alert: 'protocol_version' });
  });
});

describe('The certificates of a running server', () => {
  it('should be added, replaced and removed without dropping a connection', async () => {
    const { server, port } = await echoServer();
    const agent = await tlsAgent({ verify: 'chain', resumption: false });
    const old = await agent.connect({ host: '127.0.0.1', port });
    expect(server.tls?.names).toEqual([]);

    server.tls?.set('example.org', identity('wildcard'));
    expect(await certificateFor(agent, port, 'example.org')).toBe('*.example.org');
    server.tls?.set('EXAMPLE.ORG', identity('example'));
    expect(server.tls?.names).toEqual(['example.org']);
    expect(await certificateFor(agent, port, 'example.org')).toBe('example.org');
    expect(server.tls?.remove('example.org')).toBe(true);
    expect(server.tls?.remove('example.org')).toBe(false);
    expect(await certificateFor(agent, port, 'example.org')).toBe('localhost');
    server.tls?.setDefault(identity('wildcard'));
    expect(await certificateFor(agent, port, 'localhost')).toBe('*.example.org');

    old.send('still');
    expect(String(await firstBytes(old.receive$, 5))).toBe('still');
    expect(old.state).toBe('open');
  });

  it('should keep what a replacement does not say', async () => {
    const { server, port } = await echoServer({ alpn: ['echo'], ...TLS13 });
    server.tls?.setDefault(identity('rsa'));
    expect(await echoes(await tlsAgent({ alpn: ['echo'] }), port, 'localhost')).toMatchObject({
      alpn: 'echo',
    });
    const old = await tlsAgent({ ...TLS12, alpn: ['echo'] });
    await expect(old.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({
      alert: 'protocol_version',
    });
  });

  it('should hand on new authorities to the names that have none of their own', async () => {
    const { server, port, nextClose } = await echoServer({
      ...CA,
      clientCertificate: 'require',
      names: { 'example.org': identity('example'), 'own.test': { ...identity('wildcard'), ...CA } },
    });
    const agent = await tlsAgent({ ...identity('client'), verify: 'chain' });
    for (const name of ['example.org', 'own.test']) await echoes(agent, port, name);
    server.tls!.setDefault({ caFile: certificateFile('other-ca') });
    await echoes(agent, port, 'own.test');
    for (const name of ['localhost', 'example.org']) {
      const ending = nextClose();
      agent.connect({ host: '127.0.0.1', port }, { serverName: name }).catch(() => undefined);
      expect(endingOf(await ending)).toMatchObject({ reason: 'tls', code: 'ERR_TLS_PEER_CERTIFICATE' });
    }
  });

  it('should stay as they are when a replacement cannot be used', async () => {
    const { server, port } = await echoServer({ names: NAMES });
    const agent = await tlsAgent({ verify: 'chain' });
    const { tls } = server;
    expect(() => tls?.set('example.org', { cert: pem('example'), key: pem('client-key') })).toThrow(
      expect.objectContaining({ code: 'ERR_TLS_KEY_MISMATCH' }),
    );
    expect(() => tls?.set('not a name', identity('example'))).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    );
    expect(() => tls?.set('example.com', {})).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
    expect(() => tls?.setDefault({ certFile: '/nowhere/cert.pem' })).toThrow(
      expect.objectContaining({ code: 'ERR_TLS_FILE' }),
    );
    expect(tls?.names).toEqual(['example.org', '*.example.org']);
    expect(await certificateFor(agent, port, 'example.org')).toBe('example.org');
    expect(await certificateFor(agent, port, 'localhost')).toBe('localhost');
  });

  it('should be loaded anew from their files', async () => {
    const folder = temporaryFolder();
    const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    const install = (name: string) => {
      copyFileSync(certificateFile(name), files.certFile);
      copyFileSync(certificateFile(`${name}-key`), files.keyFile);
    };
    install('example');
    const { server, port } = await echoServer({ names: { 'example.org': files } });
    const agent = await tlsAgent({ verify: 'chain', resumption: false });
    const old = await agent.connect({ host: '127.0.0.1', port }, { serverName: 'example.org' });
    expect(server.tls?.files).toContain(files.certFile);

    install('wildcard');
    expect(await certificateFor(agent, port, 'example.org')).toBe('example.org');
    server.tls?.reload();
    expect(await certificateFor(agent, port, 'example.org')).toBe('*.example.org');
    expect(await certificateFor(agent, port, 'localhost')).toBe('localhost');

    for (const [broken, code] of [
      ['-----BEGIN CERTIFICATE-----\nrubbish\n', 'ERR_TLS_CERT'],
      [pem('client'), 'ERR_TLS_KEY_MISMATCH'],
    ] as const) {
      writeFileSync(files.certFile, broken);
      expect(() => server.tls?.reload()).toThrow(expect.objectContaining({ code }));
      expect(await certificateFor(agent, port, 'example.org')).toBe('*.example.org');
    }
    rmSync(files.certFile);
    expect(() => server.tls?.reload()).toThrow(expect.objectContaining({ code: 'ERR_TLS_FILE' }));
    expect(await certificateFor(agent, port, 'example.org')).toBe('*.example.org');

    install('example');
    server.tls?.reload();
    expect(await certificateFor(agent, port, 'example.org')).toBe('example.org');
    old.send('still');
    expect(String(await firstBytes(old.receive$, 5))).toBe('still');
  });

  it('should be loaded all or none', async () => {
    const folder = temporaryFolder();
    const fileOf = (name: string) => {
      const file = join(folder, `${name}.pem`);
      const put = (from: string) => writeFileSync(file, pem(from) + pem(`${from}-key`));
      put(name);
      return { put, options: { certFile: file, keyFile: file } };
    };
    const main = fileOf('server');
    const example = fileOf('example');
    const { server, port } = await echoServer({ ...main.options, names: { 'example.org': example.options } });
    const agent = await tlsAgent({ verify: 'chain', resumption: false });

    main.put('wildcard');
    writeFileSync(join(folder, 'example.pem'), 'nothing');
    expect(() => server.tls?.reload()).toThrow(expect.objectContaining({ code: 'ERR_TLS_CERT' }));
    expect(await certificateFor(agent, port, 'localhost')).toBe('localhost');
    example.put('wildcard');
    server.tls?.reload();
    expect(await certificateFor(agent, port, 'localhost')).not.toBe('localhost');
    expect(await certificateFor(agent, port, 'example.org')).toBe('*.example.org');
  });
});

for (const version of VERSIONS) {
  describe(`A session (${versionOf(version)})`, () => {
    const start = (tls: TlsServerOptions = {}) => echoServer({ ...version, ...tls });

    it('should be resumed for the same name, and still know the peer', async () => {
      const { server, port } = await start({ names: NAMES });
      const secured = listOf(server.handshake$);
      const agent = await tlsAgent(version);
      for (const name of [undefined, 'localhost', 'example.org']) {
        const first = await echoes(agent, port, name);
        const second = await echoes(agent, port, name);
        expect([first.resumed, second.resumed]).toEqual([false, true]);
        expect(second.authorized).toBe(true);
        expect(second.peerCertificate?.fingerprint256).toBe(first.peerCertificate?.fingerprint256);
        expect(second.serverName).toBe(name);
      }
      expect(secured.map(({ tls }) => tls?.resumed)).toEqual([false, true, false, true, false, true]);
    });

    it('should be resumed every time', async () => {
      const { port } = await echoServer(version);
      const agent = await tlsAgent(version);
      const resumed: boolean[] = [];
      for (let i = 0; i < 4; i++) resumed.push((await echoes(agent, port, 'localhost')).resumed);
      expect(resumed).toEqual([false, true, true, true]);
    });

    it('should not be resumed by the client under another name, nor another host or port', async () => {
      const { port } = await start(); // one certificate for all names
      const agent = await tlsAgent({ ...version, verify: 'chain' });
      expect((await echoes(agent, port, 'localhost')).resumed).toBe(false);
      expect((await echoes(agent, port, 'server.test')).resumed).toBe(false);
      expect((await echoes(agent, port)).resumed).toBe(false);
      const other = await start();
      expect((await echoes(agent, other.port, 'localhost')).resumed).toBe(false);
      expect((await echoes(agent, port, 'localhost')).resumed).toBe(true);
    });

    it('should not be resumed by the client under a name that it would not accept', async () => {
      const { port } = await start();
      const agent = await tlsAgent(version);
      await echoes(agent, port, 'localhost');
      await expect(
        agent.connect({ host: '127.0.0.1', port }, { serverName: 'elsewhere.test' }),
      ).rejects.toMatchObject({ code: 'ERR_TLS_HOST' });
    });

    it('should not be resumed by the server under another name', async () => {
      const { port } = await start({ names: NAMES, ticketKeys: Buffer.alloc(48, 3) });
      const names = ['example.org', 'www.example.org', 'localhost'];
      for (const from of names) {
        for (const to of names) {
          const { session } = await rawVisit(port, { servername: from, ...version });
          expect(session).toBeDefined();
          const again = await rawVisit(port, { servername: to, ...version, session });
          expect([from, to, again.resumed]).toEqual([from, to, from === to]);
          if (from !== to)
            expect(again.subject).toBe((await rawVisit(port, { servername: to, ...version })).subject);
        }
      }
    });

    it('should not be resumed with a certificate that was replaced or removed', async () => {
      const { server, port } = await start({ names: NAMES });
      const agent = await tlsAgent({ ...version, verify: 'chain' });
      await echoes(agent, port, 'example.org');
      await echoes(agent, port, 'localhost');
      server.tls?.set('example.org', identity('wildcard'));
      server.tls?.setDefault(identity('rsa'));
      expect(await echoes(agent, port, 'example.org')).toMatchObject({ resumed: false });
      expect(await echoes(agent, port, 'localhost')).toMatchObject({ resumed: false });
      server.tls?.remove('example.org');
      expect(await echoes(agent, port, 'example.org')).toMatchObject({ resumed: false });
    });

    it('should survive a reload that changes nothing', async () => {
      const { server, port } = await start({ names: NAMES });
      const agent = await tlsAgent(version);
      await echoes(agent, port, 'example.org');
      server.tls?.reload();
      expect(await echoes(agent, port, 'example.org')).toMatchObject({ resumed: true });
    });

    it('should not be resumed when the server gives no tickets', async () => {
      const { port } = await start({ tickets: false });
      const agent = await tlsAgent(version);
      expect((await echoes(agent, port)).resumed).toBe(false);
      expect((await echoes(agent, port)).resumed).toBe(false);
      const { session } = await rawVisit(port, { servername: 'localhost', ...version });
      const again = await rawVisit(port, {
        servername: 'localhost',
        ...version,
        ...(session && { session }),
      });
      expect(again.resumed).toBe(false);
    });

    it('should not be resumed when the client does not want to', async () => {
      const { port } = await start();
      const agent = await tlsAgent({ ...version, resumption: false });
      expect((await echoes(agent, port)).resumed).toBe(false);
      expect((await echoes(agent, port)).resumed).toBe(false);
    });

    it('should be shared by servers with the same ticket keys, and by no others', async () => {
      const ticketKeys = Buffer.alloc(48, 5);
      const [one, two, stranger] = await Promise.all([
        start({ ticketKeys }),
        start({ ticketKeys: Buffer.from(ticketKeys) }),
        start({ ticketKeys: Buffer.alloc(48, 6) }),
      ]);
      for (const [at, resumed] of [
        [one, true],
        [two, true],
        [stranger, false],
      ] as const) {
        const { session } = await rawVisit(one.port, { servername: 'localhost', ...version });
        const again = await rawVisit(at.port, { servername: 'localhost', ...version, session });
        expect(again.resumed).toBe(resumed);
      }
    });

    it('should be remembered over a restart of the server, and of the agent', async () => {
      const { server, port } = await start();
      const agent = await tlsAgent(version);
      await echoes(agent, port);
      await agent.stop();
      await agent.start();
      const connecting = await agent.connect({ host: '127.0.0.1', port });
      expect(connecting.tls?.resumed).toBe(true);
      connecting.disconnect();
      await firstValueFrom(connecting.close$);
      expect(server.connections.size).toBeLessThan(2);
    });

    it('should not keep a client certificate from being seen', async () => {
      const { server, port } = await start({ ...CA, clientCertificate: 'inspect' });
      const secured = listOf(server.handshake$);
      const known = await tlsAgent({ ...version, ...identity('other-client') });
      await echoes(known, port);
      await echoes(known, port);
      const seen = secured.map(({ tls }) => [
        tls?.resumed,
        tls?.authorized,
        tls?.authorizationError,
        tls?.peerCertificate?.subject,
      ]);
      const stranger = [false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CN=other client'];
      expect(seen).toEqual([
        [false, ...stranger],
        [true, ...stranger],
      ]);
    });
  });
}
