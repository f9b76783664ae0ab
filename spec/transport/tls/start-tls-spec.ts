import { once } from 'node:events';
import { type TLSSocket, connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import { lines } from '../../../lib/codec/lines.ts';
import { dial } from '../../../lib/component/dial.ts';
import { listen } from '../../../lib/component/listen.ts';
import { TcpAgent } from '../../../lib/component/tcp-agent.ts';
import { TcpClient } from '../../../lib/component/tcp-client.ts';
import { TcpServer, type TcpServerOptions } from '../../../lib/component/tcp-server.ts';
import type { Connection } from '../../../lib/connection/connection.ts';
import { MemoryNetwork } from '../../../lib/transport/memory.ts';
import { tcp } from '../../../lib/transport/tcp.ts';
import type { TlsClientOptions, TlsServerOptions } from '../../../lib/transport/tls/tls-options.ts';
import type { Transport } from '../../../lib/transport/wire.ts';
import { closedLater } from '../../behaviour/world.ts';
import { afterTest } from '../../support/cleanup.ts';
import { collect, firstBytes } from '../../support/patterns.ts';
import { plainClient, plainServer, read, readAll } from '../../support/plain-net.ts';
import {
  CA,
  echoServer,
  echoes,
  endingOf,
  identity,
  listOf,
  pem,
  tlsAgent,
} from '../../support/tls-world.ts';

const MANUAL = { handshake: 'manual' } as const;
const SERVER: TlsServerOptions = { ...identity('server'), ...MANUAL };
const CLIENT: TlsClientOptions = { ...CA, ...MANUAL };

/** Options of {@link manualPair}. */
interface PairOptions {
  readonly transport?: Transport;
  readonly server?: TlsServerOptions;
  readonly client?: TlsClientOptions;
  readonly options?: TcpServerOptions;
}

/** Two ends of a plain connection on which TLS may be started. */
async function manualPair({ transport = tcp, server: tls, client, options }: PairOptions = {}) {
  const server = closedLater(
    new TcpServer({ transport, host: '127.0.0.1', tls: { ...SERVER, ...tls }, ...options }),
  );
  const agent = closedLater(new TcpAgent({ transport, tls: { ...CLIENT, ...client } }));
  const { port = 0 } = (await server.start()) as { port?: number };
  await agent.start();
  const accepted = firstValueFrom(server.accept$);
  const near = await agent.connect({ host: '127.0.0.1', port });
  return { server, agent, near, far: await accepted, port };
}

/** Says a word each way. */
async function talk(near: Connection, far: Connection): Promise<void> {
  near.send('ping');
  expect(toText(await firstBytes(far.receive$, 4))).toBe('ping');
  far.send('pong');
  expect(toText(await firstBytes(near.receive$, 4))).toBe('pong');
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error as { code: string }).code,
  );

