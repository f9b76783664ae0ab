// Thousands of peers that connect and stay silent, each with a handler waiting for it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TcpServer, handleEach, sendTo } from 'hpsocket-rx';
import { report, settledMemory, until } from './report.ts';

const peers = Number(process.argv[2]);
const server = new TcpServer({ host: '127.0.0.1', maxConnections: peers + 100 });
server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
const { port } = await server.start();
const crowd = fork(fileURLToPath(new URL('./crowd.js', import.meta.url)));
const come = async (count: number) => {
  const expected = server.connections.size + count;
  crowd.send({ port, count });
  await until(() => server.connections.size === expected);
};
await come(100);
const before = await settledMemory();
await come(peers);
const after = await settledMemory();
crowd.send({ talk: true });
await once(crowd, 'message'); // everybody got an echo
crowd.kill();
await until(() => server.connections.size === 0);
report({
  rssPerPeer: Math.round((after.rss - before.rss) / peers),
  heapPerPeer: Math.round((after.heap - before.heap) / peers),
  left: server.connections.size,
});
await server.stop();
