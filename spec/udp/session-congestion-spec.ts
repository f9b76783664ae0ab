import { describe, expect, it } from '@jest/globals';
import { handleEach } from '../../lib/component/handle-each.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { UdpServer, type UdpServerOptions } from '../../lib/udp/udp-server.ts';
import { afterTest } from '../support/cleanup.ts';
import { SlowDatagrams } from '../support/slow-datagrams.ts';
import { eventLog } from '../support/virtual-datagrams.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A server with connections from ports 1 to `many`, over a system that takes nothing any more. */
async function congested(many: number, options: UdpServerOptions = {}) {
  const socket = new SlowDatagrams();
  const server = new UdpServer({ transport: socket, ...options });
  const log = eventLog(server);
  await server.start();
  for (let port = 1; port <= many; port++) socket.receive(port);
  socket.behind = true;
  log.length = 0;
  const connections = [...server.connections.values()] as [Connection, Connection];
  afterTest(() => {
    socket.recover();
    return server.stop({ deadline: 0 });
  });
  return { socket, server, connections, log };
}

describe('a UDP socket whose system is behind', () => {
  it('should keep the order of all sessions, and hand over one datagram at a time', async () => {
    const { socket, connections } = await congested(2);
    const [one, two] = connections;
    for (let i = 0; i < 3; i++) {
      expect(one.send(`a${i}`)).toBe('ok');
      expect(two.send(`b${i}`)).toBe('ok');
    }
    const seen: number[] = [];
    while (socket.waiting > 0) {
      seen.push(socket.waiting);
      socket.take(1);
    }
    expect(seen).toEqual([1, 1, 1, 1, 1, 1]);
    expect(socket.left).toEqual(['1 a0', '2 b0', '1 a1', '2 b1', '1 a2', '2 b2']);
  });

  it('should know what is pending of each, and tell of it when it has left', async () => {
    const { socket, connections, log } = await congested(2);
    const [one, two] = connections;
    const pendings: number[] = [];
    one.pending$.subscribe((pending) => pendings.push(pending));
    one.send('12345');
    two.send('xyz');
    one.send('67');
    await turn();
    expect([one.pending, two.pending, one.bytesOut]).toEqual([7, 3, 0]);
    expect(log).toEqual([]);
    let flushed = 0;
    void one.flush().then(() => flushed++);
    socket.take(2);
    await turn();
    expect([one.pending, two.pending, one.bytesOut, flushed]).toEqual([2, 0, 5, 0]);
    expect(log).toEqual(['sent 1 12345', 'sent 2 xyz']);
    socket.take(1);
    await turn();
    expect([one.pending, one.bytesOut, flushed]).toEqual([0, 7, 1]);
    expect(log.at(-1)).toBe('sent 1 67');
    expect(pendings).toEqual([0, 5, 7, 2, 0]);
    expect(socket.left).toEqual(['1 12345', '2 xyz', '1 67']);
  });

  it('should say congested, and then refuse, as the limits of a connection have it', async () => {
    const limits = { highPending: 10, maxPending: 20 };
    const { socket, connections, log } = await congested(2, limits);
    const [one, two] = connections;
    const results = Array.from({ length: 5 }, () => one.send('12345'));
    expect(results).toEqual(['ok', 'ok', 'congested', 'congested', 'refused']);
    expect(one.lastError).toMatchObject({ code: 'ERR_SEND_OVERFLOW' });
    expect(two.send('12345')).toBe('ok');
    expect(log).toEqual(['fault 1 ERR_SEND_OVERFLOW']);
    socket.recover();
    await turn();
    expect(one.send('12345')).toBe('ok');
    expect(socket.left).toHaveLength(6);
  });

  it('should say goodbye last, when a connection closes in an orderly way', async () => {
    const { socket, connections, log } = await congested(2);
    const [one, two] = connections;
    one.send('last');
    one.send('words');
    one.disconnect();
    two.send('stays');
    await turn();
    expect([one.state, log]).toEqual(['ending', []]);
    expect(one.send('more')).toBe('refused');
    socket.recover();
    await turn();
    expect(socket.left).toEqual(['1 last', '1 words', '2 stays', '1 bye']);
    expect(log).toEqual(['sent 1 last', 'sent 1 words', 'sent 2 stays', 'close 1 local']);
  });

  it('should send nothing more of a connection that is cut off, but its goodbye', async () => {
    const { socket, server, connections, log } = await congested(2);
    const [one, two] = connections;
    for (const text of ['1', '2', '3']) {
      one.send(text);
      two.send(text);
    }
    const unsent: number[] = [];
    server.close$.subscribe((closed) => unsent.push(closed.unsent));
    one.disconnect(true);
    await turn();
    expect(log).toEqual(['close 1 forced']);
    expect(unsent).toEqual([3]);
    socket.recover();
    await turn();
    // The first had been handed over already.
    expect(socket.left).toEqual(['1 1', '1 bye', '2 1', '2 2', '2 3']);
    expect(two.pending).toBe(0);
  });

  it('should close only when the last goodbye has left', async () => {
    const { socket, server, connections } = await congested(2);
    connections[0].send('pending');
    const stopping = server.stop();
    await turn();
    expect([socket.closed, server.state]).toEqual([false, 'stopping']);
    socket.take(2);
    await turn();
    expect(socket.left).toEqual(['1 pending', '2 bye']);
    expect([socket.closed, server.state]).toEqual([false, 'stopped']);
    socket.recover();
    expect(socket.left).toEqual(['1 pending', '2 bye', '1 bye']);
    expect(socket.closed).toBe(true);
    expect(await stopping).toEqual({ closed: 2, forced: 0, dropped: 0 });
  });

  it('should report what was lost when the deadline of a stop comes first', async () => {
    const { socket, server, connections } = await congested(1);
    connections[0].send('never sent');
    connections[0].send('nor this');
    expect(await server.stop({ deadline: 1 })).toEqual({ closed: 0, forced: 1, dropped: 18 });
    socket.recover();
    expect(socket.left).toEqual(['1 never sent', '1 bye']);
    expect(socket.closed).toBe(true);
  });

  it('should push back through sendTo', async () => {
    const socket = new SlowDatagrams();
    const server = new UdpServer({ transport: socket, flow: { high: 10, low: 0 } });
    server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
    await server.start();
    afterTest(() => server.stop({ deadline: 0 }));
    socket.receive(1, 'hello');
    socket.behind = true;
    for (let i = 0; i < 5; i++) socket.receive(1, `echo ${i}`);
    const [connection] = [...server.connections.values()] as [Connection];
    expect([connection.reading, connection.flow.leased]).toEqual([false, 12]);
    socket.recover();
    await turn();
    expect([connection.reading, connection.flow.leased]).toEqual([true, 0]);
    expect(socket.left).toEqual(['1 hello', ...[0, 1, 2, 3, 4].map((i) => `1 echo ${i}`)]);
  });

  it('should give up a connection after timeouts.drain', async () => {
    const { socket, connections, log } = await congested(1, { timeouts: { drain: 1 } });
    connections[0].send('stuck');
    connections[0].disconnect();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log).toEqual(['fault 1 ERR_TIMEOUT', 'close 1 timeout ERR_TIMEOUT']);
    socket.recover();
    expect(socket.left).toEqual(['1 stuck', '1 bye']);
  });
});
