// Load generator: sends requests of HTTP/1.1 on connections that are kept alive, so many at a time on each.
//
// usage: load-http PORT CONNECTIONS DEPTH LEAD SECONDS REQUEST
//
// REQUEST is the text of one request in base64. All answers of a server have to be as long as its first one, which is
// parsed; of the others the status is looked at while the load warms up, and then only their length. It prints "begin"
// and "end" with the result as load.c does.
import { connect } from 'node:net';
import { measure } from './load-phases.js';

const [port, connections, depth, lead, seconds] = process.argv.slice(2, 7).map(Number);
const request = Buffer.from(process.argv[7], 'base64');
const requests = Buffer.concat(new Array(depth).fill(request));
const block = Buffer.alloc(65_536);
const phases = measure(lead, seconds);
const { fail } = phases;

/** Bytes of an answer, told by the first one. */
function lengthOf(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  if (!text.startsWith('HTTP/1.1 200 ')) fail(`the answer was ${text.slice(0, 40)}`);
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 2));
  if (length === null) fail('an answer without Content-Length');
  return end + 4 + Number(length[1]);
}

function open() {
  let received = 0;
  let done = 0;
  let first = '';
  let answer;
  const begun = new Float64Array(depth).fill(performance.now());
  const read = (length) => {
    if (answer === undefined) {
      first += block.latin1Slice(0, length);
      answer = lengthOf(first);
      if (answer === undefined) return true;
      length = first.length;
    } else if (phases.isWarming && received % answer === 0 && block.latin1Slice(0, 13) !== 'HTTP/1.1 200 ') {
      fail('an answer does not begin as the first one did');
    }
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
    socket.write(complete === depth ? requests : requests.subarray(0, complete * request.length));
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
  socket.on('connect', () => socket.write(requests));
}

for (let i = 0; i < connections; i++) open();
