import { library, report } from '../support/report.js';
import { IDENTITY } from './tls-identity.js';

const server = new library.TcpServer({ host: '127.0.0.1', tls: IDENTITY });
server.receive$.subscribe(({ connection, data }) => connection.send(data));
const { port } = await server.start();
report(port);
