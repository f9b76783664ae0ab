import { merge } from 'rxjs';
import type { Component } from '../../lib/component/component.ts';
import { Dialer } from '../../lib/component/dialer.ts';
import type { StopReport } from '../../lib/component/events.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { Complain } from './ledger.ts';

type Stage = 'prepared' | 'begun' | 'shaken' | 'closed';

/** Watches the events of a component: their order for each connection, and what the component does as a whole. */
export class OrderWatch {
  private readonly name: string;
  private readonly component: Component;
  private readonly complain: Complain;
  private readonly stages = new Map<number, Stage>();
  private readonly atStop = { closed: 0, unsent: 0 };
  private alive = 0;
  private state = 'stopped';

  constructor(name: string, component: Component, complain: Complain, sent = true) {
    this.name = name;
    this.component = component;
    this.complain = complain;
    component.state$.subscribe((state) => this.stateIs(state));
    if (component instanceof TcpServer) {
      component.accept$.subscribe(({ id }) => this.step(id, 'accept', [undefined], 'begun'));
    } else if (component instanceof Dialer) {
      const { prepareConnect$, connect$ } = component;
      prepareConnect$.subscribe(({ connection: { id } }) =>
        this.step(id, 'prepare', [undefined], 'prepared'),
      );
      connect$.subscribe(({ id }) => this.step(id, 'connect', ['prepared'], 'begun'));
    }
    component.handshake$.subscribe(({ id }) => this.step(id, 'handshake', ['begun'], 'shaken'));
    // Observing receive$ would make the component read.
    if (sent)
      component.sent$.subscribe(({ connection: { id } }) => this.step(id, 'sent', ['begun', 'shaken']));
    component.close$.subscribe(({ id, unsent }) => {
      this.step(id, 'close', ['prepared', 'begun', 'shaken'], 'closed');
      this.atStop.closed++;
      this.atStop.unsent += unsent;
    });
    if (component instanceof TcpServer || component instanceof TcpAgent)
      component.shutdown$.subscribe((report) => this.checkReport(report));
  }

  /** The component has to be stopped and empty. */
  check(): void {
    const { flow, connections, state, deadlines } = this.component;
    if (state !== 'stopped') this.complain(`${this.name}: has not stopped, it is ${state}`);
    if (this.alive > 0) this.complain(`${this.name}: ${this.alive} connections have not closed`);
    if (connections.size > 0) this.complain(`${this.name}: ${connections.size} connections are left`);
    if (flow.items > 0 || flow.total > 0) this.complain(`${this.name}: ${flow.total} bytes are still leased`);
    if (deadlines.size > 0) this.complain(`${this.name}: ${deadlines.size} deadlines are left`);
  }

  private step(id: number, event: string, after: (Stage | undefined)[], to?: Stage): void {
    const stage = this.stages.get(id);
    if (!after.includes(stage))
      this.complain(`${this.name}: ${event} of ${id} when it is ${stage ?? 'unknown'}`);
    if (this.component.state === 'stopped' && this.component instanceof TcpServer)
      this.complain(`${this.name}: ${event} of ${id} although stopped`);
    if (to === undefined) return;
    if (stage === undefined) this.alive++;
    if (to === 'closed' && stage !== 'closed') this.alive--;
    this.stages.set(id, to);
  }

  private stateIs(state: string): void {
    const legal = NEXT[this.state] ?? [];
    if (state !== this.state && !legal.includes(state))
      this.complain(`${this.name}: from ${this.state} to ${state}`);
    this.state = state;
    if (state !== 'stopping') return;
    this.atStop.closed = 0;
    this.atStop.unsent = 0;
  }

  private checkReport({ closed, forced, dropped }: StopReport): void {
    const { atStop } = this;
    if (this.alive > 0) this.complain(`${this.name}: shuts down before the last close`);
    if (closed + forced !== atStop.closed)
      this.complain(`${this.name}: ${closed} closed and ${forced} forced are not ${atStop.closed}`);
    if (dropped !== atStop.unsent)
      this.complain(`${this.name}: ${dropped} bytes dropped are not ${atStop.unsent} unsent`);
  }
}

const NEXT: Record<string, readonly string[]> = {
  stopped: ['starting'],
  starting: ['started', 'stopping', 'stopped'],
  started: ['stopping', 'stopped'],
  stopping: ['stopped'],
};

/** When all of these components have stopped for good. */
export function whenAllStopped(components: readonly Component[], then: () => void): void {
  const look = () => {
    if (components.every(({ state }) => state === 'stopped')) then();
  };
  merge(...components.map(({ state$ }) => state$)).subscribe(look);
}
