import type { Observable } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { stoppedMeanwhile } from '../connection/errors.ts';
import type { StreamConnection } from '../connection/stream-connection.ts';
import type { EndpointLike } from '../transport/address.ts';
import { ComponentSource } from './component.ts';
import { type ConnectOptions, Dialer, type DialerOptions, dialerChecks } from './dialer.ts';
import type { StopReport } from './events.ts';
import { componentTable } from './options.ts';

/** Options of a {@link TcpAgent}. */
export type TcpAgentOptions<In = Uint8Array, Out = BytesLike> = DialerOptions<In, Out>;

const checkOptions = componentTable<TcpAgentOptions>(dialerChecks);

/**
 * TCP agent: one object, many connections that this side begins. Twin of `CTcpAgent` in the PUSH model (guide
 * chapter 2.2).
 *
 * Events of a connection come in this order: `prepareConnect$`, `connect$`, `handshake$`, any number of `receive$`
 * and `sent$`, `close$`; one that is never established has `prepareConnect$` and `close$` only.
 *
 * @example
 * const agent = new TcpAgent();
 * agent.receive$.subscribe(({ connection, data }) => console.log(connection.id, data.length));
 * await agent.start();
 * const connection = await agent.connect('localhost:5555');
 * connection.send('hello');
 */
export class TcpAgent<In = Uint8Array, Out = BytesLike> extends Dialer<In, Out> {
  /** The agent has stopped, after the last `close$`. */
  readonly shutdown$: Observable<StopReport>;

  private readonly shutdowns = new ComponentSource<StopReport>(this);

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: TcpAgentOptions<In, Out> = {}) {
    super(checkOptions(options));
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
  connect(endpoint: EndpointLike, options?: ConnectOptions): Promise<Connection<In, Out>> {
    const result = new Promise<Connection<In, Out>>((resolve, reject) => {
      const connection = this.open(endpoint, options);
      connection.whenOpened((opened) => resolve(this.faceOf(opened)), reject);
    });
    result.catch(() => undefined);
    return result;
  }

  /** @internal {@link connect} without a promise. */
  open(endpoint: EndpointLike, options?: ConnectOptions): StreamConnection {
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
