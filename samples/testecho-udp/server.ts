// Sends back every datagram, to as many peers as come.
import { UdpServer, handleEach, sendTo } from 'hpsocket-rx';
import { type Given, common, text } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';
import { sizing } from './sizing.ts';

export const options = { ...common, ...sizing, reject: text('ADDRESS', undefined) };

export async function run({ host, port, json, max, reject }: Given<typeof options>): Promise<void> {
  const server = new UdpServer({
    host,
    port,
    maxDatagramSize: max,
    receiveBuffer: 4 * 1024 * 1024,
    admit: (remote) => remote.host !== reject,
  });

  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  eventsOf(server).subscribe(printer(json));

  await serve(server, { host, port });
}
