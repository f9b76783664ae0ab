import { type Observable, type SchedulerLike, type Subscriber, type Subscription, asapScheduler } from 'rxjs';
import { NetworkError, type Operation } from '../base/errors.ts';
import { MAX_TIMER } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Codec } from '../codec/codec.ts';
import type { Closed } from '../connection/closed.ts';
import { CodedConnection } from '../connection/coded-connection.ts';
import { type MarkingClock, markingClock } from '../connection/coarse-clock.ts';
import type { Connection } from '../connection/connection.ts';
import { DeadlineQueue } from '../connection/deadline-queue.ts';
import { StreamConnection } from '../connection/stream-connection.ts';
import { handlerError, stoppedMeanwhile, warnOf } from '../connection/errors.ts';
import { EventSource } from '../flow/event-source.ts';
import { FlowGate } from '../flow/flow-gate.ts';
import { processFlow } from '../flow/process-flow.ts';
import type { Endpoint } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import type { Wire } from '../transport/wire.ts';
import type {
  ComponentState,
  ConnectionClosed,
  DropReason,
  Dropped,
  Fault,
  KeyLog,
  Received,
  Sent,
  StopOptions,
  StopReport,
} from './events.ts';
import { type ComponentSettings, checkStop } from './options.ts';

/** A stop in progress. */
interface Stopping {
  readonly done: Promise<StopReport>;
  readonly finish: (report: StopReport) => void;
  timer: Subscription | undefined;
  closed: number;
  forced: number;
  dropped: number;
}

/**
 * What all components have in common: connections, their merged events, and the way they stop.
 *
 * The event Observables are hot, live as long as the component and survive a stop, so that a restart goes on with
 * the same subscribers; they complete when the component is disposed of. Only {@link state$} replays. An exception
 * thrown by an observer that subscribed to one of them directly closes the connection that the event was about, with
 * reason `handler`, and no other.
 */
export abstract class Component<In = Uint8Array, Out = BytesLike> implements AsyncDisposable {
  /** @internal */
  readonly settings: ComponentSettings;
  /** @internal */
  readonly deadlines: DeadlineQueue;
  /** @internal What comes before a connection can be used; `undefined` for none. */
  readonly handshaker: Handshaker | undefined;

  /** Bounds what is kept of all connections together; holding it pauses every connection. */
  readonly flow: FlowGate;

  /** The component's connections by id, those still connecting included. */
  readonly connections: ReadonlyMap<number, Connection<In, Out>>;

  /** A connection is ready for use; also for plain connections, directly after `accept$` or `connect$`. */
  readonly handshake$: Observable<Connection<In, Out>>;
  /**
   * What any connection has received, in order for each. While somebody subscribes here, all connections are read.
   * Never errors; see {@link Connection.receive$}.
   */
  readonly receive$: Observable<Received<In, Out>>;
  /**
   * Secrets of TLS connections, a line each in the NSS format that Wireshark reads (`SSLKEYLOGFILE`), of connections
   * whose handshake begins while somebody is subscribed. Whoever has them can read everything.
   */
  readonly keylog$: Observable<KeyLog<In, Out>>;
  /** Bytes of any connection that the operating system has taken. */
  readonly sent$: Observable<Sent<In, Out>>;
  /** The end of every connection, exactly once each. */
  readonly close$: Observable<ConnectionClosed<In, Out>>;
  /** Everything that went wrong. */
  readonly faults$: Observable<Fault<In, Out>>;
  /** Everything that was turned away or thrown away because of a limit. */
  readonly dropped$: Observable<Dropped<In, Out>>;

  /** @internal */
  protected readonly all = new Map<number, StreamConnection>();
  /** Those of the connections that a codec shows differently; the same as {@link all} without one. */
  private readonly faces: Map<number, Connection<In, Out>>;
  /** @internal */
  protected readonly sources: { finish(): void }[];
  /** @internal */
  protected readonly scheduler: SchedulerLike;

