// Echoes and counts datagrams; prints a summary when the last connection of a test has closed.
import { UdpServer, handleEach, sendTo } from 'hpsocket-rx';
import { type Given, common } from '../support/arguments.ts';
import { serve } from '../support/serve.ts';
import { summarize } from '../testecho-pfm/summary.ts';
import { buffers } from './plan.ts';

export const options = common;

export async function run({ host, port, json }: Given<typeof options>): Promise<void> {
  const server = new UdpServer({ host, port, ...buffers });

  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  summarize(server, json);

  await serve(server, { host, port });
}
