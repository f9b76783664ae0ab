import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { filter, firstValueFrom, map } from 'rxjs';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { InetAddress } from '../../lib/transport/address.ts';
import { closedLater } from '../behaviour/world.ts';
import { afterTest } from '../support/cleanup.ts';

const certificates = new URL('../../samples/certificates/', import.meta.url).pathname;

/** A server whose certificate lies in a folder of its own, and a client that says which one answers. */
async function watchedServer() {
  const folder = mkdtempSync(join(tmpdir(), 'watched-'));
  afterTest(() => rmSync(folder, { recursive: true }));
  const certFile = join(folder, 'server.pem');
  const keyFile = join(folder, 'server-key.pem');
  const put = (name: string) => {
    copyFileSync(`${certificates}${name}.pem`, `${certFile}.new`);
    copyFileSync(`${certificates}${name}-key.pem`, `${keyFile}.new`);
    renameSync(`${certFile}.new`, certFile);
    renameSync(`${keyFile}.new`, keyFile);
  };
  put('server');
  const server = closedLater(
    new TcpServer({ host: '127.0.0.1', port: 0, tls: { certFile, keyFile, watch: true } }),
  );
  const agent = closedLater(new TcpAgent({ tls: { verify: 'insecure-none', resumption: false } }));
  await server.start();
  await agent.start();
  const who = async () => {
    const { port } = server.address as InetAddress;
    const { tls } = await agent.connect({ host: '127.0.0.1', port });
    return tls?.peerCertificate?.issuer;
  };
  return { server, agent, certFile, put, who };
}

describe('files of a running server', () => {
  it('should be loaded anew when they change, without dropping a connection', async () => {
    const { server, put, who } = await watchedServer();
    let closed = 0;
    server.close$.subscribe(() => closed++);
    const before = await who();
    put('other-server');
    while ((await who()) === before) await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(0);
  });

  it('should leave what was there when they cannot be used, and say so', async () => {
    const { server, certFile, put, who } = await watchedServer();
    const fault = firstValueFrom(
      server.faults$.pipe(
        map(({ error }) => error.code),
        filter((code) => code.startsWith('ERR_TLS_')),
      ),
    );
    const before = await who();
    writeFileSync(certFile, 'no certificate');
    expect(await fault).toBe('ERR_TLS_CERT');
    expect(await who()).toBe(before);
    put('other-server');
    while ((await who()) === before) await new Promise((resolve) => setImmediate(resolve));
  });

  it('should not be watched any more when the server has stopped', async () => {
    const { server, put, who } = await watchedServer();
    const before = await who();
    await server.stop({ drain: false });
    put('other-server');
    await server.start();
    expect(await who()).toBe(before);
    server.tls?.reload();
    expect(await who()).not.toBe(before);
  });
});