  private readonly handshakes = new ComponentSource<Connection<In, Out>>(this);
  private readonly receives = new ReceiveMerge<In, Out>(this);
  private readonly sends = new ComponentSource<Sent<In, Out>>(this);
  private readonly keys = new ComponentSource<KeyLog<In, Out>>(this);
  private readonly closes = new ComponentSource<ConnectionClosed<In, Out>>(this);
  private readonly faults = new FaultSource<In, Out>(this);
  private readonly drops = new ComponentSource<Dropped<In, Out>>(this);
  private readonly states = new StateSource(this);
  private readonly epoch: number;
  private readonly marks: MarkingClock;
  private current: ComponentState = 'stopped';
  private stopping: Stopping | undefined;
  private lastId = 0;
  private stopsAsked = 0;
  private disposed = false;
  /** @internal Its event Observables have completed. */
  isDisposed = false;
  private failure: NetworkError | undefined;

  protected constructor(settings: ComponentSettings, handshaker?: Handshaker) {
    this.settings = settings;
    this.handshaker = handshaker;
    this.scheduler = settings.scheduler;
    this.epoch = this.scheduler.now();
    this.marks = markingClock(this.scheduler);
    this.deadlines = new DeadlineQueue(this.scheduler, () => this.now());
    this.flow = new FlowGate({
      marks: settings.budget,
      parent: processFlow,
      target: this,
      scheduler: this.scheduler,
    });
    const { codec } = settings;
    const all = this.all as Map<number, unknown> as Map<number, Connection<In, Out>>;
    this.faces = codec === undefined ? all : new Map<number, Connection<In, Out>>();
    this.connections = this.faces;
    this.handshake$ = this.handshakes;
    this.receive$ = this.receives;
    this.sent$ = this.sends;
    this.keylog$ = this.keys;
    this.close$ = this.closes;
    this.faults$ = this.faults;
    this.dropped$ = this.drops;
    this.sources = [
      this.handshakes,
      this.receives,
      this.sends,
      this.keys,
      this.closes,
      this.faults,
      this.drops,
      this.states,
    ];
  }

  /** Where the component is in its life. */
  get state(): ComponentState {
    return this.current;
  }

  /** {@link state} now and after every change. */
  get state$(): Observable<ComponentState> {
    return this.states;
  }

  /** The last thing that went wrong, of {@link faults$}. */
  get lastError(): NetworkError | undefined {
    return this.failure;
  }

  /**
   * Stops: tells every connection, waits for work in progress and for bytes to be sent, and cuts off what is left at
   * the deadline. May be called at any time, from inside any event too; while a stop is under way, that one is
   * answered with, and a component that is not running has nothing to stop.
   *
   * @returns What was closed, cut off and lost, once the last connection has ended.
   */
  stop(options?: StopOptions): Promise<StopReport> {
    const { drain, deadline } = checkStop(options);
    this.stopsAsked++;
    if (this.current === 'stopped') return Promise.resolve({ closed: 0, forced: 0, dropped: 0 });
    if (this.stopping !== undefined) return this.stopping.done;
    let finish: (report: StopReport) => void = () => undefined;
    const done = new Promise<StopReport>((resolve) => (finish = resolve));
    const stopping: Stopping = { done, finish, timer: undefined, closed: 0, forced: 0, dropped: 0 };
    this.stopping = stopping;
    this.enter('stopping');
    this.release();
    for (const connection of [...this.all.values()]) connection.stop(drain && deadline > 0);
    if (drain && deadline > 0) {
      stopping.timer = this.scheduler.schedule(() => {
        for (const connection of [...this.all.values()]) connection.stopNow();
      }, deadline);
    }
    asapScheduler.schedule(() => this.finishStop());
    return done;
  }

  /** Resolves when the component is stopped: at once if it is. Twin of `Wait`. */
  wait(): Promise<void> {
    if (this.current === 'stopped') return Promise.resolve();
    return new Promise((resolve) => {
      const subscription = this.states.subscribe((state) => {
        if (state !== 'stopped') return;
        subscription.unsubscribe();
        resolve();
      });
    });
  }

  /**
   * Closes every connection that is at least `age` milliseconds old; 0 matches all. Twin of
   * `DisconnectLongConnections`.
   *
   * @returns How many.
   */
  disconnectLong(age: number, force = false): number {
    return this.disconnectWhere((connection) => connection.age >= age, force);
  }

  /**
   * Closes every connection that has received nothing for `silence` milliseconds; 0 matches all. Twin of
   * `DisconnectSilenceConnections`; with `markSilence: false` it closes none.
   *
   * @returns How many.
   */
  disconnectSilent(silence: number, force = false): number {
    return this.disconnectWhere((connection) => connection.silence >= silence, force);
  }

