import { createServer } from 'node:http';
import { report } from '../support/report.js';
import { bodyOf } from './http-hello.js';

const server = createServer((request, response) => {
  const body = bodyOf(request.url);
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => report(server.address().port));
