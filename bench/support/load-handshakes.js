// Load generator: opens TLS connections, several at a time, each one for a handshake and one byte there and back.
//
// usage: load-handshakes PORT CONNECTIONS full|resumed LEAD SECONDS
//
// It prints "begin" and "end" with the result as load.c does; a message is a connection. It takes more CPU than the
// servers, so they are idle at times: what can be compared is the CPU that they take for each connection.
import { connect, createSecureContext } from 'node:tls';
import { measure } from './load-phases.js';

const [port, connections, , lead, seconds] = process.argv.slice(2).map(Number);
const resuming = process.argv[4] === 'resumed';

const BYTE = Buffer.from('x');
const options = {
  port,
  host: '127.0.0.1',
  secureContext: createSecureContext({ minVersion: 'TLSv1.3' }),
  // What is measured are servers, so nobody spends time on verifying them.
  rejectUnauthorized: false,
};
const phases = measure(lead, seconds);
const { fail } = phases;
let session;

/** Opens a connection and ends it after one byte; calls `done` when it is closed. */
function visit(done) {
  const begun = performance.now();
  const socket = connect({ ...options, session });
  let answered = false;
  socket.on('secureConnect', () => {
    if (socket.isSessionReused() !== (session !== undefined))
      fail(`the session was ${session === undefined ? 'resumed' : 'not resumed'}`);
    socket.write(BYTE);
  });
  socket.on('data', () => {
    answered = true;
    phases.count(performance.now() - begun);
    socket.end();
  });
  socket.on('error', ({ message }) => fail(message));
  socket.on('close', () => (answered ? done() : fail('the server has closed a connection')));
  return socket;
}

function visitForever() {
  visit(visitForever);
}

/** Resolves with what every later connection resumes. */
function firstSession() {
  return new Promise((resolve) => {
    let ticket;
    const socket = visit(() =>
      ticket === undefined ? fail('the server has given no ticket') : resolve(ticket),
    );
    socket.on('session', (given) => (ticket = given));
  });
}

if (resuming) session = await firstSession();
for (let i = 0; i < connections; i++) visitForever();
