import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Endpoint, EndpointLike } from '../transport/address.ts';
import { TlsConnector } from '../transport/tls/tls-connector.ts';
import type { ConnectHandler, Connecting } from '../transport/wire.ts';
import { Client, target } from './client.ts';
import { oneConnection } from './dialer.ts';
import { componentTable } from './options.ts';
import {
  type ConnectOptions,
  type DialerOptions,
  TcpConnector,
  checkConnect,
  connectChecks,
  dialerChecks,
} from './tcp-connector.ts';

/** Options of a {@link TcpClient}. */
export interface TcpClientOptions<In = Uint8Array, Out = BytesLike>
  extends Omit<DialerOptions<In, Out>, 'maxConnections'>, ConnectOptions {
  /** Where to connect to; may be given to `start()` instead. */
  readonly to?: EndpointLike | undefined;
}

const checkOptions = componentTable<TcpClientOptions & DialerOptions>({
  ...dialerChecks,
  ...connectChecks,
  to: target,
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
export class TcpClient<In = Uint8Array, Out = BytesLike> extends Client<In, Out, ConnectOptions> {
  /** @internal */
  declare readonly handshaker: TlsConnector | undefined;

  private readonly connector: TcpConnector;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: TcpClientOptions<In, Out> = {}) {
    const settings = checkOptions({ ...oneConnection(options), maxConnections: 1 });
    const { localAddress, localPort, serverName, tls } = settings;
    super(settings, { localAddress, localPort, serverName }, TlsConnector.of(tls));
    this.connector = new TcpConnector(settings);
  }

  protected override checkConnect(options: ConnectOptions | undefined): ConnectOptions {
    return checkConnect(options);
  }

  protected override connectTo(target: Endpoint, how: ConnectOptions, handler: ConnectHandler): Connecting {
    return this.connector.connect(target, how, handler);
  }
}
