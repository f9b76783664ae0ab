import { type Observable, type SchedulerLike, type Subscription, asapScheduler } from 'rxjs';
import { NetworkError, type Operation } from '../base/errors.ts';
import type { ComponentState, StopOptions, StopReport } from '../component/events.ts';
import { stoppedMeanwhile } from '../connection/errors.ts';
import type { InetAddress } from '../transport/address.ts';
import { checkStop } from '../component/options.ts';
import { EndpointStates } from './endpoint-source.ts';

/** A start in progress. */
interface Starting {
  readonly started: (address: InetAddress) => void;
  readonly failed: (error: NetworkError) => void;
}

/** A stop in progress. */
interface Stopping {
  readonly done: Promise<StopReport>;
  readonly finish: (report: StopReport) => void;
  timer: Subscription | undefined;
  forced: boolean;
}

/** Why a run comes to its end; `connect`: it never got as far as being bound. */
export interface EndpointEnd {
  readonly reason: 'stop' | 'connect' | 'error';
  readonly error: NetworkError | undefined;
}

/** What is left of a run that has ended. */
export interface Remains {
  /** Bytes that had been accepted for sending and were lost. */
  readonly unsent: number;
  /** Those of them that had been handed to the system. */
  readonly inFlight: number;
  /** Tells everybody, once the next run may begin. */
  tell(): void;
}

/** How an endpoint starts and stops, again and again; the same words as for a `Component`. */
export abstract class EndpointLife implements AsyncDisposable {
  /** @internal */
  protected readonly scheduler: SchedulerLike;
  /** @internal */
  protected readonly sources: { finish(): void }[];
  /** @internal Its event Observables have completed. */
  isDisposed = false;

  private readonly operation: Operation;
  private readonly states = new EndpointStates(this);
  private current: ComponentState = 'stopped';
  private starting: Starting | undefined;
  private stopping: Stopping | undefined;
  private stopsAsked = 0;
  private disposed = false;

  protected constructor(scheduler: SchedulerLike, operation: Operation) {
    this.scheduler = scheduler;
    this.operation = operation;
    this.sources = [this.states];
  }

  /** Where the endpoint is in its life. */
  get state(): ComponentState {
    return this.current;
  }

  /** {@link state} now and after every change. */
  get state$(): Observable<ComponentState> {
    return this.states;
  }

  /**
   * Binds the socket. While a stop is under way, the start waits for its end.
   *
   * @returns The address that was bound. Rejects with `ERR_STATE` when it is running already, `ERR_REFUSED` when an
   * observer of the event before it refused, `ERR_ABORTED` when it was stopped meanwhile, or the error of the system
   * (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `ENODEV`, `ENOTFOUND`, …).
   */
  start(): Promise<InetAddress> {
    return new Promise((started, failed) => this.startWith({ started, failed }));
  }

  /**
   * Stops: nothing more is received. Waits for work in progress (leases on `flow`) and for datagrams to be taken by
   * the system, and gives up at the deadline. May be called at any time, from inside any event too; while a stop is
   * under way, that one is answered with, and an endpoint that is not running has nothing to stop.
   *
   * @returns How many bytes were lost, as `dropped`; there are no connections to be closed.
   */
  stop(options?: StopOptions): Promise<StopReport> {
    const { drain, deadline } = checkStop(options);
    this.stopsAsked++;
    if (this.current === 'stopped') return Promise.resolve({ closed: 0, forced: 0, dropped: 0 });
    if (this.stopping !== undefined) return this.stopping.done;
    let finish: Stopping['finish'] = () => undefined;
    const done = new Promise<StopReport>((resolve) => (finish = resolve));
    const forced = !drain || deadline === 0;
    const stopping: Stopping = { done, finish, timer: undefined, forced };
    this.stopping = stopping;
    if (!forced) {
      stopping.timer = this.scheduler.schedule(() => {
        stopping.forced = true;
        this.finishIfIdle();
      }, deadline);
    }
    this.enter('stopping');
    this.mute();
    this.starting?.failed(stoppedMeanwhile());
    this.starting = undefined;
    asapScheduler.schedule(() => this.finishIfIdle());
    return done;
  }

