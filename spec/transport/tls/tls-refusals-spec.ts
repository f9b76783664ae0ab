import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { filter, firstValueFrom } from 'rxjs';
import type { NetworkError } from '../../../lib/base/errors.ts';
import type { ConnectOptions } from '../../../lib/component/tcp-connector.ts';
import { TcpServer } from '../../../lib/component/tcp-server.ts';
import type { TlsClientOptions, TlsServerOptions } from '../../../lib/transport/tls/tls-options.ts';
import { MemoryNetwork } from '../../../lib/transport/memory.ts';
import { tcp } from '../../../lib/transport/tcp.ts';
import { closedLater } from '../../behaviour/world.ts';
import { afterTest } from '../../support/cleanup.ts';
import { helloMessage, inRecords } from '../../support/hellos.ts';
import { plainClient, plainServer, readAll } from '../../support/plain-net.ts';
import {
  CA,
  type EchoServer,
  certificateFile,
  echoServer,
  echoes,
  endingOf,
  identity,
  listOf,
  pem,
  tlsAgent,
} from '../../support/tls-world.ts';
import { inVirtualTime } from '../../support/virtual-network.ts';

type Ending = ReturnType<typeof endingOf>;

/** One way to be refused. */
interface Refusal {
  readonly server?: TlsServerOptions;
  readonly client?: TlsClientOptions;
  readonly connect?: ConnectOptions;
  /** What another client has to do to be let in by the same server. */
  readonly better?: TlsClientOptions;
  /** How it ends for the server. */
  readonly atServer: Ending;
  /** How it ends for the client; what it hears of it is not always the same on a wire without delay. */
  readonly atClient: Ending | { readonly tcp: Ending };
  /** Whether the client counts as connected before it is refused, as in TLS 1.3. */
  readonly late?: boolean;
}

const TLS12 = { maxVersion: 'TLSv1.2' } as const;
const TLS13 = { minVersion: 'TLSv1.3' } as const;
const INSECURE = { verify: 'insecure-none' } as const;

const tls = (code: string, why?: string): Ending => ({
  reason: 'tls',
  code,
  ...(why === undefined ? {} : { why }),
});
/** OpenSSL 3.5 calls the family of this alert by another name. */
const REFUSED_HANDSHAKE = /^3\.[0-4]\./.test(process.versions.openssl)
  ? 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'
  : 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE';

const alerted = (alert: string, why: string): Ending => ({ ...tls('ERR_TLS_ALERT', why), alert });
/** The peer has gone in the middle of the handshake, and did not say why. */
const GONE = tls('ERR_TLS_HANDSHAKE');
const PEER: Ending = { reason: 'peer' };