  /** Stops and completes all event Observables; the component cannot be started again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    await this.stop();
    this.isDisposed = true;
    for (const source of this.sources) source.finish();
    this.flow.close();
  }

  // ---- for connections ---------------------------------------------------------------------------------------

  /** @internal */
  get observesReceive(): boolean {
    return this.settings.codec === undefined && this.receives.observed;
  }

  /** @internal Whether anybody observes the messages of all connections. */
  get observed(): boolean {
    return this.receives.observed;
  }

  /** @internal */
  get observesSent(): boolean {
    return this.sends.observed;
  }

  /** @internal */
  get observesKeys(): boolean {
    return this.keys.observed;
  }

  /** @internal */
  now(): number {
    return this.scheduler.now() - this.epoch;
  }

  /** @internal */
  markingTime(): number {
    return this.marks.now() - this.epoch;
  }

  /** @internal */
  received(connection: StreamConnection | Connection<In, never>, data: Uint8Array | In): void {
    this.receives.publish({ connection: connection as Connection<In, Out>, data: data as In });
  }

  /** @internal */
  sent(connection: StreamConnection, data: Uint8Array): void {
    this.sends.publish({ connection: this.faceOf(connection), data });
  }

  /** @internal */
  keylog(connection: StreamConnection, line: Uint8Array): void {
    this.keys.publish({ connection: this.faceOf(connection), line });
  }

  /** @internal */
  handshakeDone(connection: StreamConnection): void {
    this.shakeHands(connection);
  }

  /** @internal */
  dropped(connection: StreamConnection, reason: DropReason, bytes: number): void {
    this.drop({ reason, remote: connection.remote, connection: this.faceOf(connection), bytes });
  }

  /** @internal */
  fault(concerned: StreamConnection | undefined, error: NetworkError): void {
    this.failure = error;
    const connection = concerned === undefined ? undefined : this.faceOf(concerned);
    if (this.faults.observed) this.faults.publish({ error, connection });
    // A broken handler is a bug that somebody has to hear of.
    else if (error.code === 'ERR_HANDLER') warnOf(error);
  }

  /** @internal */
  ended(connection: StreamConnection): void {
    this.all.delete(connection.id);
    this.faces.delete(connection.id);
    this.connectionEnded();
  }

  /** @internal */
  closed(connection: StreamConnection, closed: Closed): void {
    const { stopping } = this;
    if (stopping !== undefined) {
      stopping.dropped += closed.unsent;
      if (connection.wasForced) stopping.forced++;
      else stopping.closed++;
    }
    if (this.closes.observed) this.closes.publish({ ...closed, connection: this.faceOf(connection) });
    this.finishStop();
  }

  /** @internal The component as a whole is held, or let go. */
  flowChanged(): void {
    for (const connection of this.all.values()) connection.flowChanged();
  }

  /** @internal */
  updateReading(): void {
    for (const connection of this.all.values()) {
      connection.updateReading();
      connection.face?.updateReading();
    }
  }

  /** @internal An observer of one of the component's Observables threw. */
  observerThrew(error: unknown, value: unknown): void {
    const { connection = value } = (value ?? {}) as { connection?: unknown };
    const { id } = (connection ?? {}) as { id?: unknown };
    const concerned = typeof id === 'number' ? this.all.get(id) : undefined;
    const isAlive =
      concerned !== undefined && this.faceOf(concerned) === connection && concerned.state !== 'closed';
    if (isAlive) (concerned.face ?? concerned).fail('handler', handlerError(error));
    else this.fault(undefined, handlerError(error));
  }

  // ---- for the kinds of components ---------------------------------------------------------------------------

  /** @internal A connection that has a wire, or a target that is to be dialled; one of the component's from now on. */
  protected newConnection(wire: Wire | undefined, target?: Endpoint): StreamConnection {
    const connection = this.makeConnection(++this.lastId, wire, target);
    this.add(connection);
    return connection;
  }

  /** @internal */
  protected makeConnection(id: number, wire: Wire | undefined, target?: Endpoint): StreamConnection {
    return new StreamConnection(this, id, wire, target);
  }

  private add(connection: StreamConnection): void {
    this.all.set(connection.id, connection);
    this.marks.forget();
    const codec = this.settings.codec as Codec<Uint8Array, In, BytesLike, Out> | undefined;
    if (codec === undefined) return;
    const face = new CodedConnection<Uint8Array, In, BytesLike, Out>(connection, codec, this);
    connection.face = face;
    this.faces.set(connection.id, face);
  }

