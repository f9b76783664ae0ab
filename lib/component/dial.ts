import { Observable } from 'rxjs';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import { type EndpointLike, parseEndpoint } from '../transport/address.ts';
import { type Dialer, oneConnection } from './dialer.ts';
import { TcpAgent } from './tcp-agent.ts';
import { type ConnectOptions, type DialerOptions, checkConnect } from './tcp-connector.ts';

/** Options of {@link dial}. */
export interface DialOptions<In = Uint8Array, Out = BytesLike>
  extends Omit<DialerOptions<In, Out>, 'maxConnections'>, ConnectOptions {}

/**
 * Connects as long as somebody is subscribed: a cold Observable of one connection.
 *
 * Subscribing connects. Emits the connection once it is established, stays open, completes when the connection comes
 * to an orderly end, errors with a {@link NetworkError} when it cannot be established or fails. Unsubscribing closes
 * it in an orderly way: what was sent is delivered. So `retry`, `timeout`, `takeUntil` and `switchMap` mean what they
 * say, and `firstValueFrom(dial(…))` would close what it returns: use `TcpAgent.connect` for a promise.
 *
 * @throws OptionError (`ERR_OPTION`) at once, for an illegal value or an unknown name.
 *
 * @example
 * dial('localhost:5555')
 *   .pipe(switchMap((connection) => (connection.send('hello'), connection.receive$)), map(toText))
 *   .subscribe(console.log);
 */
export function dial<In = Uint8Array, Out = BytesLike>(
  endpoint: EndpointLike,
  options: DialOptions<In, Out> = {},
): Observable<Connection<In, Out>> {
  const { localAddress, localPort, serverName, extra, ...given } = oneConnection(options);
  const target = parseEndpoint(endpoint);
  const how = checkConnect({
    localAddress,
    serverName,
    extra,
    ...(localPort === undefined ? {} : { localPort }),
  });
  // Checks the options now, not when somebody subscribes, and keeps the sessions of all subscriptions.
  const { handshaker } = new TcpAgent(given);
  const agentOptions = { ...given, tls: handshaker?.asOption };
  return dialling(() => {
    const agent = new TcpAgent<In, Out>(agentOptions);
    const begin = () => {
      void agent.start();
      agent.open(target, how);
    };
    return { dialer: agent, begin };
  });
}

/** @internal A component, as far as it has to be known for one connection. */
export type OneDialler<In, Out> = Pick<
  Dialer<In, Out>,
  'connect$' | 'handshake$' | 'close$' | 'handshaker' | 'retire'
>;

/** What makes one connection, and how it is told to. */
interface Dialling<In, Out> {
  readonly dialer: OneDialler<In, Out>;
  begin(): void;
}

/** @internal What dials as one cold Observable of one connection, made anew for every subscription. */
export function dialling<In, Out>(make: () => Dialling<In, Out>): Observable<Connection<In, Out>> {
  return new Observable((subscriber) => {
    const { dialer, begin } = make();
    const { handshaker } = dialer;
    const ready$ = handshaker === undefined || handshaker.manual ? dialer.connect$ : dialer.handshake$;
    subscriber.add(ready$.subscribe((connection) => subscriber.next(connection)));
    subscriber.add(
      dialer.close$.subscribe(({ error }) => {
        if (error === undefined) subscriber.complete();
        else subscriber.error(error);
      }),
    );
    subscriber.add(() => dialer.retire());
    begin();
  });
}
