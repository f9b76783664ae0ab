import { library, report } from '../support/report.js';
import { DEPTH, MESSAGE } from './fanin-message.js';

const server = new library.TcpServer({ host: '127.0.0.1' });
server.receive$.subscribe(({ connection }) => {
  for (let i = 0; i < DEPTH; i++) connection.send(MESSAGE);
});
const { port } = await server.start();
report(port);
