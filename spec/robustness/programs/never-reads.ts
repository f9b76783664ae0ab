// A peer that never reads, and a server that answers every request with far more than was asked for.
import { connect } from 'node:net';
import { TcpServer } from 'hpsocket-rx';
import { PeakMemory, report, settledMemory, until } from './report.ts';

const MIB = 1024 * 1024;
const server = new TcpServer({ host: '127.0.0.1' });
const answers = { ok: 0, congested: 0, refused: 0 };
server.receive$.subscribe(({ connection }) => {
  for (let i = 0; i < 64; i++) answers[connection.send(Buffer.alloc(MIB, 1))]++;
});
const faults: string[] = [];
server.faults$.subscribe(({ error }) => faults.push(error.code));
const { port } = await server.start();

const before = await settledMemory();
const peak = new PeakMemory();
const peer = connect(port as number, '127.0.0.1').pause();
peer.write('more');
await until(() => answers.refused > 0);
peer.write('more');
await until(() => answers.refused > 64);
peak.sample();
peak.stop();
const [connection] = [...server.connections.values()];
report({
  ...answers,
  pending: connection?.pending ?? -1,
  grown: peak.rss - before.rss,
  fault: faults[0] ?? '',
});
peer.destroy();
await server.stop({ deadline: 0 });
