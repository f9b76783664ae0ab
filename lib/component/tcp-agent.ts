import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Endpoint } from '../transport/address.ts';
import { TlsConnector } from '../transport/tls/tls-connector.ts';
import type { ConnectHandler, Connecting } from '../transport/wire.ts';
import { Agent } from './agent.ts';
import { componentTable } from './options.ts';
import {
  type ConnectOptions,
  type DialerOptions,
  TcpConnector,
  checkConnect,
  dialerChecks,
} from './tcp-connector.ts';

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
export class TcpAgent<In = Uint8Array, Out = BytesLike> extends Agent<In, Out, ConnectOptions> {
  /** @internal */
  declare readonly handshaker: TlsConnector | undefined;

  private readonly connector: TcpConnector;

  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: TcpAgentOptions<In, Out> = {}) {
    const settings = checkOptions(options);
    super(settings, TlsConnector.of(settings.tls));
    this.connector = new TcpConnector(settings);
  }

  protected override checkConnect(options: ConnectOptions | undefined): ConnectOptions {
    return checkConnect(options);
  }

  protected override connectTo(target: Endpoint, how: ConnectOptions, handler: ConnectHandler): Connecting {
    return this.connector.connect(target, how, handler);
  }
}
