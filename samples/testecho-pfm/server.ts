// Echoes and counts; prints a summary when the last connection of a test has closed.
import { TcpServer, type TcpServerOptions, handleEach, sendTo } from 'hpsocket-rx';
import { type Given, common } from '../support/arguments.ts';
import { serve } from '../support/serve.ts';
import { summarize } from './summary.ts';

export const options = common;

export async function run(
  { host, port, json }: Given<typeof options>,
  tls?: TcpServerOptions['tls'],
): Promise<void> {
  const server = new TcpServer({ host, port, tls });

  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  summarize(server, json);

  await serve(server, { host, port });
}
