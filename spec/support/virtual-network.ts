import { expect } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { TcpAgent, type TcpAgentOptions } from '../../lib/component/tcp-agent.ts';
import { TcpServer, type TcpServerOptions } from '../../lib/component/tcp-server.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';

type RunHelpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];

/** What a test in virtual time works with: the helpers of `TestScheduler.run`, and components on its clock. */
export interface VirtualNetwork extends RunHelpers {
  readonly scheduler: TestScheduler;
  /** A server that listens on port 1 as soon as time begins. */
  server(options?: TcpServerOptions): TcpServer;
  /** A started agent. */
  agent(options?: TcpAgentOptions): TcpAgent;
  /** Does things at their marbles. */
  at(marbles: string, actions: Record<string, () => unknown>): void;
}

/** Bytes that the network holds per direction. */
export const CAPACITY = 1000;

/**
 * Runs a test in virtual time, timers of components and network included, until nothing is left to happen.
 *
 * @returns The frame of the last thing that happened: a timer left behind would make it later.
 */
export function inVirtualTime(test: (network: VirtualNetwork) => void): number {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) => {
    const transport = new MemoryNetwork({ scheduler, capacity: CAPACITY });
    test({
      ...helpers,
      scheduler,
      server: (options) => {
        const server = new TcpServer({ transport, scheduler, port: 1, ...options });
        void server.start();
        return server;
      },
      agent: (options) => {
        const agent = new TcpAgent({ transport, scheduler, ...options });
        void agent.start();
        return agent;
      },
      at: (marbles, actions) => void helpers.cold(marbles).subscribe((marble) => actions[marble]?.()),
    });
  });
  return scheduler.frame;
}
