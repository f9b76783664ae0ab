import { inspect } from 'node:util';
import {
  type ArqAgent,
  type ArqClient,
  type ArqServer,
  type Closed,
  type Connection,
  type Dropped,
  type StopReport,
  type TcpAgent,
  type TcpClient,
  type TcpServer,
  type UdpAgent,
  type UdpClient,
  type UdpServer,
  formatAddress,
  toText,
} from 'hpsocket-rx';
import { type Observable, filter, map, merge, mergeMap } from 'rxjs';
import { type Agreed, agreedBy, formatAgreed } from './agreed.ts';

/** An event of a component, as the samples print it. */
export type SampleEvent = ReturnType<(typeof made)[keyof typeof made]>;

/** What has events. */
type SampleComponent<In = Uint8Array> =
  | ArqServer<In>
  | ArqAgent<In>
  | ArqClient<In>
  | TcpServer<In>
  | TcpAgent<In>
  | TcpClient<In>
  | UdpServer<In>
  | UdpAgent<In>
  | UdpClient<In>;

/** Events made from what the library emits. */
export const made = {
  accept: (connection: Identity) => opened('accept', connection),
  connect: (connection: Identity) => opened('connect', connection),
  handshake: ({ id }: Identity, agreed: Agreed) => ({ event: 'handshake', id, ...agreed }) as const,
  receive: (id: number, data: Uint8Array) => ({ event: 'receive', id, data }) as const,
  sent: (id: number, data: Uint8Array) => ({ event: 'sent', id, data }) as const,
  close: ({ id, reason, operation, error, bytesIn, bytesOut }: Closed) =>
    ({ event: 'close', id, reason, operation, error: error?.code, bytesIn, bytesOut }) as const,
  dropped: ({ reason, remote, bytes }: Omit<Dropped, 'connection'>) =>
    ({ event: 'dropped', reason, remote: remote && formatAddress(remote), bytes }) as const,
  shutdown: ({ closed, forced, dropped }: StopReport) =>
    ({ event: 'shutdown', closed, forced, dropped }) as const,
};

type Identity = Pick<Connection, 'id' | 'remote'>;

function opened<Name extends string>(event: Name, { id, remote }: Identity) {
  return { event, id, remote: formatAddress(remote) } as const;
}

/** Everything that happens to a component and its connections, in order. */
export function eventsOf(component: SampleComponent): Observable<SampleEvent> {
  return merge(
    lifeOf(component),
    component.receive$.pipe(map(({ connection, data }) => made.receive(connection.id, data))),
  );
}

/** Everything that happens to a component and its connections, but for what is received. */
export function lifeOf<In>(component: SampleComponent<In>): Observable<SampleEvent> {
  return merge(
    'accept$' in component
      ? component.accept$.pipe(map(made.accept))
      : component.connect$.pipe(map(made.connect)),
    component.handshake$.pipe(
      mergeMap((connection) => {
        const agreed = agreedBy(connection);
        return agreed === undefined ? [] : [made.handshake(connection, agreed)];
      }),
    ),
    component.sent$.pipe(map(({ connection, data }) => made.sent(connection.id, data))),
    component.dropped$.pipe(map(made.dropped)),
    // A connect that failed is told by the line with which the sample ends.
    component.close$.pipe(
      filter(({ reason }) => reason !== 'connect'),
      map(made.close),
    ),
    ...('shutdown$' in component ? [component.shutdown$.pipe(map(made.shutdown))] : []),
  );
}

/** Prints an event as a readable line, or as a JSON object a line, bytes in base64. */
export function printer(json: boolean): (event: SampleEvent) => void {
  return (event) => console.log(json ? toJson(event) : readable(event));
}

function toJson(event: SampleEvent): string {
  if (!('data' in event)) return JSON.stringify(event);
  return JSON.stringify({ ...event, data: Buffer.from(event.data).toString('base64') });
}

function readable(event: SampleEvent): string {
  switch (event.event) {
    case 'accept':
    case 'connect':
      return `#${event.id} ${event.event} ${event.remote}`;
    case 'handshake':
      return `#${event.id} handshake ${formatAgreed(event)}`;
    case 'receive':
      return `#${event.id} receive ${event.data.length} bytes ${preview(event.data)}`;
    case 'sent':
      return `#${event.id} sent ${event.data.length} bytes`;
    case 'close': {
      const { id, reason, error = '', bytesIn, bytesOut } = event;
      return `#${id} close ${`${reason} ${error}`.trim()} (${bytesIn} bytes in, ${bytesOut} out)`;
    }
    case 'dropped':
      return `dropped ${event.reason} ${event.remote ?? ''}${event.bytes > 0 ? ` (${event.bytes} bytes)` : ''}`;
    case 'shutdown':
      return `shutdown (${event.closed} closed, ${event.forced} cut off, ${event.dropped} bytes lost)`;
  }
}

/** The beginning of the bytes as text, harmless to a terminal. */
export function preview(data: Uint8Array): string {
  return inspect(toText(data.subarray(0, 60))) + (data.length > 60 ? '…' : '');
}
