import { library, report } from '../support/report.js';

const server = new library.ArqServer({ host: '127.0.0.1' });
server.receive$.subscribe(({ connection, data }) => connection.send(data));
const { port } = await server.start();
report(port);
