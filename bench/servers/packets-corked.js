// As packets-naive.js, with all writes of a chunk joined by cork and uncork.
import { createServer } from 'node:net';
import { report } from '../support/report.js';

const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  socket.on('data', (data) => {
    rest = Buffer.concat([rest, data]);
    socket.cork();
    while (rest.length >= 4) {
      const size = rest.readUInt32LE(0) & 0x3fffff;
      if (rest.length < 4 + size) break;
      const body = rest.subarray(4, 4 + size);
      rest = rest.subarray(4 + size);
      const header = Buffer.alloc(4);
      header.writeUInt32LE(body.length);
      socket.write(Buffer.concat([header, body]));
    }
    socket.uncork();
  });
  socket.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port));