for (const transportName of ['tcp', 'memory'] as const) {
  const makeTransport = (): Transport => (transportName === 'tcp' ? tcp : new MemoryNetwork());

  describe(`startTls over ${transportName}`, () => {
    it('should protect a connection that has carried plain bytes', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      expect(near.state).toBe('open');
      await talk(near, far);
      expect(near.tls).toBeUndefined();

      const [atClient, atServer] = await Promise.all([near.startTls(), far.startTls()]);

      expect(atClient).toMatchObject({ protocol: 'TLSv1.3', authorized: true, resumed: false });
      expect(atClient).toBe(near.tls);
      expect(atServer).toBe(far.tls);
      await talk(near, far);
      near.disconnect();
      expect(endingOf(await firstValueFrom(far.close$))).toEqual({ reason: 'peer' });
      expect(near.tls).toBe(atClient);
    });

    it('should fire handshake$ only then, once', async () => {
      const { server, agent, near, far } = await manualPair({ transport: makeTransport() });
      const log: string[] = [];
      server.handshake$.subscribe(({ id }) => log.push(`server ${id}`));
      agent.handshake$.subscribe(({ id }) => log.push(`agent ${id}`));
      await talk(near, far);
      expect(log).toEqual([]);
      await Promise.all([near.startTls(), far.startTls()]);
      expect(log.sort()).toEqual(['agent 1', 'server 1']);
    });

    it('should deliver what was sent before, plain and first', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      const text = `${'x'.repeat(1_000_000)}end`;
      near.send(text.slice(0, 400_000));
      near.send(text.slice(400_000));
      const starting = near.startTls();
      const heard = await firstBytes(far.receive$, text.length);
      expect(heard.toString('latin1', 0, text.length) === text).toBe(true);
      await Promise.all([starting, far.startTls({ early: heard.subarray(text.length) })]);
      await talk(near, far);
    });

    it('should refuse sends until it is done', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      const starting = near.startTls();
      expect(near.state).toBe('connecting');
      expect(near.send('now')).toBe('refused');
      expect(near.lastError?.code).toBe('ERR_NOT_OPEN');
      await Promise.all([starting, far.startTls()]);
      expect(near.state).toBe('open');
      expect(near.send('now')).toBe('ok');
      expect(toText(await firstBytes(far.receive$, 3))).toBe('now');
    });

    it('should take up bytes that have come and nobody has read', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      near.send('hello');
      expect(toText(await firstBytes(far.receive$, 5))).toBe('hello');
      const starting = near.startTls();
      // The hello arrives while nobody reads.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([starting, far.startTls()]);
      await talk(near, far);
    });

    it('should take up bytes that were read too far', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      const arrived: Uint8Array[] = [];
      let starting: Promise<unknown> | undefined;
      const begun = new Promise<void>((resolve) => {
        far.receive$.subscribe((bytes) => {
          if (starting === undefined) {
            // Everything until TLS begins: the command, and perhaps the hello behind it.
            arrived.push(bytes);
            const text = Buffer.concat(arrived).toString('latin1');
            const end = text.indexOf('\n') + 1;
            if (end === 0 || text.length === end) return;
            starting = far.startTls({ early: Buffer.concat(arrived).subarray(end) });
            resolve();
          } else {
            far.send(bytes);
          }
        });
      });
      near.send('STARTTLS\n');
      const secured = near.startTls();
      await begun;
      await Promise.all([starting, secured]);
      near.send('secret');
      expect(toText(await firstBytes(near.receive$, 6))).toBe('secret');
    });

    it('should tell both ends of a certificate that is refused', async () => {
      const { near, far, server } = await manualPair({
        transport: makeTransport(),
        server: identity('expired'),
      });
      const secured = listOf(server.handshake$);
      const endings = Promise.all([firstValueFrom(near.close$), firstValueFrom(far.close$)]);
      const [atClient, atServer] = await Promise.all([codeOf(near.startTls()), codeOf(far.startTls())]);
      expect([atClient, atServer]).toEqual(['ERR_TLS_PEER_CERTIFICATE', 'ERR_TLS_HANDSHAKE']);
      expect((await endings).map(endingOf)).toEqual([
        { reason: 'tls', code: 'ERR_TLS_PEER_CERTIFICATE', why: 'CERT_HAS_EXPIRED' },
        { reason: 'tls', code: 'ERR_TLS_HANDSHAKE' },
      ]);
      expect(secured).toEqual([]);
      expect(server.connections.size).toBe(0);
    });

    it('should use the server name that is given', async () => {
      const { near, far } = await manualPair({
        transport: makeTransport(),
        server: { names: { 'example.org': identity('example') } },
      });
      const [info] = await Promise.all([near.startTls({ serverName: 'example.org' }), far.startTls()]);
      expect(info.peerCertificate?.subject).toBe('CN=example.org');
      expect(far.tls?.serverName).toBe('example.org');
    });

    for (const [what, end, reasonHere] of [
      ['disconnected', (connection: Connection) => connection.disconnect(), 'local'],
      ['cut off', (connection: Connection) => connection.disconnect(true), 'forced'],
      ['reset', (connection: Connection) => connection.reset(), 'forced'],
      ['ended', (connection: Connection) => connection.end(), 'local'],
    ] as const) {
      it(`should be given up when the connection is ${what} meanwhile`, async () => {
        const { server, agent, near, far } = await manualPair({ transport: makeTransport() });
        const heard = collect(far.receive$).catch((error: unknown) => error);
        const starting = codeOf(near.startTls());
        await new Promise((resolve) => setImmediate(resolve));
        end(near);
        expect(await starting).toBe('ERR_CLOSED');
        expect(endingOf(await firstValueFrom(near.close$))).toEqual({ reason: reasonHere });
        await heard;
        if (far.state !== 'closed') await firstValueFrom(far.close$);
        expect(server.connections.size + agent.connections.size).toBe(0);
      });
    }

    it('should be given up when the component stops', async () => {
      const { server, near, far } = await manualPair({ transport: makeTransport() });
      const startings = Promise.all([codeOf(far.startTls()), firstValueFrom(far.close$)]);
      expect(await server.stop()).toEqual({ closed: 0, forced: 1, dropped: 0 });
      const [code, closed] = await startings;
      expect([code, closed.reason]).toEqual(['ERR_CLOSED', 'stop']);
      await firstBytes(near.receive$, 1).catch(() => undefined);
    });

    it('should time out when the peer does not follow', async () => {
      const { server, far, near } = await manualPair({
        transport: makeTransport(),
        options: { timeouts: { handshake: 50 } },
      });
      near.receive$.subscribe({ error: () => undefined });
      expect(await codeOf(far.startTls())).toBe('ERR_TIMEOUT');
      expect(endingOf(await firstValueFrom(far.close$))).toEqual({ reason: 'timeout', code: 'ERR_TIMEOUT' });
      expect(server.connections.size).toBe(0);
    });

    it('should not be possible twice', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      const first = near.startTls();
      expect(await codeOf(near.startTls())).toBe('ERR_NOT_OPEN');
      await Promise.all([first, far.startTls()]);
      expect(await codeOf(near.startTls())).toBe('ERR_STATE');
      expect(await codeOf(far.startTls())).toBe('ERR_STATE');
      await talk(near, far);
    });

    it('should not be possible on a connection that ends or has ended', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      near.end();
      expect(await codeOf(near.startTls())).toBe('ERR_CLOSED');
      far.disconnect(true);
      await firstValueFrom(far.close$);
      expect(await codeOf(far.startTls())).toBe('ERR_CLOSED');
    });

    it('should refuse illegal options without an effect', async () => {
      const { near, far } = await manualPair({ transport: makeTransport() });
      expect(await codeOf(near.startTls({ early: 5 as never }))).toBe('ERR_OPTION');
      expect(await codeOf(near.startTls({ serverName: '' }))).toBe('ERR_OPTION');
      expect(await codeOf(near.startTls({ hurry: true } as never))).toBe('ERR_OPTION');
      await talk(near, far);
    });

    it('should need the option tls', async () => {
      const transport = makeTransport();
      const server = closedLater(new TcpServer({ transport, host: '127.0.0.1' }));
      const agent = closedLater(new TcpAgent({ transport }));
      const { port = 0 } = (await server.start()) as { port?: number };
      await agent.start();
      const near = await agent.connect({ host: '127.0.0.1', port });
      expect(await codeOf(near.startTls())).toBe('ERR_STATE');
      expect(near.state).toBe('open');
    });

    it('should let a codec speak before and after', async () => {
      const transport = makeTransport();
      const server = closedLater(
        new TcpServer<string, string>({ transport, host: '127.0.0.1', codec: lines(), tls: SERVER }) as never,
      ) as unknown as TcpServer<string, string>;
      const { port = 0 } = (await server.start()) as { port?: number };
      server.receive$.subscribe(({ connection, data }) => {
        if (data === 'STARTTLS') {
          connection.send('220 go ahead');
          void connection.startTls();
        } else {
          connection.send(`${data} ${connection.tls === undefined ? 'plain' : 'secret'}`);
        }
      });
      const client = closedLater(
        new TcpClient<string, string>({ transport, codec: lines(), tls: CLIENT }) as never,
      ) as unknown as TcpClient<string, string>;
      const heard: string[] = [];
      const over = new Promise<void>((resolve) => {
        client.receive$.subscribe(({ connection, data }) => {
          heard.push(data);
          if (data === 'one plain') client.send('STARTTLS');
          if (data.startsWith('220')) void connection.startTls().then(() => client.send('two'));
          if (data === 'two secret') resolve();
        });
      });
      await client.start({ host: '127.0.0.1', port });
      client.send('one');
      await over;
      expect(heard).toEqual(['one plain', '220 go ahead', 'two secret']);
    });

    it('should work for dial and listen, which hand out plain connections', async () => {
      const transport = makeTransport();
      const ready = new Promise<number>((resolve) => {
        const serving = listen({
          transport,
          host: '127.0.0.1',
          tls: SERVER,
          onListening: ({ port }) => resolve(port ?? 0),
        }).subscribe((connection) => {
          connection.receive$.subscribe((bytes) => {
            connection.send(bytes);
            if (connection.tls === undefined) void connection.startTls();
          });
        });
        afterTest(() => serving.unsubscribe());
      });
      const port = await ready;
      const heard = await new Promise<string>((resolve, reject) => {
        const dialling = dial({ host: '127.0.0.1', port }, { transport, tls: CLIENT }).subscribe({
          next: (connection) => {
            expect(connection.tls).toBeUndefined();
            connection.send('go');
            connection.receive$.subscribe((bytes) => {
              if (toText(bytes) === 'go') connection.startTls().then(() => connection.send('hidden'), reject);
              else resolve(toText(bytes));
            });
          },
          error: reject,
        });
        afterTest(() => dialling.unsubscribe());
      });
      expect(heard).toBe('hidden');
    });

    it('should serve plain and TLS clients on one port', async () => {
      const transport = makeTransport();
      const { server, port } = await echoServer({ allowPlain: true }, { transport });
      const ready = listOf(server.handshake$);
      const plain = closedLater(new TcpAgent({ transport }));
      await plain.start();
      const connection = await plain.connect({ host: '127.0.0.1', port });
      connection.send('plain ping');
      expect(toText(await firstBytes(connection.receive$, 10))).toBe('plain ping');
      await echoes(await tlsAgent({}, { transport }), port);
      connection.send('again');
      expect(toText(await firstBytes(connection.receive$, 5))).toBe('again');
      expect(ready.map(({ tls }) => tls?.protocol)).toEqual([undefined, 'TLSv1.3']);
    });

    it('should tell of a plain client that need not follow', async () => {
      const { near, far } = await manualPair({ transport: makeTransport(), server: { allowPlain: true } });
      const starting = codeOf(far.startTls());
      near.send('still plain');
      expect(toText(await firstBytes(far.receive$, 11))).toBe('still plain');
      await talk(near, far);
      const told = await Promise.race([starting, Promise.resolve().then(() => 'nothing')]);
      expect(told).toBe('ERR_TLS_PLAIN');
      expect(far.state).toBe('open');
    });
  });
}

