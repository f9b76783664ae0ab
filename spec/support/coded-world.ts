import { type Observable, firstValueFrom } from 'rxjs';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { TcpAgent, type TcpAgentOptions } from '../../lib/component/tcp-agent.ts';
import { TcpServer, type TcpServerOptions } from '../../lib/component/tcp-server.ts';
import type { Closed } from '../../lib/connection/closed.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from '../../lib/transport/memory.ts';
import { closedLater } from '../behaviour/world.ts';
import type { Component } from '../../lib/component/component.ts';
import { words } from './word-codec.ts';

export type Words = Connection<string, string>;

/** A server that speaks words, and a peer that speaks bytes. */
export interface CodedWorld {
  readonly server: TcpServer<string, string>;
  readonly agent: TcpAgent;
  readonly transport: MemoryNetwork;
  /** The server's end: words. */
  readonly coded: Words;
  /** The peer's end: bytes. */
  readonly raw: Connection;
  /** What the raw end has received, as text. */
  readonly heard: { readonly text: string; readonly ending: string | undefined };
}

/** Options of {@link codedWorld}. */
export interface CodedWorldOptions {
  readonly server?: TcpServerOptions<string, string>;
  readonly agent?: TcpAgentOptions;
  readonly network?: MemoryNetworkOptions;
  /** Whether the raw end reads. */
  readonly read?: boolean;
}

/** Connects a raw peer to a server with the codec {@link words}. */
export async function codedWorld({
  server: serverOptions,
  agent: agentOptions,
  network,
  read = true,
}: CodedWorldOptions = {}): Promise<CodedWorld> {
  const transport = new MemoryNetwork(network);
  const server = closedLater(
    new TcpServer<string, string>({
      transport,
      port: 1,
      codec: words(),
      ...serverOptions,
    }) as unknown as Component,
  ) as unknown as TcpServer<string, string>;
  const agent = closedLater(new TcpAgent({ transport, ...agentOptions }));
  await server.start();
  await agent.start();
  const accepted = firstValueFrom(server.accept$);
  const raw = await agent.connect(1);
  const heard = read ? listenTo(raw.receive$) : { text: '', ending: undefined };
  return { server, agent, transport, raw, coded: await accepted, heard };
}

/** Collects bytes as text. */
export function listenTo(source: Observable<Uint8Array>): { text: string; ending: string | undefined } {
  const heard: { text: string; ending: string | undefined } = { text: '', ending: undefined };
  source.subscribe({
    next: (chunk) => (heard.text += toText(chunk)),
    error: (error: unknown) => (heard.ending = nameOf(error)),
    complete: () => (heard.ending = 'complete'),
  });
  return heard;
}

/** Collects messages, and how the stream ended: `|`, or the code of the error. */
export function logOf(source: Observable<unknown>): unknown[] {
  const log: unknown[] = [];
  source.subscribe({
    next: (message) => log.push(message),
    error: (error: unknown) => log.push(nameOf(error)),
    complete: () => log.push('|'),
  });
  return log;
}

/** The code of an error, or what kind of error it is. */
export function nameOf(error: unknown): string {
  const { code, name } = error as { code?: string; name: string };
  return code ?? name;
}

/** Lets everything arrive that is on its way on a network in memory. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** How a connection ended. */
export function endOf({ close$ }: Connection<unknown, never>): Promise<Closed> {
  return firstValueFrom(close$);
}
