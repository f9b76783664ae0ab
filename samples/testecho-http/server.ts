// Answers any request with 200 and its own body.
import type { TcpServerOptions } from 'hpsocket-rx';
import { type HttpExchange, HttpServer } from 'hpsocket-rx/http';
import { map } from 'rxjs';
import { type Given, common } from '../support/arguments.ts';
import { eventsOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';

export const options = common;

export async function run(
  { host, port, json }: Given<typeof options>,
  tls?: TcpServerOptions['tls'],
): Promise<void> {
  const server = new HttpServer({ host, port, tls });

  server.serve(map(echo)).subscribe();
  eventsOf(server).subscribe(printer(json));

  await serve(server, { host, port });
}

/** The body goes back as it comes: it is never kept as a whole. */
function echo(exchange: HttpExchange) {
  const type = exchange.fields.get('content-type') ?? 'application/octet-stream';
  return exchange.reply({ fields: { 'Content-Type': type }, body: exchange.body$ });
}
