import { spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, take, toArray } from 'rxjs';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { UdpAgent } from '../../lib/udp/udp-agent.ts';
import { UdpClient } from '../../lib/udp/udp-client.ts';
import { UdpServer, type UdpServerOptions } from '../../lib/udp/udp-server.ts';
import { afterTest } from '../support/cleanup.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

/** An echoing server on real sockets, and where it is. */
async function echo(options: UdpServerOptions = {}) {
  const server = new UdpServer({ host: '127.0.0.1', ...options });
  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  afterTest(() => server.stop({ deadline: 0 }));
  const { port = 0 } = await server.start();
  return { server, port };
}

describe('UDP sessions on real sockets', () => {
  it('should talk, and end with the notice', async () => {
    const { server, port } = await echo();
    const client = new UdpClient({ to: port });
    afterTest(() => client.stop());
    const answers = firstValueFrom(client.receive$.pipe(take(2), toArray()));
    const connection = await client.start();
    expect(connection.remote).toEqual({ family: 'IPv4', host: '127.0.0.1', port });
    client.send('hello');
    client.send('a', 'b');
    expect((await answers).map(({ data }) => toText(data))).toEqual(['hello', 'ab']);
    const ended = firstValueFrom(server.close$);
    expect(await client.stop()).toEqual({ closed: 1, forced: 0, dropped: 0 });
    expect(await ended).toMatchObject({ id: 1, reason: 'peer', bytesIn: 7, bytesOut: 7 });
  });

  it('should tell the client when the server disconnects', async () => {
    const { server, port } = await echo();
    server.handshake$.subscribe((connection) => connection.disconnect());
    const client = new UdpClient({ to: port });
    const ended = firstValueFrom(client.close$);
    await client.start();
    expect(await ended).toMatchObject({ reason: 'peer', error: undefined });
  });

  it('should end a client where nobody listens', async () => {
    const { server, port } = await echo();
    await server.stop();
    const client = new UdpClient({ to: { host: '127.0.0.1', port } });
    const ended = firstValueFrom(client.close$);
    await client.start();
    expect(await ended).toMatchObject({ reason: 'reset', error: { code: 'ECONNREFUSED' } });
  });

  it('should carry the longest datagram that UDP has', async () => {
    const size = 65_507;
    const { port } = await echo({ maxDatagramSize: size });
    const client = new UdpClient({ to: port, maxDatagramSize: size });
    afterTest(() => client.stop());
    const answer = firstValueFrom(client.receive$);
    await client.start();
    expect(client.send(Buffer.alloc(size, 'x'))).toBe('ok');
    expect((await answer).data.length).toBe(size);
  });

  it('should let an agent talk to several servers from one port', async () => {
    const { server: one, port } = await echo();
    const { server: two, port: otherPort } = await echo();
    const agent = new UdpAgent();
    afterTest(() => agent.stop());
    const answers = firstValueFrom(agent.receive$.pipe(take(2), toArray()));
    await agent.start();
    (await agent.connect(port)).send('one');
    (await agent.connect({ host: 'localhost', port: otherPort })).send('two');
    expect((await answers).map(({ data }) => toText(data)).sort()).toEqual(['one', 'two']);
    const ports = [one, two].map(({ connections }) => connections.get(1)?.remote.port);
    expect(ports[0]).toBe(ports[1]);
  });

  it('should fail on a port that is taken', async () => {
    const { port } = await echo();
    const server = new UdpServer({ host: '127.0.0.1', port });
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE', operation: 'accept' });
  });

  (hasIPv6 ? it : it.skip)('should talk IPv6, and IPv4 on the same socket', async () => {
    const { server, port } = await echo({ host: '::' });
    const agent = new UdpAgent();
    afterTest(() => agent.stop());
    const answers = firstValueFrom(agent.receive$.pipe(take(2), toArray()));
    await agent.start();
    (await agent.connect(`[0:0:0:0:0:0:0:1]:${port}`)).send('six');
    (await agent.connect(`127.0.0.1:${port}`)).send('four');
    expect((await answers).map(({ data }) => toText(data)).sort()).toEqual(['four', 'six']);
    const hosts = [...server.connections.values()].map(({ remote }) => remote.host);
    expect(hosts.sort()).toEqual(['::1', '::ffff:127.0.0.1']);
  });

  it('should talk to another process', async () => {
    const { port } = await echo();
    const program = `
      const socket = require('node:dgram').createSocket('udp4');
      const seen = [];
      socket.on('message', (bytes) => {
        seen.push(bytes.length === 0 ? '-' : bytes.toString());
        if (seen.length === 2) { console.log(seen.join(',')); socket.close(); }
      });
      socket.send('', ${port}, '127.0.0.1');
      socket.send('hello', ${port}, '127.0.0.1');`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    for await (const chunk of child.stdout) out += String(chunk);
    expect(out.trim()).toBe('-,hello');
  });
});
