// The yardstick: a write per message. Without Nagle's delay, as the others.
import { createServer } from 'node:tls';
import { report } from '../support/report.js';
import { BURST, MESSAGE } from './tls-burst.js';
import { IDENTITY } from './tls-identity.js';

const server = createServer({ ...IDENTITY, noDelay: true }, (socket) => {
  socket.on('data', () => {
    for (let i = 0; i < BURST; i++) socket.write(MESSAGE);
  });
  socket.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port));
