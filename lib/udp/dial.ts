import type { Observable } from 'rxjs';
import { OptionError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { type OneDialler, dialling } from '../component/dial.ts';
import type { Connection } from '../connection/connection.ts';
import { type Endpoint, type EndpointLike, parseEndpoint } from '../transport/address.ts';
import { ArqClient, type ArqClientOptions } from './arq-client.ts';
import { UdpClient, type UdpClientOptions } from './udp-client.ts';

/** Options of {@link dialUdp}. */
export type DialUdpOptions<In = Uint8Array, Out = BytesLike> = Omit<UdpClientOptions<In, Out>, 'to'>;

/** Options of {@link dialArq}. */
export type DialArqOptions<In = Uint8Array, Out = BytesLike> = Omit<ArqClientOptions<In, Out>, 'to'>;

/**
 * Talks to a peer as long as somebody is subscribed: a {@link UdpClient} as a cold Observable of one connection.
 *
 * Subscribing makes a socket and says hello by a heartbeat. UDP asks nobody, so the connection is emitted at once,
 * whether or not anybody is there; when nobody is, it errors as soon as that is known (`ECONNREFUSED`, or `ERR_TIMEOUT`
 * of option `detect`). It completes when the connection comes to an orderly end, such as the close notice of the peer.
 * Unsubscribing closes it in an orderly way, which the peer is told. So `retry`, `timeout`, `takeUntil` and `switchMap`
 * mean what they say, and `firstValueFrom(dialUdp(…))` would close what it returns: use `UdpAgent.connect` for a
 * promise.
 *
 * @throws OptionError (`ERR_OPTION`) at once, for an illegal value or an unknown name.
 *
 * @example
 * dialUdp('localhost:5555')
 *   .pipe(switchMap((connection) => (connection.send('hello'), connection.receive$)), map(toText))
 *   .subscribe(console.log);
 */
export function dialUdp<In = Uint8Array, Out = BytesLike>(
  endpoint: EndpointLike,
  options: DialUdpOptions<In, Out> = {},
): Observable<Connection<In, Out>> {
  const to = parseEndpoint(endpoint);
  return dialWith((given) => new UdpClient<In, Out>(given), to, options);
}

/**
 * {@link dialUdp} for reliable UDP: an {@link ArqClient} as a cold Observable of one connection, emitted when its
 * handshake is done; errors with `ERR_TIMEOUT` when nobody answers within `arq.handshakeTimeout`. After `flush()` the
 * peer has what was sent.
 *
 * @throws OptionError (`ERR_OPTION`) at once, for an illegal value or an unknown name.
 *
 * @example
 * dialArq('localhost:5555', { arq: { noDelay: true } })
 *   .pipe(switchMap((connection) => (connection.send('hello'), connection.receive$)), map(toText))
 *   .subscribe(console.log);
 */
export function dialArq<In = Uint8Array, Out = BytesLike>(
  endpoint: EndpointLike,
  options: DialArqOptions<In, Out> = {},
): Observable<Connection<In, Out>> {
  const to = parseEndpoint(endpoint);
  return dialWith((given) => new ArqClient<In, Out>(given), to, options);
}

function dialWith<In, Out, Options extends object>(
  make: (options: Options & { readonly to: Endpoint }) => OneDialler<In, Out> & { start(): unknown },
  to: Endpoint,
  options: Options,
): Observable<Connection<In, Out>> {
  const { to: other } = options as { to?: unknown };
  if (other !== undefined) throw new OptionError('to', other, 'left out: the first argument says it');
  const given = { ...options, to };
  make(given); // checks the options now, not when somebody subscribes
  return dialling(() => {
    const client = make(given);
    return { dialer: client, begin: () => void client.start() };
  });
}
