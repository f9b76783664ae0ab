// A server and an agent in a process that runs out of file descriptors, and gets some back.
import { openSync, closeSync } from 'node:fs';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TcpAgent, TcpServer } from 'hpsocket-rx';
import { report, until } from './report.ts';

const server = new TcpServer({ host: '127.0.0.1' });
server.receive$.subscribe(({ connection, data }) => connection.send(data));
const { port } = await server.start();
const agent = new TcpAgent();
await agent.start();
const peer = fork(fileURLToPath(new URL('./crowd.js', import.meta.url)));
await until(() => peer.connected);

const files: number[] = [];
try {
  for (;;) files.push(openSync('/dev/null', 'r'));
} catch {
  // there are no more
}
const refused = await agent.connect(`127.0.0.1:${port}`).then(
  () => 'connected',
  (error: unknown) => (error as { code: string }).code,
);
peer.send({ port, count: 1 });
await once(peer, 'message'); // it was turned away
const during = server.connections.size;
for (const file of files) closeSync(file);

const connection = await agent.connect(`127.0.0.1:${port}`);
const echoed = new Promise((resolve) => connection.receive$.subscribe(resolve));
connection.send('still there');
await echoed;
report({ refused, during, state: server.state, after: server.connections.size > 0 });
peer.kill();
await agent.stop();
await server.stop({ deadline: 0 });
