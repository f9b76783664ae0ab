// Sends zeroes as fast as they are taken: flood.js PORT BYTES
import { connect } from 'node:net';

const [port, total] = process.argv.slice(2).map(Number);
const block = Buffer.alloc(1024 * 1024);
const socket = connect(port, '127.0.0.1');
let left = total;
const send = () => {
  while (left > 0) {
    const bytes = block.subarray(0, Math.min(left, block.length));
    left -= bytes.length;
    if (!socket.write(bytes)) {
      socket.once('drain', send);
      return;
    }
  }
  socket.end();
};
socket.on('connect', send).resume();
