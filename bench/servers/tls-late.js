// As tls-pack.js, but not from inside an event: the sends come from a timer of the application.
import { library, report } from '../support/report.js';
import { BURST, MESSAGE } from './tls-burst.js';
import { IDENTITY } from './tls-identity.js';

const server = new library.TcpServer({ host: '127.0.0.1', tls: IDENTITY });
server.receive$.subscribe(({ connection }) => {
  setImmediate(() => {
    for (let i = 0; i < BURST; i++) connection.send(MESSAGE);
  });
});
const { port } = await server.start();
report(port);
