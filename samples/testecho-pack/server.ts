// Sends back every packet that it receives.
import { TcpServer, type TcpServerOptions, handleEach, pack, sendTo } from 'hpsocket-rx';
import { type Given, common } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';
import { packing } from './packing.ts';

export const options = { ...common, ...packing };

export async function run(
  { host, port, json, flag, max }: Given<typeof options>,
  tls?: TcpServerOptions['tls'],
): Promise<void> {
  const server = new TcpServer({ host, port, tls, codec: pack({ flag, maxSize: max }) });

  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  eventsOf(server).subscribe(printer(json));

  await serve(server, { host, port });
}
