// The yardstick: the shortest honest echo server of plain Node.
import { createServer } from 'node:net';
import { report } from '../support/report.js';

const server = createServer((socket) => {
  socket.on('data', (data) => socket.write(data));
  socket.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port));
