import { firstValueFrom } from 'rxjs';
import type { Component } from '../../lib/component/component.ts';
import type { ConnectionClosed } from '../../lib/component/events.ts';
import { TcpAgent, type TcpAgentOptions } from '../../lib/component/tcp-agent.ts';
import { TcpClient, type TcpClientOptions } from '../../lib/component/tcp-client.ts';
import { TcpServer, type TcpServerOptions } from '../../lib/component/tcp-server.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import type { Address, EndpointLike } from '../../lib/transport/address.ts';
import { afterTest } from '../support/cleanup.ts';
import { firstBytes } from '../support/patterns.ts';

/** What the suite runs on: everything it must know of a kind of wire. */
export interface Wiring {
  /** Options of a server: transport, and an address that nobody uses; asked for anew for every server. */
  readonly server: TcpServerOptions;
  /** Options of a dialler: transport. */
  readonly dialler: TcpAgentOptions;
  /** How to dial a server that has bound this address. */
  endpointOf(address: Address): EndpointLike;
  /** Error code when nobody listens. */
  readonly refusal: string;
  /** Whether `reset()` differs from closing: the peer is told of a failure even when nothing was lost. */
  readonly hasReset: boolean;
}

/** Two ends of one connection, and the components they belong to. */
export interface Pair {
  readonly server: TcpServer;
  readonly agent: TcpAgent;
  /** The end that connected. */
  readonly near: Connection;
  /** The end that was accepted. */
  readonly far: Connection;
}

/** Makes components on one wiring; all of them are closed when the test has ended. */
export class World {
  readonly wiring: Wiring;

  constructor(wiring: Wiring) {
    this.wiring = wiring;
  }

  server(options: TcpServerOptions = {}): TcpServer {
    return closedLater(new TcpServer({ ...this.wiring.server, ...options }));
  }

  agent(options: TcpAgentOptions = {}): TcpAgent {
    return closedLater(new TcpAgent({ ...this.wiring.dialler, ...options }));
  }

  client(options: TcpClientOptions = {}): TcpClient {
    return closedLater(new TcpClient({ ...this.wiring.dialler, ...options }));
  }

  /** Starts a server; answers with how to dial it. */
  async start(server: TcpServer): Promise<EndpointLike> {
    return this.wiring.endpointOf(await server.start());
  }

  /** A started agent. */
  async startedAgent(options: TcpAgentOptions = {}): Promise<TcpAgent> {
    const agent = this.agent(options);
    await agent.start();
    return agent;
  }

  /** One more connection from an agent to a running server. */
  async join(agent: TcpAgent, server: TcpServer): Promise<{ near: Connection; far: Connection }> {
    const accepted = firstValueFrom(server.handshake$);
    const near = await agent.connect(this.wiring.endpointOf(server.address as Address));
    return { near, far: await accepted };
  }

  /** Dials a server that sends the peer away as soon as it has accepted it; answers with how the dialled end ended. */
  async sentAway(agent: TcpAgent, server: TcpServer): Promise<ConnectionClosed> {
    const closed = firstValueFrom(agent.close$);
    agent.connect(this.wiring.endpointOf(server.address as Address)).then(
      (near) => near.receive$.subscribe({ error: () => undefined }),
      () => undefined, // before its handshake was done
    );
    return closed;
  }

  async pair(options: { server?: TcpServerOptions; agent?: TcpAgentOptions } = {}): Promise<Pair> {
    const server = this.server(options.server);
    await server.start();
    const agent = await this.startedAgent(options.agent);
    return { server, agent, ...(await this.join(agent, server)) };
  }

  /** Where nobody listens. */
  async nowhere(): Promise<EndpointLike> {
    const server = this.server();
    const endpoint = await this.start(server);
    await server.stop();
    return endpoint;
  }

  /**
   * Lets everything arrive that is on its way: bytes go round a second wire of the same kind, several times.
   * Afterwards it can be said what has *not* happened.
   */
  async settle(): Promise<void> {
    const { near, far } = await this.pair();
    far.receive$.subscribe((chunk) => far.send(chunk));
    for (let round = 0; round < 5; round++) {
      near.send('ping');
      await firstBytes(near.receive$, 4);
    }
    near.disconnect(true);
  }
}

/** Closes a component when the test has ended, whatever it was doing. */
export function closedLater<C extends Component>(component: C): C {
  afterTest(async () => {
    for (const connection of [...component.connections.values()]) connection.disconnect(true);
    await component.stop({ drain: false });
    await component[Symbol.asyncDispose]();
  });
  return component;
}
