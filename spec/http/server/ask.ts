import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { HttpServer } from '../../../lib/http/server/http-server.ts';
import type { HttpEffect } from '../../../lib/http/server/effect-line.ts';
import type { HttpServerOptions } from '../../../lib/http/server/server-options.ts';
import { closedLater } from '../../behaviour/world.ts';
import { listOf } from '../../support/tls-world.ts';

/** An answer, as `node:http` has received it. */
export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks a server on this machine. The path goes out as it is. */
export async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Asked> {
  const asking = request({ host: '127.0.0.1', port, path, headers, method, agent: false });
  asking.end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) };
}

/** A server on a port of this machine that answers by an effect. */
export async function serving(effect: HttpEffect, options: HttpServerOptions = {}) {
  const server = closedLater(new HttpServer({ host: '127.0.0.1', ...options }));
  server.serve(effect).subscribe();
  const faults = listOf(server.faults$);
  const { port = 0 } = (await server.start()) as { port?: number };
  return { server, port, faults };
}
