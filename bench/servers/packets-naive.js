// What is written first: what is left over is joined with every chunk, and every packet is a write.
import { createServer } from 'node:net';
import { report } from '../support/report.js';

const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  socket.on('data', (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 4) {
      const size = rest.readUInt32LE(0) & 0x3fffff;
      if (rest.length < 4 + size) break;
      const body = rest.subarray(4, 4 + size);
      rest = rest.subarray(4 + size);
      const header = Buffer.alloc(4);
      header.writeUInt32LE(body.length);
      socket.write(Buffer.concat([header, body]));
    }
  });
  socket.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port));
