import {
  EMPTY,
  Observable,
  Subscription,
  catchError,
  defer,
  finalize,
  map,
  mergeMap,
  of,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import { type DialOptions, dial } from '../../lib/component/dial.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { reconnect } from '../../lib/component/reconnect.ts';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpClient } from '../../lib/component/tcp-client.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { Component } from '../../lib/component/component.ts';
import type { TcpOptions } from '../../lib/component/options.ts';
import type { Connection } from '../../lib/connection/connection.ts';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import type { FlowGate } from '../../lib/flow/flow-gate.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { processFlow } from '../../lib/flow/process-flow.ts';
import type { Simulation } from '../../lib/testing/simulate.ts';
import { type Complain, Ledger, type Side } from './ledger.ts';
import { OrderWatch, whenAllStopped } from './order.ts';
import { type Plan, changeWeather, makePlan, randomWeather } from './plan.ts';

type Bytes = Connection;

/** When the components are told to stop, in virtual milliseconds. */
const STOP = 1500;
/** The latest end: a deadline, a drain and a linger after it. */
const LATEST = STOP + 6000;

/** What the specs of mutations change about a scenario. */
export interface Tampering {
  /** Options of every component. */
  readonly options?: (plan: Plan, sim: Simulation) => Partial<TcpOptions>;
  readonly plan?: Partial<Plan>;
  /** No bad weather. */
  readonly calm?: boolean;
}

/** Clients and a server that talk at random, in random weather, and are stopped; checks that nothing is lost or left. */
export function randomScenario(sim: Simulation, tampering: Tampering = {}): () => void {
  return new Scenario(sim, tampering).run();
}

class Scenario {
  private readonly sim: Simulation;
  private readonly plan: Plan;
  private readonly options: TcpOptions;
  private readonly ledger: Ledger;
  private readonly watches: OrderWatch[] = [];
  /** What the scenario itself does; ends with it. */
  private readonly work = new Subscription();
  private complaint: string | undefined;
  private readonly calm: boolean;
  private stoppedAt = Infinity;
  private stopsAsked = 0;
  private readonly open = new Map<Side, Bytes>();
  private readonly leasedBefore = processFlow.total;
  private delays = 0;

  constructor(sim: Simulation, { options, plan, calm = false }: Tampering) {
    this.sim = sim;
    this.calm = calm;
    this.plan = { ...makePlan(sim), ...plan };
    this.options = { ...this.plan.options, ...options?.(this.plan, sim) };
    this.ledger = new Ledger(this.plan.framing, this.complain);
  }

  run(): () => void {
    const { sim, plan, options } = this;
    const { random } = sim;
    sim.note('plan', plan.protocol, plan.dialler, plan.consumer, plan.handlers ? 'handlers' : 'events');
    if (!this.calm) {
      sim.network.weather(randomWeather(sim));
      for (let changes = random.below(4); changes > 0; changes--)
        this.later(random.below(STOP + 200), () => changeWeather(sim));
    }
    const server = new TcpServer({ ...options, port: 1 });
    this.watch('server', server);
    const handled = plan.handlers
      ? server.accept$.pipe(handleEach((connection) => this.serve(connection)))
      : server.accept$.pipe(mergeMap((connection) => this.serve(connection)));
    handled.subscribe();
    void server.start();
    const strict = this.startClients(server);
    return () => this.check(strict);
  }

  private startClients(server: TcpServer): boolean {
    const { sim, plan, options } = this;
    const { random } = sim;
    const stopped: Component[] = [server];
    if (plan.dialler === 'dial') {
      this.startDials();
    } else if (plan.dialler === 'agent') {
      const agent = new TcpAgent(options);
      this.watch('agent', agent);
      agent.connect$.subscribe((connection) => this.converse(connection));
      void agent.start();
      for (let i = 0; i < plan.clients; i++) this.later(random.below(800), () => void agent.connect(1));
      stopped.push(agent);
    } else {
      const client = new TcpClient({ ...options, to: 1 });
      this.watch('client', client);
      client.connect$.subscribe((connection) => this.converse(connection));
      client.close$.subscribe(() => {
        if (sim.now < STOP - 100) this.later(100, () => void client.start());
      });
      void client.start();
      stopped.push(client);
    }
    for (let time = 200; time < STOP; time += 200) this.later(time, () => this.checkLeases());
    sim.at(STOP, () => {
      for (const side of this.ledger.sides) side.leaving = true;
      this.work.unsubscribe();
      for (const component of stopped) this.stopLater(component, stopped);
    });
    const strict = plan.dialler !== 'dial';
    return strict;
  }

  private stopLater(component: Component, all: readonly Component[]): void {
    const { sim } = this;
    const { random } = sim;
    sim.at(STOP + random.pick([0, 0, 100]), () => {
      void component.stop({ drain: random.below(4) > 0, deadline: random.pick([1, 300, 2000]) });
      this.stopsAsked++;
      if (this.stopsAsked === all.length && this.plan.dialler !== 'dial')
        whenAllStopped(all, () => this.allStopped());
    });
  }

  private startDials(): void {
    const { sim, plan } = this;
    const options = this.options as DialOptions;
    for (let i = 0; i < plan.clients; i++) {
      const dialling = timer(sim.random.below(500)).pipe(
        switchMap(() => dial(1, options)),
        reconnect({
          random: sim.chance,
          initialDelay: 50,
          maxDelay: 300,
          stableAfter: 100,
          scheduler: sim.scheduler,
        }),
        tap((connection) => this.converse(connection)),
      );
      this.work.add(dialling.subscribe());
    }
  }

  /** Nothing may wait to be done any more, as soon as what happens at this moment is over. */
  private allStopped(): void {
    const { sim } = this;
    if (this.stoppedAt < Infinity) return;
    this.stoppedAt = sim.now;
    sim.at(sim.now + 1, () => {
      const left = sim.pending - this.delays;
      if (left > 0) this.complain(`${left} timers are left when everything has stopped`);
    });
  }

  private serve(connection: Bytes): Observable<unknown> {
    const side = this.begin(this.ledger.server(connection), connection);
    const { random } = this.sim;
    if (random.below(2) === 0) side.send(connection, random.between(1, 500));
    if (random.below(4) === 0) this.leaveLater(connection, side);
    return this.consume(connection, side, () => side.send(connection, random.between(1, 300)));
  }

  private converse(connection: Bytes): void {
    const { sim } = this;
    const { random } = sim;
    const side = this.begin(this.ledger.client(connection), connection);
    const closed = new Subscription();
    connection.close$.subscribe(() => closed.unsubscribe());
    for (let bursts = random.between(1, 12); bursts > 0; bursts--)
      closed.add(this.later(random.below(1000), () => side.send(connection, random.between(1, 900))));
    if (random.below(4) > 0) this.leaveLater(connection, side);
    this.consume(connection, side, () => undefined).subscribe();
  }

  private leaveLater(connection: Bytes, side: Side): void {
    const { random } = this.sim;
    const how = random.pick(['end', 'end', 'disconnect', 'force', 'reset'] as const);
    const leaving = this.later(random.between(200, 1200), () => this.leave(connection, side, how));
    connection.close$.subscribe(() => leaving.unsubscribe());
  }

  /** Somebody pauses receiving for a while, now and then. */
  private holdSometimes(connection: Bytes): void {
    const { random } = this.sim;
    if (random.below(3) > 0) return;
    const holding = this.later(random.below(800), () => {
      const hold = connection.flow.hold();
      const releasing = new Subscription(() => hold.release());
      holding.add(releasing);
      holding.add(this.later(random.between(1, 400), () => releasing.unsubscribe()));
    });
    connection.close$.subscribe(() => holding.unsubscribe());
  }

  private leave(connection: Bytes, side: Side, how: 'end' | 'disconnect' | 'force' | 'reset'): void {
    if (how !== 'end') side.leaving = true;
    side.hasEnded = true;
    if (how === 'end') connection.end();
    else if (how === 'reset') connection.reset();
    else connection.disconnect(how === 'force');
  }

  /** Where nothing is being worked on, nothing is leased. */
  private checkLeases(): void {
    for (const [side, { flow }] of this.open) {
      if (side.processed === side.received.messages && flow.items > 0 && !isHeld(flow))
        this.complain(`${side.name}: ${flow.items} leases are out, and nothing is worked on`);
    }
  }

  private begin(side: Side, connection: Bytes): Side {
    const { plan, sim } = this;
    connection.extra = plan.protocol;
    side.leaving = sim.now >= STOP;
    this.open.set(side, connection);
    this.holdSometimes(connection);
    connection.close$.subscribe((closed) => {
      this.open.delete(side);
      sim.note(side.name, 'closed', closed.reason, closed.bytesIn, closed.bytesOut, closed.unsent);
      side.close(closed);
    });
    return side;
  }

  /** Receives, and works on what was received as the plan has it. */
  private consume(connection: Bytes, side: Side, answer: () => void): Observable<unknown> {
    const { plan, sim } = this;
    const { random } = sim;
    const received = connection.receive$.pipe(
      tap({ next: (body) => side.receive(body), complete: () => side.complete() }),
    );
    const done = () => {
      side.processed++;
      if (random.below(3) === 0) answer();
    };
    const slowly = () => (random.below(2) === 0 ? of(0) : this.delay(random.below(plan.delay + 1)));
    const worked = {
      plain: () => received.pipe(tap(done)),
      flowMap: () => received.pipe(flowMap(slowly, { concurrency: random.pick([1, 3]) }), tap(done)),
      flowForEach: () => received.pipe(flowForEach(() => slowly().pipe(map(done)))),
    }[plan.consumer]();
    return worked.pipe(catchError(() => EMPTY));
  }

  /** Work in progress may go on when its connection has ended, for a while; it is no timer that was left behind. */
  private delay(milliseconds: number): Observable<unknown> {
    return defer(() => {
      if (this.sim.now > STOP) return of(0);
      this.delays++;
      return timer(milliseconds).pipe(finalize(() => this.delays--));
    });
  }

  private watch(name: string, component: unknown): void {
    this.watches.push(
      new OrderWatch(name, component as Component, this.complain, this.sim.random.below(2) === 0),
    );
  }

  private later(delay: number, work: () => void): Subscription {
    const timer = this.sim.scheduler.schedule(work, delay);
    this.work.add(timer);
    return timer;
  }

  private readonly complain: Complain = (what) => {
    this.sim.note('wrong:', what);
    this.complaint ??= what;
  };

  private check(strict: boolean): void {
    const { sim } = this;
    if (strict && this.stoppedAt === Infinity) this.complain('not everything has stopped');
    if (sim.now > LATEST) this.complain(`something happened as late as ${sim.now} ms`);
    for (const watch of this.watches) watch.check();
    this.ledger.check();
    const leased = processFlow.total - this.leasedBefore;
    if (leased !== 0 || processFlow.items > 0)
      this.complain(`${leased} bytes are still leased in the process`);
    if (sim.network.connections > 0)
      this.complain(`${sim.network.connections} connections are left in the network`);
    if (this.complaint !== undefined) throw new Error(this.complaint);
  }
}

/** A codec keeps messages back, on a lease, while somebody holds. */
function isHeld(flow: FlowGate): boolean {
  return flow.holders().some(({ kind }) => kind === 'hold');
}
