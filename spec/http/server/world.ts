import { expect } from '@jest/globals';
import { HttpServer } from '../../../lib/http/server/http-server.ts';
import type { HttpExchange } from '../../../lib/http/server/http-exchange.ts';
import type { HttpServerOptions } from '../../../lib/http/server/server-options.ts';
import { TcpAgent, type TcpAgentOptions } from '../../../lib/component/tcp-agent.ts';
import type { Closed } from '../../../lib/connection/closed.ts';
import type { Connection } from '../../../lib/connection/connection.ts';
import type { BytesLike } from '../../../lib/bytes/bytes-like.ts';
import type { Hold } from '../../../lib/flow/lease.ts';
import { type Simulation, type SimulationReport, simulate } from '../../../lib/testing/simulate.ts';
import { MemoryNetwork } from '../../../lib/transport/memory.ts';

/** Bytes that the network holds per direction. */
export const CAPACITY = 64 * 1024;

/** What a test of the server works with, in virtual time. */
export interface HttpWorld extends Omit<Simulation, 'world' | 'network'> {
  /** A server that listens from time 0 on. Its responses have no date. */
  server(options?: HttpServerOptions, answer?: (exchange: HttpExchange) => unknown): ServerProbe;
  /** A peer that knows nothing of HTTP; it connects at once, and sends what it is given. */
  peer(...first: string[]): Peer;
}

/** A server, and what it has told. */
export interface ServerProbe {
  readonly server: HttpServer;
  /** Why its connections ended, in order: reason, and the code of the error if there is one. */
  readonly closes: string[];
  readonly closed: Closed[];
  /** Codes of its faults. */
  readonly faults: string[];
  /** The latest connection. */
  readonly connection: Connection;
}

/** The other end. */
export interface Peer {
  /** All that it has received, as text. */
  readonly text: string;
  readonly received: number;
  /** When something was received last. */
  readonly heardAt: number;
  /** How its end of the connection ended. */
  readonly end: string | undefined;
  readonly endedAt: number | undefined;
  readonly connection: Connection | undefined;
  send(data: BytesLike): void;
  /** Ends its side. */
  finish(): void;
  reset(): void;
  /** Stops reading, or goes on. */
  stopReading(): void;
  goOnReading(): void;
}

/** Runs a test in virtual time until nothing is left to happen. What it returns is called then. */
export function inHttpWorld(
  test: (world: HttpWorld) => unknown,
  { capacity = CAPACITY, duration = 0, maxActions = 2_000_000 } = {},
): SimulationReport {
  return simulate({ duration, maxActions }, (simulation) => {
    const { scheduler } = simulation;
    const transport = new MemoryNetwork({ scheduler, capacity });
    const options = { transport, scheduler } as const;
    let agent: TcpAgent | undefined;
    const check = test({
      ...simulation,
      get now() {
        return simulation.now;
      },
      get pending() {
        return simulation.pending;
      },
      server: (more, answer) => probe({ ...options, ...more }, answer),
      peer: (...first) => {
        agent ??= startedAgent(options);
        return dialled(agent, simulation, first);
      },
    });
    return check;
  });
}

function startedAgent(options: TcpAgentOptions): TcpAgent {
  const agent = new TcpAgent({ ...options, maxConnections: 100_000, maxPending: 2 ** 30 });
  void agent.start();
  return agent;
}

function probe(options: HttpServerOptions, answer?: (exchange: HttpExchange) => unknown): ServerProbe {
  const server = new HttpServer({ port: 80, ...options, http: { date: false, ...options.http } });
  const closes: string[] = [];
  const closed: Closed[] = [];
  const faults: string[] = [];
  server.close$.subscribe((event) => {
    closed.push(event);
    closes.push([event.reason, ...(event.error === undefined ? [] : [event.error.code])].join(' '));
  });
  server.faults$.subscribe(({ error }) => faults.push(error.code));
  if (answer !== undefined) server.request$.subscribe((exchange) => void answer(exchange));
  void server.start();
  return {
    server,
    closes,
    closed,
    faults,
    get connection() {
      return [...server.connections.values()].at(-1)!;
    },
  };
}

