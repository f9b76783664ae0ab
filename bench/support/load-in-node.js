// What load.c does, in JavaScript, over whatever `connect` connects.
import { measure } from './load-phases.js';

const [port, connections, request, answer, depth, period, lead, seconds] = process.argv
  .slice(2, 10)
  .map(Number);

const once = Buffer.from(Array.from({ length: period }, (_, i) => i));
once.write(process.argv[10] ?? '', 'hex');
const pattern = Buffer.alloc(depth * request + period, once);
const expected = Buffer.alloc(65_536 + period, once);
const block = Buffer.alloc(65_536);
const phases = measure(lead, seconds);
const { fail } = phases;

function open(connect, established) {
  let received = 0;
  let done = 0;
  let sent = 0;
  const begun = new Float64Array(depth).fill(performance.now());
  const send = (count) => {
    socket.write(pattern.subarray(sent % period, (sent % period) + count * request));
    sent += count * request;
  };
  const read = (length) => {
    if (
      phases.isWarming &&
      block.compare(expected, received % period, (received % period) + length, 0, length) !== 0
    )
      fail('an answer has the wrong bytes');
    received += length;
    const complete = Math.floor(received / answer) - done;
    if (complete === 0) return true;
    if (complete > depth) fail('more answers than requests');
    const at = performance.now();
    for (let i = 0; i < complete; i++) {
      const slot = done++ % depth;
      phases.count(at - begun[slot]);
      begun[slot] = at;
    }
    send(complete);
    return true;
  };
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: { buffer: block, callback: read },
  });
  socket.on('error', ({ message }) => fail(message));
  socket.on('close', () => fail('the server has closed a connection'));
  socket.on(established, () => send(depth));
}

/** Puts the load on; `established` is the event of sockets that can be written to. */
export function putLoad(connect, established) {
  for (let i = 0; i < connections; i++) open(connect, established);
}
