import { expect } from '@jest/globals';
import { type Observable, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { type Component } from '../../lib/component/component.ts';
import { Listener } from '../../lib/component/listener.ts';
import { Dialer } from '../../lib/component/dialer.ts';
import { formatAddress } from '../../lib/transport/address.ts';
import type { DatagramSource } from '../../lib/transport/datagram.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { isCloseNotice } from '../../lib/udp/close-notice.ts';
import { UdpAgent, type UdpAgentOptions } from '../../lib/udp/udp-agent.ts';
import { UdpClient, type UdpClientOptions } from '../../lib/udp/udp-client.ts';
import { UdpServer, type UdpServerOptions } from '../../lib/udp/udp-server.ts';

type RunHelpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];

/** What a test of datagrams in virtual time works with. */
export interface VirtualDatagrams extends RunHelpers {
  readonly scheduler: TestScheduler;
  readonly transport: MemoryNetwork;
  /** A server that is bound to port 5555 as soon as time begins. */
  server(options?: UdpServerOptions): UdpServer;
  /** A started agent. */
  agent(options?: UdpAgentOptions): UdpAgent;
  client(options?: UdpClientOptions): UdpClient;
  /** A socket that knows nothing of sessions; with a port, somebody to be dialled. */
  peer(options?: { host?: string; port?: number }): RawPeer;
  /** Does something at a time. */
  at(milliseconds: number, action: () => unknown): void;
}

/** Where {@link VirtualDatagrams.server} is. */
export const PORT = 5555;

/**
 * Runs a test in virtual time until nothing is left to happen.
 *
 * @returns The frame of the last thing that happened: a timer left behind would make it later.
 */
export function withDatagrams(test: (world: VirtualDatagrams) => void): number {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) => {
    const transport = new MemoryNetwork({ scheduler });
    const common = { transport, scheduler };
    test({
      ...helpers,
      ...common,
      server: (options) => {
        const server = new UdpServer({ ...common, port: PORT, ...options });
        server.start().catch(() => undefined);
        return server;
      },
      agent: (options) => {
        const agent = new UdpAgent({ ...common, ...options });
        void agent.start();
        return agent;
      },
      client: (options) => new UdpClient({ ...common, to: `127.0.0.1:${PORT}`, ...options }),
      peer: (options) => new RawPeer(scheduler, transport, options),
      at: (milliseconds, action) => void scheduler.schedule(() => void action(), milliseconds),
    });
  });
  return scheduler.frame;
}

/** The other side: a socket, and what came to it. */
export class RawPeer {
  /** What came, each as `time text`; the text of an empty datagram is `-`, and that of a close notice `bye`. */
  readonly log: string[] = [];
  /** The same without times, for marbles. */
  readonly datagrams$: Observable<string>;
  /** What came, as it is. */
  readonly got: { readonly ms: number; readonly bytes: Uint8Array }[] = [];
  /** What is done with each datagram. */
  react: (bytes: Uint8Array, from: DatagramSource) => void = () => undefined;

  private readonly socket;

  constructor(
    scheduler: TestScheduler,
    network: MemoryNetwork,
    { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
  ) {
    const datagrams = new Subject<string>();
    this.datagrams$ = datagrams;
    const request = { host, port, reuseAddress: false, dualStack: false };
    this.socket = network.bind(
      { ...request, receiveBuffer: 0, sendBuffer: 0, lookup: undefined },
      {
        bound: () => undefined,
        received: (bytes, from) => {
          const ms = scheduler.now();
          this.got.push({ ms, bytes });
          this.log.push(`${ms} ${textOf(bytes)}`);
          datagrams.next(textOf(bytes));
          this.react(bytes, from);
        },
        drained: () => undefined,
        fault: () => undefined,
        failed: (error) => {
          throw error;
        },
      },
    );
  }

  /** Sends to the server, or to whoever sent something. */
  send(data: string | Uint8Array, to: DatagramSource = { address: '127.0.0.1', port: PORT }): void {
    this.socket.send(typeof data === 'string' ? Buffer.from(data) : data, to.port, to.address);
  }

  /** Sends back what comes. */
  echo(): this {
    this.react = (bytes, from) => this.send(bytes, from);
    return this;
  }

  close(): void {
    this.socket.close();
  }
}

/** A datagram for a log. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return '-';
  return isCloseNotice(bytes) ? 'bye' : toText(bytes);
}

/** Writes down every event of a component, but for its states; with a scheduler, when it came. */
export function eventLog(component: Component, scheduler?: TestScheduler): string[] {
  const log: string[] = [];
  const note = (...words: (string | number | undefined)[]) => {
    const text = words.filter((word) => word !== undefined).join(' ');
    log.push(scheduler === undefined ? text : `${scheduler.now()} ${text}`);
  };
  if (component instanceof Listener) {
    component.prepareListen$.subscribe(() => note('prepare'));
    component.accept$.subscribe(({ id }) => note('accept', id));
  }
  if (component instanceof Dialer) {
    component.prepareConnect$.subscribe(({ connection }) => note('prepare', connection.id));
    component.connect$.subscribe(({ id }) => note('connect', id));
  }
  component.handshake$.subscribe(({ id }) => note('handshake', id));
  component.receive$.subscribe(({ connection, data }) => note('receive', connection.id, textOf(data)));
  component.sent$.subscribe(({ connection, data }) => note('sent', connection.id, toText(data)));
  component.close$.subscribe(({ id, reason, operation, error }) =>
    note('close', id, reason, operation === 'close' ? undefined : operation, error?.code),
  );
  component.faults$.subscribe(({ error, connection }) => note('fault', connection?.id, error.code));
  component.dropped$.subscribe(({ reason, bytes, connection, remote }) =>
    note('dropped', reason, bytes, connection?.id ?? (remote && formatAddress(remote))),
  );
  if ('shutdown$' in component) {
    const { shutdown$ } = component as { shutdown$: typeof Listener.prototype.shutdown$ };
    shutdown$.subscribe(({ closed, forced, dropped }) => note('shutdown', closed, forced, dropped));
  }
  return log;
}
