// As fanin-pack.js, but not from inside an event: the sends come from a timer of the application.
import { library, report } from '../support/report.js';
import { DEPTH, MESSAGE } from './fanin-message.js';

const server = new library.TcpServer({ host: '127.0.0.1' });
server.receive$.subscribe(({ connection }) => {
  setImmediate(() => {
    for (let i = 0; i < DEPTH; i++) connection.send(MESSAGE);
  });
});
const { port } = await server.start();
report(port);
