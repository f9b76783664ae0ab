// Sends back every packet that it receives.
import { TcpServer, handleEach, pack, sendTo } from 'hpsocket-rx';
import { common, readOptions } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';
import { packing } from './packing.ts';

const { host, port, json, flag, max } = readOptions({ ...common, ...packing });
const server = new TcpServer({ host, port, codec: pack({ flag, maxSize: max }) });

server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
eventsOf(server).subscribe(printer(json));

await serve(server, { host, port });
