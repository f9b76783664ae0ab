// Hundreds of peers that stop in the middle of a TLS handshake in every way, on both sides; afterwards nothing may be
// left of them.
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { TcpAgent, TcpServer } from 'hpsocket-rx';
import { report, settledMemory, until } from './report.ts';

const rounds = Number(process.argv[2]);
const certificates = new URL('../../../samples/certificates/', import.meta.url).pathname;
const timeouts = { handshake: 500 };
const alive: WeakRef<object>[] = [];
let closes = 0;
let settled = 0;
const faults = new Set<string>();
process.on('unhandledRejection', () => faults.add('unhandled'));

const server = new TcpServer({
  host: '127.0.0.1',
  timeouts,
  tls: {
    certFile: `${certificates}server.pem`,
    keyFile: `${certificates}server-key.pem`,
    // Some answers never come.
    onServerName: (name) => (name === 'late.test' ? new Promise(() => undefined) : undefined),
  },
});
const agent = new TcpAgent({ timeouts, tls: { caFile: `${certificates}ca.pem` } });
server.accept$.subscribe((connection) => {
  alive.push(new WeakRef(connection), new WeakRef(connection.flow), new WeakRef(connection.close$));
});
for (const component of [server, agent]) {
  component.close$.subscribe(() => closes++);
  component.faults$.subscribe(({ error }) => faults.add(error.code));
}
const { port } = (await server.start()) as { port: number };
await agent.start();

/** Catches the hello of a client. */
const listener = createServer().listen(0, '127.0.0.1');
await until(() => listener.listening);
const helloOf = (serverName: string): Promise<Buffer> =>
  new Promise((resolve) => {
    listener.once('connection', (socket: Socket) => {
      socket.once('data', (bytes: Buffer) => {
        socket.destroy();
        resolve(bytes);
      });
    });
    agent.connect((listener.address() as AddressInfo).port, { serverName }).catch(() => settled++);
  });
const hello = await helloOf('localhost');
const late = await helloOf('late.test');

// What peers do to a server.
const half = hello.subarray(0, 100);
const peers: readonly ((socket: Socket) => void)[] = [
  () => undefined,
  (socket) => socket.write(half),
  (socket) => socket.write(hello),
  (socket) => socket.write(late),
  (socket) => socket.write(half, () => socket.resetAndDestroy()),
  (socket) => socket.write(hello, () => socket.resetAndDestroy()),
  (socket) => socket.write(late, () => socket.resetAndDestroy()),
  (socket) => socket.end(half),
  (socket) => socket.end(hello),
  (socket) => socket.end('GET / HTTP/1.1\r\n\r\n'),
  (socket) => socket.once('data', () => socket.resetAndDestroy()).write(hello),
  (socket) => socket.once('data', () => socket.end(Buffer.alloc(100))).write(hello),
];
for (let i = 0; i < rounds; i++) {
  const socket: Socket = connect(port, '127.0.0.1', () => peers[i % peers.length]?.(socket));
  socket.on('error', () => undefined).resume();
}

// What servers do to a client.
const servers: readonly ((socket: Socket) => void)[] = [
  () => undefined,
  (socket) => socket.end(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end('220 ready\r\n'),
  (socket) => socket.once('data', () => socket.write(Buffer.from('160303006402', 'hex'))),
  (socket) => socket.once('data', () => socket.end(Buffer.from('160303006402', 'hex'))),
  (socket) => socket.once('data', () => socket.resetAndDestroy()),
  (socket) => socket.once('data', () => socket.end(Buffer.from('15030300020228', 'hex'))),
];
let served = 0;
listener.on('connection', (socket: Socket) => {
  socket.on('error', () => undefined);
  servers[served++ % servers.length]?.(socket);
  socket.resume();
});
const { port: elsewhere } = listener.address() as AddressInfo;
const ends = ['disconnect', 'end', 'reset'] as const;
for (let i = 0; i < rounds; i++) {
  agent.connect(i % 4 === 0 ? port : elsewhere).then(
    (connection) => {
      settled++;
      connection.disconnect();
    },
    () => settled++,
  );
}
for (const connection of agent.connections.values()) {
  alive.push(new WeakRef(connection), new WeakRef(connection.flow), new WeakRef(connection.close$));
}
agent.connect$.subscribe((connection) => {
  const end = ends[connection.id % 7];
  if (end !== undefined) connection[end]();
});

await until(() => closes === rounds * 2 + rounds / 4 + 2);
await until(() => server.connections.size === 0 && agent.connections.size === 0);
listener.close();
await until(() => {
  globalThis.gc?.();
  return alive.filter((reference) => reference.deref() !== undefined).length < 10;
});
await settledMemory();
const left = process.getActiveResourcesInfo();
report({
  made: alive.length,
  closes,
  settled,
  faults: [...faults].sort().join(' '),
  survivors: alive.filter((reference) => reference.deref() !== undefined).length,
  leased: server.flow.total + agent.flow.total,
  timers: left.filter((kind) => kind === 'Timeout').length,
  sockets: left.filter((kind) => kind === 'TCPSocketWrap' || kind === 'TLSWrap').length,
});
await agent.stop();
await server.stop();
