import { Observable } from 'rxjs';
import { OptionError } from '../base/errors.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Connection } from '../connection/connection.ts';
import type { Address } from '../transport/address.ts';
import type { Listener } from './listener.ts';
import { TcpServer, type TcpServerOptions } from './tcp-server.ts';

/** Options of {@link listen}. */
export interface ListenOptions<In = Uint8Array, Out = BytesLike> extends TcpServerOptions<In, Out> {
  /** Told of the address once it is bound; how to learn a port that the system picked. */
  readonly onListening?: ((address: Address) => void) | undefined;
}

/**
 * Listens as long as somebody is subscribed, and emits every connection: a {@link TcpServer} as one cold Observable.
 *
 * Subscribing binds the address. Errors when it cannot be bound; faults of single connections are told by their
 * `close$`. Never completes. Unsubscribing stops listening and closes all connections in an orderly way. A connection
 * that nobody subscribes to `receive$` of is not read, so nothing is lost or kept before you get to it.
 *
 * @throws OptionError (`ERR_OPTION`) at once, for an illegal value or an unknown name.
 *
 * @example
 * listen({ port: 5555 })
 *   .pipe(handleEach((connection) => connection.receive$.pipe(sendTo(connection))))
 *   .subscribe();
 */
export function listen<In = Uint8Array, Out = BytesLike>(
  options: ListenOptions<In, Out> = {},
): Observable<Connection<In, Out>> {
  const { onListening, ...serverOptions } = options;
  const { handshaker } = new TcpServer(serverOptions); // checks the options now, not when somebody subscribes
  return listening(
    () => new TcpServer<In, Out>({ ...serverOptions, tls: handshaker?.asOption }),
    onListening,
  );
}

/**
 * @internal A listener as one cold Observable of its connections, made anew for every subscription.
 *
 * @throws OptionError (`ERR_OPTION`) when `onListening` is no function.
 */
export function listening<In, Out>(
  make: () => Listener<In, Out>,
  onListening: ((address: Address) => void) | undefined,
): Observable<Connection<In, Out>> {
  if (onListening !== undefined && typeof onListening !== 'function') {
    throw new OptionError('onListening', onListening, 'a function');
  }
  return new Observable((subscriber) => {
    const server = make();
    const { handshaker } = server;
    const ready$ = handshaker === undefined || handshaker.manual ? server.accept$ : server.handshake$;
    subscriber.add(ready$.subscribe(subscriber));
    subscriber.add(() => server.retire());
    server.startWith({
      started: (address) => {
        try {
          onListening?.(address);
        } catch (error) {
          subscriber.error(error);
        }
      },
      failed: (error) => subscriber.error(error),
    });
  });
}
