// The yardstick: the shortest honest TLS echo server of plain Node. Without Nagle's delay, as the others.
import { createServer } from 'node:tls';
import { report } from '../support/report.js';
import { IDENTITY } from './tls-identity.js';

const server = createServer({ ...IDENTITY, noDelay: true }, (socket) => {
  socket.on('data', (data) => socket.write(data));
  socket.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port));
