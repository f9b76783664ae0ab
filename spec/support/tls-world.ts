import { readFileSync } from 'node:fs';
import { type Observable, firstValueFrom } from 'rxjs';
import { expect } from '@jest/globals';
import type { ConnectionClosed } from '../../lib/component/events.ts';
import { TcpAgent, type TcpAgentOptions } from '../../lib/component/tcp-agent.ts';
import { TcpServer, type TcpServerOptions } from '../../lib/component/tcp-server.ts';
import type { Closed } from '../../lib/connection/closed.ts';
import type { TlsError } from '../../lib/transport/tls/tls-error.ts';
import type { TlsClientOptions, TlsServerOptions } from '../../lib/transport/tls/tls-options.ts';
import { closedLater } from '../behaviour/world.ts';
import { firstBytes } from './patterns.ts';

const folder = new URL('../../samples/certificates/', import.meta.url).pathname;

/** Path of a file of `samples/certificates`. */
export function certificateFile(name: string): string {
  return `${folder}${name}.pem`;
}

/** Text of a file of `samples/certificates`. */
export function pem(name: string): string {
  return readFileSync(certificateFile(name), 'utf8');
}

/** A certificate of `samples/certificates` and its key. */
export function identity(name: string): { readonly certFile: string; readonly keyFile: string } {
  return { certFile: certificateFile(name), keyFile: certificateFile(`${name}-key`) };
}

/** The authority that has signed most of them. */
export const CA = { caFile: certificateFile('ca') };

/** A running server that echoes, and all that it tells. */
export interface EchoServer {
  readonly server: TcpServer;
  readonly port: number;
  /** How its connections have ended. */
  readonly closes: readonly ConnectionClosed[];
  /** Codes of its faults. */
  readonly faults: readonly string[];
  /** How its next connection to end ends. */
  nextClose(): Promise<ConnectionClosed>;
}

/** Starts a server that echoes. It has the certificate `server` unless another one is given. */
export async function echoServer(
  tls: TlsServerOptions = {},
  options: Omit<TcpServerOptions, 'tls'> = {},
): Promise<EchoServer> {
  const hasOwn = tls.cert !== undefined || tls.certFile !== undefined;
  const server = closedLater(
    new TcpServer({ host: '127.0.0.1', ...options, tls: { ...(hasOwn ? {} : identity('server')), ...tls } }),
  );
  server.receive$.subscribe(({ connection, data }) => connection.send(data));
  const closes = listOf(server.close$);
  const faults: string[] = [];
  server.faults$.subscribe(({ error }) => faults.push(error.code));
  const { port = 0 } = (await server.start()) as { port?: number };
  return { server, port, closes, faults, nextClose: () => firstValueFrom(server.close$) };
}

/** A started agent that trusts {@link CA} unless it is told otherwise. */
export async function tlsAgent(
  tls: TlsClientOptions = {},
  options: Omit<TcpAgentOptions, 'tls'> = {},
): Promise<TcpAgent> {
  const hasOwn = tls.ca !== undefined || tls.caFile !== undefined;
  const agent = closedLater(new TcpAgent({ ...options, tls: { ...(hasOwn ? {} : CA), ...tls } }));
  await agent.start();
  return agent;
}

/** Connects, says a word, hears it again and leaves; answers with what TLS has agreed on. */
export async function echoes(agent: TcpAgent, port: number, serverName?: string) {
  const connection = await agent.connect({ host: '127.0.0.1', port }, { serverName });
  connection.send('ping');
  expect(String(await firstBytes(connection.receive$, 4))).toBe('ping');
  connection.disconnect();
  await firstValueFrom(connection.close$);
  return connection.tls!;
}

/** Everything that a source emits from now on. */
export function listOf<T>(source: Observable<T>): T[] {
  const list: T[] = [];
  source.subscribe((value) => list.push(value));
  return list;
}

/** How a connection ended, as far as tests ask. */
export function endingOf({ reason, error }: Pick<Closed, 'reason' | 'error'>) {
  const { code, reason: why, alert } = (error ?? {}) as Partial<TlsError>;
  return {
    reason,
    ...(code === undefined ? {} : { code }),
    ...(why === undefined ? {} : { why }),
    ...(alert === undefined ? {} : { alert }),
  };
}
