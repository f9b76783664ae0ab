// What load-udp.c does, in JavaScript, for machines without a C compiler. It takes more CPU than the servers, so that it
// is the limit itself; what a CPU second of the server is worth can be told nevertheless.
import { createSocket } from 'node:dgram';
import { measure } from './load-phases.js';

const [port, sockets, length, depth, lead, seconds] = process.argv.slice(2).map(Number);
const PATIENCE = 50;

const flows = [];
const load = measure(lead, seconds);

function open() {
  const socket = createSocket('udp4');
  const flow = { flying: 0, heard: performance.now(), fill };
  const pattern = Buffer.from(Array.from({ length }, (_, i) => i));
  function fill() {
    while (flow.flying < depth) {
      const datagram = Buffer.from(pattern);
      datagram.writeDoubleLE(performance.now());
      socket.send(datagram, () => {});
      flow.flying++;
    }
  }
  socket.on('message', (answer) => {
    if (answer.length !== length) return; // a heartbeat, or a notice
    if (answer.compare(pattern, 8, length, 8, length) !== 0) load.fail('an answer has the wrong bytes');
    flow.heard = performance.now();
    flow.flying = Math.max(0, flow.flying - 1);
    load.count(flow.heard - answer.readDoubleLE());
    fill();
  });
  socket.on('error', () => {});
  socket.connect(port, '127.0.0.1', fill);
  flows.push(flow);
}

for (let i = 0; i < sockets; i++) open();

setInterval(() => {
  for (const flow of flows) {
    if (performance.now() - flow.heard < PATIENCE) continue;
    flow.flying = 0;
    flow.heard = performance.now();
    flow.fill();
  }
}, PATIENCE);
