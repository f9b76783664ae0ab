// npm start: what you send comes back, and every event is shown.
import { TcpServer, handleEach, sendTo } from 'hpsocket-rx';
import { common, readOptions } from './support/arguments.ts';
import { eventsOf, printer } from './support/events.ts';
import { serve } from './support/serve.ts';

const { host, port, json } = readOptions(common);
const server = new TcpServer({ host, port });

server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
eventsOf(server).subscribe(printer(json));

await serve(server, { host, port });

if (!json && server.address?.port !== undefined) {
  console.log(
    `Everything sent here comes back. Try it in another terminal: nc ${host} ${server.address.port}`,
  );
  console.log('Ctrl-C stops.');
}