  /** @internal A connection as users see it. */
  protected faceOf(connection: StreamConnection): Connection<In, Out> {
    return (connection.face ?? connection) as Connection<unknown, never> as Connection<In, Out>;
  }

  /** @internal */
  protected enter(state: ComponentState): void {
    this.current = state;
    this.states.publish(state);
  }

  /** @internal */
  protected drop(dropped: Dropped<In, Out>): void {
    this.drops.publish(dropped);
  }

  /** @internal */
  protected shakeHands(connection: StreamConnection): void {
    if (connection.state === 'open') this.handshakes.publish(this.faceOf(connection));
  }

  /**
   * @internal While a stop is under way: a promise of its end, for a start that has to wait. It rejects with
   * `ERR_ABORTED` when somebody asks for a stop meanwhile, since the last word counts.
   */
  protected afterStop(): Promise<void> | undefined {
    if (this.stopping === undefined) return undefined;
    const { stopsAsked } = this;
    return this.stopping.done.then(() => {
      if (this.stopsAsked !== stopsAsked) throw stoppedMeanwhile();
    });
  }

  /** @internal Closes every connection in an orderly way and stops; only the timeouts of the connections limit it. */
  retire(): void {
    for (const connection of [...this.all.values()]) connection.retire();
    void this.stop({ deadline: MAX_TIMER });
  }

  /** @internal Why the component cannot be started now, if it cannot. */
  protected cannotStart(operation: Operation): NetworkError | undefined {
    if (this.current === 'stopped' && !this.disposed) return undefined;
    const what = this.disposed ? 'disposed of' : this.current;
    return new NetworkError('ERR_STATE', `the component is ${what}`, { operation });
  }

  /** @internal A component may run again: it takes part in the budget of the process. */
  protected begin(): void {
    processFlow.adopt(this.flow);
    this.enter('starting');
  }

  /** @internal The component runs no more. */
  protected leave(): void {
    processFlow.disown(this.flow);
    this.enter('stopped');
  }

  /** @internal Stops accepting, or whatever else goes on besides connections. */
  protected abstract release(): void;

  /** @internal The component has stopped. */
  protected abstract stopped(report: StopReport): void;

  /** @internal A connection has ended and is no longer among the connections. */
  protected connectionEnded(): void {}

  private finishStop(): void {
    const { stopping } = this;
    if (stopping === undefined || this.all.size > 0) return;
    this.stopping = undefined;
    stopping.timer?.unsubscribe();
    const { closed, forced, dropped, finish } = stopping;
    const report = { closed, forced, dropped };
    this.stopped(report);
    finish(report);
  }

  private disconnectWhere(matches: (connection: StreamConnection) => boolean, force: boolean): number {
    const matching = [...this.all.values()].filter(matches);
    for (const connection of matching) connection.disconnect(force);
    return matching.length;
  }
}

/** What the Observables of a component need to know of it. */
interface Host {
  readonly isDisposed: boolean;
  readonly state: ComponentState;
  observerThrew(error: unknown, value: unknown): void;
  updateReading(): void;
}

/** Events of a component. */
export class ComponentSource<T> extends EventSource<T> {
  protected readonly component: Host;

  constructor(component: Host) {
    super();
    this.component = component;
  }

  override attach(subscriber: Subscriber<T>): void {
    if (this.component.isDisposed) subscriber.complete();
    else super.attach(subscriber);
  }

  override observerThrew(error: unknown, value: T | undefined): void {
    this.component.observerThrew(error, value);
  }
}

/** `faults$`: an observer that throws here would only make another fault, so that it is warned of instead. */
class FaultSource<In, Out> extends ComponentSource<Fault<In, Out>> {
  override observerThrew(error: unknown): void {
    warnOf(handlerError(error));
  }
}

/** `state$`: the present state first. */
class StateSource extends ComponentSource<ComponentState> {
  override attach(subscriber: Subscriber<ComponentState>): void {
    super.attach(subscriber);
    subscriber.next(this.component.state);
  }
}

/** The component's `receive$`: observing it makes all connections read. */
class ReceiveMerge<In, Out> extends ComponentSource<Received<In, Out>> {
  protected override firstCame(): void {
    this.component.updateReading();
  }

  protected override lastLeft(): void {
    this.component.updateReading();
  }
}
