// Thousands of connects and disconnects of every kind; afterwards nothing may be left of them.
import { type Socket, connect } from 'node:net';
import { TcpAgent, TcpServer, flowForEach, handleEach, sendTo } from 'hpsocket-rx';
import { merge, timer } from 'rxjs';
import { report, settledMemory, until } from './report.ts';

const rounds = Number(process.argv[2]);
const server = new TcpServer({ host: '127.0.0.1', timeouts: { readIdle: 60_000, writeStall: 60_000 } });
const alive: WeakRef<object>[] = [];
let closes = 0;
server.accept$
  .pipe(
    handleEach((connection) => {
      alive.push(new WeakRef(connection), new WeakRef(connection.flow), new WeakRef(connection.close$));
      const echo = connection.receive$.pipe(sendTo(connection));
      return merge(echo, connection.receive$.pipe(flowForEach(() => timer(5))));
    }),
  )
  .subscribe(() => closes++);
const { port } = await server.start();

const endings: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.write('hello', () => socket.resetAndDestroy()),
  (socket) => socket.once('data', () => socket.end()).write('hello'),
  (socket) => socket.write(Buffer.alloc(100_000), () => socket.destroy()),
];
let next = 0;
const peer = () =>
  new Promise<void>((resolve) => {
    const end = endings[next++ % endings.length] as (socket: Socket) => void;
    const socket = connect(port as number, '127.0.0.1', () => end(socket));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    if (end !== endings[0]) socket.resume();
    else socket.on('end', () => undefined).resume();
  });
await Promise.all(
  Array.from({ length: 50 }, async () => {
    while (next < rounds) await peer();
  }),
);

const agent = new TcpAgent();
await agent.start();
for (let i = 0; i < rounds / 20; i++) {
  const connection = await agent.connect(`127.0.0.1:${port}`);
  alive.push(new WeakRef(connection), new WeakRef(connection.flow));
  if (i % 2 === 0) connection.disconnect();
  else connection.reset();
}
await until(() => server.connections.size === 0 && agent.connections.size === 0);
await settledMemory();
await until(() => {
  globalThis.gc?.();
  return alive.filter((reference) => reference.deref() !== undefined).length < 10;
});
const survivors = alive.filter((reference) => reference.deref() !== undefined).length;
report({
  made: alive.length,
  survivors,
  closes,
  leased: server.flow.total + agent.flow.total,
  timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
  sockets: process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length,
});
await agent.stop();
await server.stop();
