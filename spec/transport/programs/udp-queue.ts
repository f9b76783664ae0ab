import type { DatagramHandler, DatagramRequest, DatagramSocket } from '../../../lib/transport/datagram.ts';
import { udp } from '../../../lib/transport/udp.ts';

/**
 * Run with `--test-udp-no-try-send`, so that the system takes nothing at once. Prints what a socket tells, and ends
 * when nothing keeps the process alive.
 */
const request: DatagramRequest = {
  host: '127.0.0.1',
  port: 0,
  reuseAddress: false,
  dualStack: false,
  receiveBuffer: 0,
  sendBuffer: 0,
  lookup: undefined,
};
const calls: string[] = [];
const received: string[] = [];
const unsent: number[] = [];
let stillUnsentWhenDrained = 0;
let port = 0;

const handler: DatagramHandler = {
  bound: (local) => {
    calls.push('bound');
    port = local.port;
    send('one');
    send('three');
    send('', '::1'); // refused at once, in spite of what waits
  },
  received: (bytes) => {
    received.push(Buffer.from(bytes).toString());
    if (received.length === 2) socket.send(Buffer.from('four'), port, '127.0.0.1');
    if (received.length === 3) end();
  },
  drained: () => {
    calls.push('drained');
    stillUnsentWhenDrained += socket.unsent;
  },
  fault: () => calls.push('fault'),
  failed: (error) => {
    throw error;
  },
};
const socket: DatagramSocket = udp.bind(request, handler);

function send(text: string, address = '127.0.0.1'): void {
  socket.send(Buffer.from(text), port, address);
  unsent.push(socket.unsent);
}

function end(): void {
  socket.send(Buffer.from('lost'), port, '127.0.0.1');
  socket.close();
  console.log(
    JSON.stringify({ unsent, calls, stillUnsentWhenDrained, received, unsentAfterClose: socket.unsent }),
  );
}
