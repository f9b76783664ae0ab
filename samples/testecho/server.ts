// Sends back what it receives.
import { TcpServer, type TcpServerOptions, handleEach, sendTo } from 'hpsocket-rx';
import { type Given, common, text } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';

export const options = { ...common, reject: text('ADDRESS', undefined) };

export async function run(
  { host, port, json, reject }: Given<typeof options>,
  tls?: TcpServerOptions['tls'],
): Promise<void> {
  const server = new TcpServer({ host, port, tls, admit: (remote) => remote.host !== reject });

  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  eventsOf(server).subscribe(printer(json));

  await serve(server, { host, port });
}
