import { http, report } from '../support/report.js';
import { bodyOf } from './http-hello.js';

const FIELDS = Object.freeze({ 'Content-Type': 'text/plain' });

const server = new http.HttpServer({ host: '127.0.0.1', maxConnections: 1_000_000 });
server.request$.subscribe((exchange) => {
  exchange.respond({ fields: FIELDS, body: bodyOf(exchange.target) });
});
const { port } = await server.start();
report(port);