describe('A TLS server that serves plain clients too', () => {
  it('should understand both byte by byte', async () => {
    const { server, port } = await echoServer({ allowPlain: true });
    const plain = await plainClient(port);
    plain.setNoDelay();
    for (const byte of 'slow') {
      plain.write(byte);
      expect(await read(plain, 1)).toBe(byte);
    }
    const secure = await byteByByte(port);
    secure.write('ping');
    const [answer] = (await once(secure, 'data')) as [Buffer];
    expect(String(answer)).toBe('ping');
    expect([...server.connections.values()].map(({ tls }) => tls !== undefined)).toEqual([false, true]);
  });

  it('should take a client for broken that begins with TLS and goes on otherwise', async () => {
    const echo = await echoServer({ allowPlain: true });
    const ending = echo.nextClose();
    const plain = await plainClient(echo.port);
    plain.write(Buffer.from([0x16]));
    plain.write('GET / HTTP/1.1\r\n\r\n');
    expect(await readAll(plain)).toBe('');
    expect(endingOf(await ending)).toEqual({ reason: 'tls', code: 'ERR_TLS_PLAIN' });
  });

  it('should end a client that says nothing', async () => {
    const echo = await echoServer({ allowPlain: true }, { timeouts: { handshake: 50 } });
    const ending = echo.nextClose();
    const plain = await plainClient(echo.port);
    expect(await readAll(plain)).toBe('');
    expect(endingOf(await ending)).toEqual({ reason: 'timeout', code: 'ERR_TIMEOUT' });
  });

  it('should hand over everything that a plain client has sent, and its end', async () => {
    const echo = await echoServer({ allowPlain: true });
    const ending = echo.nextClose();
    const plain = await plainClient(echo.port);
    plain.end('all at once');
    expect(await readAll(plain)).toBe('all at once');
    expect(await ending).toMatchObject({ reason: 'peer', bytesIn: 11, bytesOut: 11 });
  });
});

