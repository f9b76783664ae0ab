// Sends back every message, to as many peers as come, over reliable UDP.
import { ArqServer, handleEach, sendTo } from 'hpsocket-rx';
import { type Given, common } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';
import { tellHandshakes } from './handshakes.ts';
import { arqOf, reliability } from './reliability.ts';

export const options = { ...common, ...reliability };

export async function run({ host, port, json, ...how }: Given<typeof options>): Promise<void> {
  const server = new ArqServer({ host, port, arq: arqOf(how) });

  server.accept$.pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection)))).subscribe();
  tellHandshakes(server, json);
  eventsOf(server).subscribe(printer(json));

  await serve(server, { host, port });
}
