import { library, report } from '../support/report.js';

const { ArqServer, handleEach, sendTo } = library;

const server = new ArqServer({ host: '127.0.0.1' });
server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
const { port } = await server.start();
report(port);
