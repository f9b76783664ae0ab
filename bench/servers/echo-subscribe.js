import { library, report } from '../support/report.js';

const server = new library.TcpServer({ host: '127.0.0.1', maxConnections: 1_000_000 });
server.accept$.subscribe((connection) => {
  connection.receive$.subscribe({ next: (data) => connection.send(data), error: () => {} });
});
const { port } = await server.start();
report(port);
