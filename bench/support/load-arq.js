// Keeps `depth` messages in flight on each of many connections of reliable UDP to an echo server, and times the answers.
//
// usage: load-arq.js PORT CONNECTIONS LENGTH DEPTH LEAD SECONDS FAST
import { measure } from './load-phases.js';
import { library } from './report.js';

const [port, connections, length, depth, lead, seconds, fast] = process.argv.slice(2).map(Number);
const load = measure(lead, seconds);
const message = Buffer.from(Array.from({ length }, (_, i) => i));
const arq = fast === 1 ? { noDelay: true, flushInterval: 10, resendByAcks: 2, congestionControl: false } : {};

for (let i = 0; i < connections; i++) {
  const client = new library.ArqClient({ to: { host: '127.0.0.1', port }, arq });
  const begun = [];
  const send = () => {
    begun.push(performance.now());
    client.send(message);
  };
  client.receive$.subscribe(({ data }) => {
    if (data.length !== length) load.fail('an answer has the wrong length');
    load.count(performance.now() - begun.shift());
    send();
  });
  client.close$.subscribe(({ reason, error }) =>
    load.fail(`a connection has ended: ${reason} ${error?.message ?? ''}`),
  );
  client.start().then(
    () => {
      for (let k = 0; k < depth; k++) send();
    },
    (error) => load.fail(error.message),
  );
}