  /** Resolves when it is stopped: at once if it is. Twin of `Wait`. */
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

  /** Stops and completes all event Observables; the endpoint cannot be started again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    await this.stop();
    this.isDisposed = true;
    for (const source of this.sources) source.finish();
  }

  /** @internal Nobody observes what is received any more. */
  receiversLeft(): void {}

  /** @internal An observer of one of the Observables threw. */
  abstract observerThrew(error: unknown, value: unknown): void;

  // ---- for the kinds of endpoints ------------------------------------------------------------------------------

  /** @internal The socket is bound. */
  protected opened(address: InetAddress): void {
    const { starting } = this;
    if (starting === undefined) return; // stopped while it was being bound
    this.enter('started');
    if (this.isStill(starting)) this.begun(address);
    if (!this.isStill(starting)) return; // stopped by an observer
    this.starting = undefined;
    starting.started(address);
  }

  /** @internal The socket is no more, or never was. */
  protected broken(error: NetworkError): void {
    if (this.current === 'starting') this.end('connect', whileStarting(error, this.operation));
    else this.end('error', error);
  }

  /** @internal Ends a stop that waits, when there is nothing left to wait for. */
  protected finishIfIdle(): void {
    const { stopping } = this;
    if (stopping !== undefined && (stopping.forced || this.isIdle)) this.end('stop', undefined);
  }

  /** @internal A run begins; the event that may be refused has not been told of. */
  protected abstract begin(): void;

  /** @internal Asks whether it may start; answers with why not. */
  protected abstract prepare(): NetworkError | undefined;

  /** @internal Begins to bind the socket; {@link opened} or {@link broken} follow. */
  protected abstract bind(): void;

  /** @internal It runs. */
  protected abstract begun(address: InetAddress): void;

  /** @internal Whether nothing is left to be sent or worked on. */
  protected abstract get isIdle(): boolean;

  /** @internal Nothing more is received. */
  protected abstract mute(): void;

  /** @internal Closes the socket, if there is one, without telling anybody. */
  protected abstract release(end: EndpointEnd): Remains;

  /** @internal Something went wrong. */
  protected abstract fault(error: NetworkError, remote: InetAddress | undefined): void;

  private startWith(starting: Starting): void {
    const { stopping, stopsAsked } = this;
    if (stopping !== undefined) {
      void stopping.done.then(() => {
        if (this.stopsAsked === stopsAsked) this.startWith(starting);
        else starting.failed(stoppedMeanwhile()); // the last word counts
      });
      return;
    }
    if (this.current !== 'stopped' || this.disposed) {
      const what = this.disposed ? 'disposed of' : this.current;
      const { operation } = this;
      starting.failed(new NetworkError('ERR_STATE', `the component is ${what}`, { operation }));
      return;
    }
    this.starting = starting;
    this.begin();
    this.enter('starting');
    const refusal = this.isStill(starting) ? this.prepare() : undefined;
    if (!this.isStill(starting)) return; // stopped by an observer
    if (refusal === undefined) this.bind();
    else this.broken(refusal);
  }

  private end(reason: EndpointEnd['reason'], error: NetworkError | undefined): void {
    const { starting, stopping } = this;
    this.starting = undefined;
    this.stopping = undefined;
    stopping?.timer?.unsubscribe();
    const { unsent, tell } = this.release({ reason: stopping === undefined ? reason : 'stop', error });
    this.enter('stopped');
    tell();
    if (error !== undefined) this.fault(error, undefined);
    if (error !== undefined) starting?.failed(error);
    stopping?.finish({ closed: 0, forced: 0, dropped: unsent });
  }

  private enter(state: ComponentState): void {
    this.current = state;
    this.states.publish(state);
  }

  /** Asked again, after somebody else's code has run. */
  private isStill(starting: Starting): boolean {
    return this.starting === starting;
  }
}

/** The error with which a start fails, in the words of the component: a transport does not know what its socket is for. */
function whileStarting(error: NetworkError, operation: Operation): NetworkError {
  if (error.operation === operation) return error;
  const text = error.message.slice(`${error.code}: `.length);
  return new NetworkError(error.code, text, { operation, cause: error.cause ?? error });
}
