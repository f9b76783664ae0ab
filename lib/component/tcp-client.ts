import { check } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { stoppedMeanwhile } from '../connection/errors.ts';
import type { StreamConnection } from '../connection/stream-connection.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import { type EndpointLike, parseEndpoint } from '../transport/address.ts';
import {
  type ConnectOptions,
  Dialer,
  type DialerOptions,
  connectChecks,
  dialerChecks,
  oneConnection,
} from './dialer.ts';
import { componentTable } from './options.ts';

/** Options of a {@link TcpClient}. */
export interface TcpClientOptions<In = Uint8Array, Out = BytesLike>
  extends Omit<DialerOptions<In, Out>, 'maxConnections'>, ConnectOptions {
  /** Where to connect to; may be given to `start()` instead. */
  readonly to?: EndpointLike | undefined;
}

const checkOptions = componentTable<TcpClientOptions & DialerOptions>({
  ...dialerChecks,
  ...connectChecks,
  to: check<EndpointLike | undefined>(undefined, 'an address', (value) => {
    parseEndpoint(value as EndpointLike, 'to');
    return true;
  }),
});

/**
 * TCP client: one object, one connection at a time. Twin of `CTcpClient` in the PUSH model (guide chapter 2.3).
 *
 * It is `starting` until it is connected and `stopped` again as soon as the connection has ended; `start()` may be
 * called from inside `close$`. Events come in this order: `prepareConnect$`, `connect$`, `handshake$`, any number of
 * `receive$` and `sent$`, `close$`.
 *
 * @example
 * const client = new TcpClient({ to: 'localhost:5555' });
 * client.receive$.subscribe(({ data }) => console.log(data.length));
 * await client.start();
 * client.send('hello');
 */
export class TcpClient<In = Uint8Array, Out = BytesLike> extends Dialer<In, Out> {
  /** One slot for the user; unlike that of a connection it survives restarts. Twin of `SetExtra`. */
  extra: unknown;

  private readonly options: ReturnType<typeof checkOptions>;
  private latest: StreamConnection | undefined;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: TcpClientOptions<In, Out> = {}) {
    const settings = checkOptions({ ...oneConnection(options), maxConnections: 1 });
    super(settings);
    this.options = settings;
    this.extra = settings.extra;
  }

  /** The present connection, or the last one; `undefined` before the first start. */
  get connection(): Connection<In, Out> | undefined {
    return this.latest === undefined ? undefined : this.faceOf(this.latest);
  }

  /**
   * Connects. The events tell the same as the promise, so it need not be looked at. While a stop is under way, waits for its end.
   *
   * @param to @default option `to`
   * @returns The connection once it is established. Rejects with the error of its `close$` when it is not (see
   * `TcpAgent.connect`), with `ERR_STATE` when the client is running already, with `ERR_OPTION` without an address.
   */
  start(to?: EndpointLike): Promise<Connection<In, Out>> {
    const stopped = this.afterStop();
    if (stopped !== undefined) {
      const later = stopped.then(() => this.start(to));
      later.catch(() => undefined);
      return later;
    }
    const result = new Promise<Connection<In, Out>>((resolve, reject) => {
      const reason = this.cannotStart('connect');
      if (reason !== undefined) throw reason;
      const { localAddress, localPort, serverName } = this.options;
      const target = parseEndpoint((to ?? this.options.to) as EndpointLike, 'to');
      this.begin();
      if (this.state !== 'starting') throw stoppedMeanwhile();
      this.latest = this.dial(target, { localAddress, localPort, serverName, extra: this.extra });
      this.latest.whenOpened((opened) => resolve(this.faceOf(opened)), reject);
    });
    result.catch(() => undefined);
    return result;
  }

  /** Sends on the present connection; `refused` while there is none. See {@link Connection.send}. */
  send(...data: Out[]): SendResult {
    return this.connection?.send(...data) ?? 'refused';
  }

  protected override opened(): void {
    if (this.state === 'starting') this.enter('started');
  }

  protected override connectionEnded(): void {
    if (this.state !== 'stopping') this.leave();
  }

  protected override release(): void {}

  protected override stopped(): void {
    this.leave();
  }
}
