// Connects as many sockets as it is told and keeps them silent; told to talk, each says one thing and hears it back.
// Tells when the last of them has been closed.
import { connect } from 'node:net';

const sockets = [];
let closed = 0;

process.on('message', ({ port, count, talk }) => {
  if (talk) {
    let heard = 0;
    for (const socket of sockets) {
      socket.once('data', () => ++heard === sockets.length && process.send('heard'));
      socket.write('hello');
    }
    return;
  }
  let left = count;
  const next = () => {
    if (left-- <= 0) return;
    const socket = connect(port, '127.0.0.1', next);
    socket.on('error', () => undefined).resume();
    socket.on('close', () => ++closed === sockets.length && left < 0 && process.send('closed'));
    sockets.push(socket);
  };
  for (let i = 0; i < 50; i++) next();
});
