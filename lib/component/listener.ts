import type { Observable } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { handlerError, stoppedMeanwhile } from '../connection/errors.ts';
import { type Address, type Endpoint, formatAddress } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import type { ListenHandler, Listening, Wire } from '../transport/wire.ts';
import { Component, ComponentSource } from './component.ts';
import type { PrepareListen, StopReport } from './events.ts';
import type { ComponentSettings } from './options.ts';

/** What every listener is told. */
export interface ListenerSettings extends ComponentSettings {
  readonly admit: ((remote: Address) => boolean) | undefined;
}

/** A start in progress. */
interface Starting {
  readonly started: (address: Address) => void;
  readonly failed: (error: NetworkError) => void;
}

/** What all servers have in common: they listen, and connections come to them. */
export abstract class Listener<In = Uint8Array, Out = BytesLike> extends Component<In, Out> {
  /** The server is about to listen, and may be refused to. */
  readonly prepareListen$: Observable<PrepareListen>;
  /**
   * A peer has connected. It is among the connections, and can be sent to; with TLS or reliable UDP only after its
   * `handshake$`, which an observer who wants to talk at once subscribes to instead.
   */
  readonly accept$: Observable<Connection<In, Out>>;
  /** The server has stopped, after the last `close$`. */
  readonly shutdown$: Observable<StopReport>;

  private readonly endpoint: Endpoint;
  private readonly admit: ListenerSettings['admit'];
  private readonly prepares = new ComponentSource<PrepareListen>(this);
  private readonly accepts = new ComponentSource<Connection<In, Out>>(this);
  private readonly shutdowns = new ComponentSource<StopReport>(this);
  private listening: Listening | undefined;
  private starting: Starting | undefined;
  private bound: Address | undefined;

  protected constructor(settings: ListenerSettings, endpoint: Endpoint, handshaker?: Handshaker) {
    super(settings, handshaker);
    this.endpoint = endpoint;
    this.admit = settings.admit;
    this.prepareListen$ = this.prepares;
    this.accept$ = this.accepts;
    this.shutdown$ = this.shutdowns;
    this.sources.push(this.prepares, this.accepts, this.shutdowns);
  }

  /** Where the server listens; `undefined` while it does not. */
  get address(): Address | undefined {
    return this.bound;
  }

  /**
   * Begins to listen. While a stop is under way, the start waits for its end.
   *
   * @returns The address that was bound. Rejects with `ERR_STATE` when the server is running already, `ERR_REFUSED`
   * when an observer of `prepareListen$` refused, `ERR_ABORTED` when it was stopped meanwhile, or the error of the
   * system (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `ENOTFOUND`, …).
   */
  start(): Promise<Address> {
    return new Promise((resolve, reject) => this.startWith({ started: resolve, failed: reject }));
  }

  /** @internal {@link start} without a promise. */
  startWith(starting: Starting): void {
    const stopped = this.afterStop();
    if (stopped !== undefined) {
      stopped.then(() => this.startWith(starting), starting.failed);
      return;
    }
    const reason = this.cannotStart('accept');
    if (reason !== undefined) {
      starting.failed(reason);
      return;
    }
    this.starting = starting;
    this.begin();
    const refusal = this.isStill(starting) ? this.prepare() : undefined;
    if (!this.isStill(starting)) return; // stopped by an observer
    if (refusal !== undefined) {
      this.startFailed(refusal);
      return;
    }
    this.listening = this.listen(this.endpoint, this.listener);
  }

  /** @internal Begins to listen. */
  protected abstract listen(endpoint: Endpoint, handler: ListenHandler): Listening;

  /** @internal The server listens from now on. */
  protected began(): void {}

  protected override release(): void {
    this.listening?.close();
    this.listening = undefined;
    this.bound = undefined;
    this.starting?.failed(stoppedMeanwhile());
    this.starting = undefined;
  }

  protected override stopped(report: StopReport): void {
    this.leave();
    this.shutdowns.publish(report);
  }

  private readonly listener: ListenHandler = {
    listening: (address) => {
      this.bound = address;
      this.began();
      this.enter('started');
      this.starting?.started(address);
      this.starting = undefined;
    },
    accepted: (wire) => this.accept(wire),
    turnedAway: (remote) => this.drop({ reason: 'max-connections', remote, connection: undefined, bytes: 0 }),
    fault: (error) => this.fault(undefined, error),
    failed: (error) => this.startFailed(error),
  };

  private prepare(): NetworkError | undefined {
    let refusal: NetworkError | undefined;
    this.prepares.publish({
      endpoint: this.endpoint,
      refuse: (reason = `listening on ${formatAddress(this.endpoint)} was refused`) => {
        refusal = new NetworkError('ERR_REFUSED', reason, { operation: 'accept' });
      },
    });
    return refusal;
  }

  private startFailed(error: NetworkError): void {
    const { starting } = this;
    this.starting = undefined;
    this.listening = undefined;
    this.fault(undefined, error);
    this.leave();
    starting?.failed(error);
  }

  private accept(wire: Wire): void {
    if (this.state !== 'started' || !this.admits(wire) || !this.isStarted()) {
      wire.destroy();
      return;
    }
    const connection = this.newConnection(wire);
    const { handshaker } = this;
    if (handshaker === undefined || handshaker.manual) connection.open(wire);
    else connection.shakeHands(wire);
    this.accepts.publish(this.faceOf(connection));
    if (handshaker === undefined) this.shakeHands(connection);
  }

  private isStill(starting: Starting): boolean {
    return this.starting === starting;
  }

  /** Asked again, after somebody else's code has run. */
  private isStarted(): boolean {
    return this.state === 'started';
  }

  private admits(wire: Wire): boolean {
    const { admit } = this;
    if (admit === undefined) return true;
    const { remote } = wire;
    try {
      if (admit(remote)) return true;
    } catch (error) {
      this.fault(undefined, handlerError(error));
    }
    this.drop({ reason: 'refused', remote, connection: undefined, bytes: 0 });
    return false;
  }
}
