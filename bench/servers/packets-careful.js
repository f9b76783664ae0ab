// By hand, with care: packets are found in place, answers are copied into one block, and a chunk makes one write.
// No limits, no flags, no back-pressure.
import { createServer } from 'node:net';
import { report } from '../support/report.js';

const BLOCK = 64 * 1024;
let block = Buffer.allocUnsafeSlow(BLOCK);
let used = 0;

const server = createServer({ noDelay: true }, (socket) => {
  let rest;
  let start = 0;
  const flush = () => {
    if (used > start) socket.write(block.subarray(start, used));
    start = used;
  };
  const answer = (body) => {
    const length = 4 + body.length;
    if (used + length > BLOCK) {
      flush();
      block = Buffer.allocUnsafeSlow(Math.max(BLOCK, length));
      used = start = 0;
    }
    block.writeUInt32LE(body.length, used);
    block.set(body, used + 4);
    used += length;
  };
  socket.on('data', (data) => {
    const bytes = rest === undefined ? data : Buffer.concat([rest, data]);
    start = used;
    let at = 0;
    while (bytes.length - at >= 4) {
      const size = (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)) & 0x3fffff;
      const end = at + 4 + size;
      if (end > bytes.length) break;
      answer(bytes.subarray(at + 4, end));
      at = end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
    flush();
  });
  socket.on('error', () => {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report(server.address().port));
