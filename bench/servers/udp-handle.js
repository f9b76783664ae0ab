import { library, report } from '../support/report.js';

const { UdpServer, handleEach, sendTo } = library;

const server = new UdpServer({ host: '127.0.0.1' });
server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
const { port } = await server.start();
report(port);
