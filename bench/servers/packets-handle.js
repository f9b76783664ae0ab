import { library, report } from '../support/report.js';

const { handleEach, listen, pack, sendTo } = library;

listen({
  host: '127.0.0.1',
  maxConnections: 1_000_000,
  codec: pack(),
  onListening: ({ port }) => report(port),
})
  .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
  .subscribe();
