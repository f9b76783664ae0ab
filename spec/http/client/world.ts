import { type Observable, firstValueFrom } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect } from '@jest/globals';
import { toText } from '../../../lib/bytes/bytes-like.ts';
import type { Component } from '../../../lib/component/component.ts';
import { TcpServer, type TcpServerOptions } from '../../../lib/component/tcp-server.ts';
import type { Connection } from '../../../lib/connection/connection.ts';
import type { HttpAgentOptions, HttpClientOptions } from '../../../lib/http/client/client-options.ts';
import type { HttpClientResponse } from '../../../lib/http/client/client-response.ts';
import { HttpAgent } from '../../../lib/http/client/http-agent.ts';
import { HttpClient } from '../../../lib/http/client/http-client.ts';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import { HttpServer } from '../../../lib/http/server/http-server.ts';
import type { HttpServerOptions } from '../../../lib/http/server/server-options.ts';
import { MemoryNetwork } from '../../../lib/transport/memory.ts';
import { closedLater } from '../../behaviour/world.ts';

/** URL of the server on a network in memory. */
export const ROOT = 'http://localhost';

/** A whole response. */
export function answer(body: string, ...fields: string[]): string {
  const lines = ['HTTP/1.1 200 OK', `Content-Length: ${Buffer.byteLength(body)}`, ...fields];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** An agent, and a server that is ours. */
export interface ServerWorld {
  readonly agent: HttpAgent;
  readonly server: HttpServer;
  readonly transport: MemoryNetwork;
}

/** Starts a server and an agent on a network of their own. */
export async function serverWorld(
  handle: (exchange: HttpExchange) => unknown,
  {
    agent: agentOptions,
    server: serverOptions,
  }: { agent?: HttpAgentOptions; server?: HttpServerOptions } = {},
): Promise<ServerWorld> {
  const transport = new MemoryNetwork();
  const server = new HttpServer({ transport, port: 80, ...serverOptions });
  closedLater(server as unknown as Component);
  server.request$.subscribe(handle);
  await server.start();
  return { server, transport, agent: await startedAgent({ transport, ...agentOptions }) };
}

/** A started agent, stopped with the test. */
export async function startedAgent(options: HttpAgentOptions): Promise<HttpAgent> {
  const agent = new HttpAgent(options);
  closedLater(agent as unknown as Component);
  await agent.start();
  return agent;
}

/** A client, stopped with the test. */
export function newClient(options: HttpClientOptions): HttpClient {
  const client = new HttpClient(options);
  closedLater(client as unknown as Component);
  return client;
}

/** What a raw server does with each chunk that it receives. */
export type Script = (connection: Connection, text: string, peer: RawPeer) => void;

/** What a raw server knows of a connection. */
export interface RawPeer {
  /** How many connections there were before. */
  readonly index: number;
  /** Chunks so far, this one included. */
  chunks: number;
}

/** An agent, and a server that follows a script. */
export interface RawWorld {
  readonly agent: HttpAgent;
  readonly server: TcpServer;
  readonly transport: MemoryNetwork;
  /** All that the server has received, a text for each connection. */
  readonly heard: string[];
}

/** Makes a TCP server follow a script. */
export function follow(server: TcpServer, script: Script): string[] {
  const heard: string[] = [];
  server.accept$.subscribe((connection) => {
    const peer = { index: heard.length, chunks: 0 };
    heard.push('');
    connection.receive$.subscribe({
      next: (chunk) => {
        const text = toText(chunk);
        heard[peer.index] = `${heard[peer.index] ?? ''}${text}`;
        peer.chunks++;
        script(connection, text, peer);
      },
      error: () => undefined,
    });
  });
  return heard;
}

/** Starts a raw server and an agent on a network of their own. */
export async function rawWorld(
  script: Script,
  {
    agent: agentOptions,
    server: serverOptions,
  }: { agent?: HttpAgentOptions; server?: TcpServerOptions } = {},
): Promise<RawWorld> {
  const transport = new MemoryNetwork();
  const server = closedLater(new TcpServer({ transport, port: 80, ...serverOptions }));
  const heard = follow(server, script);
  await server.start();
  return { server, transport, heard, agent: await startedAgent({ transport, ...agentOptions }) };
}

/** The body of a response that is still to come, as text. */
export async function textOf(response$: Observable<HttpClientResponse>): Promise<string> {
  const response = await firstValueFrom(response$);
  return firstValueFrom(response.text());
}

/** The code with which a promise or an Observable fails, or what it gives. */
export async function outcome(work: Promise<unknown> | Observable<unknown>): Promise<string> {
  try {
    const value = await (work instanceof Promise ? work : firstValueFrom(work));
    return value instanceof Object && 'status' in value ? `status ${String(value.status)}` : String(value);
  } catch (error) {
    return codeOf(error);
  }
}

/** The code of an error, or its name. */
export function codeOf(error: unknown): string {
  const { code, name } = error as { code?: string; name: string };
  return code ?? name;
}

/** What happens in virtual time. */
export interface TimedWorld {
  readonly scheduler: TestScheduler;
  readonly transport: MemoryNetwork;
  agent(options?: HttpAgentOptions): HttpAgent;
  /** A raw server at port 80. */
  raw(script: Script, options?: TcpServerOptions): TcpServer;
  /** Does something at a time. */
  at(time: number, work: () => unknown): void;
  /** Notes something. */
  note(text: string): void;
  /** Notes how a request goes: the response, its end, its error. */
  follow(name: string, response$: Observable<HttpClientResponse>, read?: boolean): void;
}

/**
 * Runs a test in virtual time until nothing is left to happen: a timer that is left behind would show in the last line.
 *
 * @returns What was noted, each line with its time in front; the last one is the end.
 */
export function inTime(test: (world: TimedWorld) => void): string[] {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const log: string[] = [];
  const note = (text: string) => void log.push(`${scheduler.now()} ${text}`);
  scheduler.run(({ cold }) => {
    const transport = new MemoryNetwork({ scheduler });
    test({
      scheduler,
      transport,
      note,
      agent: (options) => {
        const agent = new HttpAgent({ transport, scheduler, ...options });
        void agent.start();
        agent.close$.subscribe(({ reason }) => note(`closed: ${reason}`));
        return agent;
      },
      raw: (script, options) => {
        const server = new TcpServer({ transport, scheduler, port: 80, ...options });
        follow(server, script);
        void server.start();
        return server;
      },
      at: (time, work) => void cold(`${time}ms (a|)`).subscribe(() => void work()),
      follow: (name, response$, read = true) => {
        response$.subscribe({
          next: (response) => {
            note(`${name}: ${response.status}`);
            if (!read) return;
            response.text().subscribe({
              next: (text) => note(`${name}: body ${text}`),
              error: (error: unknown) => note(`${name}: body ${codeOf(error)}`),
            });
          },
          error: (error: unknown) => note(`${name}: ${codeOf(error)}`),
        });
      },
    });
  });
  log.push(`${scheduler.frame} end`);
  return log;
}
