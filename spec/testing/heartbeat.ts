import {
  EMPTY,
  NEVER,
  type Observable,
  catchError,
  filter,
  ignoreElements,
  interval,
  map,
  merge,
  share,
  startWith,
  switchMap,
  takeUntil,
  tap,
  timeout,
} from 'rxjs';
import {
  type Closed,
  type Connection,
  type DialOptions,
  type EndpointLike,
  type ListenOptions,
  type ReconnectOptions,
  dial,
  handleEach,
  listen,
  pack,
  reconnect,
  sendTo,
  toText,
} from '../../lib/index.ts';

/** Packets that mean something to the protocol itself; all others are the application's. */
const PING = 'ping';
const PONG = 'pong';

/** Options of {@link heartbeatClient}; times are milliseconds. */
export interface HeartbeatClientOptions {
  /** The client pings after so much silence. @default 10000 */
  readonly idle?: number;
  /** It gives up when nothing has come so long after a ping. @default 5000 */
  readonly patience?: number;
  /** What the application says, on every connection anew. */
  readonly say$?: Observable<string>;
  readonly dial?: Omit<DialOptions, 'codec'>;
  readonly reconnect?: ReconnectOptions;
}

/** Connects, keeps the connection alive, and comes back when it is lost. Emits the application's packets. */
export function heartbeatClient(
  server: EndpointLike,
  options: HeartbeatClientOptions = {},
): Observable<string> {
  return dial(server, { ...options.dial, codec: pack() }).pipe(
    reconnect(options.reconnect),
    switchMap((connection) => aliveMessages(connection, options)),
  );
}

/** The packets of a connection, for as long as it is alive. */
function aliveMessages(
  connection: Connection,
  { idle = 10_000, patience = 5_000, say$ = NEVER }: HeartbeatClientOptions,
): Observable<string> {
  const packets$ = connection.receive$.pipe(map(toText), share());
  const pings$ = packets$.pipe(
    startWith('connected'),
    switchMap(() => interval(idle)), // begins anew with every packet
    tap(() => connection.send(PING)),
    ignoreElements(),
  );
  const messages$ = packets$.pipe(
    timeout({ each: idle + patience }),
    filter((packet) => packet !== PONG),
  );
  return merge(messages$, pings$, say$.pipe(sendTo(connection))).pipe(
    catchError(() => {
      connection.disconnect(true); // silent for too long, or broken already: reconnect() sees to the rest
      return EMPTY;
    }),
    takeUntil(connection.close$),
  );
}

/** Options of {@link heartbeatServer}. */
export interface HeartbeatServerOptions extends Omit<ListenOptions, 'codec' | 'timeouts'> {
  /** Peers that are silent for so many milliseconds are dropped. @default 30000 */
  readonly silence?: number;
  /** Makes an answer of a packet of the application. */
  readonly answer?: (packet: string) => string;
}

/** Answers pings and drops silent peers. Emits how each connection ended. */
export function heartbeatServer(options: HeartbeatServerOptions = {}): Observable<Closed> {
  const { silence = 30_000, answer = (packet: string) => packet, ...listenOptions } = options;
  return listen({ ...listenOptions, codec: pack(), timeouts: { readIdle: silence } }).pipe(
    handleEach((connection) =>
      connection.receive$.pipe(
        map(toText),
        tap((packet) => connection.send(packet === PING ? PONG : answer(packet))),
      ),
    ),
  );
}