/** Refusals of a server's certificate, which a client tells in its own words. */
const badServers: Record<string, [name: string | undefined, code: string, why: string]> = {
  'a certificate for another host': ['wrong-host', 'ERR_TLS_HOST', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  'a certificate that is not for the name asked for': [
    undefined,
    'ERR_TLS_HOST',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  'an expired certificate': ['expired', 'ERR_TLS_PEER_CERTIFICATE', 'CERT_HAS_EXPIRED'],
  'a self-signed certificate': ['self-signed', 'ERR_TLS_PEER_CERTIFICATE', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'an unknown authority': ['other-server', 'ERR_TLS_PEER_CERTIFICATE', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
};

const refusals: Record<string, Refusal> = {};

for (const [what, [name, code, why]] of Object.entries(badServers)) {
  const row = {
    server: name === undefined ? {} : identity(name),
    connect: name === undefined ? { serverName: 'elsewhere.test' } : {},
    better: INSECURE,
    atClient: tls(code, why),
  };
  // In TLS 1.2 the server has heard the client's last word by then.
  refusals[`${what} (TLS 1.2)`] = { ...row, client: TLS12, atServer: PEER };
  refusals[`${what} (TLS 1.3)`] = { ...row, client: TLS13, atServer: GONE };
}

const badClients: Record<string, [mode: 'verify' | 'require', name: string, code: string, why: string]> = {
  'no client certificate': [
    'require',
    '',
    'ERR_TLS_NO_CERTIFICATE',
    'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
  ],
  'a client certificate of another authority, if one is needed': [
    'require',
    'other-client',
    'ERR_TLS_PEER_CERTIFICATE',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  'a client certificate of another authority, if none is needed': [
    'verify',
    'other-client',
    'ERR_TLS_PEER_CERTIFICATE',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
};

for (const [what, [mode, name, code, why]] of Object.entries(badClients)) {
  const row = {
    server: { ...CA, clientCertificate: mode },
    better: identity('client'),
    atServer: tls(code, why),
  };
  const own = name === '' ? {} : identity(name);
  // Node has no alert for a certificate that it does not trust.
  refusals[`${what} (TLS 1.2)`] = {
    ...row,
    client: { ...own, ...TLS12 },
    atClient: {
      tcp: name === '' ? alerted('handshake_failure', REFUSED_HANDSHAKE) : GONE,
    },
  };
  refusals[`${what} (TLS 1.3)`] = {
    ...row,
    client: { ...own, ...TLS13 },
    atClient: {
      tcp: name === '' ? alerted('certificate_required', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED') : PEER,
    },
    late: true,
  };
}

const UNRECOGNIZED = alerted('unrecognized_name', 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
const PROTOCOL_VERSION = alerted('protocol_version', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
const HANDSHAKE_FAILURE = alerted('handshake_failure', REFUSED_HANDSHAKE);

const failing = (onServerName: NonNullable<TlsServerOptions['onServerName']>): Refusal => ({
  server: { onServerName: (name) => (name === 'localhost' ? undefined : onServerName(name)) },
  connect: { serverName: 'secret.test' },
  atServer: tls('ERR_TLS_SERVER_NAME'),
  atClient: UNRECOGNIZED,
});

Object.assign(refusals, {
  'no version in common: the client is too old': {
    server: TLS13,
    client: TLS12,
    better: TLS13,
    atServer: tls('ERR_TLS_HANDSHAKE', 'ERR_SSL_UNSUPPORTED_PROTOCOL'),
    atClient: PROTOCOL_VERSION,
  },
  'no version in common: the server is too old': {
    server: TLS12,
    client: TLS13,
    better: TLS12,
    atServer: tls('ERR_TLS_HANDSHAKE', 'ERR_SSL_UNSUPPORTED_PROTOCOL'),
    atClient: PROTOCOL_VERSION,
  },
  'no cipher in common (TLS 1.2)': {
    server: { ...TLS12, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    client: { ...TLS12, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    atServer: tls('ERR_TLS_HANDSHAKE', 'ERR_SSL_NO_SHARED_CIPHER'),
    atClient: HANDSHAKE_FAILURE,
  },
  'no cipher in common (TLS 1.3)': {
    server: { ...TLS13, ciphers: 'TLS_AES_128_GCM_SHA256' },
    client: { ...TLS13, ciphers: 'TLS_AES_256_GCM_SHA384' },
    atServer: tls('ERR_TLS_HANDSHAKE', 'ERR_SSL_NO_SHARED_CIPHER'),
    atClient: HANDSHAKE_FAILURE,
  },
  'no protocol in common': {
    server: { alpn: ['chat', 'echo'] },
    client: { alpn: ['h2'] },
    better: { alpn: ['h2', 'echo'] },
    atServer: tls('ERR_TLS_HANDSHAKE', 'ERR_SSL_NO_APPLICATION_PROTOCOL'),
    atClient: alerted('no_application_protocol', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'),
  },
  'a server name that is refused': failing(() => 'refuse'),
  'a server name that is refused later': failing(() => Promise.resolve('refuse')),
  'a server name that onServerName throws at': failing(() => {
    throw new Error('no such tenant');
  }),
  'a server name for which onServerName fails later': failing(() => Promise.reject(new Error('no database'))),
  'a server name with a certificate that there is not': failing(() => ({ use: 'nobody.test' })),
  'a server name with no answer': failing(() => 'defualt' as 'default'),
} satisfies Record<string, Refusal>);

for (const transportName of ['tcp', 'memory'] as const) {
  describe(`TLS over ${transportName} should refuse`, () => {
    for (const [what, row] of Object.entries(refusals)) {
      it(what, async () => {
        const transport = transportName === 'tcp' ? tcp : new MemoryNetwork();
        const echo = await echoServer(row.server, { transport });
        const agent = await tlsAgent(row.client, { transport });
        const endings = { atServer: echo.nextClose(), atClient: firstValueFrom(agent.close$) };
        const secured = listOf(echo.server.handshake$);

        const connecting = agent.connect({ host: '127.0.0.1', port: echo.port }, row.connect ?? {});
        if (row.late === true) (await connecting).receive$.subscribe({ error: () => undefined });
        else await expect(connecting).rejects.toMatchObject({ code: (await endings.atClient).error?.code });

        expect(endingOf(await endings.atServer)).toEqual(row.atServer);
        const atClient = endingOf(await endings.atClient);
        if (!('tcp' in row.atClient)) expect(atClient).toEqual(row.atClient);
        else if (transportName === 'tcp') expect(atClient).toEqual(row.atClient.tcp);
        expect(secured).toHaveLength(row.atServer === PEER ? 1 : 0);
        expect(echo.faults).toEqual('code' in row.atServer ? [row.atServer.code] : []);
        await servesOthers(echo, { ...row.better, ...restOf(row) }, { transport });
      });
    }
  });
}

/** What a better client has to have in common with the server nevertheless. */
function restOf({ server, client }: Refusal): TlsClientOptions {
  return server?.ciphers === undefined || client?.maxVersion === undefined
    ? {}
    : { maxVersion: client.maxVersion };
}

/** The server goes on, and keeps nothing of those it has refused. */
async function servesOthers(
  echo: EchoServer,
  better: TlsClientOptions = {},
  { transport = tcp, left = 0 } = {},
): Promise<void> {
  const agent = await tlsAgent(better, { transport });
  const closed = echo.nextClose();
  await echoes(agent, echo.port, 'localhost');
  await closed;
  expect(echo.server.connections.size).toBe(left);
  expect(agent.connections.size).toBe(0);
}

describe('A TLS server that inspects client certificates', () => {
  for (const version of [TLS12, TLS13]) {
    it(`should let one of another authority in and say so (${JSON.stringify(version)})`, async () => {
      const echo = await echoServer({ ...CA, clientCertificate: 'inspect' });
      const secured = listOf(echo.server.handshake$);

      await echoes(await tlsAgent({ ...version, ...identity('other-client') }), echo.port);
      await echoes(await tlsAgent({ ...version, ...identity('client') }), echo.port);
      await echoes(await tlsAgent(version), echo.port);

      const seen = secured.map(({ tls: info }) => ({
        subject: info?.peerCertificate?.subject,
        authorized: info?.authorized,
        why: info?.authorizationError,
      }));
      expect(seen).toEqual([
        { subject: 'CN=other client', authorized: false, why: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
        { subject: 'CN=client', authorized: true, why: undefined },
        { subject: undefined, authorized: false, why: undefined },
      ]);
    });
  }

  it('should let those in who have no certificate if it verifies', async () => {
    const echo = await echoServer({ ...CA, clientCertificate: 'verify' });
    const secured = listOf(echo.server.handshake$);
    await echoes(await tlsAgent(), echo.port);
    expect(secured[0]?.tls).toMatchObject({ authorized: false, peerCertificate: undefined });
  });
});

describe('A client certificate whose authority is removed', () => {
  for (const clientCertificate of ['verify', 'require'] as const) {
    for (const version of [TLS12, TLS13]) {
      for (const ticketKeys of [undefined, Buffer.alloc(48, 7)]) {
        const which = [clientCertificate, Object.values(version)[0], ticketKeys && 'with ticket keys'];
        it(`should be refused from then on, also with a session: ${which.filter(Boolean).join(', ')}`, async () => {
          const echo = await echoServer({ ...CA, clientCertificate, ticketKeys });
          const agent = await tlsAgent({ ...version, ...identity('client') });
          expect(await echoes(agent, echo.port)).toMatchObject({ resumed: false });
          expect(await echoes(agent, echo.port)).toMatchObject({ resumed: true });
          const kept = await agent.connect({ host: '127.0.0.1', port: echo.port });
          kept.send('a session is given to those who read');
          await firstValueFrom(kept.receive$);

          echo.server.tls?.setDefault({ ca: pem('other-ca') });

          const atServer = echo.nextClose();
          agent.connect({ host: '127.0.0.1', port: echo.port }).then(
            ({ receive$ }) => receive$.subscribe({ error: () => undefined }),
            () => undefined,
          );
          expect(endingOf(await atServer)).toMatchObject({
            reason: 'tls',
            code: 'ERR_TLS_PEER_CERTIFICATE',
          });
          expect(kept.state).toBe('open');
          expect(echo.server.connections.size).toBe(1);
        });
      }
    }
  }

  it('should be needed although another server with the same ticket keys has asked for none', async () => {
    const ticketKeys = Buffer.alloc(48, 7);
    const lax = await echoServer({ ticketKeys });
    const strict = await echoServer({ ...CA, ticketKeys, clientCertificate: 'require' });
    for (const version of [TLS12, TLS13]) {
      const session = await sessionOf(lax.port, version);
      const atServer = strict.nextClose();
      const socket = connect({
        port: strict.port,
        ca: pem('ca'),
        servername: 'localhost',
        session,
        ...version,
      });
      afterTest(() => socket.destroy());
      socket.on('error', () => undefined);
      expect(endingOf(await atServer)).toMatchObject({ code: 'ERR_TLS_NO_CERTIFICATE' });
    }
  });
});

/** A session of a raw client with a server. */
async function sessionOf(port: number, options: object): Promise<Buffer> {
  const socket = connect({ port, ca: pem('ca'), servername: 'localhost', ...options });
  afterTest(() => socket.destroy());
  const [session] = (await once(socket, 'session')) as [Buffer];
  socket.destroy();
  return session;
}

describe('A TLS server', () => {
  const noTls: Record<string, readonly [bytes: string | Uint8Array, message: RegExp]> = {
    HTTP: ['GET / HTTP/1.1\r\n\r\n', /"GET \/ HTTP\/1.1\\r\\n": that looks like HTTP without TLS/],
    SSH: ['SSH-2.0-OpenSSH_9.7\r\n', /that looks like SSH/],
    'a greeting': ['EHLO client.test\r\n', /began with "EHLO client.test": that is/],
    'bytes at random': [Buffer.from('00ff00ff00ff0102', 'hex'), /that is a record of type 0/],
    'an SSLv2 hello': [
      Buffer.from('802e0100020015000000100100800200', 'hex'),
      /that looks like an SSLv2 hello/,
    ],
    'an alert': [Buffer.from('15030300020100', 'hex'), /that looks like TLS, but not the beginning of it/],
    'a version of its own': [Buffer.from('160400000401000000', 'hex'), /that is a record of version 4/],
  };
  for (const [what, [bytes, message]] of Object.entries(noTls)) {
    it(`should refuse ${what}`, async () => {
      const echo = await echoServer();
      const ending = echo.nextClose();
      const socket = await plainClient(echo.port);
      socket.write(bytes);

      expect(await readAll(socket)).toBe('');
      const closed = await ending;
      expect(endingOf(closed)).toEqual(tls('ERR_TLS_PLAIN'));
      expect(closed.error?.message).toMatch(message);
      expect(closed.connection.tls).toBeUndefined();
      await servesOthers(echo);
    });
  }

  it('should send an alert for a malformed hello', async () => {
    const echo = await echoServer();
    const ending = echo.nextClose();
    const socket = await plainClient(echo.port);
    socket.write(inRecords(helloMessage({ names: ['a.test', 'b.test'] })));

    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString('hex')).toBe('15030300020232'); // fatal, decode_error
    expect(endingOf(await ending)).toEqual(tls('ERR_TLS_HANDSHAKE'));
    await servesOthers(echo);
  });

  /** What a client has sent before it stops. */
  const begun: Record<string, (hello: Buffer) => Uint8Array> = {
    'in the middle of its hello': (hello) => hello.subarray(0, 40),
    'in the header of its hello': (hello) => hello.subarray(0, 2),
    'after its hello': (hello) => hello,
  };

  for (const [what, part] of Object.entries(begun)) {
    it(`should notice a client that leaves ${what}`, async () => {
      const { echo, ending, socket } = await stopsAfter(part);
      socket.end();

      expect(endingOf(await ending)).toEqual(GONE);
      await servesOthers(echo);
    });

    it(`should notice a client that resets ${what}`, async () => {
      const { echo, ending, socket } = await stopsAfter(part);
      socket.resetAndDestroy();

      expect(endingOf(await ending)).toEqual({ reason: 'reset', code: 'ECONNRESET' });
      await servesOthers(echo);
    });

    it(`should not wait for ever for a client that stops ${what}`, async () => {
      const { echo, ending, socket } = await stopsAfter(part, { handshake: 250 });

      await once(socket.resume(), 'end');
      const closed = await ending;
      expect(endingOf(closed)).toEqual({ reason: 'timeout', code: 'ERR_TIMEOUT' });
      expect(closed.error).toMatchObject({ timeout: 'handshake', option: 'timeouts.handshake' });
      await servesOthers(echo);
    });
  }

  it('should take it for a normal end when a client leaves without a word', async () => {
    const echo = await echoServer();
    const ending = echo.nextClose();
    (await plainClient(echo.port)).end();
    expect(endingOf(await ending)).toEqual(PEER);
    expect(echo.faults).toEqual([]);
    await servesOthers(echo);
  });

  it('should not wait for ever for a client that says nothing', () => {
    const end = inVirtualTime(({ server, agent, at, expectObservable }) => {
      const silent = agent();
      const tlsServer = server({ tls: identity('server') });
      const log: string[] = [];
      tlsServer.close$.subscribe(({ reason, error, age }) => log.push(`${reason} ${error?.code} ${age}`));
      silent.connect$.subscribe(({ receive$ }) => expectObservable(receive$).toBe('10001ms |'));
      at('-c', { c: () => silent.open(1) });
      at('10002ms x', { x: () => expect(log).toEqual(['timeout ERR_TIMEOUT 10000']) });
      at('10002ms x', { x: () => expect(tlsServer.connections.size).toBe(0) });
    });
    expect(end).toBe(10_002);
  });

  it('should not wait for ever for onServerName', async () => {
    const echo = await echoServer(
      { onServerName: (name) => (name === 'slow.test' ? new Promise(() => undefined) : undefined) },
      { timeouts: { handshake: 250 } },
    );
    const agent = await tlsAgent({ serverName: 'slow.test' });
    const ending = echo.nextClose();
    await expect(agent.connect({ host: '127.0.0.1', port: echo.port })).rejects.toMatchObject({
      code: 'ERR_TLS_HANDSHAKE',
    });
    expect(endingOf(await ending)).toEqual({ reason: 'timeout', code: 'ERR_TIMEOUT' });
    await servesOthers(echo);
  });

  it('should not be disturbed by an answer of onServerName that comes when the client has gone', async () => {
    let answer: (name: 'default') => void = () => undefined;
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const echo = await echoServer({
      onServerName: (name) => {
        if (name === 'localhost') return undefined;
        asked();
        return new Promise((resolve) => (answer = resolve));
      },
    });
    const agent = await tlsAgent({ serverName: 'slow.test' });
    const connecting = agent
      .connect({ host: '127.0.0.1', port: echo.port })
      .catch((error: unknown) => (error as NetworkError).code);
    await isAsked;
    const ending = echo.nextClose();
    agent.connections.values().next().value?.reset();
    expect(await connecting).toBe('ERR_ABORTED');
    answer('default');
    expect((await ending).reason).toMatch(/reset|tls/);
    await servesOthers(echo);
  });

  it('should not wait for ever for ocsp, nor be disturbed when it answers at last', async () => {
    let answer: () => void = () => undefined;
    const echo = await echoServer(
      { ocsp: () => new Promise((resolve) => (answer = () => resolve(undefined))) },
      { timeouts: { handshake: 100 } },
    );
    const agent = await tlsAgent({ requestOcsp: true });
    const ending = echo.nextClose();
    await expect(agent.connect({ host: '127.0.0.1', port: echo.port })).rejects.toMatchObject({
      code: 'ERR_TLS_HANDSHAKE',
    });
    expect(endingOf(await ending)).toEqual({ reason: 'timeout', code: 'ERR_TIMEOUT' });
    answer();
    await servesOthers(echo);
  });

  for (const version of [TLS12, TLS13]) {
    it(`should answer a client that has said everything at once (${JSON.stringify(version)})`, async () => {
      const echo = await echoServer(version);
      const ending = echo.nextClose();
      const halfOpen = await plainClient(echo.port);
      const socket = connect({ socket: halfOpen, ca: pem('ca'), servername: 'localhost' });
      afterTest(() => socket.destroy());
      socket.end('everything');
      expect(await readAll(socket)).toBe('everything');
      expect(endingOf(await ending)).toEqual(PEER);
    });
  }

  it('should end a connection that is cut off during its handshake', async () => {
    const { echo, ending, socket } = await stopsAfter((hello) => hello);
    for (const connection of echo.server.connections.values()) connection.disconnect();
    await once(socket.resume(), 'end');
    expect(endingOf(await ending)).toEqual({ reason: 'local' });
    await servesOthers(echo);
  });

  it('should stop at once although handshakes are under way', async () => {
    const { echo, ending, socket } = await stopsAfter((hello) => hello);
    expect(await echo.server.stop()).toEqual({ closed: 0, forced: 1, dropped: 0 });
    await once(socket.resume(), 'end');
    expect(endingOf(await ending)).toEqual({ reason: 'stop' });
  });

  it('should refuse sends until the handshake is done', async () => {
    const server = closedLater(new TcpServer({ host: '127.0.0.1', tls: identity('server') }));
    const { port = 0 } = (await server.start()) as { port?: number };
    const accepted = firstValueFrom(server.accept$);
    await plainClient(port);
    const connection = await accepted;
    expect(connection.state).toBe('connecting');
    expect(connection.send('too early')).toBe('refused');
    expect(connection.lastError?.code).toBe('ERR_NOT_OPEN');
  });

  it('should notice a record that was tampered with', async () => {
    const echo = await echoServer();
    const ending = echo.nextClose();
    const below = await plainClient(echo.port);
    const socket = connect({ socket: below, ca: pem('ca'), servername: 'localhost' });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    // A record that nobody has encrypted.
    below.write(Buffer.concat([Buffer.from('1703030020', 'hex'), Buffer.alloc(32, 1)]));

    expect(endingOf(await ending)).toMatchObject({ reason: 'tls', code: 'ERR_TLS_HANDSHAKE' });
    await servesOthers(echo);
  });
});

/** A client that has sent a part of a good hello and hears the answer, if that was all of it. */
async function stopsAfter(part: (hello: Buffer) => Uint8Array, timeouts = {}) {
  const hello = await goodHello();
  const echo = await echoServer({}, { timeouts });
  const ending = firstValueFrom(echo.server.close$.pipe(filter(({ connection }) => connection.id === 1)));
  const socket = await plainClient(echo.port);
  const sent = part(hello);
  socket.write(sent);
  if (sent.length === hello.length) await once(socket, 'readable');
  else await servesOthers(echo, {}, { left: 1 }); // meanwhile it has read what there is
  return { echo, ending, socket };
}

/** The first message of a real client. */
function goodHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    void plainServer((socket) => {
      socket.once('data', (bytes: Buffer) => {
        resolve(bytes);
        socket.destroy();
      });
    }).then((port) => connect({ port, servername: 'localhost' }).on('error', () => undefined));
  });
}

describe('A TLS client', () => {
  it('should not wait for ever for a server that says nothing', async () => {
    const port = await plainServer((socket) => socket.resume());
    const agent = await tlsAgent({}, { timeouts: { handshake: 100 } });
    const ending = firstValueFrom(agent.close$);
    await expect(agent.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(endingOf(await ending)).toEqual({ reason: 'timeout', code: 'ERR_TIMEOUT' });
    expect(agent.connections.size).toBe(0);
  });

  const servers: Record<string, readonly [answer: string | Uint8Array, ending: Ending]> = {
    'speaks plain text': ['220 mail.test ESMTP\r\n', tls('ERR_TLS_PLAIN', 'ERR_SSL_WRONG_VERSION_NUMBER')],
    'speaks HTTP': ['HTTP/1.1 400 Bad Request\r\n\r\n', tls('ERR_TLS_PLAIN', 'ERR_SSL_WRONG_VERSION_NUMBER')],
    'refuses with an alert': [
      Buffer.from('15030300020250', 'hex'),
      alerted('internal_error', 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'),
    ],
    'is afraid of inappropriate fallback': [
      Buffer.from('15030300020256', 'hex'),
      alerted('inappropriate_fallback', 'ERR_SSL_TLSV1_ALERT_INAPPROPRIATE_FALLBACK'),
    ],
  };
  for (const [what, [answer, ending]] of Object.entries(servers)) {
    it(`should tell of a server that ${what}`, async () => {
      const port = await plainServer((socket) => socket.once('data', () => socket.write(answer)));
      const agent = await tlsAgent();
      const closing = firstValueFrom(agent.close$);
      await expect(agent.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: ending.code });
      expect(endingOf(await closing)).toEqual(ending);
      expect(agent.connections.size).toBe(0);
    });
  }

  it('should tell of a server that leaves during the handshake', async () => {
    const port = await plainServer((socket) => socket.once('data', () => socket.end()));
    const agent = await tlsAgent();
    const closing = firstValueFrom(agent.close$);
    await expect(agent.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'ERR_TLS_HANDSHAKE',
    });
    expect(endingOf(await closing)).toEqual(GONE);
  });

  it('should tell of a server that resets during the handshake', async () => {
    const port = await plainServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const agent = await tlsAgent();
    const closing = firstValueFrom(agent.close$);
    await expect(agent.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(endingOf(await closing)).toEqual({ reason: 'reset', code: 'ECONNRESET' });
  });

  it('should accept any certificate only if told so', async () => {
    for (const name of ['self-signed', 'expired', 'other-server']) {
      const echo = await echoServer(identity(name));
      const info = await echoes(await tlsAgent(INSECURE), echo.port);
      expect(info).toMatchObject({ authorized: false });
      expect(typeof info.authorizationError).toBe('string');
    }
  });

  it('should accept a certificate for another host only if told so', async () => {
    const echo = await echoServer(identity('wrong-host'));
    const chain = await echoes(await tlsAgent({ verify: 'chain' }), echo.port);
    expect(chain).toMatchObject({ authorized: true, authorizationError: undefined });
    const expired = await echoServer(identity('expired'));
    const agent = await tlsAgent({ verify: 'chain', caFile: certificateFile('ca') });
    await expect(agent.connect({ host: '127.0.0.1', port: expired.port })).rejects.toMatchObject({
      code: 'ERR_TLS_PEER_CERTIFICATE',
      reason: 'CERT_HAS_EXPIRED',
    });
  });
});
