import { check } from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { stoppedMeanwhile } from '../connection/errors.ts';
import type { StreamConnection } from '../connection/stream-connection.ts';
import type { SendResult } from '../send/outbox-limits.ts';
import { type EndpointLike, parseEndpoint } from '../transport/address.ts';
import type { Handshaker } from '../transport/handshaker.ts';
import { type ConnectExtra, Dialer } from './dialer.ts';
import type { ComponentSettings } from './options.ts';

/** Where a client connects to. */
export const target = check<EndpointLike | undefined>(undefined, 'an address', (value) => {
  parseEndpoint(value as EndpointLike, 'to');
  return true;
});

/** What all clients have in common: one connection at a time. */
export abstract class Client<
  In = Uint8Array,
  Out = BytesLike,
  How extends ConnectExtra = ConnectExtra,
> extends Dialer<In, Out, How> {
  /** One slot for the user; unlike that of a connection it survives restarts. Twin of `SetExtra`. */
  extra: unknown;

  private readonly to: EndpointLike | undefined;
  private readonly how: How;
  private latest: StreamConnection | undefined;

  /** @param how What is said about every connect, `extra` apart. */
  protected constructor(
    settings: ComponentSettings & { readonly to: EndpointLike | undefined; readonly extra: unknown },
    how: How,
    handshaker?: Handshaker,
  ) {
    super(settings, handshaker);
    this.to = settings.to;
    this.how = how;
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
      const target = parseEndpoint((to ?? this.to) as EndpointLike, 'to');
      this.begin();
      if (this.state !== 'starting') throw stoppedMeanwhile();
      this.latest = this.dial(target, { ...this.how, extra: this.extra });
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
