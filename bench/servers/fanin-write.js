// The yardstick: a write per message. Without Nagle's delay, as the others.
import { createServer } from 'node:net';
import { report } from '../support/report.js';
import { DEPTH, MESSAGE } from './fanin-message.js';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => {
    for (let i = 0; i < DEPTH; i++) socket.write(MESSAGE);
  });
  socket.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port));