function dialled(agent: TcpAgent, simulation: Simulation, first: string[]): Peer {
  let text = '';
  let received = 0;
  let heardAt = 0;
  let end: string | undefined;
  let endedAt: number | undefined;
  let connection: Connection | undefined;
  let hold: Hold | undefined;
  const whenOpen: ((connection: Connection) => void)[] = [];
  const act = (work: (connection: Connection) => void) => {
    if (connection === undefined) whenOpen.push(work);
    else work(connection);
  };
  // A promise of `connect()` makes no progress in virtual time.
  const subscription = agent.handshake$.subscribe((opened) => {
    if (opened.id !== id) return;
    subscription.unsubscribe();
    connection = opened;
    opened.close$.subscribe(({ reason }) => {
      end = reason;
      endedAt = simulation.now;
    });
    for (const work of whenOpen) work(opened);
    opened.receive$.subscribe({
      next: (chunk) => {
        received += chunk.length;
        if (text.length < 1_000_000) text += Buffer.from(chunk).toString('latin1');
        heardAt = simulation.now;
      },
      error: () => undefined,
    });
  });
  agent.connect(80).catch(() => undefined);
  const id = Math.max(...agent.connections.keys());
  for (const data of first) act((open) => void open.send(data));
  return {
    get text() {
      return text;
    },
    get received() {
      return received;
    },
    get heardAt() {
      return heardAt;
    },
    get end() {
      return end;
    },
    get endedAt() {
      return endedAt;
    },
    get connection() {
      return connection;
    },
    send: (data) => act((open) => void open.send(data)),
    finish: () => act((open) => open.end()),
    reset: () => act((open) => open.reset()),
    stopReading: () => act((open) => void (hold = open.flow.hold('peer'))),
    goOnReading: () => hold?.release(),
  };
}

/** A request without a body. */
export function get(path = '/', ...fields: string[]): string {
  return request('GET', path, fields);
}

/** A request, with `Content-Length` if there is a body. */
export function post(path: string, body: string, ...fields: string[]): string {
  return request('POST', path, [...fields, `Content-Length: ${body.length}`], body);
}

/** A request with everything said. */
export function request(method: string, path: string, fields: readonly string[] = [], body = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
}

/** A response as our server writes it. */
export function response(status: string, body = '', ...fields: string[]): string {
  const lines = [...fields.map((field) => `${field}\r\n`)].join('');
  return `HTTP/1.1 ${status}\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The bodies and statuses of whole responses with `Content-Length` or chunks, in order: `200 body`. */
export function answersIn(text: string, methods: readonly string[] = []): string[] {
  const answers: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) {
      answers.push(`cut ${JSON.stringify(text.slice(at))}`);
      break;
    }
    const head = text.slice(at, end);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
    expect(status).toBeDefined();
    at = end + 4;
    const isHead = methods[answers.length] === 'HEAD' || Number(status) < 200 || status === '204';
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    let body = '';
    if (!isHead && /^transfer-encoding: chunked$/im.test(head)) {
      const [chunks, next] = unchunk(text, at);
      body = chunks;
      at = next;
    } else if (!isHead) {
      body = text.slice(at, at + length);
      at += length;
      if (body.length < length) body += ` (cut, ${length - body.length} missing)`;
    }
    answers.push(`${status} ${body}`.trim());
  }
  return answers;
}

function unchunk(text: string, from: number): [string, number] {
  let at = from;
  let body = '';
  for (;;) {
    const end = text.indexOf('\r\n', at);
    const size = parseInt(text.slice(at, end), 16);
    if (end < 0 || Number.isNaN(size)) return [`${body} (cut)`, text.length];
    at = end + 2;
    if (size === 0) {
      const last = text.indexOf('\r\n', at);
      return [body, last === at ? at + 2 : text.indexOf('\r\n\r\n', at) + 4];
    }
    body += text.slice(at, at + size);
    at += size + 2;
  }
}
