import { library, report } from '../support/report.js';

const { TcpServer, pack } = library;

const server = new TcpServer({ host: '127.0.0.1', maxConnections: 1_000_000, codec: pack() });
server.receive$.subscribe(({ connection, data }) => connection.send(data));
const { port } = await server.start();
report(port);
