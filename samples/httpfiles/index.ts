// Serves the files of --root, compressed where that is of use.
import { HttpServer, type HttpReply, compressed, serveFiles } from 'hpsocket-rx/http';
import { mergeMap, pipe, tap } from 'rxjs';
import { type Given, common, flag, text } from '../support/arguments.ts';
import { lifeOf, printer } from '../support/events.ts';
import { serve } from '../support/serve.ts';

export const options = { ...common, root: text('FOLDER', '.'), 'dot-files': flag };

export async function run(given: Given<typeof options>): Promise<void> {
  const { host, port, json, root, 'dot-files': dotFiles } = given;
  const server = new HttpServer({ host, port });

  server.serve(pipe(mergeMap(serveFiles(root, { dotFiles })), tap(report), compressed())).subscribe();
  if (json) lifeOf(server).subscribe(printer(json));

  await serve(server, { host, port });

  function report({ exchange, response: { status = 200 } }: HttpReply): void {
    const { connection, method, target } = exchange;
    const event = { event: 'request', id: connection.id, method, target, status };
    console.log(json ? JSON.stringify(event) : `#${connection.id} ${method} ${target} ${status}`);
  }
}
