import type { Observable } from 'rxjs';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { listening } from '../component/listen.ts';
import type { Connection } from '../connection/connection.ts';
import type { Address } from '../transport/address.ts';
import { ArqServer, type ArqServerOptions } from './arq-server.ts';
import { UdpServer, type UdpServerOptions } from './udp-server.ts';

/** What a listener as an Observable has in addition. */
interface Announcing {
  /** Told of the address once it is bound; how to learn a port that the system picked. */
  readonly onListening?: ((address: Address) => void) | undefined;
}

/** Options of {@link listenUdp}. */
export interface ListenUdpOptions<In = Uint8Array, Out = BytesLike>
  extends UdpServerOptions<In, Out>, Announcing {}

/** Options of {@link listenArq}. */
export interface ListenArqOptions<In = Uint8Array, Out = BytesLike>
  extends ArqServerOptions<In, Out>, Announcing {}

/**
 * Takes datagrams as long as somebody is subscribed, and emits a connection for every peer: a {@link UdpServer} as one
 * cold Observable.
 *
 * Subscribing binds the address. Errors when it cannot be bound; what happens to single connections is told by their
 * `close$`. Never completes. Unsubscribing closes all connections in an orderly way, which their peers are told. A
 * connection that nobody subscribes to `receive$` of keeps its first datagrams (option `receiveQueue`).
 *
 * @throws OptionError (`ERR_OPTION`) at once, for an illegal value or an unknown name.
 *
 * @example
 * listenUdp({ port: 5555 })
 *   .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
 *   .subscribe();
 */
export function listenUdp<In = Uint8Array, Out = BytesLike>(
  options: ListenUdpOptions<In, Out> = {},
): Observable<Connection<In, Out>> {
  const { onListening, ...serverOptions } = options;
  new UdpServer(serverOptions); // checks the options now, not when somebody subscribes
  return listening(() => new UdpServer<In, Out>(serverOptions), onListening);
}

/**
 * {@link listenUdp} for reliable UDP: an {@link ArqServer} as one cold Observable, which emits every connection when
 * its handshake is done.
 *
 * @throws OptionError (`ERR_OPTION`) at once, for an illegal value or an unknown name.
 *
 * @example
 * listenArq({ port: 5555, arq: { noDelay: true } })
 *   .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
 *   .subscribe();
 */
export function listenArq<In = Uint8Array, Out = BytesLike>(
  options: ListenArqOptions<In, Out> = {},
): Observable<Connection<In, Out>> {
  const { onListening, ...serverOptions } = options;
  new ArqServer(serverOptions);
  return listening(() => new ArqServer<In, Out>(serverOptions), onListening);
}
