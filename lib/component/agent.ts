import type { Observable } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { stoppedMeanwhile } from '../connection/errors.ts';
import type { StreamConnection } from '../connection/stream-connection.ts';
import type { EndpointLike } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import { ComponentSource } from './component.ts';
import { type ConnectExtra, Dialer } from './dialer.ts';
import type { StopReport } from './events.ts';
import type { ComponentSettings } from './options.ts';

/** What all agents have in common: many connections that this side begins. */
export abstract class Agent<
  In = Uint8Array,
  Out = BytesLike,
  How extends ConnectExtra = ConnectExtra,
> extends Dialer<In, Out, How> {
  /** The agent has stopped, after the last `close$`. */
  readonly shutdown$: Observable<StopReport>;

  private readonly shutdowns = new ComponentSource<StopReport>(this);

  protected constructor(settings: ComponentSettings, handshaker?: Handshaker) {
    super(settings, handshaker);
    this.shutdown$ = this.shutdowns;
    this.sources.push(this.shutdowns);
  }

  /**
   * Makes the agent ready to connect; fires no event but `state$`. While a stop is under way, waits for its end.
   * Rejects with `ERR_STATE` when the agent is running already.
   */
  start(): Promise<void> {
    const stopped = this.afterStop();
    if (stopped !== undefined) return stopped.then(() => this.start());
    const reason = this.cannotStart('connect');
    if (reason !== undefined) return Promise.reject(reason);
    this.begin();
    if (this.state !== 'starting') return Promise.reject(stoppedMeanwhile());
    this.enter('started');
    return Promise.resolve();
  }

  /**
   * Connects. The events tell the same as the promise, so it need not be looked at.
   *
   * @returns The connection once it is established. Rejects with the error of its `close$` when it is not:
   * `ERR_TIMEOUT`, `ERR_REFUSED`, `ERR_ABORTED` (the agent was stopped), `ERR_ADDRESS_FAMILY`, or the error of the
   * system (`ECONNREFUSED`, `ENOTFOUND`, …). Rejects without an event with `ERR_STATE` when the agent is not running,
   * `ERR_CONNECTION_LIMIT`, and `ERR_OPTION`.
   */
  connect(endpoint: EndpointLike, options?: How): Promise<Connection<In, Out>> {
    const result = new Promise<Connection<In, Out>>((resolve, reject) => {
      const connection = this.open(endpoint, options);
      connection.whenOpened((opened) => resolve(this.faceOf(opened)), reject);
    });
    result.catch(() => undefined);
    return result;
  }

  /** @internal {@link connect} without a promise. */
  open(endpoint: EndpointLike, options?: How): StreamConnection {
    if (this.state !== 'started') {
      throw new NetworkError('ERR_STATE', `the agent is ${this.state}`, { operation: 'connect' });
    }
    return this.dial(endpoint, options);
  }

  protected override release(): void {}

  protected override stopped(report: StopReport): void {
    this.leave();
    this.shutdowns.publish(report);
  }
}
