// Opens connections and holds them: told { port, add, greet } it opens `add` more and answers when they are up; with
// `greet`, each one has sent 64 bytes and got them back by then.
import { connect } from 'node:net';

const AT_ONCE = 50;

function open(port, greet) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', reject);
    socket.on('connect', () => {
      if (greet) socket.write(Buffer.alloc(64));
      else resolve();
    });
    let received = 0;
    socket.on('data', ({ length }) => {
      received += length;
      if (received === 64) resolve();
    });
  });
}

async function openMany({ port, add, greet }) {
  let left = add;
  const opener = async () => {
    while (left-- > 0) await open(port, greet);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, opener));
}

process.on('disconnect', () => process.exit(0));
process.on('message', async (order) => {
  try {
    await openMany(order);
    process.send({});
  } catch ({ message }) {
    process.send({ failure: message });
  }
});