/** A raw client whose bytes reach the server one by one. */
async function byteByByte(port: number): Promise<TLSSocket> {
  const through = await plainServer((socket) => {
    void plainClient(port).then((onward) => {
      onward.setNoDelay();
      onward.pipe(socket);
      socket.on('data', (bytes: Buffer) => {
        for (const byte of bytes) onward.write(Buffer.of(byte));
      });
    });
  });
  const secure = connect({ port: through, ca: pem('ca'), servername: 'localhost' });
  afterTest(() => secure.destroy());
  await once(secure, 'secureConnect');
  secure.on('error', () => undefined);
  return secure;
}

describe('startTls with raw peers', () => {
  it('should take up the hello that came right behind the command, in one segment', async () => {
    const { server, port } = await manualServer();
    const log: string[] = [];
    server.receive$.subscribe(({ connection, data }) => {
      const text = Buffer.from(data).toString('latin1');
      if (connection.tls !== undefined) {
        log.push(text);
        connection.send(data);
        return;
      }
      const end = text.indexOf('\n') + 1;
      log.push(text.slice(0, end));
      void connection.startTls({ early: data.subarray(end) });
    });

    const secure = await withPrefix(port, 'STARTTLS\n');
    secure.write('ping');
    const [answer] = (await once(secure, 'data')) as [Buffer];
    expect(String(answer)).toBe('ping');
    expect(log).toEqual(['STARTTLS\n', 'ping']);
  });

  it('should take up the hello that came right behind the command and was not read', async () => {
    const { server, port } = await manualServer({ bufferSize: 9 }); // reads the command and no further
    const log: string[] = [];
    server.receive$.subscribe(({ connection, data }) => {
      log.push(toText(data));
      if (connection.tls === undefined) void connection.startTls();
      else connection.send(data);
    });

    const secure = await withPrefix(port, 'STARTTLS\n');
    secure.write('ping');
    const [answer] = (await once(secure, 'data')) as [Buffer];
    expect(String(answer)).toBe('ping');
    expect(log).toEqual(['STARTTLS\n', 'ping']);
  });

  it('should refuse a peer that goes on in plain text', async () => {
    const { server, port } = await manualServer();
    const ending = firstValueFrom(server.close$);
    server.receive$.subscribe(({ connection }) => {
      connection.send('220 go\r\n');
      connection.startTls().catch(() => undefined);
    });
    const plain = await plainClient(port);
    plain.write('STARTTLS\r\n');
    expect(await read(plain, 8)).toBe('220 go\r\n');
    plain.write('QUIT\r\n');
    expect(await readAll(plain)).toBe('');
    expect(endingOf(await ending)).toEqual({ reason: 'tls', code: 'ERR_TLS_PLAIN' });
  });

  it('should not take plain lines behind the command for protected ones', async () => {
    const server = closedLater(
      new TcpServer<string, string>({ host: '127.0.0.1', codec: lines(), tls: SERVER }) as never,
    ) as unknown as TcpServer<string, string>;
    const { port = 0 } = (await server.start()) as { port?: number };
    const log: string[] = [];
    const ending = firstValueFrom(server.close$);
    server.receive$.subscribe(({ connection, data }) => {
      log.push(data);
      if (data !== 'STARTTLS') return;
      connection.send('220 go');
      connection.startTls().catch(() => undefined);
    });

    // Somebody between client and server adds something to what the client says before TLS (CVE-2011-0411).
    const middle = await plainClient(port);
    middle.write('STARTTLS\nINJECTED\nPREFIX ');
    expect(await Promise.race([read(middle, 7), ending.then(({ reason }) => reason)])).toMatch(
      /220 go\n|protocol/,
    );
    const secure = connect({ socket: middle, ca: pem('ca'), servername: 'localhost' });
    secure.on('error', () => undefined);
    secure.once('secureConnect', () => secure.write('command\n'));
    await Promise.race([firstValueFrom(server.receive$), ending]);
    expect(log).not.toContain('INJECTED');
    expect(log).not.toContain('PREFIX command');
  });

  it('should notice that the peer has gone meanwhile', async () => {
    const { server, port } = await manualServer();
    const accepted = firstValueFrom(server.accept$);
    const plain = await plainClient(port);
    const connection = await accepted;
    const starting = codeOf(connection.startTls());
    plain.end();
    expect(await starting).toBe('ERR_CLOSED');
    expect(endingOf(await firstValueFrom(connection.close$))).toEqual({ reason: 'peer' });
  });
});

async function manualServer(options: TcpServerOptions = {}) {
  const server = closedLater(new TcpServer({ host: '127.0.0.1', tls: SERVER, ...options }));
  const { port = 0 } = (await server.start()) as { port?: number };
  return { server, port };
}

/** A raw TLS client, the first segment of which has something plain in front. */
async function withPrefix(port: number, prefix: string): Promise<TLSSocket> {
  const through = await plainServer((socket) => {
    void plainClient(port).then((onward) => {
      onward.pipe(socket);
      socket.once('data', (bytes: Buffer) => {
        onward.write(Buffer.concat([Buffer.from(prefix), bytes]));
        socket.pipe(onward);
      });
    });
  });
  const secure = connect({ port: through, ca: pem('ca'), servername: 'localhost' });
  afterTest(() => secure.destroy());
  await once(secure, 'secureConnect');
  secure.on('error', () => undefined);
  return secure;
}
