// Sends back what it receives.
import { TcpServer, handleEach, sendTo } from 'hpsocket-rx';
import { common, readOptions, text } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';

const { host, port, json, reject } = readOptions({ ...common, reject: text('ADDRESS', undefined) });
const server = new TcpServer({ host, port, admit: (remote) => remote.host !== reject });

server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
eventsOf(server).subscribe(printer(json));

await serve(server, { host, port });
