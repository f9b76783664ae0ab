// A peer that sends a gibibyte to a handler that takes a millisecond for each chunk.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lastValueFrom, tap, timer } from 'rxjs';
import { TcpServer, flowForEach, handleEach } from 'hpsocket-rx';
import { PeakMemory, report, settledMemory } from './report.ts';

const total = Number(process.argv[2]);
const server = new TcpServer({ host: '127.0.0.1' });
let mostLeased = 0;
let mostItems = 0;
let received = 0;
const handled = server.accept$.pipe(
  handleEach((connection) =>
    connection.receive$.pipe(
      tap(({ length }) => (received += length)),
      flowForEach(() => {
        mostLeased = Math.max(mostLeased, connection.flow.leased);
        mostItems = Math.max(mostItems, connection.flow.items);
        return timer(1);
      }),
    ),
  ),
  tap(() => void server[Symbol.asyncDispose]()),
);
const { port } = await server.start();
const before = await settledMemory();
const peak = new PeakMemory();
const flood = fileURLToPath(new URL('./flood.js', import.meta.url));
fork(flood, [String(port), String(total)]);
await lastValueFrom(handled);
peak.stop();
report({
  received,
  mostLeased,
  mostItems,
  grown: peak.rss - before.rss,
  external: peak.external,
  left: server.flow.total,
});
